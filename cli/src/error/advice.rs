//! What follows from an error: exit code, name in `--json`, and the next command to try.

use ergo_devnet::DevnetError;
use ergo_node_client::{NodeError, RefusalKind, SubmitError};
use lets_ledger::LedgerError;
use lets_protocol::rules::open::OpenViolation;
use lets_protocol::{
    AdmitError, ApplyError, BuildError, FoundError, OpenError, RuleViolation, TradeError,
};
use lets_wallet::{LoadKeyError, SaveKeyError, SignError, UnlockError};

use super::CliError;
use crate::exit::ExitCode;
use crate::output::RuleJson;

impl CliError {
    /// 1 for the user's input or state, 2 for what should not happen.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Build(BuildError::Transaction(_) | BuildError::Box(_))
            | Self::Found(
                FoundError::Build(BuildError::Transaction(_) | BuildError::Box(_))
                | FoundError::Contract(_)
                | FoundError::Parse(_),
            )
            | Self::Contracts(_)
            | Self::Derive(_)
            | Self::Terminal(_)
            | Self::Runtime(_)
            | Self::Json(_)
            | Self::SealText(_)
            | Self::SignMessage(_)
            | Self::Randomness(_)
            | Self::Demo(_) => ExitCode::Unexpected,
            Self::Sign(cause) => match **cause {
                SignError::CannotProve { .. } => ExitCode::Refused,
                _ => ExitCode::Unexpected,
            },
            Self::Partly { cause, .. }
            | Self::LostSight { cause, .. }
            | Self::NotRebuilt { cause, .. } => cause.exit_code(),
            _ => ExitCode::Refused,
        }
    }

    /// The kind's name in `--json`: the same in every version.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Usage { .. } | Self::Arguments(_) => "usage",
            Self::Rule { violation, .. } | Self::PartyRule { violation, .. } => violation.rule(),
            Self::Amount(_) => "amount",
            Self::Currency(_) => "currency",
            Self::FeeTooLow { .. } => "fee_too_low",
            Self::Build(BuildError::NotEnoughErg { .. }) => "not_enough_erg",
            Self::Build(_) => "build",
            Self::Box(_) => "bad_box",
            Self::Found(_) => "found",
            Self::Apply(_) => "apply",
            Self::Admit(_) => "admit",
            Self::Terms(_) => "terms",
            Self::OpenRule { violation, .. } => violation.rule(),
            Self::Open(_) => "open",
            Self::NoCommittee => "no_committee",
            Self::NotOpen => "not_open",
            Self::NoOracleBox { .. } => "no_oracle",
            Self::Worse => "worse",
            Self::Refresh(_) => "refresh",
            Self::Trade(_) => "trade",
            Self::NoSeal { .. } => "no_seal",
            Self::SealText(_) => "seal",
            Self::Memo(_) => "memo",
            Self::Randomness(_) => "randomness",
            Self::CannotTell { .. } => "cannot_tell",
            Self::ParseInvoice(_) | Self::MakeInvoice(_) => "bad_invoice",
            Self::Invoice(cause) => cause.kind(),
            Self::InvoiceSignature { .. } => "invoice_signature",
            Self::InvoicePaid { .. } => "invoice_paid",
            Self::SignMessage(_) => "sign_message",
            Self::Qr(cause) => cause.kind(),
            Self::CommitteeFile(cause) => cause.kind(),
            Self::StartRound(_) => "cannot_sign_together",
            Self::RoundFile(_) => "bad_signatures",
            Self::Commit(_) | Self::Answer(_) | Self::CommitAndAnswer(_) => "cannot_sign",
            Self::FinishRound(_) => "signatures_missing",
            Self::Nonces(_) => "damaged_signing",
            Self::RoundOpen { .. } => "round_open",
            Self::BearerUri(cause) => cause.kind(),
            Self::OneTimeKey(_) => "bad_paper_note",
            Self::Paper(cause) => cause.kind(),
            Self::NoteOfAnotherLets { .. } => "note_of_another_lets",
            Self::NoPaperNote { .. } => "no_paper_note",
            Self::PaymentFile(cause) => cause.kind(),
            Self::BadRows { .. } => "bad_rows",
            Self::FilePaid { .. } => "file_paid",
            Self::JournalFormat { .. } => "journal_format",
            Self::Nothing(_) => "nothing",
            Self::Contracts(_) => "damaged_program",
            Self::NodeAddress(_) => "node_address",
            Self::Node(cause) => match **cause {
                NodeError::Unreachable { .. } => "node_unreachable",
                NodeError::NotErgoNode { .. } => "not_a_node",
                NodeError::NotIndexed { .. } | NodeError::IndexNotReady { .. } => {
                    "node_not_indexed"
                }
                NodeError::Unfit { .. } => "node_unfit",
                _ => "node",
            },
            Self::Submit(cause) => match **cause {
                SubmitError::Refused {
                    kind: RefusalKind::DoubleSpend,
                    ..
                } => "double_spend",
                SubmitError::Refused { .. } => "refused_by_node",
                SubmitError::Unreachable { .. } => "node_unreachable",
                SubmitError::UnknownOutcome { .. } => "unknown_outcome",
                SubmitError::NotTaken(_) => "not_taken",
            },
            Self::NodeLacks { .. } => "node_lacks",
            Self::Books(_) => "books",
            Self::NoBlock { .. } => "no_block",
            Self::ChainMoves { .. } => "chain_moves",
            Self::Hook { .. } => "hook",
            Self::Chart(_) => "chart",
            Self::NoBlocks { .. } => "no_blocks",
            Self::WrongNetwork { .. } => "wrong_network",
            Self::UnknownNetwork { .. } => "unknown_network",
            Self::FellBack { .. } => "fell_back",
            Self::Closed { .. } => "closed",
            Self::NotOnChain { .. } => "not_on_chain",
            Self::NotUnique { .. } => "not_unique",
            Self::Unreadable { .. } => "unreadable",
            Self::Dropped { .. } => "dropped",
            Self::StillWaiting { .. } => "still_waiting",
            Self::LostSight { .. } => "lost_sight",
            Self::NotRebuilt { .. } => "not_rebuilt",
            Self::Partly { .. } => "partly_sent",
            Self::LoadKey(LoadKeyError::NotFound { .. }) => "unknown_key",
            Self::LoadKey(_) => "bad_key_file",
            Self::SaveKey(SaveKeyError::AlreadyExists { .. }) => "exists",
            Self::SaveKey(_) => "key_file",
            Self::Seal(_) => "new_key",
            Self::Unlock { cause, .. } => match cause {
                UnlockError::WrongPassphrase => "wrong_passphrase",
                _ => "bad_key_file",
            },
            Self::Mnemonic(_) => "recovery_phrase",
            Self::Derive(_) => "derive",
            Self::WorkFactor(_) => "work_factor",
            Self::Sign(_) => "cannot_sign",
            Self::PublicKey { .. } => "public_key",
            Self::NoKey { .. } => "no_key",
            Self::SeveralKeys { .. } => "several_keys",
            Self::Committee { .. } => "committee",
            Self::Name(cause) => cause.kind(),
            Self::NoAccount { .. } => "no_account",
            Self::SeveralAccounts { .. } => "several_accounts",
            Self::NoSuchAccount { .. } => "no_such_account",
            Self::NoSuchApplication { .. } => "no_such_application",
            Self::Manifest(cause) => cause.kind(),
            Self::Founding(cause) => cause.kind(),
            Self::Ledger(cause) => cause.kind(),
            Self::Import(cause) => cause.kind(),
            Self::Settlement(cause) => cause.kind(),
            Self::Verify { .. } => "verify",
            Self::File { .. } => "file",
            Self::Exists { .. } => "exists",
            Self::NoHome => "no_home",
            Self::NotATerminal { .. } => "no_terminal",
            Self::Declined => "declined",
            Self::Terminal(_) => "terminal",
            Self::Runtime(_) => "runtime",
            Self::Json(_) => "json",
            Self::Devnet(_) | Self::DevnetRequest { .. } => "devnet",
            Self::Demo(_) => "demo",
        }
    }

    /// The rule in the way with its figures, if that is what went wrong.
    pub fn rule(&self) -> Option<RuleJson> {
        match self {
            Self::Rule {
                violation,
                currency,
            }
            | Self::PartyRule {
                violation,
                currency,
                ..
            } => Some(RuleJson {
                rule: violation.rule(),
                limit: violation.limit().map(|a| currency.show(a)),
                most: violation.most().map(|a| currency.show(a)),
            }),
            Self::OpenRule {
                violation,
                currency,
            } => Some(RuleJson {
                rule: violation.rule(),
                limit: None,
                most: violation.most().map(|a| currency.show(a)),
            }),
            _ => None,
        }
    }

    /// What to do next, usually a command.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Rule { violation, .. } | Self::PartyRule { violation, .. } => {
                rule_hint(violation)
            }
            // The argument parser's message ends with its own hint; to "no" there is nothing to add.
            Self::Usage { .. } | Self::Declined => return None,
            Self::Arguments(_) => "add --help to the command to see what it takes",
            Self::Currency(_) => "choose another with --currency CODE and --decimals N",
            Self::Amount(_) => "write the amount like 2.50",
            Self::Build(BuildError::NotEnoughErg { .. }) => {
                "send ERG to the address that `lets key show` prints (on a devnet: `lets devnet fund KEY ERG`)"
            }
            Self::FeeTooLow { .. } => "leave --fee away, or give 0.001 or more",
            Self::Build(BuildError::Dust { .. }) => "give more ERG, or a lower --fee",
            Self::Apply(ApplyError::Value { .. }) => "give more with --erg",
            Self::Apply(_) => "give more time with --expires, like 30d",
            Self::Found(_) => "`lets found --help` lists the bounds and their defaults",
            Self::Admit(AdmitError::Fee { .. }) => "lower --fee",
            Self::Admit(_) | Self::Terms(_) => {
                "lower --line, or let members leave first: `lets members`"
            }
            Self::OpenRule { violation, .. } => open_hint(violation),
            Self::Open(OpenError::Linked) => "use an account with a key of its own",
            Self::Open(_) => "`lets verify` shows what the pot has left",
            Self::NoCommittee => {
                "`lets join` opens an account here, `lets collateral`, `lets buy` and `lets redeem` change it"
            }
            Self::NotOpen => "`lets apply` asks its committee for an account",
            Self::NoOracleBox { .. } => {
                "look the NFT up again; on a devnet: `lets devnet oracle --rate ERG`"
            }
            Self::Worse => "run the command again to see how it stands now",
            Self::Refresh(_) => "lower --fee",
            Self::NoSeal { .. } => "leave --memo away, or tell the payee in another way",
            Self::Memo(_) => "write another --memo",
            Self::CannotTell { .. } => {
                "ask a node that has the whole chain; do not pay again before it is known"
            }
            Self::ParseInvoice(_) | Self::Invoice(_) | Self::InvoiceSignature { .. } => {
                "ask the payee for a new one: `lets invoice AMOUNT`"
            }
            Self::CommitteeFile(cause) => cause.hint(),
            Self::StartRound(_) | Self::RoundFile(_) | Self::Nonces(_) => {
                "`lets committee remake FILE` begins anew; all sign once more"
            }
            Self::Commit(_) | Self::Answer(_) | Self::CommitAndAnswer(_) => {
                "`lets committee show FILE` tells who must sign"
            }
            Self::FinishRound(_) => "`lets committee show FILE` tells whose part is missing",
            Self::RoundOpen { .. } => "end that one first, or give it up with --abandon",
            Self::BearerUri(cause) => return Some(cause.hint()),
            Self::OneTimeKey(_) => "read the QR code once more, or copy the text again",
            Self::Paper(_) => "give the LETS or the key a plainer name",
            Self::NoteOfAnotherLets { .. } => "name the note's LETS with --lets FILE",
            Self::NoPaperNote { waiting: true } => "run the command again in a few minutes",
            Self::NoPaperNote { waiting: false } => "go back to whoever gave you the note",
            Self::Qr(_) => "write a shorter --memo",
            Self::MakeInvoice(_) => "`lets invoice --help` says what an invoice takes",
            Self::InvoicePaid { .. } => "`lets payments` lists what this home has paid",
            Self::PaymentFile(_) | Self::BadRows { .. } => {
                "mend the file, or pay the other rows with --skip-bad"
            }
            Self::FilePaid { .. } => {
                "`lets payments` lists its payments; --again pays all of it once more"
            }
            Self::JournalFormat { .. } => {
                "use the newer lets that wrote it, or another home folder with --home DIR"
            }
            Self::Nothing(_) => "`lets balance` and `lets notes` show where things stand",
            Self::Trade(TradeError::Memo { .. }) => "write a shorter --memo",
            Self::Trade(_) | Self::Build(BuildError::TooLarge { .. }) => {
                "make it of fewer payments or notes at once"
            }
            Self::Box(_) => "`lets verify` tells whether the LETS is sound",
            Self::NodeLacks { .. } => {
                "mend the node's configuration (docs/NODES.md), or name another with --node URL"
            }
            Self::NodeAddress(_) => "name the node with --node URL or LETS_NODE",
            Self::Node(cause) => match **cause {
                NodeError::Unreachable { .. } | NodeError::NotErgoNode { .. } => {
                    "`lets node` tells what answers; name another node with --node URL or LETS_NODE"
                }
                NodeError::NotIndexed { .. } | NodeError::IndexNotReady { .. } => {
                    "name a node with the extra index: --node URL or LETS_NODE"
                }
                NodeError::Unfit { .. } => "`lets node check` tells what each node can do",
                NodeError::TooFewHeaders { .. } => {
                    "wait for ten blocks, then run the command again"
                }
                _ => "run the command again; `lets node` tells how the node is",
            },
            Self::Submit(cause) => match **cause {
                SubmitError::Refused {
                    kind:
                        RefusalKind::DoubleSpend
                        | RefusalKind::MissingInput
                        | RefusalKind::MissingDataInput,
                    ..
                } => "`lets balance` shows where things stand; run the command again to build anew",
                SubmitError::UnknownOutcome { .. } => {
                    "`lets payments --retry` settles it for a payment, `lets balance` tells for the rest; do not pay again before"
                }
                SubmitError::Unreachable { .. } => "run the command again; nothing was sent",
                _ => "nothing was spent; `lets verify` checks the LETS on this node",
            },
            Self::Books(cause) => match **cause {
                LedgerError::Newer { .. } => {
                    "use the newer version of this program, or move the file away and `lets sync`"
                }
                LedgerError::Full { .. } => "make room on the disk, then `lets sync`",
                LedgerError::Busy { .. } | LedgerError::NotNext { .. } => "run the command again",
                _ if cause.rebuild_helps() => "`lets sync --rebuild` builds it anew from the chain",
                _ => "look at the file's rights; `lets sync --rebuild` builds it anew",
            },
            Self::NoBlock { .. } => "name a node that keeps all blocks: --node URL or LETS_NODE",
            Self::ChainMoves { .. } => "run the command again; `lets node` tells how the node is",
            Self::Hook { .. } => "give --exec a command that this system knows",
            Self::Chart(_) => "leave --svg away",
            Self::NoBlocks { .. } => "`lets node` tells when it is ready",
            Self::WrongNetwork { .. } | Self::NotOnChain { .. } => {
                "name the right node with --node URL, or the right LETS with --lets FILE"
            }
            Self::FellBack { .. } => "run the command again; `lets node` tells how the node is",
            Self::Closed { .. } => "its ERG is in the wallet of its key: nothing is left to do",
            Self::UnknownNetwork { .. } => "say it with --network mainnet, testnet or devnet",
            Self::Unreadable { .. } => {
                "a newer version of this program may read it; `lets audit` names the transaction that made it"
            }
            Self::NotUnique { .. } => "run the command again; if it stays, `lets verify`",
            Self::Dropped { .. } => {
                "a payment: `lets payments --retry` sends it again; all else: `lets balance`, then run the command again"
            }
            Self::NotRebuilt { .. } => {
                "`lets payments --retry` finds out, and sends it again; do not pay again before"
            }
            Self::LostSight { .. } => {
                "`lets payments --retry` settles it for a payment, `lets balance` tells for the rest; do not send it again before"
            }
            Self::Partly { .. } => {
                "`lets members` shows what was done; run the command again for the rest"
            }
            Self::StillWaiting { .. } => {
                "it may still be included: `lets balance` tells; give more with --fee next time"
            }
            Self::LoadKey(LoadKeyError::NotFound { .. }) => {
                "`lets key list` shows your keys; `lets key new NAME` makes one"
            }
            Self::LoadKey(LoadKeyError::Damaged { .. })
            | Self::Unlock {
                cause: UnlockError::Damaged(_),
                ..
            } => "`lets key import NEWNAME` makes the file anew from the recovery words",
            Self::SaveKey(SaveKeyError::AlreadyExists { .. }) => {
                "`lets key list` shows your keys; choose another name"
            }
            Self::LoadKey(_) | Self::SaveKey(_) => "`lets key list` shows your keys",
            Self::Seal(_) => "run the command again with a longer passphrase or another name",
            Self::Mnemonic(_) => "run the command again with the words as they stand on paper",
            Self::WorkFactor(_) => "leave --work-factor away",
            Self::Unlock { .. } => "run the command again with the right passphrase",
            Self::Sign(cause) => match **cause {
                SignError::CannotProve { .. } => {
                    "name the key that owns the box with --key, or more keys with --committee-key"
                }
                _ => "this should not happen: please report it with the whole message",
            },
            Self::PublicKey { .. } => "`lets key show NAME` prints both",
            Self::NoKey { .. } => "`lets key new NAME`",
            Self::SeveralKeys { .. } => "`lets key list` shows them",
            Self::Committee { .. } => {
                "name members with --committee-key NAME or --member-key PK, and the threshold with --committee N"
            }
            Self::Name(cause) => return Some(cause.hint()),
            Self::NoAccount { .. } => {
                "`lets apply --key NAME`, then the committee runs `lets admit`; in an open LETS `lets join --key NAME`"
            }
            Self::SeveralAccounts { .. } | Self::NoSuchAccount { .. } => {
                "`lets members` lists all accounts"
            }
            Self::NoSuchApplication { .. } => "`lets applications` lists the open ones",
            Self::Manifest(cause) => return Some(cause.hint()),
            Self::Founding(cause) => return Some(cause.hint()),
            Self::Ledger(_) => {
                "mend the file, or the bounds of the LETS: `lets found --help` lists them"
            }
            Self::Import(cause) => return Some(cause.hint()),
            Self::Settlement(cause) => return Some(cause.hint()),
            Self::Verify { .. } => {
                "do not trade in this LETS before its committee has explained it"
            }
            Self::Exists { .. } => {
                "move it away, or choose another place with --home DIR or --lets FILE"
            }
            Self::NoHome => "say where to keep keys and manifest: --home DIR or LETS_HOME",
            Self::NotATerminal { instead, .. } => instead,
            Self::File { .. } => {
                "check the folder's permissions and space, or choose another with --home DIR"
            }
            Self::Devnet(DevnetError::Bind { .. }) => "`lets devnet --port 0` takes any free port",
            Self::DevnetRequest { .. } => "`lets devnet` starts a test chain on this machine",
            Self::Devnet(_) => "`lets devnet` without --data starts a fresh chain",
            Self::Build(BuildError::Box(_) | BuildError::Transaction(_))
            | Self::Contracts(_)
            | Self::Derive(_)
            | Self::Terminal(_)
            | Self::Runtime(_)
            | Self::Json(_)
            | Self::SealText(_)
            | Self::SignMessage(_)
            | Self::Randomness(_)
            | Self::Demo(_) => "this should not happen: please report it with the whole message",
        };
        Some(text.to_owned())
    }
}

