//! A look at a node's bytes before ergo-lib parses them. Its parser believes the counts that it reads in scripts and
//! constants, and goes as deep as they do: a few bytes can make it ask for more memory than there is, or end the program.
//! So it gets constants that were walked through first, and of scripts only those of keys.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The deepest type, proposition or tuple: what nodes accept (`SigmaSerializer.MaxTreeDepth`), so that nothing on the chain is too
/// deep. ergo-lib goes to the bottom of each in an eighth of a thread's stack, unoptimised.
const MAX_DEPTH: usize = 110;
const POINT_BYTES: usize = 33;
const DIGEST_BYTES: usize = 33;
const MAX_BIG_INT_BYTES: usize = 32;
/// How many types and values, of two dozen bytes each, one answer may come to. A full block has a hundredth of it.
const MOST_PARTS: usize = 4 << 20;
/// How many of them one box may come to: a byte of its four thousand is hardly ever more than one. A box that takes more is not
/// read, and takes nothing from the others.
const PARTS_OF_BOX: usize = 1 << 12;
/// The byte with which a tuple of constants begins where a constant may stand.
const TUPLE: u8 = 0x86;
/// Types of registers that are looked at most.
const COLL_OF_BYTES: u8 = 12 + 2;
const COLL_OF_LONGS: u8 = 12 + 5;

/// What the parts of one answer may still come to.
pub(crate) struct Budget(AtomicUsize);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(MOST_PARTS))
    }

    /// What one box, or the variables of one input, may come to.
    pub(crate) fn share() -> Self {
        Self(AtomicUsize::new(PARTS_OF_BOX))
    }

    /// Pays for what was taken from a share.
    pub(crate) fn covers(&self, share: &Self) -> bool {
        let left = share.0.load(Ordering::Relaxed);
        self.spend(PARTS_OF_BOX.saturating_sub(left)).is_some()
    }

    fn spend(&self, parts: usize) -> Option<()> {
        let spent = |left: usize| left.checked_sub(parts);
        let done = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent);
        done.ok().map(|_| ())
    }
}

/// May these bytes be parsed as a register or a context variable?
pub(crate) fn is_constant(bytes: &[u8], budget: &Budget) -> bool {
    let mut rest = Rest { bytes, budget };
    rest.constant(MAX_DEPTH).is_some() && rest.bytes.is_empty()
}

/// Are these bytes, which may be parsed, a collection of bytes or of 64-bit numbers with each number as short as can be? ergo-lib
/// reads such a one, and writes it so.
pub(crate) fn is_shortest_form(bytes: &[u8]) -> bool {
    let Some((&first, mut rest)) = bytes.split_first() else {
        return false;
    };
    let mut number = || {
        let length = rest.iter().position(|b| b & 0x80 == 0)? + 1;
        let (number, others) = rest.split_at_checked(length)?;
        // No last byte that adds nothing, nor one past 64 bits.
        let last = *number.last()?;
        let is_shortest = last != 0 || length == 1;
        (is_shortest && (length < 10 || length == 10 && last == 1)).then_some(())?;
        rest = others;
        Some(())
    };
    match (first, number()) {
        (COLL_OF_BYTES, Some(())) => true,
        (COLL_OF_LONGS, Some(())) => {
            while number().is_some() {}
            rest.is_empty()
        }
        _ => false,
    }
}

/// Are these bytes the script of a key, or of several keys, and may be parsed as such?
pub(crate) fn is_script_of_keys(bytes: &[u8], budget: &Budget) -> bool {
    // Version 0, no flags; the constant of a proposition.
    let Some(bytes) = bytes.strip_prefix(&[0, 8]) else {
        return false;
    };
    let mut rest = Rest { bytes, budget };
    rest.proposition(MAX_DEPTH).is_some() && rest.bytes.is_empty()
}

/// A type of constants, by how its values are laid out.
enum Type {
    Unit,
    Bool,
    Byte,
    Number,
    BigInt,
    Point,
    Proposition,
    AvlTree,
    Coll(Box<Type>),
    Tuple(Vec<Type>),
}

impl Type {
    fn coll(self) -> Self {
        Self::Coll(Box::new(self))
    }

    /// How many types it consists of.
    fn parts(&self) -> usize {
        match self {
            Self::Coll(of) => 1 + of.parts(),
            Self::Tuple(all) => 1 + all.iter().map(Self::parts).sum::<usize>(),
            _ => 1,
        }
    }
}

