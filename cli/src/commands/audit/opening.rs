//! Opening balances: what an imported ledger said, and whether its members have keys of their own since.

use std::collections::BTreeSet;

use lets_protocol::AccountNumber;

use super::DeedJson;
use crate::commands::Group;
use crate::commands::verify::Findings;
use crate::error::CliError;
use crate::names;
use crate::session::Session;

/// The opening payments, and for each account in them the hand-over to another key. Accounts whose key has not changed are
/// warned of: whoever founded the LETS made it.
pub(super) async fn deeds(
    group: &Group,
    session: &Session,
    history: &[DeedJson],
    findings: &mut Findings,
) -> Result<Vec<DeedJson>, CliError> {
    let currency = &group.manifest.currency;
    let admitted = history.iter().filter(|d| d.deed == "admitted");
    let numbers = admitted.filter_map(|d| d.account.as_ref()?.parse::<AccountNumber>().ok());
    let (mut deeds, mut imported, mut handed_over) = (Vec::new(), BTreeSet::new(), Vec::new());
    for number in numbers {
        let openings = session.openings(&group.lets, number).await?;
        for past in openings.paid {
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
        handed_over.extend(openings.handed_over.map(|past| (number, past)));
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
    Ok(deeds)
}