fn open_hint(violation: &OpenViolation) -> &'static str {
    match violation {
        OpenViolation::Kind { .. } => "`lets verify` shows the kind of this LETS and its policy",
        OpenViolation::OracleAge { .. }
        | OpenViolation::OracleSilent { .. }
        | OpenViolation::OracleRange { .. }
        | OpenViolation::NoOracle => {
            "wait until the oracle publishes; paying, earning and leaving at 0 need no rate"
        }
        OpenViolation::OracleAlive { .. } => "wait until then, or until the oracle publishes",
        OpenViolation::Credit { .. } => "`lets verify` shows the policy of this LETS",
        OpenViolation::Cover { .. } => "give more ERG, or ask for less",
        OpenViolation::Cap { .. } => "buy less: `lets balance` shows the cap",
        OpenViolation::NotHeld { .. } => "`lets balance` shows what you have",
        OpenViolation::Locked { .. } => "wait until then; collateral can be added at any time",
        OpenViolation::CloseBalance { .. } => {
            "bring the balance to 0.00 first: pay it away with `lets pay`, earn it, or `lets redeem` it"
        }
        OpenViolation::Secured { .. }
        | OpenViolation::Marked { .. }
        | OpenViolation::NotCalled
        | OpenViolation::Grace { .. }
        | OpenViolation::Lapsed { .. }
        | OpenViolation::Debt { .. }
        | OpenViolation::Smallest { .. } => {
            "`lets health` shows which debts can be called, and which liquidated"
        }
    }
}

