//! The blocks in a file, as the node's JSON with the scripts of the LETS left out: each is one byte there.

use super::{Books, FOUNDED};
use ergo_lib::ergo_chain_types::{Digest32, blake2b256_hash};
use lets_cli::manifest::Manifest;
use lets_protocol::Lets;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

/// Time between two blocks in milliseconds.
const BLOCK_TIME: u64 = 120_000;
/// The time of the founding, in milliseconds since 1970: 2024-01-01.
const BEGUN: u64 = 1_704_067_200_000;

/// A block's place in the file.
#[derive(Debug, Clone, Copy)]
struct Place {
    id: Digest32,
    offset: u64,
    length: usize,
}

/// Blocks from the founding on.
pub struct Chain {
    /// The LETS.
    pub lets: Lets,
    /// Its manifest.
    pub manifest: Manifest,
    /// What the books must be.
    pub books: Books,
    places: Vec<Place>,
    scripts: Vec<String>,
    file: BufWriter<File>,
    end: u64,
    json_bytes: u64,
}

impl Chain {
    pub(super) fn new(lets: Lets, manifest: Manifest, scripts: &[Vec<u8>]) -> Self {
        let genesis = Place {
            id: blake2b256_hash(b"before the founding"),
            offset: 0,
            length: 0,
        };
        Self {
            lets,
            manifest,
            books: Books {
                balances: Vec::new(),
                in_notes: 0,
                payments: 0,
                volume: 0,
            },
            places: vec![genesis],
            scripts: scripts.iter().map(hex::encode).collect(),
            file: BufWriter::with_capacity(1 << 20, tempfile::tempfile().unwrap()),
            end: 0,
            json_bytes: 0,
        }
    }

    /// The height of the block that is pushed next.
    pub fn next_height(&self) -> u32 {
        FOUNDED - 1 + u32::try_from(self.places.len()).unwrap()
    }

    /// The last block's height.
    pub fn tip(&self) -> u32 {
        self.next_height() - 1
    }

    /// Bytes of all transactions as JSON.
    pub fn json_bytes(&self) -> u64 {
        self.json_bytes
    }

    pub(super) fn push(&mut self, transactions: &[String], ids: &[u8]) {
        let mut content = self.places.last().unwrap().id.0.to_vec();
        content.extend(ids);
        let mut text = transactions.join(",");
        self.json_bytes += text.len() as u64;
        for (mark, script) in (1u8..).zip(&self.scripts) {
            text = text.replace(script.as_str(), &char::from(mark).to_string());
        }
        self.file.write_all(text.as_bytes()).unwrap();
        self.places.push(Place {
            id: blake2b256_hash(&content),
            offset: self.end,
            length: text.len(),
        });
        self.end += text.len() as u64;
    }

    /// What only reads the blocks.
    pub(super) fn reader(self) -> Reader {
        let mut file = self.file.into_inner().unwrap();
        file.flush().unwrap();
        Reader {
            places: self.places,
            scripts: self.scripts,
            file: std::sync::Mutex::new(file),
        }
    }
}

/// The chain as it is served.
pub(super) struct Reader {
    places: Vec<Place>,
    scripts: Vec<String>,
    file: std::sync::Mutex<File>,
}

impl Reader {
    fn place(&self, height: u32) -> Option<&Place> {
        let at = height.checked_sub(FOUNDED - 1)?;
        self.places.get(usize::try_from(at).ok()?)
    }

    pub(super) fn tip(&self) -> u32 {
        FOUNDED - 2 + u32::try_from(self.places.len()).unwrap()
    }

    /// The id of the block at a height. Those before the founding are there as far as scripts could look back.
    pub(super) fn id(&self, height: u32) -> Option<String> {
        match self.place(height) {
            Some(place) => Some(hex::encode(place.id.0)),
            None if height < FOUNDED && height + 20 > FOUNDED => {
                Some(hex::encode(blake2b256_hash(&height.to_be_bytes()).0))
            }
            None => None,
        }
    }

    pub(super) fn time(height: u32) -> u64 {
        BEGUN + u64::from(height + 20 - FOUNDED) * BLOCK_TIME
    }

    /// The body of `GET /blocks/{id}/transactions`.
    pub(super) fn transactions(&self, height: u32) -> Option<String> {
        let place = self.place(height)?;
        let mut bytes = vec![0; place.length];
        {
            let mut file = self.file.lock().unwrap();
            file.seek(SeekFrom::Start(place.offset)).unwrap();
            file.read_exact(&mut bytes).unwrap();
        }
        let mut body = format!(
            "{{\"headerId\":\"{}\",\"transactions\":[",
            hex::encode(place.id.0)
        );
        for part in bytes.split_inclusive(|b| usize::from(*b) <= self.scripts.len()) {
            let (last, text) = part.split_last().unwrap();
            match usize::from(*last)
                .checked_sub(1)
                .and_then(|mark| self.scripts.get(mark))
            {
                Some(script) => {
                    body.push_str(std::str::from_utf8(text).unwrap());
                    body.push_str(script);
                }
                None => body.push_str(std::str::from_utf8(part).unwrap()),
            }
        }
        body.push_str(&format!("],\"blockVersion\":4,\"size\":{}}}", place.length));
        Some(body)
    }
}
