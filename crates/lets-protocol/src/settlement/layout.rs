//! A look at bytes before ergo-lib parses them. Its parser believes the counts that it reads in scripts and registers, and
//! a few bytes can make it ask for more memory than there is, which ends the program. So only the account's and the fee's
//! own scripts and registers of the account's own types get there.

use super::SettlementError;

const LONGS: u8 = 0x11;
const BYTES: u8 = 0x0e;
const PROPOSITIONS: u8 = 0x14;
const MAX_DEPTH: usize = 4;
const ID_BYTES: usize = 32;
const POINT_BYTES: usize = 33;

/// Bytes yet to be read. `None` is an end that comes too early, or something that no settlement has.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
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

    /// A count of things of `least` bytes or more each, which therefore must still be there.
    fn count(&mut self, least: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len() / least).then_some(count)
    }

    fn script(&mut self, allowed: &[&[u8]]) -> Option<()> {
        let found = allowed.iter().find(|s| self.0.starts_with(s))?;
        self.take(found.len()).map(|_| ())
    }

    /// Height, tokens (by id or by place) and registers of a box.
    fn contents(&mut self, by_id: bool) -> Option<()> {
        self.number()?;
        for _ in 0..self.byte()? {
            match by_id {
                true => self.take(ID_BYTES).map(|_| ())?,
                false => self.number().map(|_| ())?,
            }
            self.number()?;
        }
        for _ in 0..self.byte()? {
            self.register()?;
        }
        Some(())
    }

    fn register(&mut self) -> Option<()> {
        match self.byte()? {
            LONGS => {
                for _ in 0..self.count(1)? {
                    self.number()?;
                }
            }
            BYTES => {
                let count = self.count(1)?;
                self.take(count)?;
            }
            PROPOSITIONS => {
                for _ in 0..self.count(1)? {
                    self.proposition(MAX_DEPTH)?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn proposition(&mut self, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match self.byte()? {
            // True and false, a key, a tuple of Diffie and Hellman.
            0xd2 | 0xd3 => return Some(()),
            0xcd => return self.take(POINT_BYTES).map(|_| ()),
            0xce => return self.take(4 * POINT_BYTES).map(|_| ()),
            // All of, one of, some of.
            0x96 | 0x97 => {}
            0x98 => {
                self.number()?;
            }
            _ => return None,
        }
        for _ in 0..self.count(1)? {
            self.proposition(depth)?;
        }
        Some(())
    }
}

/// May these bytes be parsed as the box of input `input`?
pub(super) fn check_box(input: usize, bytes: &[u8], account: &[u8]) -> Result<(), SettlementError> {
    let fault = |why: &str| SettlementError::Box {
        input,
        why: why.to_owned(),
    };
    let mut rest = Rest(bytes);
    rest.number().ok_or_else(|| fault("it is too short"))?;
    rest.script(&[account])
        .ok_or(SettlementError::Foreign { input })?;
    rest.contents(true)
        .ok_or_else(|| fault("it is not laid out as an account"))
}

/// May these bytes be parsed as a transaction?
pub(super) fn check_transaction(
    bytes: &[u8],
    account: &[u8],
    fee: &[u8],
) -> Result<(), SettlementError> {
    let fault = || SettlementError::Transaction("it is not laid out as a settlement".to_owned());
    let mut rest = Rest(bytes);
    for input in 0..rest.count(ID_BYTES).ok_or_else(fault)? {
        rest.take(ID_BYTES).ok_or_else(fault)?;
        let proof = rest.count(1).ok_or_else(fault)?;
        rest.take(proof).ok_or_else(fault)?;
        if rest.byte().ok_or_else(fault)? != 0 {
            return Err(SettlementError::Variables { input });
        }
    }
    match rest.count(ID_BYTES).ok_or_else(fault)? {
        0 => {}
        read => return Err(SettlementError::DataInputs(read)),
    }
    for _ in 0..rest.count(ID_BYTES).ok_or_else(fault)? {
        rest.take(ID_BYTES).ok_or_else(fault)?;
    }
    for output in 0..rest.count(account.len().min(fee.len())).ok_or_else(fault)? {
        rest.number().ok_or_else(fault)?;
        rest.script(&[account, fee])
            .ok_or(SettlementError::Script { output })?;
        rest.contents(false).ok_or_else(fault)?;
    }
    Ok(())
}