fn rule_hint(violation: &RuleViolation) -> &'static str {
    match violation {
        RuleViolation::CreditLine { .. }
        | RuleViolation::LargestDraw { .. }
        | RuleViolation::DrawLimit { .. }
        | RuleViolation::LongestDebt { .. } => {
            "`lets balance` shows what you can spend; the committee sets lines with `lets committee set-terms`"
        }
        RuleViolation::UnitsHeld { .. } => {
            "ask the committee to hand out your line again: `lets committee set-terms NAME --line AMOUNT`"
        }
        RuleViolation::AccountSize { .. } => {
            "use a shorter key: one person's key, or a committee of fewer"
        }
        RuleViolation::Cap { .. } => "pay less; `lets members` shows every cap",
        RuleViolation::PayeeClass { allowed, .. } if matches!(allowed.as_slice(), [..=0]) => {
            "`lets collateral add` mends it, or earn the debt back: `lets health`"
        }
        RuleViolation::PayeeClass { .. } => "pay somebody of those classes: `lets members`",
        RuleViolation::SmallestDirect { .. } => "leave --direct away: it goes by a note",
        RuleViolation::PayeeTwice { .. } => "leave --direct away: notes can be many to one payee",
        RuleViolation::WriteOff { .. } => "`lets balance NAME` shows the debt",
        RuleViolation::HardBound { .. } => "stay inside the bounds that `lets verify` shows",
        RuleViolation::NoChange | RuleViolation::NothingAnnounced => {
            "`lets verify` shows the charter and what is announced"
        }
        RuleViolation::AnnounceHeight { .. } => "announce it anew",
        RuleViolation::DelayNotOver { .. } => "wait until then; anybody can enact it",
        RuleViolation::NoteTwice { .. } => "name each note once",
        RuleViolation::Counter { .. } => {
            "the counter leaks with time; the committee sets its rate with `lets committee set-terms`"
        }
        RuleViolation::TooOld { .. } => "`lets touch` renews it",
        RuleViolation::NoParty { .. } => "name every payer and payee in the settlement",
        RuleViolation::KeyFollows { .. } => "set the key of the box that it follows",
        RuleViolation::NotPayee { .. } | RuleViolation::NotPayer { .. } => {
            "`lets notes` lists the notes that are yours to claim or to take back"
        }
        RuleViolation::NoteClass { .. } => {
            "the payer can take it back after its expiry and pay in another way"
        }
        RuleViolation::NotCommunity { .. } => {
            "`lets members` shows which account is the community's"
        }
        RuleViolation::NotExpired { .. } => "`lets notes` shows when each note expires",
        RuleViolation::NoteLife { .. } => "give --expires between 14d and 365d",
        RuleViolation::Controlled { .. } => "pay it with --direct",
        RuleViolation::ZeroAmount => "write the amount like 2.50",
        RuleViolation::Rate { .. } => {
            "wait until then, or admit fewer and grant shorter lines at once"
        }
        RuleViolation::TooYoung { .. } => "`lets touch` shows the ages of all boxes",
        RuleViolation::SelfPayment => "`lets members` lists whom you can pay",
        RuleViolation::TermsBound { .. } => "stay inside the bounds that `lets verify` shows",
        RuleViolation::ApplicationExpired { .. } => {
            "the applicant runs `lets withdraw BOXID` and `lets apply` again"
        }
        RuleViolation::ApplicationValue { .. } => {
            "the applicant runs `lets withdraw BOXID` and `lets apply --erg` with more"
        }
        RuleViolation::Recovery { .. } => {
            "`lets members` shows the account; only its owner or time removes what is in the way"
        }
        RuleViolation::ExitBalance { .. } => {
            "bring the balance to 0.00 first: pay it away with `lets pay`, or earn it"
        }
    }
}
