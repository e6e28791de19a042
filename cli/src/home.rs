//! Where things live on disk, and how files are written: whole or not at all, never over another by accident.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use crate::error::CliError;

/// The folder with keys, manifest, address book and records.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
}

/// Only one command that spends runs at a time in one home; the others wait. Released when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Home {
    /// The given folder, or this user's data folder (`$XDG_DATA_HOME/lets` on Linux). Nothing is created yet.
    ///
    /// # Errors
    /// [`CliError::NoHome`] when none is given and the system names none.
    pub fn new(given: Option<&Path>) -> Result<Self, CliError> {
        let folder = match given {
            Some(folder) => folder.to_owned(),
            None => ProjectDirs::from("", "", "lets")
                .ok_or(CliError::NoHome)?
                .data_dir()
                .to_owned(),
        };
        Ok(Self { folder })
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of key files.
    pub fn keys(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// The file of the key with this name.
    pub fn key(&self, name: &str) -> PathBuf {
        self.keys().join(format!("{name}.toml"))
    }

    /// What a key keeps between the two turns of signing together; for nobody else's eyes.
    pub fn nonces(&self, key: &str) -> PathBuf {
        self.folder.join("signing").join(format!("{key}.nonces"))
    }

    /// The folder that remembers what was answered while signing together.
    pub fn answers(&self) -> PathBuf {
        self.folder.join("signing").join("answered")
    }

    /// The manifest, unless another is named.
    pub fn manifest(&self) -> PathBuf {
        self.folder.join("lets.toml")
    }

    /// The address book.
    pub fn names(&self) -> PathBuf {
        self.folder.join("names.toml")
    }

    /// A founding in progress.
    pub fn founding(&self) -> PathBuf {
        self.folder.join("founding.json")
    }

    /// The throw-away keys of the ledger that was imported into the LETS with this charter.
    pub fn import_keys(&self, charter: &str) -> PathBuf {
        let file = format!("{}.toml", charter.chars().take(16).collect::<String>());
        self.folder.join("import").join(file)
    }

    /// The record of payments with their memos.
    pub fn payments(&self) -> PathBuf {
        self.folder.join("payments.jsonl")
    }

    /// The ledger of the LETS with this fingerprint, or, without one, of the wallet alone.
    pub fn ledger(&self, fingerprint: Option<&str>) -> PathBuf {
        let short = fingerprint.map(|print| print.get(..16).unwrap_or(print));
        self.folder
            .join(format!("ledger-{}.sqlite", short.unwrap_or("wallet")))
    }

    /// Waits until no other command is spending from this home, and keeps others out until dropped; `waiting` is called
    /// if there is one. Two own commands at once would spend the same box, and the pool would keep the one that pays more.
    ///
    /// # Errors
    /// [`CliError::File`].
    pub fn lock(&self, waiting: impl FnOnce()) -> Result<Lock, CliError> {
        create_folder(&self.folder)?;
        let path = self.folder.join(".lock");
        let fault = |cause| CliError::File {
            doing: "lock",
            path: path.clone(),
            cause,
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(fault)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                file.lock().map_err(fault)?;
            }
            Err(TryLockError::Error(cause)) => return Err(fault(cause)),
        }
        Ok(Lock { _file: file })
    }
}

/// Creates a folder and those above it, for the owner alone where the system knows such a thing.
///
/// # Errors
/// [`CliError::File`].
pub fn create_folder(folder: &Path) -> Result<(), CliError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|cause| CliError::File {
        doing: "create",
        path: folder.to_owned(),
        cause,
    })
}

/// The file's text, or `None` if there is no such file.
///
/// # Errors
/// [`CliError::File`].
pub fn read(path: &Path) -> Result<Option<String>, CliError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(CliError::File {
            doing: "read",
            path: path.to_owned(),
            cause,
        }),
    }
}

/// The largest file from others, in bytes.
const MAX_FOREIGN_BYTES: u64 = 1 << 20;

/// As [`read`], for a file that somebody else may have written: at most 1 MiB of it, whatever the path leads to.
///
/// # Errors
/// [`CliError::File`].
pub fn read_foreign(path: &Path) -> Result<Option<String>, CliError> {
    let fault = |cause| CliError::File {
        doing: "read",
        path: path.to_owned(),
        cause,
    };
    let file = match fs::File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(fault)?,
    };
    let mut text = String::new();
    // One byte more than may be shows that there are more; a character may be cut there, so the length comes first.
    let mut limited = file.take(MAX_FOREIGN_BYTES + 1);
    let read = limited.read_to_string(&mut text);
    if limited.limit() == 0 {
        let why = format!("it has more than {MAX_FOREIGN_BYTES} bytes");
        return Err(fault(io::Error::new(io::ErrorKind::FileTooLarge, why)));
    }
    read.map_err(fault)?;
    Ok(Some(text))
}

