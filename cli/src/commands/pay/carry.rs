//! An order on its way: signed, written down, submitted, and built anew when another transaction took its boxes.

use std::time::Duration;

use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_node_client::{RefusalKind, SubmitError};
use lets_protocol::{AccountNumber, BuildError};
use lets_wallet::LocalSigner;

use super::order::{Ground, Laid, Order};
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::payments::{Event, Journal};
use crate::session::{Attempt, Fate, PATIENCE, Place, Sent, Session};

/// How often a payment is built anew before it is given up.
pub(crate) const MOST_ATTEMPTS: usize = 5;
/// Pause before the second attempt, doubled each time: the node's views need up to a second to show what took the box.
const PAUSE: Duration = Duration::from_millis(250);

/// What carries an order.
pub(crate) struct Carrier<'a> {
    pub(crate) env: &'a Env<'a>,
    pub(crate) group: &'a Group,
    pub(crate) signer: &'a LocalSigner,
    pub(crate) wallet: ErgoTree,
    pub(crate) journal: Journal,
    pub(crate) wait: bool,
}

/// An order that a node has taken, and how it was laid out in the end.
pub(crate) struct Carried {
    pub(crate) sent: Sent,
    pub(crate) laid: Laid,
}

impl Carrier<'_> {
    /// Carries out an order that was consented to, beginning with `laid`.
    pub(crate) async fn carry(
        &self,
        session: &mut Session,
        order: &Order,
        laid: Laid,
    ) -> Result<Carried, CliError> {
        let payment = self.journal.begin(order.written(self.group))?;
        self.go_on(session, &payment, order, laid, Vec::new()).await
    }

    /// Carries out an order of which `attempts` were signed before; none of them may be included any more.
    pub(crate) async fn go_on(
        &self,
        session: &mut Session,
        payment: &str,
        order: &Order,
        mut laid: Laid,
        mut attempts: Vec<Attempt>,
    ) -> Result<Carried, CliError> {
        let mut left = MOST_ATTEMPTS;
        let mut pause = PAUSE;
        loop {
            left -= 1;
            let proposal = &laid.trade.proposal;
            let signed = session.sign(proposal.context()?, self.signer).await?;
            let attempt = Attempt {
                transaction: signed.id(),
                spends: laid.payer.ergo_box().box_id(),
            };
            self.write_signed(payment, attempt, &signed)?;
            attempts.push(attempt);
            let outcome = self.submit(session, payment, order, signed).await;
            let taken_by_another = match outcome {
                Ok(sent) => return Ok(Carried { sent, laid }),
                Err(e) if is_taken_by_another(&e) && left > 0 => e,
                Err(e) => {
                    if is_final(&e) {
                        self.give_up(payment, &e)?;
                    }
                    return Err(e);
                }
            };
            session.forget(&attempt.transaction);
            self.env
                .out
                .note(&format!("{taken_by_another}: building the payment anew"));
            tokio::time::sleep(pause).await;
            pause *= 2;
            let ground = Ground::read(session, &self.group.lets, order.fee).await?;
            if let Some((place, at)) = self.alive(session, order.payer, &ground, &attempts).await? {
                let sent = Sent {
                    kind: laid.trade.proposal.kind().name().to_owned(),
                    id: at.transaction,
                    bytes: None,
                    fee_nanoerg: order.fee.0,
                    height: height_of(place),
                };
                self.write_place(payment, &sent)?;
                return Ok(Carried { sent, laid });
            }
            laid = match order
                .lay_out(session, self.group, &ground, Some(&self.wallet))
                .await
            {
                Ok(laid) => laid,
                Err(e) => {
                    self.give_up(payment, &e)?;
                    return Err(e);
                }
            };
        }
    }

    /// An earlier attempt that is in pool or chain after all. Otherwise none of them can be included beside what is built on
    /// this ground.
    pub(crate) async fn alive(
        &self,
        session: &Session,
        payer: AccountNumber,
        ground: &Ground,
        attempts: &[Attempt],
    ) -> Result<Option<(Place, Attempt)>, CliError> {
        let now = ground.account(&payer, self.group)?.it.ergo_box();
        for attempt in attempts {
            if let Fate::There(place) = session.fate(*attempt, payer.token_id(), now).await? {
                return Ok(Some((place, *attempt)));
            }
        }
        Ok(None)
    }

    async fn submit(
        &self,
        session: &mut Session,
        payment: &str,
        order: &Order,
        signed: Transaction,
    ) -> Result<Sent, CliError> {
        let mut sent = session.submit("pay", order.fee, signed).await?;
        self.write_place(payment, &sent)?;
        if self.wait {
            let _spinner = self
                .env
                .out
                .spinner("waiting for a block (it is sent: Ctrl-C does no harm)");
            sent.height = Some(session.wait(&sent.id, 1, PATIENCE).await?);
            self.write_place(payment, &sent)?;
        }
        Ok(sent)
    }

    fn write_signed(
        &self,
        payment: &str,
        attempt: Attempt,
        signed: &Transaction,
    ) -> Result<(), CliError> {
        let bytes = signed
            .sigma_serialize_bytes()
            .map_err(|e| BuildError::Transaction(e.to_string()))?;
        let event = Event::Signed {
            transaction: String::from(attempt.transaction),
            spends: attempt.spends.to_string(),
            bytes: hex::encode(bytes),
        };
        self.journal.add(payment, event)
    }

    /// Writes down where a payment is. It is made whatever becomes of the journal.
    pub(crate) fn write_place(&self, payment: &str, sent: &Sent) -> Result<(), CliError> {
        let transaction = String::from(sent.id);
        let event = match sent.height {
            Some(height) => Event::Included {
                transaction,
                height,
            },
            None => Event::Sent { transaction },
        };
        if let Err(e) = self.journal.add(payment, event) {
            self.env.out.note(&format!(
                "note: the payment is sent, but could not be put on record here: {e}"
            ));
        }
        Ok(())
    }

    fn give_up(&self, payment: &str, why: &CliError) -> Result<(), CliError> {
        let why = why.to_string();
        self.journal.add(payment, Event::Failed { why })
    }
}

fn height_of(place: Place) -> Option<u32> {
    match place {
        Place::Block { height, .. } => Some(height),
        Place::Pool | Place::Nowhere => None,
    }
}

/// Another transaction has taken a box, before this one came or while it waited.
pub(super) fn is_taken_by_another(error: &CliError) -> bool {
    match error {
        CliError::Dropped { .. } => true,
        CliError::Submit(cause) => matches!(
            **cause,
            SubmitError::Refused {
                kind: RefusalKind::DoubleSpend | RefusalKind::MissingInput,
                ..
            }
        ),
        _ => false,
    }
}

/// The node has refused it, or it was never sent: it will not come by itself.
fn is_final(error: &CliError) -> bool {
    match error {
        CliError::Submit(cause) => matches!(
            **cause,
            SubmitError::Refused { .. }
                | SubmitError::NotTaken(_)
                | SubmitError::Unreachable { .. }
        ),
        CliError::Sign(_) | CliError::Build(_) => true,
        _ => false,
    }
}
