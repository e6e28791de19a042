//! An order: what a member consented to pay. It is laid out as a transaction on the boxes of the moment, as often as it takes.

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergo_chain_types::Digest32;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_protocol::{
    AccountBox, AccountNumber, Amount, Blocks, Lets, Link, Memo, NanoErg, NoteBox, Payee, Payment,
    Reference, Spender, Trade, TxParams, claimable, pay, rules,
};

use crate::args::Way;
use crate::commands::Group;
use crate::error::CliError;
use crate::payments::{Item as Written, Ordered};
use crate::sealed_memo;
use crate::session::{Seen, Session, View};

/// How payments go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// Directly where that can be, else by a note.
    Auto,
    /// Into the payee's account box, or not at all.
    Direct,
    /// By a note.
    Note,
}

impl How {
    /// Its name in the journal.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Auto => None,
            Self::Direct => Some("direct"),
            Self::Note => Some("note"),
        }
    }

    /// The way with this name in the journal.
    pub(crate) fn named(name: Option<&str>) -> Self {
        match name {
            Some("direct") => Self::Direct,
            Some("note") => Self::Note,
            _ => Self::Auto,
        }
    }
}

/// Whom a payment is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// An account.
    Account(AccountNumber),
    /// Whoever has the key of a paper note.
    Bearer(SigmaProp),
}

/// One payment of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) to: Target,
    /// The payee's name here.
    pub(crate) name: String,
    pub(crate) amount: Amount,
    pub(crate) memo: Option<Memo>,
}

/// All of it happens in one transaction, or nothing.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) payer: AccountNumber,
    pub(crate) items: Vec<Item>,
    pub(crate) how: How,
    /// How long notes live.
    pub(crate) life: Blocks,
    pub(crate) fee: NanoErg,
    /// The hash of the payment file that it comes from.
    pub(crate) file: Option<String>,
}

/// Everything that an order is laid out on: what the node shows now.
pub(crate) struct Ground {
    pub(crate) accounts: Vec<Seen<AccountBox>>,
    pub(crate) notes: Vec<NoteBox>,
    pub(crate) params: TxParams,
}

impl Ground {
    /// Reads it. Notes that wait for a block do not count: a payment must not fail because another's did.
    pub(crate) async fn read(
        session: &Session,
        lets: &Lets,
        fee: NanoErg,
    ) -> Result<Self, CliError> {
        let notes = session.notes(lets, View::Pool).await?;
        Ok(Self {
            accounts: session.accounts(lets, View::Pool).await?,
            notes: notes
                .into_iter()
                .filter(|n| n.confirmed)
                .map(|n| n.it)
                .collect(),
            params: session.params(fee).await?,
        })
    }

    /// The account of this number.
    pub(crate) fn account(
        &self,
        number: &AccountNumber,
        group: &Group,
    ) -> Result<&Seen<AccountBox>, CliError> {
        let found = self.accounts.iter().find(|a| a.it.number() == *number);
        found.ok_or_else(|| CliError::NoSuchAccount {
            number: number.to_string(),
            lets: group.manifest.name.clone(),
        })
    }
}

/// An order laid out.
pub(crate) struct Laid {
    pub(crate) payer: AccountBox,
    pub(crate) trade: Trade,
    /// For each item whether it goes directly.
    pub(crate) direct: Vec<bool>,
    pub(crate) claimed: Vec<NoteBox>,
}

impl Order {
    /// These payments, in the way that was asked for.
    pub(crate) fn of(payer: AccountNumber, items: Vec<Item>, way: &Way, fee: NanoErg) -> Self {
        Self {
            payer,
            items,
            how: match (way.direct, way.note) {
                (true, _) => How::Direct,
                (_, true) => How::Note,
                _ => How::Auto,
            },
            life: way.expires,
            fee,
            file: None,
        }
    }

    /// The sum.
    pub(crate) fn total(&self) -> i64 {
        let units = self.items.iter().map(|i| i.amount.units());
        units.fold(0, i64::saturating_add)
    }

    /// As the journal keeps it.
    pub(crate) fn written(&self, group: &Group) -> Ordered {
        let currency = &group.manifest.currency;
        let item = |item: &Item| {
            let reference = item.memo.as_ref().map(Memo::reference);
            Written {
                to: match item.to {
                    Target::Account(number) => Some(number),
                    Target::Bearer(_) => None,
                },
                name: item.name.clone(),
                amount: currency.show(item.amount),
                memo: item
                    .memo
                    .as_ref()
                    .map(|m| m.text().to_owned())
                    .filter(|t| !t.is_empty()),
                invoice: match reference {
                    Some(Reference::Invoice(id)) => Some(hex::encode(id.bytes())),
                    _ => None,
                },
                returns: match reference {
                    Some(Reference::Return {
                        transaction,
                        output,
                    }) => Some(payment_name(&String::from(transaction), output)),
                    _ => None,
                },
            }
        };
        Ordered {
            lets: group.lets.ids().unit.to_string(),
            from: self.payer,
            currency: currency.code().to_owned(),
            items: self.items.iter().map(item).collect(),
            file: self.file.clone(),
            way: self.how.name().map(str::to_owned),
            life: Some(self.life.0),
        }
    }

