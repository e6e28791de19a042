//! `lets sync`: the ledger brought to the chain's tip; and how other commands come to theirs.

use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use lets_ledger::LedgerError;
use lets_protocol::{Blocks, Height, Lets};
use serde::Serialize;

use crate::args::SyncArgs;
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::home;
use crate::keys;
use crate::manifest::Manifest;
use crate::output::Report;
use crate::session::{Kept, Plan, Session};

impl Env<'_> {
    /// Which ledger a session reads from if it must: that of a LETS, or the wallet's alone.
    pub(super) fn plan(&self, of: Option<(&Manifest, &Lets)>) -> Result<Plan, CliError> {
        let scripts: Result<Vec<ErgoTree>, CliError> = keys::own_keys(&self.home)?
            .iter()
            .map(keys::Key::tree)
            .collect();
        Ok(Plan {
            path: self.home.ledger(of.map(|(m, _)| m.fingerprint.as_str())),
            lets: of.map(|(m, lets)| (lets.clone(), m.fingerprint.clone(), m.founding.height)),
            scripts: scripts?,
            out: *self.out,
        })
    }

    /// As [`Env::open`], for a command that only reads: from the ledger if it is at the chain's tip.
    pub(super) async fn open_reading(&self) -> Result<(Group, Session), CliError> {
        let (group, session) = self.open().await?;
        if let Some(kept) = self.fresh(&group, &session).await? {
            session.keep(kept);
        }
        Ok((group, session))
    }

    /// The ledger if it is at the chain's tip. That it cannot be read is said, and no more.
    pub(super) async fn fresh(
        &self,
        group: &Group,
        session: &Session,
    ) -> Result<Option<Kept>, CliError> {
        let plan = self.plan(Some((&group.manifest, &group.lets)))?;
        match plan.fresh(session.client()).await {
            Err(CliError::Books(e)) => {
                self.out.note(&format!("note: {e}"));
                Ok(None)
            }
            other => other,
        }
    }

    /// As [`Env::open`], with the ledger brought to the tip.
    pub(super) async fn open_books(&self) -> Result<(Group, Session), CliError> {
        let (group, session) = self.open().await?;
        let plan = self.plan(Some((&group.manifest, &group.lets)))?;
        session.keep(plan.begin(session.client(), false).await?.0);
        Ok((group, session))
    }
}

#[derive(Serialize)]
struct SyncJson {
    lets: String,
    file: String,
    height: u32,
    /// Blocks read now.
    blocks: u32,
    /// Blocks taken back before that, for the chain was reorganised.
    taken_back: u32,
    /// Boxes that storage rent will reach within a year: whoever likes can renew them.
    near_rent: Vec<NearRentJson>,
}

#[derive(Serialize)]
struct NearRentJson {
    what: String,
    rent_from: Height,
}

pub(super) async fn run(env: &Env<'_>, args: SyncArgs) -> Result<Report, CliError> {
    let (group, session) = env.open().await?;
    let plan = env.plan(Some((&group.manifest, &group.lets)))?;
    if args.rebuild {
        // A file of a newer program is not this one's to remove.
        if let Err(CliError::Books(e)) = plan.existing()
            && matches!(*e, LedgerError::Newer { .. })
        {
            return Err(CliError::Books(e));
        }
        // Nobody else of this home may be reading a file that vanishes.
        let _lock = env.lock_home()?;
        for end in ["", "-wal", "-shm"] {
            let mut path = plan.path.clone().into_os_string();
            path.push(end);
            home::remove(path.as_ref())?;
        }
    }
    let (kept, followed) = plan.begin(session.client(), false).await?;
    session.keep(kept);
    let Some(ledger) = session.ledger().await? else {
        return Err(CliError::Nothing("there is no ledger".to_owned()));
    };
    let height = ledger.tip()?.map_or(0, |tip| tip.height);
    let old = ledger.created_before((height + 1).saturating_sub(Blocks::REFRESH_AGE.0))?;
    let data = SyncJson {
        lets: group.manifest.name.clone(),
        file: plan.path.display().to_string(),
        height,
        blocks: followed.blocks,
        taken_back: followed.taken_back,
        near_rent: old
            .into_iter()
            .map(|b| NearRentJson {
                what: match b.account {
                    Some(number) => group.name_by_number(&number),
                    None => format!("the {}", b.kind),
                },
                rent_from: Height(b.created).plus(Blocks::STORAGE_PERIOD),
            })
            .collect(),
    };
    let back = match data.taken_back {
        0 => String::new(),
        n => format!(", after {n} blocks that the chain no longer has"),
    };
    let mut text = format!(
        "{}: the ledger is at height {} ({} blocks read{back})",
        data.lets, data.height, data.blocks
    );
    for old in &data.near_rent {
        text.push_str(&format!(
            "\n{} pays storage rent from height {} on: `lets touch` renews it",
            old.what, old.rent_from
        ));
    }
    Report::new(&data, text)
}
