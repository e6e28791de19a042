//! An owner changes what is his to change: the smallest direct payment that he accepts, and his key.

use super::pay::{Spender, claimed};
use super::trade::{Change, Plan, Trade, TradeError};
use crate::boxes::Lets;
use crate::boxes::account::Link;
use crate::proposal::{TxKind, TxParams};
use crate::rules::{Flow, RuleViolation};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;

/// What an owner changes; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct OwnerChange {
    /// The smallest gain that anybody may pay in without the owner's signature, in units; [`crate::Settings::NOTES_ONLY`]
    /// is none, but for a debt that is paid to exactly 0.
    pub smallest_direct: Option<i64>,
    /// The key that owns the account from then on.
    pub key: Option<SigmaProp>,
    /// Whether he refuses every recovery from then on (`false`: the committee may start one again).
    pub refuse_recovery: Option<bool>,
}

/// Changes an account's settings or key. The owner of now signs. A pending recovery ends.
///
/// # Errors
/// [`RuleViolation::KeyFollows`] if the account's key is not in it; otherwise [`TradeError`].
pub fn set_account(
    lets: &Lets,
    owner: Spender<'_>,
    change: OwnerChange,
    params: TxParams,
) -> Result<Trade, TradeError> {
    if change.key.is_some() && *owner.account.link() != Link::None {
        return Err(RuleViolation::KeyFollows {
            account: owner.account.number(),
        }
        .into());
    }
    let gained = claimed(owner.account, owner.claims)?;
    Plan {
        lets,
        kind: TxKind::SetAccount,
        leader: owner.account,
        followed: owner.followed,
        change: Change {
            smallest_direct: change.smallest_direct,
            key: change.key,
            refuse_recovery: change.refuse_recovery,
        },
        taken: owner.claims.iter().collect(),
        others: Vec::new(),
        notes: Vec::new(),
        flow: Flow { gained, paid: 0 },
        memos: Vec::new(),
    }
    .finish(params, owner.funding)
}
