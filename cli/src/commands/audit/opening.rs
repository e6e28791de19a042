//! Opening balances: what an imported ledger said, and whether its members have keys of their own since.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

use lets_protocol::{AccountBox, AccountNumber, Currency, Lets, Paid, Told, payments_in};

use super::DeedJson;
use crate::commands::verify::Findings;
use crate::names;
use crate::session::{Past, opens};

/// The opening balances in a history, gathered as it goes by: payments that say so, which an account made before any other
/// transaction that it led, and while it had the key that it was opened under. Later ones are anybody's word.
#[derive(Default)]
pub(super) struct Openings {
    hasher: RandomState,
    accounts: HashMap<AccountNumber, Opening>,
    paid: Vec<(AccountNumber, Past<Paid>)>,
    /// The transactions that gave accounts another key.
    handed_over: Vec<(AccountNumber, Past<()>)>,
}

/// Of very many accounts little is kept.
struct Opening {
    /// A hash, which nobody can foresee, of the key that it was opened under.
    owner: u64,
    /// It has done nothing else yet.
    begins: bool,
    handed_over: bool,
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
            // What was read can be written.
            let Ok(owner) = account.owner().prop_bytes() else {
                continue;
            };
            let owner = self.hasher.hash_one(owner);
            let number = account.number();
            let known = match self.accounts.entry(number) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    new.insert(Opening {
                        owner,
                        begins: true,
                        handed_over: false,
                    });
                    continue;
                }
            };
            if known.handed_over {
                continue;
            }
            if owner != known.owner {
                known.begins = false;
                known.handed_over = true;
                self.handed_over.push((number, past.clone()));
            }
            // What the account led stands in the first output.
            if place > 0 || !known.begins {
                continue;
            }
            let paid = payments_in(lets, &told.transaction, &told.inputs, outputs);
            known.begins = !paid.is_empty() && paid.iter().all(opens);
            if known.begins {
                let past = |it| Past {
                    transaction: past.transaction,
                    height: past.height,
                    it,
                };
                let paid = paid.into_iter().map(|it| (number, past(it)));
                self.paid.extend(paid);
            }
        }
    }

    /// The opening payments, and for each account in them the hand-over to another key. Accounts whose key has not changed are
    /// warned of: whoever founded the LETS made it.
    pub(super) fn deeds(self, currency: &Currency, findings: &mut Findings) -> Vec<DeedJson> {
        let (mut deeds, mut imported) = (Vec::new(), BTreeSet::new());
        for (number, past) in self.paid {
            let payee = past.it.payee;
            imported.extend(payee.into_iter().chain([number]));
            deeds.push(DeedJson {
                height: past.height,
                deed: "opening_balance",
                account: Some(number),
                what: format!(
                    "opening balance: {} owed {} {} before this LETS was founded",
                    names::short(&number),
                    payee.as_ref().map(names::short).unwrap_or_default(),
                    currency.show(past.it.amount),
                ),
                transaction: past.transaction,
            });
        }
        let mut handed_over = self.handed_over;
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
                account: Some(number),
                what: format!(
                    "{} got another key than the one it was imported under",
                    names::short(&number)
                ),
                transaction: past.transaction,
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
