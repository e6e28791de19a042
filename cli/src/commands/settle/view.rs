//! A settlement as it is shown: what the transaction does by itself, and whose signatures are there.

use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::parameters::Parameters;
use ergo_lib::ergo_chain_types::{Header, PreHeader};
use lets_protocol::{AccountNumber, Balance, Height, Settlement};
use lets_wallet::{VerifyInputError, verify_input};
use serde::Serialize;

use crate::commands::Group;
use crate::error::CliError;
use crate::output::table;
use crate::session::Sent;
use crate::settlement_file::{SettlementFile, SettlementFileError};

/// What is known of one account's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Signature {
    /// The account only receives: nobody signs for it.
    NotNeeded,
    /// It is not there yet.
    Missing,
    /// It is there and right.
    Given,
    /// Something else is in its place.
    Wrong,
}

impl Signature {
    fn text(self) -> &'static str {
        match self {
            Self::NotNeeded => "not needed",
            Self::Missing => "missing",
            Self::Given => "signed",
            Self::Wrong => "WRONG",
        }
    }
}

/// How the settlement stands on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// No node was asked.
    NotAsked,
    /// Every account is as the settlement found it.
    Open,
    /// These accounts have changed since: it cannot happen any more.
    Stale(Vec<String>),
    /// It has been sent and waits for a block.
    InPool,
    /// It has happened.
    InBlock(u32),
}

impl Standing {
    fn name(&self) -> &'static str {
        match self {
            Self::NotAsked => "not_asked",
            Self::Open => "open",
            Self::Stale(_) => "stale",
            Self::InPool => "in_pool",
            Self::InBlock(_) => "in_block",
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::NotAsked => "no node was asked whether it is out of date".to_owned(),
            Self::Open => "open".to_owned(),
            Self::Stale(names) => {
                format!(
                    "out of date: {} changed; it cannot happen any more",
                    names.join(", ")
                )
            }
            Self::InPool => "waiting for a block".to_owned(),
            Self::InBlock(height) => format!("in the block at height {height}"),
        }
    }
}

/// Looks at every signature, each in the transaction that the boxes and outputs make.
pub(super) fn judge(
    file: &SettlementFile,
    state: &ErgoStateContext,
) -> Result<Vec<Signature>, CliError> {
    let context = file.settlement.context()?;
    let fits = |input, proof: &[u8]| -> Result<bool, VerifyInputError> {
        verify_input(&context, state, input, proof)
    };
    let one = |(input, proof): (usize, &Option<Vec<u8>>)| {
        let proof = proof.as_deref().unwrap_or_default();
        Ok(match (fits(input, &[])?, proof.is_empty()) {
            (true, true) => Signature::NotNeeded,
            (false, true) => Signature::Missing,
            _ if fits(input, proof)? => Signature::Given,
            _ => Signature::Wrong,
        })
    };
    let all: Result<Vec<_>, VerifyInputError> = file.proofs.iter().enumerate().map(one).collect();
    all.map_err(|e| SettlementFileError::Impossible(e).into())
}

/// The chain as it was when the settlement was made, as far as the scripts of accounts see it: its height.
pub(super) fn offline_state(settlement: &Settlement) -> Result<ErgoStateContext, CliError> {
    const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let digest = "00".repeat(32);
    let header: Header = serde_json::from_value(serde_json::json!({
        "version": 4, "id": digest, "parentId": digest, "adProofsRoot": digest, "stateRoot": "00".repeat(33),
        "transactionsRoot": digest, "timestamp": 0, "nBits": 0, "height": settlement.height(),
        "extensionHash": digest, "votes": "000000",
        "powSolutions": { "pk": KEY, "w": KEY, "n": "0000000000000000", "d": 0 }
    }))?;
    let headers = std::array::from_fn(|age| Header {
        height: header
            .height
            .saturating_sub(u32::try_from(age).unwrap_or_default()),
        ..header.clone()
    });
    let pre_header = PreHeader {
        height: header.height.saturating_add(1),
        ..PreHeader::from(header)
    };
    Ok(ErgoStateContext::new(
        pre_header,
        headers,
        Parameters::default(),
    ))
}

