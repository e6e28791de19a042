//! Opening balances: what an imported ledger said, and whether its members have keys of their own since.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_protocol::{AccountBox, AccountNumber, Currency, Lets, Paid, Told, payments_in};

use super::DeedJson;
use crate::commands::verify::Findings;
use crate::names;
use crate::session::{Past, opens};

/// The opening balances in a history, gathered as it goes by: payments that say so, which an account made before any other
/// transaction that it led, and while it had the key that it was opened under. Later ones are anybody's word.
#[derive(Default)]
pub(super) struct Openings {
    accounts: HashMap<AccountNumber, Opening>,
    /// In the order in which they were opened.
    order: Vec<AccountNumber>,
}

struct Opening {
    owner: SigmaProp,
    /// It has done nothing else yet.
    begins: bool,
    paid: Vec<Past<Paid>>,
    /// The transaction that gave it another key.
    handed_over: Option<Past<()>>,
}

impl Openings {
    /// The next transaction of the history.
    pub(super) fn see(&mut self, lets: &Lets, told: &Told) {
        let outputs = told.transaction.outputs.as_slice();
        let past = Past {
            transaction: told.transaction.id(),
            height: told.height.0,
            it: (),
        };
        for (place, made) in outputs.iter().enumerate() {
            let Ok(account) = AccountBox::parse(lets, made) else {
                continue;
            };
            let known = match self.accounts.entry(account.number()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    self.order.push(account.number());
                    new.insert(Opening {
                        owner: account.owner().clone(),
                        begins: true,
                        paid: Vec::new(),
                        handed_over: None,
                    });
                    continue;
                }
            };
            if known.handed_over.is_some() {
                continue;
            }
            if *account.owner() != known.owner {
                known.begins = false;
                known.handed_over = Some(past.clone());
            }
            // What the account led stands in the first output.
            if place > 0 || !known.begins {
                continue;
            }
            let paid = payments_in(lets, &told.transaction, &told.inputs, outputs);
            known.begins = !paid.is_empty() && paid.iter().all(opens);
            if known.begins {
                known.paid.extend(paid.into_iter().map(|it| Past {
                    transaction: past.transaction,
                    height: past.height,
                    it,
                }));
            }
        }
    }

    /// The opening payments, and for each account in them the hand-over to another key. Accounts whose key has not changed are
    /// warned of: whoever founded the LETS made it.
    pub(super) fn deeds(mut self, currency: &Currency, findings: &mut Findings) -> Vec<DeedJson> {
        let (mut deeds, mut imported, mut handed_over) = (Vec::new(), BTreeSet::new(), Vec::new());
        for number in self.order {
            let Some(opening) = self.accounts.remove(&number) else {
                continue;
            };
            for past in opening.paid {
                let payee = past.it.payee;
                imported.extend(payee.into_iter().chain([number]));
                deeds.push(DeedJson {
                    height: past.height,
                    deed: "opening_balance",
                    account: Some(number.to_string()),
                    what: format!(
                        "opening balance: {} owed {} {} before this LETS was founded",
                        names::short(&number),
                        payee.as_ref().map(names::short).unwrap_or_default(),
                        currency.show(past.it.amount),
                    ),
                    transaction: String::from(past.transaction),
                });
            }
            handed_over.extend(opening.handed_over.map(|past| (number, past)));
        }
        handed_over.retain(|(number, _)| imported.contains(number));
        if !imported.is_empty() {
            findings.checks.push(format!(
                "import: {} accounts began with opening balances; {} have another key since",
                imported.len(),
                handed_over.len()
            ));
        }
        for (number, past) in handed_over {
            imported.remove(&number);
            deeds.push(DeedJson {
                height: past.height,
                deed: "handed_over",
                account: Some(number.to_string()),
                what: format!(
                    "{} got another key than the one it was imported under",
                    names::short(&number)
                ),
                transaction: String::from(past.transaction),
            });
        }
        if !imported.is_empty() {
            let left: Vec<String> = imported.iter().map(names::short).collect();
            findings.warnings.push(format!(
                "import: {} accounts still have the key that they were imported under, which the founder made: {}",
                left.len(),
                left.join(", ")
            ));
        }
        deeds
    }
}
