//! Founding a LETS that anybody joins by himself.

use crate::boxes::Lets;
use crate::boxes::charter::{Bounds, CharterBox, HardBounds, Identity, NewCharter};
use crate::boxes::open_pot::{NewOpenPot, OpenPotBox, Seen};
use crate::boxes::oracle::OracleBox;
use crate::boxes::policy::Policy;
use crate::builders::found::{FoundError, FoundingStep, Mints, rent, stand_in};
use crate::proposal::{Funding, Proposal, TxParams};
use crate::rules::open::check_first_pot;
use crate::units::{Blocks, NanoErg};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_contracts::OracleNft;

/// What an open LETS is founded with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenFounding {
    /// Name and currency.
    pub identity: Identity,
    /// The community's key: its account takes in notes that nobody wanted. It has no other power.
    pub treasury: SigmaProp,
    /// What it gives and asks; `supply` and `own_erg` are set here.
    pub policy: Policy,
    /// The oracle pool whose rate counts.
    pub oracle: OracleNft,
    /// Units to be minted: more than will ever be out at once.
    pub units: i64,
    /// Membership tokens to be minted: one more than there can be members.
    pub memberships: i64,
}

/// An open founding, complete but for its signatures.
#[derive(Debug, Clone)]
pub struct OpenFound {
    /// The LETS to be.
    pub lets: Lets,
    /// The five transactions, in the order in which they must be sent.
    pub steps: [(FoundingStep, Proposal); 5],
    /// The charter that the last one makes: it holds the name, and asks nothing.
    pub charter: CharterBox,
    /// The pot that the last one makes.
    pub pot: OpenPotBox,
}

impl OpenFounding {
    /// Lays out the five transactions. `oracle` is its box as it stands now: every kind asks for a rate.
    ///
    /// # Errors
    /// [`FoundError`] naming what is out of range, or that the ERG does not suffice.
    pub fn plan(
        &self,
        oracle: &OracleBox,
        funding: &Funding,
        params: TxParams,
    ) -> Result<OpenFound, FoundError> {
        let mints = Mints {
            identity: &self.identity,
            units: self.units,
            memberships: self.memberships,
        };
        mints.check()?;
        self.policy.check()?;
        self.policy.check_rate(oracle.rate())?;
        let oldest = self.policy.oracle.oldest;
        if oracle.created().plus(oldest) <= params.height {
            return Err(FoundError::OracleAge {
                created: oracle.created(),
                oldest,
            });
        }
        let seen = Seen {
            created: oracle.created().as_i64(),
            rate: oracle.rate(),
        };
        // Ids and values of the same length as the real ones: only the sizes count here.
        let sized = Lets::open(stand_in(), self.oracle)?;
        let any = NanoErg(10 * NanoErg::ONE_ERG.0);
        let charter_value = rent(&self.charter(any).candidate(&sized, params.height)?)?;
        let pot_value = rent(&self.pot(any, seen).candidate(&sized, params.height)?)?;
        let minted = mints.plan(charter_value.plus(pot_value), funding, params)?;
        let lets = Lets::open(minted.ids, self.oracle)?;
        let outputs = vec![
            self.charter(charter_value)
                .candidate(&lets, params.height)?,
            self.pot(pot_value, seen).candidate(&lets, params.height)?,
        ];
        let boxes = minted.end(outputs, params)?;
        let pot = OpenPotBox::parse(&lets, boxes.output(1)?)?;
        check_first_pot(&lets, &pot)?;
        Ok(OpenFound {
            charter: CharterBox::parse(&lets, boxes.output(0)?)?,
            pot,
            lets,
            steps: minted.steps(boxes),
        })
    }

    /// The charter of a LETS in which there is nothing to decide: its bounds can never change.
    fn charter(&self, value: NanoErg) -> NewCharter {
        let policy = &self.policy;
        let bounds = Bounds {
            max_line: policy.credit,
            max_cap: policy.cap,
            account_floor: policy.floor,
            admissions: 0,
            issue: policy.credit,
            period: Blocks(1),
            change_delay: Blocks(21_600),
            recovery_delay: Blocks(21_600),
            recovery_starts: 0,
            admission_fee: NanoErg(0),
            default_line: policy.credit,
            default_cap: policy.cap,
            default_largest_draw: policy.largest_draw,
            default_draw_limit: policy.draw_limit,
            default_longest_debt: policy.longest_debt,
            default_draw_rate: policy.draw_rate,
        };
        NewCharter {
            value,
            committee: self.treasury.clone(),
            hard: HardBounds {
                least: bounds.to_longs(),
                most: bounds.to_longs(),
            },
            bounds,
            identity: self.identity.clone(),
            pending: None,
        }
    }

    fn pot(&self, value: NanoErg, seen: Seen) -> NewOpenPot {
        let policy = Policy {
            supply: self.units,
            own_erg: value,
            ..self.policy.clone()
        };
        NewOpenPot {
            value,
            memberships: self.memberships,
            units: self.units,
            seen,
            policy: policy.to_longs(),
            treasury: self.treasury.clone(),
        }
    }
}
