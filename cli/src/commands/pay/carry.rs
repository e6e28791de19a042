//! An order on its way: signed, written down, submitted, and built anew when another transaction took its boxes.

use std::time::Duration;

use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_node_client::{RefusalKind, SubmitError};
use lets_protocol::{AccountNumber, BuildError};
use lets_wallet::LocalSigner;

use super::order::{Ground, Laid, Order};
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::payments::{DEEP, Event, Journal};
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

    /// Carries out an order of which `attempts` were signed before; none of them may be included any more beside what is laid
    /// out now. Given up only if none of all attempts can come by itself.
    pub(crate) async fn go_on(
        &self,
        session: &mut Session,
        payment: &str,
        order: &Order,
        laid: Laid,
        attempts: Vec<Attempt>,
    ) -> Result<Carried, CliError> {
        let mut tried = Tried {
            may_come: attempts.last().copied(),
            attempts,
        };
        let carried = self
            .try_until_taken(session, payment, order, laid, &mut tried)
            .await;
        match (carried, tried.may_come) {
            (Err(e), None) => {
                self.give_up(payment, &e);
                Err(e)
            }
            (Err(e), Some(attempt)) if !may_have_arrived(&e) => Err(CliError::NotRebuilt {
                id: String::from(attempt.transaction),
                cause: Box::new(e),
            }),
            (carried, _) => carried,
        }
    }

    async fn try_until_taken(
        &self,
        session: &mut Session,
        payment: &str,
        order: &Order,
        mut laid: Laid,
        tried: &mut Tried,
    ) -> Result<Carried, CliError> {
        let mut left = MOST_ATTEMPTS;
        let mut pause = PAUSE;
        loop {
            left -= 1;
            let proposal = &laid.trade.proposal;
            let signed = session.sign(proposal.context()?, self.signer).await?;
            let attempt = Attempt::new(&signed, laid.payer.ergo_box().box_id());
            self.write_signed(payment, attempt, &signed)?;
            tried.attempts.push(attempt);
            let error = match self.submit(session, payment, order, signed).await {
                Ok(sent) => return Ok(Carried { sent, laid }),
                Err(e) => e,
            };
            if may_have_arrived(&error) {
                tried.may_come = Some(attempt);
            }
            if left == 0 || !is_taken_by_another(&error) {
                return Err(error);
            }
            session.forget(&attempt.transaction);
            self.env
                .out
                .note(&format!("{error}: building the payment anew"));
            tokio::time::sleep(pause).await;
            pause *= 2;
            let ground = Ground::read(session, &self.group.lets, order.fee).await?;
            let attempts = &tried.attempts;
            let alive = alive(session, self.group, order.payer, &ground, attempts, true).await?;
            if let Some((place, at)) = alive {
                self.write_place(payment, &at.transaction, place);
                let sent = Sent {
                    kind: laid.trade.proposal.kind().name().to_owned(),
                    id: at.transaction,
                    bytes: None,
                    fee_nanoerg: order.fee.0,
                    height: match place {
                        Place::Block { height, .. } => Some(height),
                        Place::Pool | Place::Nowhere => None,
                    },
                };
                return Ok(Carried { sent, laid });
            }
            laid = order
                .lay_out(session, self.group, &ground, Some(&self.wallet))
                .await?;
        }
    }

    async fn submit(
        &self,
        session: &mut Session,
        payment: &str,
        order: &Order,
        signed: Transaction,
    ) -> Result<Sent, CliError> {
        let mut sent = session.submit("pay", order.fee, signed).await?;
        self.write_place(payment, &sent.id, seen_at(sent.height));
        if self.wait {
            let _spinner = self
                .env
                .out
                .spinner("waiting for a block (it is sent: Ctrl-C does no harm)");
            sent.height = Some(session.wait(&sent.id, 1, PATIENCE).await?);
            self.write_place(payment, &sent.id, seen_at(sent.height));
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

    fn write_place(&self, payment: &str, id: &TxId, place: Place) {
        write_down(self.env, &self.journal, payment, there(id, place));
    }

    fn give_up(&self, payment: &str, why: &CliError) {
        let why = why.to_string();
        write_down(self.env, &self.journal, payment, Event::Failed { why });
    }
}

/// Every transaction that was signed for an order, and the one of them that may be included without anybody doing anything.
struct Tried {
    attempts: Vec<Attempt>,
    may_come: Option<Attempt>,
}

/// An earlier attempt that is in pool or chain after all. Otherwise none of them can be included beside what is built on this
/// ground. `lately`: they may have been sent within the time that views lag.
pub(crate) async fn alive(
    session: &Session,
    group: &Group,
    payer: AccountNumber,
    ground: &Ground,
    attempts: &[Attempt],
    lately: bool,
) -> Result<Option<(Place, Attempt)>, CliError> {
    let now = ground.account(&payer, group)?.it.ergo_box();
    for attempt in attempts {
        let fate = session.fate(*attempt, payer.token_id(), now, lately);
        if let Fate::There(place) = fate.await? {
            return Ok(Some((place, *attempt)));
        }
    }
    Ok(None)
}

/// Writes down what has happened: it has happened, whatever becomes of the journal.
pub(super) fn write_down(env: &Env<'_>, journal: &Journal, payment: &str, event: Event) {
    let what = match event {
        Event::Failed { .. } => "failed",
        _ => "is sent",
    };
    if let Err(e) = journal.add(payment, event) {
        env.out.note(&format!(
            "note: the payment {what}, but that could not be put on record here: {e}"
        ));
    }
}

/// What the journal says of a payment that was seen there.
pub(super) fn there(id: &TxId, place: Place) -> Event {
    let transaction = String::from(*id);
    match place {
        Place::Block {
            height,
            confirmations,
        } if confirmations >= DEEP => Event::Confirmed {
            transaction,
            height,
        },
        Place::Block { height, .. } => Event::Included {
            transaction,
            height,
        },
        Place::Pool | Place::Nowhere => Event::Sent { transaction },
    }
}

/// As a session's own [`Sent`] has it.
pub(super) fn seen_at(height: Option<u32>) -> Place {
    match height {
        Some(height) => Place::Block {
            height,
            confirmations: 1,
        },
        None => Place::Pool,
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

/// It may be with a node, or come back to one: whether the payment is made is not known.
pub(super) fn may_have_arrived(error: &CliError) -> bool {
    match error {
        CliError::Submit(cause) => matches!(**cause, SubmitError::UnknownOutcome { .. }),
        CliError::Dropped { .. }
        | CliError::LostSight { .. }
        | CliError::StillWaiting { .. }
        | CliError::NotRebuilt { .. } => true,
        _ => false,
    }
}