/// Bytes yet to be read. `None` is an end that comes too early, a count of more than follows, what comes to too much, or
/// what ergo-lib's parser does not know or cannot be trusted with: boxes (they hold scripts), options, functions.
struct Rest<'a> {
    bytes: &'a [u8],
    budget: &'a Budget,
}

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// A number in Ergo's variable length.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A count of at most 65,535.
    fn count(&mut self) -> Option<usize> {
        u16::try_from(self.number()?).ok().map(usize::from)
    }

    fn constant(&mut self, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        if self.bytes.first() == Some(&TUPLE) {
            self.byte()?;
            for _ in 0..self.byte()? {
                self.constant(depth)?;
            }
            return Some(());
        }
        let of = self.kind(MAX_DEPTH)?;
        self.value(&of)
    }

    /// A type: a constructor times 12, plus a simple type inside, or 0 where the types inside follow.
    fn kind(&mut self, depth: usize) -> Option<Type> {
        let depth = depth.checked_sub(1)?;
        self.budget.spend(1)?;
        let code = self.byte()?;
        let inner = |rest: &mut Self| match code % 12 {
            0 => rest.kind(depth),
            simple => simple_type(simple),
        };
        Some(match code / 12 {
            0 => simple_type(code)?,
            1 => inner(self)?.coll(),
            2 => inner(self)?.coll().coll(),
            5 => Type::Tuple(vec![inner(self)?, self.kind(depth)?]),
            6 if code % 12 == 0 => self.kinds(3, depth)?,
            6 => Type::Tuple(vec![self.kind(depth)?, simple_type(code % 12)?]),
            7 if code % 12 == 0 => self.kinds(4, depth)?,
            7 => Type::Tuple(vec![simple_type(code % 12)?, simple_type(code % 12)?]),
            8 => match code {
                96 => {
                    let count = self.byte()?;
                    self.kinds(count, depth)?
                }
                98 => Type::Unit,
                100 => Type::AvlTree,
                _ => return None,
            },
            _ => return None,
        })
    }

    fn kinds(&mut self, count: u8, depth: usize) -> Option<Type> {
        let all: Option<_> = (0..count).map(|_| self.kind(depth)).collect();
        all.map(Type::Tuple)
    }

    fn value(&mut self, of: &Type) -> Option<()> {
        self.budget.spend(1)?;
        match of {
            Type::Unit => {}
            Type::Bool | Type::Byte => drop(self.byte()?),
            Type::Number => drop(self.number()?),
            Type::BigInt => {
                let count = self.count().filter(|count| *count <= MAX_BIG_INT_BYTES)?;
                self.take(count)?;
            }
            Type::Point => drop(self.take(POINT_BYTES)?),
            Type::Proposition => self.proposition(MAX_DEPTH)?,
            Type::AvlTree => {
                // Digest, flags, length of keys, length of values if it is fixed.
                self.take(DIGEST_BYTES + 1)?;
                self.number()?;
                if self.byte()? != 0 {
                    self.number()?;
                }
            }
            Type::Coll(of) => {
                let count = self.count()?;
                self.budget.spend(of.parts())?;
                match **of {
                    Type::Byte => drop(self.take(count)?),
                    Type::Bool => {
                        self.take(count.div_ceil(8))?;
                        self.budget.spend(count)?;
                    }
                    _ => (0..count).try_for_each(|_| self.value(of))?,
                }
            }
            Type::Tuple(all) => all.iter().try_for_each(|of| self.value(of))?,
        }
        Some(())
    }

    fn proposition(&mut self, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.budget.spend(1)?;
        match self.byte()? {
            // True and false, a key, a tuple of Diffie and Hellman.
            0xd2 | 0xd3 => return Some(()),
            0xcd => return self.take(POINT_BYTES).map(|_| ()),
            0xce => return self.take(4 * POINT_BYTES).map(|_| ()),
            // All of, one of, some of.
            0x96 | 0x97 => {}
            0x98 => drop(self.count()?),
            _ => return None,
        }
        let count = self.count().filter(|count| *count <= self.bytes.len())?;
        (0..count).try_for_each(|_| self.proposition(depth))
    }
}

