//! Founding a LETS: four mints and the transaction that makes charter and pot.
//!
//! A transaction can mint one token, whose id is that of its first input. The five transactions spend each other's
//! outputs, so all of them, with their ids, are known before the first is sent: founding that was interrupted is
//! resumed by sending the same transactions again, and nothing can be minted twice.

use crate::boxes::charter::{Bounds, CharterBox, HardBounds, Identity, NewCharter};
use crate::boxes::policy::PolicyError;
use crate::boxes::pot::{Counters, NewPot, PotBox};
use crate::boxes::{Lets, MakeBoxError, NewBox, ParseBoxError};
use crate::proposal::{BuildError, Draft, Funding, Proposal, TxKind, TxParams};
use crate::rules::open::FirstPotFault;
use crate::units::{Blocks, Height, NanoErg};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_contracts::{ArtifactError, LetsIds};

/// What a LETS is founded with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founding {
    /// Name and currency.
    pub identity: Identity,
    /// Who must sign for the committee.
    pub committee: SigmaProp,
    /// What it may do.
    pub bounds: Bounds,
    /// Between which numbers that may ever be changed.
    pub hard: HardBounds,
    /// Units to be minted: more than will ever be issued at once.
    pub units: i64,
    /// Membership tokens to be minted: one more than there can be members.
    pub memberships: i64,
}

/// Which of the five transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundingStep {
    /// Mints the charter's NFT.
    CharterNft,
    /// Mints the pot's NFT.
    PotNft,
    /// Mints the membership tokens.
    Memberships,
    /// Mints the units.
    Units,
    /// Makes charter and pot.
    Boxes,
}

/// A founding, complete but for its signatures.
#[derive(Debug, Clone)]
pub struct Found {
    /// The LETS to be.
    pub lets: Lets,
    /// The five transactions, in the order in which they must be sent.
    pub steps: [(FoundingStep, Proposal); 5],
    /// The charter that the last one makes.
    pub charter: CharterBox,
    /// The pot that the last one makes.
    pub pot: PotBox,
}