    /// Lays the order out on this ground, with all that can be claimed in the same transaction. The wallet behind `wallet`
    /// pays what the account's spare ERG does not.
    pub(crate) async fn lay_out(
        &self,
        session: &Session,
        group: &Group,
        ground: &Ground,
        wallet: Option<&ergo_lib::ergotree_ir::ergo_tree::ErgoTree>,
    ) -> Result<Laid, CliError> {
        let payer = ground.account(&self.payer, group)?.it.clone();
        let claimed = claimable(&payer, &ground.notes, self.total());
        let expiry = ground.params.height.plus(self.life);
        let (mut payments, mut direct) = (Vec::new(), Vec::new());
        for item in &self.items {
            let (to, memo) = match &item.to {
                Target::Bearer(claimant) => {
                    let claimant = claimant.clone();
                    (Payee::Bearer { claimant, expiry }, Vec::new())
                }
                Target::Account(number) => {
                    let payee = ground.account(number, group)?;
                    let memo = match &item.memo {
                        Some(memo) => sealed_memo::seal(&group.lets, memo, &payer, &payee.it)?,
                        None => Vec::new(),
                    };
                    let to = match self.goes_directly(&payer, payee, item.amount) {
                        true => Payee::Direct(&payee.it),
                        false => Payee::Note {
                            to: &payee.it,
                            expiry,
                        },
                    };
                    (to, memo)
                }
            };
            direct.push(matches!(to, Payee::Direct(_)));
            payments.push(Payment {
                to,
                amount: item.amount,
                memo,
            });
        }
        let funding = match wallet {
            Some(tree) if self.asks_the_wallet(&payer, &claimed, &direct) => {
                Some(session.wallet(tree).await?)
            }
            _ => None,
        };
        let spender = Spender {
            claims: &claimed,
            funding: funding.as_ref(),
            ..Spender::new(&payer)
        };
        let trade = pay(&group.lets, spender, payments, ground.params)
            .map_err(|e| CliError::trade(e, &group.manifest.currency))?;
        Ok(Laid {
            payer,
            trade,
            direct,
            claimed,
        })
    }

    /// A payment goes directly if the payee's box is unspent and takes it, and hangs on no transaction that is in no block,
    /// but for the one that the payer's own box hangs on; an account that a contract controls can be paid in no other way.
    fn goes_directly(&self, payer: &AccountBox, payee: &Seen<AccountBox>, amount: Amount) -> bool {
        match self.how {
            How::Direct => true,
            How::Note => false,
            How::Auto => {
                let controlled = matches!(payee.it.link(), Link::Contract(_));
                let takes = rules::check_direct_gain(&payee.it, amount).is_ok();
                let made_by = |a: &AccountBox| a.ergo_box().transaction_id;
                let sure = payee.confirmed || made_by(payer) == made_by(&payee.it);
                controlled || (sure && takes)
            }
        }
    }

    fn asks_the_wallet(&self, payer: &AccountBox, claimed: &[NoteBox], direct: &[bool]) -> bool {
        let notes = direct.iter().filter(|d| !**d).count();
        let notes = u64::try_from(notes).unwrap_or(u64::MAX);
        let needed = NoteBox::ERG
            .0
            .saturating_mul(notes)
            .saturating_add(self.fee.0);
        let brought: u64 = claimed.iter().map(|n| n.value().0).sum();
        payer.spare_erg().0.saturating_add(brought) < needed
    }
}

/// The memo of a payment, if there is anything to say.
pub(crate) fn memo(
    text: Option<&str>,
    reference: Reference,
    amount: Amount,
) -> Result<Option<Memo>, CliError> {
    match (text, reference) {
        (None | Some(""), Reference::None) => Ok(None),
        (text, reference) => Ok(Some(Memo::new(
            reference,
            amount,
            text.unwrap_or_default(),
        )?)),
    }
}

/// How people name one payment of a transaction.
pub(crate) fn payment_name(transaction: &str, output: u16) -> String {
    format!("{transaction}:{output}")
}

/// The transaction and the output that a payment's name stands for.
pub(crate) fn parse_payment_name(name: &str) -> Option<(TxId, u16)> {
    let (transaction, output) = name.split_once(':')?;
    let id = Digest32::try_from(transaction.to_owned()).ok()?;
    Some((TxId(id), output.parse().ok()?))
}