fn simple_type(code: u8) -> Option<Type> {
    Some(match code {
        1 => Type::Bool,
        2 => Type::Byte,
        3..=5 => Type::Number,
        6 => Type::BigInt,
        7 => Type::Point,
        8 => Type::Proposition,
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ergo_lib::ergotree_ir::chain::ergo_box::RegisterValue;
    use ergo_lib::ergotree_ir::mir::constant::Constant;
    use ergo_lib::ergotree_ir::serialization::SigmaSerializable;

    const KEY: &str = "cd0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    fn hex(text: &str) -> Vec<u8> {
        let digit = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(digit).collect()
    }

    fn reads(bytes: &[u8]) -> bool {
        is_constant(bytes, &Budget::new())
    }

    #[test]
    fn constant_of_every_type_is_read_as_ergo_lib_reads_it() {
        let prop = format!("08{KEY}");
        let both = format!("0896 02 {KEY} 98 01 02 {KEY} d3").replace(' ', "");
        let point = format!("07{}", &KEY[2..]);
        let avl = format!("64{}07 20 01 08", "00".repeat(33)).replace(' ', "");
        for text in [
            "0101",
            "02ff",
            "0304",
            "04d804",
            "05b0b5cad8e6dbaef44a",
            "060201ff",
            &point,
            &prop,
            &both,
            "0e03010203",
            "1103020406",
            "1a0201ff02aabb",
            "1d0102 0204",
            "0d0503",
            "0c0c0d0101040f",
            "3c0204ff05",
            "40040204",
            "480405020408ff",
            "4d020508",
            "5402050404ff0a0c02",
            "59020a",
            "6003040502 0405ff",
            "62",
            &avl,
            "860204020e01ff",
        ] {
            let bytes = hex(&text.replace(' ', ""));
            assert!(reads(&bytes), "{text}");
            let read = match bytes[0] {
                TUPLE => matches!(
                    RegisterValue::sigma_parse_bytes(&bytes),
                    RegisterValue::ParsedTupleExpr(_)
                ),
                _ => Constant::sigma_parse_bytes(&bytes).is_ok(),
            };
            assert!(read, "{text}");
        }
    }

    #[test]
    fn constant_cut_anywhere_or_with_more_behind_is_none() {
        for text in [
            &format!("14 02 {KEY} {KEY}"),
            "1a 02 01ff 02aabb",
            "11 03 020406",
            "86 02 0402 0e01ff",
        ] {
            let bytes = hex(&text.replace(' ', ""));
            assert!(reads(&bytes));
            for end in 0..bytes.len() {
                assert!(!reads(&bytes[..end]), "{text} cut to {end}");
            }
            assert!(!reads(&[&bytes[..], &[0]].concat()), "{text}");
        }
    }

    #[test]
    fn constant_that_would_exhaust_memory_or_stack_is_none() {
        let deep_type = [vec![12; 50_000], vec![5, 0]].concat();
        let deep_tuple = [TUPLE, 1].repeat(50_000);
        let deep_prop = [vec![8], [0x96, 1].repeat(50_000), vec![0xd3]].concat();
        // Collections of 65,535 units each, which take no bytes.
        let units = [
            &[12, 12, 98, 0xff, 0xff, 3][..],
            &[0xff, 0xff, 3].repeat(65_535),
        ]
        .concat();
        // 255 times 255 types.
        let wide = [
            &[96, 255][..],
            &[&[96, 255][..], &[5; 255]].concat().repeat(255),
        ]
        .concat();
        let many = [&[12][..], &wide, &[0xff, 0xff, 3], &[0; 1_000_000]].concat();
        for hostile in [&deep_type, &deep_tuple, &deep_prop, &units, &many] {
            assert!(!reads(hostile));
        }
        // A box, an option, a function; more propositions than bytes.
        for hostile in ["63", "2401", "70", "0896ffff03"] {
            assert!(!reads(&hex(hostile)));
        }
    }

    #[test]
    fn constant_as_deep_as_nodes_take_it_is_read_on_a_small_stack() {
        let prop = [vec![8], [0x96, 1].repeat(MAX_DEPTH - 1), vec![0xd3]].concat();
        let some = [vec![8], [0x98, 1, 1].repeat(MAX_DEPTH - 1), vec![0xd3]].concat();
        let coll = [vec![12; MAX_DEPTH - 1], vec![29, 0]].concat();
        let pair = [vec![77; MAX_DEPTH - 2], vec![89], vec![2; MAX_DEPTH]].concat();
        let tuple = [[TUPLE, 2, 5, 2].repeat(MAX_DEPTH - 1), vec![5, 2]].concat();
        for bytes in [prop, some, coll, pair, tuple] {
            assert!(reads(&bytes));
            let walk = move || {
                let value = RegisterValue::sigma_parse_bytes(&bytes);
                let copy = value.clone();
                assert!(value == copy && value.as_constant().is_ok());
                assert_eq!(value.sigma_serialize_bytes(), bytes);
                assert!(!format!("{copy:?}").is_empty());
            };
            let thread = std::thread::Builder::new().stack_size(512 << 10);
            thread.spawn(walk).unwrap().join().unwrap();
        }
        let deeper = [vec![8], [0x96, 1].repeat(MAX_DEPTH), vec![0xd3]].concat();
        assert!(!reads(&deeper));
    }

    #[test]
    fn budget_is_one_for_all_of_an_answer() {
        let budget = Budget::new();
        let units = [12, 98, 0xff, 0xff, 3];
        let read = (0..1_000).filter(|_| is_constant(&units, &budget)).count();
        assert_eq!(read, MOST_PARTS / (65_535 + 4));
    }

    #[test]
    fn script_of_keys_is_read_and_no_other() {
        let reads = |text: &str| is_script_of_keys(&hex(text), &Budget::new());
        assert!(reads(&format!("0008{KEY}")));
        assert!(reads(&format!("00089802 02{KEY}{KEY}").replace(' ', "")));
        for other in [
            String::new(),
            format!("1008{KEY}"),
            format!("0008{KEY}00"),
            "08ffffffff0f".to_owned(),
            "00d8ffffffff0f".to_owned(),
            "0004".to_owned(),
        ] {
            assert!(!reads(&other), "{other}");
        }
    }
}