/// A LETS cannot be founded so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoundError {
    /// A bound outside the hard bounds.
    #[error("bound number {place} of {found} is outside {least} to {most}")]
    Bound {
        /// Its place in the charter's register R5, from 0.
        place: usize,
        /// What was asked.
        found: i64,
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// Hard bounds that would let a later change freeze the LETS.
    #[error(
        "hard bound number {place} is outside {least} to {most}, which every LETS must keep to"
    )]
    HardBound {
        /// Its place, from 0.
        place: usize,
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// A supply out of range.
    #[error("{what}: {found} is outside 2 to 10^15")]
    Supply {
        /// "units" or "membership tokens".
        what: &'static str,
        /// What was asked.
        found: i64,
    },
    /// A name that is empty or too long.
    #[error("the name must be 1 to {most} bytes long, not {found}", most = Identity::MAX_NAME)]
    Name {
        /// Its length in bytes.
        found: usize,
    },
    /// The oracle's box is too old for a price.
    #[error(
        "the oracle published last at height {created}, longer ago than {oldest}: choose another, or wait for its next box"
    )]
    OracleAge {
        /// When its box was made.
        created: Height,
        /// The oldest age that the policy allows.
        oldest: Blocks,
    },
    /// The transactions cannot be laid out.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A policy that no open LETS can live under.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A pot under which nobody should join.
    #[error(transparent)]
    FirstPot(#[from] FirstPotFault),
    /// An embedded contract is damaged.
    #[error(transparent)]
    Contract(#[from] ArtifactError),
    /// A box that was made does not read as it should.
    #[error(transparent)]
    Parse(#[from] ParseBoxError),
}

impl From<MakeBoxError> for FoundError {
    fn from(e: MakeBoxError) -> Self {
        Self::Build(e.into())
    }
}

const MAX_SUPPLY: i64 = 1_000_000_000_000_000;
/// nanoErg of storage rent per byte and period of four years (mainnet).
pub(crate) const RENT_PER_BYTE: u64 = 1_250_000;
/// Charter and pot start with rent for so many periods; anybody may refresh them at three years.
const RENT_PERIODS: u64 = 2;

impl Founding {
    /// Lays out the five transactions. `funding` pays for them; its change script must be the founder's own, for it
    /// holds the tokens until charter and pot are made.
    ///
    /// # Errors
    /// [`FoundError`] naming what is out of range, or that the ERG does not suffice.
    pub fn plan(&self, funding: &Funding, params: TxParams) -> Result<Found, FoundError> {
        self.check()?;
        let (charter_value, pot_value) = self.values(params)?;
        let minted = self
            .mints()
            .plan(charter_value.plus(pot_value), funding, params)?;
        let lets = Lets::new(minted.ids)?;
        let outputs = vec![
            self.charter(charter_value)
                .candidate(&lets, params.height)?,
            self.pot(pot_value, params)
                .candidate(&lets, params.height)?,
        ];
        let boxes = minted.end(outputs, params)?;
        Ok(Found {
            charter: CharterBox::parse(&lets, boxes.output(0)?)?,
            pot: PotBox::parse(&lets, boxes.output(1)?)?,
            lets,
            steps: minted.steps(boxes),
        })
    }

    fn mints(&self) -> Mints<'_> {
        Mints {
            identity: &self.identity,
            units: self.units,
            memberships: self.memberships,
        }
    }

    fn check(&self) -> Result<(), FoundError> {
        self.mints().check()?;
        let sane = HardBounds::SANE;
        for place in 0..Bounds::COUNT {
            let (least, most) = (sane.least[place], sane.most[place]);
            if self.hard.least[place] < least || self.hard.most[place] > most {
                return Err(FoundError::HardBound { place, least, most });
            }
        }
        match self.hard.violation(&self.bounds) {
            Some((place, found, least, most)) => Err(FoundError::Bound {
                place,
                found,
                least,
                most,
            }),
            None => Ok(()),
        }
    }

    fn charter(&self, value: NanoErg) -> NewCharter {
        NewCharter {
            value,
            committee: self.committee.clone(),
            bounds: self.bounds.clone(),
            identity: self.identity.clone(),
            hard: self.hard.clone(),
            pending: None,
        }
    }

    fn pot(&self, value: NanoErg, params: TxParams) -> NewPot {
        NewPot {
            value,
            memberships: self.memberships,
            units: self.units,
            counters: Counters {
                stamp: params.height.as_i64(),
                admissions: 0,
                issued: 0,
                recoveries: 0,
            },
        }
    }

    /// What charter and pot start with: rent for two periods of their own sizes.
    fn values(&self, params: TxParams) -> Result<(NanoErg, NanoErg), FoundError> {
        let lets = Lets::new(stand_in())?;
        let value = NanoErg(10 * NanoErg::ONE_ERG.0);
        let charter = self.charter(value).candidate(&lets, params.height)?;
        let pot = self.pot(value, params).candidate(&lets, params.height)?;
        Ok((rent(&charter)?, rent(&pot)?))
    }
}

/// The four mints that every founding begins with.
pub(crate) struct Mints<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) units: i64,
    pub(crate) memberships: i64,
}

/// The tokens minted, and the box that holds them all.
pub(crate) struct Minted {
    pub(crate) ids: LetsIds,
    mints: [(FoundingStep, Proposal); 4],
    carrier: ErgoBox,
}