/// What a parser says of a file from others. It repeats names out of the file: no more than a line of them, and nothing
/// that moves the cursor.
pub fn foreign(why: &str) -> String {
    let shown = why.chars().take(200);
    shown
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// Writes a file that must not exist yet; it appears whole, flushed to disk, or not at all.
///
/// # Errors
/// [`CliError::Exists`], [`CliError::File`].
pub fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    write_new_bytes(path, text.as_bytes())
}

/// As [`write_new`], for what is no text.
///
/// # Errors
/// [`CliError::Exists`], [`CliError::File`].
pub fn write_new_bytes(path: &Path, content: &[u8]) -> Result<(), CliError> {
    beside(path, content)?
        .persist_noclobber(path)
        .map_err(|e| match e.error.kind() {
            io::ErrorKind::AlreadyExists => CliError::Exists {
                path: path.to_owned(),
            },
            _ => write_fault(path, e.error),
        })?;
    flush_folder(path);
    Ok(())
}

/// Writes a file in place of the one that this program itself wrote before, in one step.
///
/// # Errors
/// [`CliError::File`].
pub fn replace(path: &Path, text: &str) -> Result<(), CliError> {
    beside(path, text.as_bytes())?
        .persist(path)
        .map_err(|e| write_fault(path, e.error))?;
    flush_folder(path);
    Ok(())
}

/// Adds a line to a file and flushes it to disk, or leaves the file as it was. A line before it that a crash has cut off stays
/// a line of its own.
///
/// # Errors
/// [`CliError::File`].
pub fn append_line(path: &Path, line: &str) -> Result<(), CliError> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let length = OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .open(path)
        .and_then(|mut file| {
            let length = file.metadata()?.len();
            let mut last = [b'\n'];
            if length > 0 {
                file.seek(SeekFrom::End(-1))?;
                file.read_exact(&mut last)?;
            }
            let end_of_last = if last == [b'\n'] { "" } else { "\n" };
            let text = format!("{end_of_last}{line}\n");
            let written = file
                .write_all(text.as_bytes())
                .and_then(|()| file.sync_data());
            if written.is_err() {
                // A part of it, on a full disk, could be taken for the whole.
                let _ = file.set_len(length);
            }
            written.map(|()| length)
        })
        .map_err(|cause| write_fault(path, cause))?;
    if length == 0 {
        flush_folder(path);
    }
    Ok(())
}

/// Removes a file; that it is gone already is no fault.
///
/// # Errors
/// [`CliError::File`].
pub fn remove(path: &Path) -> Result<(), CliError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(CliError::File {
            doing: "remove",
            path: path.to_owned(),
            cause,
        }),
        _ => {
            flush_folder(path);
            Ok(())
        }
    }
}

fn beside(path: &Path, content: &[u8]) -> Result<tempfile::NamedTempFile, CliError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    create_folder(folder)?;
    let write = || -> io::Result<tempfile::NamedTempFile> {
        let mut file = tempfile::Builder::new()
            .prefix(".lets-")
            .tempfile_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    write().map_err(|cause| write_fault(path, cause))
}

fn write_fault(path: &Path, cause: io::Error) -> CliError {
    CliError::File {
        doing: "write",
        path: path.to_owned(),
        cause,
    }
}

/// The new name reaches the disk with the folder. Some file systems cannot flush one; the file is whole anyway.
fn flush_folder(path: &Path) {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    #[cfg(not(unix))]
    let _ = path;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_new_existing_file_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.toml");
        write_new(&path, "first").unwrap();
        assert!(matches!(
            write_new(&path, "second"),
            Err(CliError::Exists { .. })
        ));
        assert_eq!(read(&path).unwrap().unwrap(), "first");
        replace(&path, "third").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), "third");
        // Nothing is left beside it.
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn append_line_keeps_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.jsonl");
        append_line(&path, "1").unwrap();
        append_line(&path, "2").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), "1\n2\n");
    }

    #[test]
    fn lock_second_taker_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(Some(folder.path())).unwrap();
        let patience = std::time::Duration::from_secs(10);
        let first = home.lock(|| panic!("nobody else is there")).unwrap();
        let other = home.clone();
        let (sender, receiver) = std::sync::mpsc::channel();
        let second = std::thread::spawn(move || {
            let _lock = other.lock(|| sender.send("waits").unwrap()).unwrap();
            sender.send("has it").unwrap();
        });
        assert_eq!(receiver.recv_timeout(patience).unwrap(), "waits");
        assert!(receiver.try_recv().is_err());
        drop(first);
        assert_eq!(receiver.recv_timeout(patience).unwrap(), "has it");
        second.join().unwrap();
    }
}
