//! A request to be admitted, with the applicant's ERG: `contracts/application.es`.

use super::{Lets, MakeBoxError, NewBox, ParseBoxError, Reader};
use crate::boxes::account::{Link, Settings};
use crate::units::{Height, NanoErg};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisterId};
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;

/// An application whose every part has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationBox {
    ergo_box: ErgoBox,
    owner: SigmaProp,
    link: Link,
    expiry: i64,
    smallest_direct: i64,
}

impl ApplicationBox {
    /// Reads an application to this LETS.
    ///
    /// # Errors
    /// [`ParseBoxError`] naming the part that no application to this LETS can have.
    pub fn parse(lets: &Lets, ergo_box: &ErgoBox) -> Result<Self, ParseBoxError> {
        let reader = Reader::new(ergo_box, &lets.contracts.application)?;
        if let Some(token) = reader.tokens().first() {
            return Err(reader.fault("tokens", String::from(token.token_id)));
        }
        let owner = reader.register(NonMandatoryRegisterId::R4, "owner (R4)")?;
        let target: Vec<u8> = reader.register(NonMandatoryRegisterId::R5, "pot and link (R5)")?;
        let Some((pot, link)) = target.split_at_checked(32) else {
            return Err(reader.fault("pot and link (R5)", format!("{} bytes", target.len())));
        };
        if pot != lets.ids.pot_nft.bytes() {
            return Err(reader.fault("pot (R5)", hex::encode(pot)));
        }
        let link = Link::parse(link)
            .ok_or_else(|| reader.fault("link (R5)", format!("{} bytes", link.len())))?;
        let longs: Vec<i64> = reader.register(NonMandatoryRegisterId::R6, "expiry (R6)")?;
        let &[expiry, smallest_direct] = longs.as_slice() else {
            return Err(reader.fault("expiry (R6)", format!("{} numbers, not 2", longs.len())));
        };
        Ok(Self {
            ergo_box: reader.kept(),
            owner,
            link,
            expiry,
            smallest_direct,
        })
    }

    /// The box itself.
    pub fn ergo_box(&self) -> &ErgoBox {
        &self.ergo_box
    }

    /// The applicant's key, which the account will have.
    pub fn owner(&self) -> &SigmaProp {
        &self.owner
    }

    /// Who else is to act for the account.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The last height at which it can be admitted; the applicant can take it back at any time.
    pub fn expiry(&self) -> Height {
        // Heights end at u32::MAX; what lies past either end never, or always, comes.
        Height(u32::try_from(self.expiry.max(0)).unwrap_or(u32::MAX))
    }

    /// The smallest direct payment that the applicant wants to accept.
    pub fn smallest_direct(&self) -> i64 {
        self.smallest_direct
    }

    /// ERG in the box, of which the account gets all but the fee.
    pub fn value(&self) -> NanoErg {
        self.ergo_box.value.into()
    }
}

/// Who applies, and for what kind of account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applicant {
    /// The applicant's key, which the account will have.
    pub owner: SigmaProp,
    /// Who else is to act for the account, for ever.
    pub link: Link,
    /// The smallest direct payment that the account is to accept, in units.
    pub smallest_direct: i64,
}

impl Applicant {
    /// A member with an account of his own, who accepts any direct payment.
    pub fn member(owner: SigmaProp) -> Self {
        Self {
            owner,
            link: Link::None,
            smallest_direct: Settings::ANY_DIRECT,
        }
    }

    /// For the community's account: its key follows the charter's committee, whoever that is. The applicant's own key can
    /// take the application back, and means nothing afterwards.
    pub fn community(owner: SigmaProp, lets: &Lets) -> Self {
        Self {
            link: Link::FollowsBox(lets.ids().charter_nft.into()),
            ..Self::member(owner)
        }
    }
}

pub(crate) fn candidate(
    lets: &Lets,
    applicant: Applicant,
    expiry: Height,
    value: NanoErg,
    created: Height,
) -> Result<ErgoBoxCandidate, MakeBoxError> {
    let mut target = lets.ids.pot_nft.bytes().to_vec();
    target.extend(applicant.link.to_bytes());
    NewBox {
        kind: "application",
        value,
        tree: lets.contracts.application.tree(),
        tokens: Vec::new(),
        registers: vec![
            Constant::from(applicant.owner),
            Constant::from(target),
            Constant::from(vec![expiry.as_i64(), applicant.smallest_direct]),
        ],
        created,
    }
    .candidate()
}