impl Mints<'_> {
    pub(crate) fn check(&self) -> Result<(), FoundError> {
        if self.identity.name.is_empty() || self.identity.name.len() > Identity::MAX_NAME {
            return Err(FoundError::Name {
                found: self.identity.name.len(),
            });
        }
        for (what, found) in [
            ("units", self.units),
            ("membership tokens", self.memberships),
        ] {
            if !(2..=MAX_SUPPLY).contains(&found) {
                return Err(FoundError::Supply { what, found });
            }
        }
        Ok(())
    }

    /// The last of the four leaves `end` ERG beside the fee of the fifth.
    pub(crate) fn plan(
        &self,
        end: NanoErg,
        funding: &Funding,
        params: TxParams,
    ) -> Result<Minted, FoundError> {
        let carried = |mints_left: u64| NanoErg(end.0 + (mints_left + 1) * params.fee.0);
        let name = &self.identity.name;
        let carrier = |tokens: Vec<(TokenId, i64)>, mints_left, label: &str, decimals: u8| {
            // EIP-4: the minting output's R4, R5, R6 are the token's name, description and decimals.
            NewBox {
                kind: "carrier",
                value: carried(mints_left),
                tree: &funding.change,
                tokens,
                registers: vec![
                    Constant::from(format!("{name} {label}").into_bytes()),
                    Constant::from(format!("LETS on Ergo: {name}").into_bytes()),
                    Constant::from(decimals.to_string().into_bytes()),
                ],
                created: params.height,
            }
            .candidate()
        };

        let first = funding_box(funding, NanoErg(carried(3).0 + params.fee.0))?;
        let charter_nft = TokenId::from(first.box_id());
        let mut tokens = vec![(charter_nft, 1)];
        let mint_charter = step(
            TxKind::Mint,
            params,
            vec![first],
            vec![carrier(tokens.clone(), 3, "charter", 0)?],
            Some(funding),
        )?;

        let mut previous = mint_charter.output(0)?.clone();
        let mut mint = |amount,
                        mints_left,
                        label: &str,
                        decimals|
         -> Result<(TokenId, Proposal), FoundError> {
            let id = TokenId::from(previous.box_id());
            tokens.push((id, amount));
            let output = carrier(tokens.clone(), mints_left, label, decimals)?;
            let proposal = step(
                TxKind::Mint,
                params,
                vec![previous.clone()],
                vec![output],
                None,
            )?;
            previous = proposal.output(0)?.clone();
            Ok((id, proposal))
        };
        let (pot_nft, mint_pot) = mint(1, 2, "pot", 0)?;
        let (membership, mint_memberships) = mint(self.memberships, 1, "membership", 0)?;
        let (unit, mint_units) = mint(
            self.units,
            0,
            self.identity.currency.code(),
            self.identity.currency.decimals(),
        )?;

        Ok(Minted {
            ids: LetsIds {
                charter_nft: charter_nft.into(),
                pot_nft: pot_nft.into(),
                membership: membership.into(),
                unit: unit.into(),
            },
            mints: [
                (FoundingStep::CharterNft, mint_charter),
                (FoundingStep::PotNft, mint_pot),
                (FoundingStep::Memberships, mint_memberships),
                (FoundingStep::Units, mint_units),
            ],
            carrier: previous,
        })
    }
}

impl Minted {
    /// The fifth transaction: charter and pot, out of what was minted.
    pub(crate) fn end(
        &self,
        outputs: Vec<ErgoBoxCandidate>,
        params: TxParams,
    ) -> Result<Proposal, BuildError> {
        step(
            TxKind::Found,
            params,
            vec![self.carrier.clone()],
            outputs,
            None,
        )
    }

    /// All five.
    pub(crate) fn steps(self, end: Proposal) -> [(FoundingStep, Proposal); 5] {
        let [a, b, c, d] = self.mints;
        [a, b, c, d, (FoundingStep::Boxes, end)]
    }
}

fn step(
    kind: TxKind,
    params: TxParams,
    inputs: Vec<ErgoBox>,
    outputs: Vec<ErgoBoxCandidate>,
    funding: Option<&Funding>,
) -> Result<Proposal, BuildError> {
    Draft {
        inputs,
        outputs,
        ..Draft::of(kind)
    }
    .finish(params, funding)
}

/// Ids of the same length as the real ones, where only sizes count.
pub(crate) fn stand_in() -> LetsIds {
    LetsIds {
        charter_nft: [1; 32].into(),
        pot_nft: [2; 32].into(),
        membership: [3; 32].into(),
        unit: [4; 32].into(),
    }
}

/// Rent for two periods of the box's own size.
pub(crate) fn rent(candidate: &ErgoBoxCandidate) -> Result<NanoErg, FoundError> {
    Ok(NanoErg(RENT_PERIODS * RENT_PER_BYTE * bytes_of(candidate)?))
}

/// The most bytes that the candidate's box can have.
pub(crate) fn bytes_of(candidate: &ErgoBoxCandidate) -> Result<u64, BuildError> {
    let fault = |e: &dyn std::fmt::Display| BuildError::Transaction(e.to_string());
    let zero = ergo_lib::chain::transaction::TxId::zero();
    let sized = ErgoBox::from_box_candidate(candidate, zero, u16::MAX).map_err(|e| fault(&e))?;
    let bytes = sized.sigma_serialize_bytes().map_err(|e| fault(&e))?.len();
    u64::try_from(bytes).map_err(|e| fault(&e))
}

/// The wallet's box that founding begins with: its id becomes the charter's NFT, so it is chosen by itself.
fn funding_box(funding: &Funding, needed: NanoErg) -> Result<ErgoBox, BuildError> {
    funding
        .boxes
        .iter()
        .max_by_key(|b| (b.tokens.is_none(), *b.value.as_u64()))
        .cloned()
        .ok_or(BuildError::NotEnoughErg {
            needed,
            fee: NanoErg(0),
            available: NanoErg(0),
        })
}
