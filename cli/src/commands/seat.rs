//! What every command of a member begins with: his key, his account, and the LETS as the node shows it now.

use lets_protocol::AccountBox;

use crate::args::{Own, Spend};
use crate::commands::pay::{self, order::Ground};
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::home::Lock;
use crate::keys::Key;
use crate::session::Session;

/// A member at work.
pub(crate) struct Seat {
    pub(crate) key: Key,
    pub(crate) group: Group,
    pub(crate) session: Session,
    pub(crate) ground: Ground,
    /// His account.
    pub(crate) account: AccountBox,
    /// Keeps other spending commands of this home out until it is dropped.
    pub(crate) lock: Option<Lock>,
}

impl Env<'_> {
    /// Takes the named key (or the only one), keeps other spending commands of this home out, and reads LETS and account.
    pub(crate) async fn seat(&self, own: &Own, spend: &Spend) -> Result<Seat, CliError> {
        let key = Key::choose(&self.home, own.key.key.as_deref())?;
        let lock = self.lock(spend)?;
        let (group, session) = self.open().await?;
        let ground = Ground::read(&session, &group.lets, spend.fee).await?;
        if lock.is_some() {
            pay::look_back(self, &session, &group, ground.params.height).await?;
        }
        let account = group.owned(&key, own.from.as_deref(), &ground.accounts)?;
        let account = account.it.clone();
        Ok(Seat {
            key,
            group,
            session,
            ground,
            account,
            lock,
        })
    }
}