#[derive(Debug, Clone, Serialize)]
struct PartyJson {
    name: String,
    number: AccountNumber,
    before: String,
    after: String,
    change: String,
    signature: Signature,
}

/// What is shown of a settlement.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Shown {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    lets: String,
    transaction: String,
    accounts: Vec<PartyJson>,
    fee_nanoerg: u64,
    fee_from: String,
    height: Height,
    last_height: Height,
    state: &'static str,
    changed: Vec<String>,
    complete: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    transactions: Vec<Sent>,
    #[serde(skip)]
    lines: Vec<String>,
}

impl Shown {
    pub(super) fn new(
        group: &Group,
        file: &SettlementFile,
        signatures: &[Signature],
        standing: Standing,
    ) -> Self {
        let settlement = &file.settlement;
        let currency = &group.manifest.currency;
        let show = |balance| currency.show_balance(balance);
        let accounts: Vec<PartyJson> = settlement
            .parties()
            .iter()
            .zip(signatures)
            .map(|(party, signature)| PartyJson {
                name: group.name_of(&party.before),
                number: party.number(),
                before: show(party.before.balance()),
                after: show(party.after.balance()),
                change: show(Balance::new(party.gain())),
                signature: *signature,
            })
            .collect();
        let fee_from = accounts
            .first()
            .map_or_else(String::new, |leader| leader.name.clone());
        let transaction = String::from(settlement.tx_id());
        let lines = vec![
            format!(
                "fee          {}, from the account of {fee_from}",
                settlement.fee()
            ),
            format!("transaction  {transaction}"),
            format!(
                "made         at height {}; it can be sent up to height {}",
                settlement.height(),
                settlement.last_height()
            ),
            format!("state        {}", standing.text()),
        ];
        Self {
            dry_run: false,
            lets: group.manifest.name.clone(),
            transaction,
            complete: signatures
                .iter()
                .all(|s| matches!(s, Signature::Given | Signature::NotNeeded)),
            accounts,
            fee_nanoerg: settlement.fee().0,
            fee_from,
            height: settlement.height(),
            last_height: settlement.last_height(),
            state: standing.name(),
            changed: match standing {
                Standing::Stale(names) => names,
                _ => Vec::new(),
            },
            transactions: Vec::new(),
            lines,
        }
    }

    pub(super) fn dry_run(self) -> Self {
        Self {
            dry_run: true,
            ..self
        }
    }

    pub(super) fn sent(self, transactions: Vec<Sent>) -> Self {
        Self {
            transactions,
            state: "sent",
            ..self
        }
    }

    fn those(&self, with: Signature) -> Vec<String> {
        let found = self.accounts.iter().filter(|a| a.signature == with);
        found.map(|a| a.name.clone()).collect()
    }

    /// Whose signatures are missing.
    pub(super) fn lacking(&self) -> Vec<String> {
        self.those(Signature::Missing)
    }

    /// Whose signatures are wrong.
    pub(super) fn wrong(&self) -> Vec<String> {
        self.those(Signature::Wrong)
    }

    pub(super) fn text(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .accounts
            .iter()
            .map(|a| {
                vec![
                    a.name.clone(),
                    a.before.clone(),
                    a.after.clone(),
                    a.change.clone(),
                    a.signature.text().to_owned(),
                    // Whole: the first digits of a number can be made to look like another's.
                    a.number.to_string(),
                ]
            })
            .collect();
        let header = [
            "account",
            "before",
            "after",
            "change",
            "signature",
            "number",
        ];
        format!(
            "Settlement in {:?}\n{}\n{}",
            self.lets,
            table(&header, rows, &[1, 2, 3]),
            self.lines.join("\n")
        )
    }
}
