//! From a preview to transactions in blocks: show, ask, unlock, sign, submit, wait.

use lets_protocol::Proposal;

use crate::args::Spend;
use crate::ask::{self, PassphraseFiles};
use crate::commands::Env;
use crate::error::CliError;
use crate::keys::{self, Key};
use crate::output::Report;
use crate::preview::Preview;
use crate::session::{PATIENCE, Sent, Session};

/// How far a spending command got.
pub(crate) enum Spent {
    /// Only shown: the report to print.
    Shown(Report),
    /// Sent, in the order of the proposals.
    Sent(Vec<Sent>),
}

impl Env<'_> {
    /// Shows what is about to happen and asks for consent. `Some` is the end of a dry run.
    pub(crate) fn consent(
        &self,
        preview: Preview,
        options: &Spend,
    ) -> Result<Option<Report>, CliError> {
        if options.dry_run {
            return preview.dry_run().map(Some);
        }
        self.out.note(&preview.text());
        if !options.yes {
            ask::confirm("Send it?")?;
        }
        Ok(None)
    }

    /// Shows, asks, signs with `keys`, and submits the proposals in order; then waits for the last one's block unless
    /// told not to. `sent` is told of each transaction that the node has taken, before any waiting.
    pub(crate) async fn spend(
        &self,
        session: &mut Session,
        options: &Spend,
        preview: Preview,
        proposals: &[Proposal],
        keys: &[&Key],
        mut sent: impl FnMut(usize, &Sent) -> Result<(), CliError>,
    ) -> Result<Spent, CliError> {
        if let Some(shown) = self.consent(preview, options)? {
            return Ok(Spent::Shown(shown));
        }
        let signer = keys::signer(keys, &PassphraseFiles::new(&options.passphrase.files))?;
        let mut done = Vec::new();
        for (at, proposal) in proposals.iter().enumerate() {
            let one = session.send(proposal, &signer).await;
            let one = one.map_err(|cause| partly(at, proposals.len(), cause))?;
            sent(at, &one)?;
            done.push(one);
        }
        if !options.no_wait {
            self.wait_for_block(session, &mut done).await?;
        }
        Ok(Spent::Sent(done))
    }

    /// Waits until every one of these is in a block.
    pub(crate) async fn wait_for_block(
        &self,
        session: &Session,
        sent: &mut [Sent],
    ) -> Result<(), CliError> {
        let _spinner = self
            .out
            .spinner("waiting for a block (it is sent: Ctrl-C does no harm)");
        for one in sent {
            one.height = Some(session.wait(&one.id, 1, PATIENCE).await?);
        }
        Ok(())
    }
}

/// What was sent before a failure must be in its message.
pub(crate) fn partly(sent: usize, of: usize, cause: CliError) -> CliError {
    match sent {
        0 => cause,
        sent => CliError::Partly {
            sent,
            of,
            cause: Box::new(cause),
        },
    }
}

/// "in the block at height 7", or where else it is.
pub(crate) fn whereabouts(sent: &Sent) -> String {
    match sent.height {
        Some(height) => format!("in the block at height {height}"),
        None => "waiting for a block: until it is in one, it can still fail".to_owned(),
    }
}
