//! What a node's bytes were found to be, remembered: the same registers and scripts come again and again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use ergo_lib::ergotree_ir::chain::ergo_box::RegisterValue;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;

use crate::layout::{Budget, is_constant, is_shortest_form};
use crate::outline::bytes;

/// How many registers are remembered at most, of some hundred bytes each.
const REMEMBERED: usize = 1 << 18;
/// Only short ones are: a key, or several.
const LONGEST: usize = 256;
/// Types that begin with a point or a proposition, or are collections of them: to read a point takes a square root.
const WITH_POINTS: [u8; 4] = [7, 8, 12 + 7, 12 + 8];
/// How many scripts are remembered: a LETS has five.
const SCRIPTS: usize = 8;
/// Their lengths in hexadecimal digits: what is shorter is read as fast, and no box holds a longer one.
const SCRIPT_DIGITS: std::ops::RangeInclusive<usize> = 256..=8_192;

/// What was found sound.
pub(crate) struct Sound {
    registers: Mutex<Recent>,
    /// How many registers at most.
    remembered: usize,
    scripts: Mutex<Scripts>,
}

#[derive(Default)]
struct Recent {
    young: HashSet<Box<[u8]>>,
    old: HashSet<Box<[u8]>>,
}

/// Scripts by their digits; the next new one takes the place `next`.
#[derive(Default)]
struct Scripts {
    known: Vec<(Box<str>, Arc<[u8]>)>,
    next: usize,
}

impl Sound {
    pub(crate) fn new() -> Self {
        Self::remembering(REMEMBERED)
    }

    fn remembering(remembered: usize) -> Self {
        Self {
            registers: Mutex::default(),
            remembered,
            scripts: Mutex::default(),
        }
    }

    /// Whether ergo-lib may be given these bytes to read as a register, would read them, and would write the same: only then has
    /// the box for ergo-lib the id that it has by its bytes.
    pub(crate) fn is_register(&self, bytes: &[u8], budget: &Budget) -> bool {
        is_constant(bytes, budget) && (is_shortest_form(bytes) || self.is_written_so(bytes))
    }

    fn is_written_so(&self, bytes: &[u8]) -> bool {
        let first = bytes.first();
        if bytes.len() > LONGEST || !first.is_some_and(|first| WITH_POINTS.contains(first)) {
            return comes_back(bytes);
        }
        if let Ok(recent) = self.registers.lock()
            && (recent.young.contains(bytes) || recent.old.contains(bytes))
        {
            return true;
        }
        if !comes_back(bytes) {
            return false;
        }
        if let Ok(mut recent) = self.registers.lock() {
            if recent.young.len() >= self.remembered / 2 {
                recent.old = std::mem::take(&mut recent.young);
            }
            recent.young.insert(bytes.into());
        }
        true
    }

    /// The script of these hexadecimal digits.
    pub(crate) fn script(&self, digits: &str) -> Option<Arc<[u8]>> {
        if !SCRIPT_DIGITS.contains(&digits.len()) {
            return bytes(digits).map(Arc::from);
        }
        if let Ok(scripts) = self.scripts.lock()
            && let Some((_, known)) = scripts.known.iter().find(|(of, _)| **of == *digits)
        {
            return Some(known.clone());
        }
        let script: Arc<[u8]> = bytes(digits)?.into();
        if let Ok(mut scripts) = self.scripts.lock() {
            let (next, entry) = (scripts.next, (digits.into(), script.clone()));
            match scripts.known.get_mut(next) {
                Some(old) => *old = entry,
                None => scripts.known.push(entry),
            }
            scripts.next = (next + 1) % SCRIPTS;
        }
        Some(script)
    }
}

/// Whether ergo-lib reads these bytes, which it may be given, and writes the same.
fn comes_back(bytes: &[u8]) -> bool {
    let written = match RegisterValue::sigma_parse_bytes(bytes) {
        RegisterValue::Parsed(constant) => constant.sigma_serialize_bytes(),
        RegisterValue::ParsedTupleExpr(tuple) => tuple.to_tuple_expr().sigma_serialize_bytes(),
        RegisterValue::Invalid { .. } => return false,
    };
    written.is_ok_and(|written| written == bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const KEY: &str = "cd0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    fn is_register(digits: &str) -> bool {
        Sound::new().is_register(&hex::decode(digits).unwrap(), &Budget::new())
    }

    #[test]
    fn register_is_sound_only_as_ergo_lib_writes_it() {
        for sound in [
            "0e03010203",
            "0e00",
            "1100",
            "1103020406",
            "110204feffffffffffffffff01",
            "0502",
            "0101",
            "860202660263",
            &format!("08{KEY}"),
            &format!("1402{KEY}d3"),
        ] {
            assert!(is_register(sound), "{sound}");
        }
        // Numbers and counts longer than need be, a number past 64 bits, no point of the curve.
        for other in [
            "0e83000102 03",
            "1103028400 06",
            "11830002 0406",
            "1101feffffffffffffffff03",
            "058200",
            "0102",
            &format!("08cd02{}", "ff".repeat(32)),
            &format!("1401cd02{}05", "00".repeat(31)),
        ] {
            assert!(!is_register(&other.replace(' ', "")), "{other}");
        }
    }

    #[test]
    fn register_of_keys_is_remembered_and_not_for_ever() {
        let sound = Sound::remembering(8);
        let nested = |n: u8| {
            let bits: [u8; 8] = std::array::from_fn(|bit| 0xd2 | (n >> bit) & 1);
            [&[8, 0x96, 8][..], &bits].concat()
        };
        let is_known = |n| {
            let recent = sound.registers.lock().unwrap();
            let all = recent.young.iter().chain(&recent.old);
            assert!(all.count() <= 8);
            recent.young.contains(&*nested(n)) || recent.old.contains(&*nested(n))
        };
        for n in 0..=255 {
            assert!(!is_known(n));
            assert!(sound.is_register(&nested(n), &Budget::new()));
            assert!(is_known(n) && is_known(n.saturating_sub(3)));
        }
        assert!(!is_known(0));
    }

    #[test]
    fn script_is_that_of_its_digits_however_many_come() {
        let sound = Sound::new();
        for n in [1u8, 2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2] {
            let script = [n; 200];
            assert_eq!(*sound.script(&hex::encode(script)).unwrap(), script);
        }
        assert_eq!(sound.script("0"), None);
        assert_eq!(sound.script(&"0g".repeat(200)), None);
        assert_eq!(*sound.script("0b").unwrap(), [11]);
    }
}
