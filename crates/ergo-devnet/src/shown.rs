//! What has been shown of boxes and scripts, kept for the next who asks: a box never changes, clients ask for the same ones
//! again and again, and to write a contract's address takes a number of steps quadratic in its bytes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use ergo_lib::ergotree_ir::chain::address::{Address, AddressEncoder, NetworkPrefix};
use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use serde_json::{Map, Value};

use crate::prepared::{BoxData, ScriptKey};
use crate::view::{ViewError, box_object};

/// So many boxes, or scripts, are kept at the most; then it begins anew. A box takes some 5 kB.
const MOST: usize = 4_096;

type Kept<K, V> = Mutex<HashMap<K, V>>;

pub(crate) struct Shown {
    encoder: AddressEncoder,
    boxes: Kept<BoxId, Map<String, Value>>,
    addresses: Kept<ScriptKey, String>,
}

impl Shown {
    pub(crate) fn new(network: NetworkPrefix) -> Self {
        Self {
            encoder: AddressEncoder::new(network),
            boxes: Mutex::default(),
            addresses: Mutex::default(),
        }
    }

    /// Schema `ErgoTransactionOutput`.
    pub(crate) fn object(&self, data: &BoxData) -> Result<Map<String, Value>, ViewError> {
        recall(&self.boxes, data.id, || box_object(data.ergo_box()))
    }

    /// The address of the box's script.
    pub(crate) fn address(&self, data: &BoxData) -> Result<String, ViewError> {
        recall(&self.addresses, data.script, || {
            let address = Address::recreate_from_ergo_tree(&data.parse()?.ergo_tree)
                .map_err(|e| ViewError::Address(Box::new(e)))?;
            Ok(self.encoder.address_to_str(&address))
        })
    }
}

/// What is kept under the key, or is made now. Nothing is locked while it is made.
fn recall<K: Eq + Hash, V: Clone>(
    kept: &Kept<K, V>,
    key: K,
    make: impl FnOnce() -> Result<V, ViewError>,
) -> Result<V, ViewError> {
    // Nothing that can panic runs under the lock.
    let lock = || kept.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = lock().get(&key) {
        return Ok(found.clone());
    }
    let made = make()?;
    let mut kept = lock();
    if kept.len() >= MOST {
        kept.clear();
    }
    kept.insert(key, made.clone());
    Ok(made)
}
