//! Everything that can go wrong; `advice` has the exit code, the name in `--json`, and the next command for each;
//! `made` turns the libraries' errors into these.

mod advice;
mod made;

use std::io;
use std::path::PathBuf;

use ergo_devnet::DevnetError;
use ergo_node_client::{ClientConfigError, NodeError, SubmitError, UnreadBox};
use lets_contracts::{ArtifactError, OracleNft};
use lets_ledger::LedgerError;
use lets_protocol::rules::open::OpenViolation;
use lets_protocol::{
    AccountNumber, AdmitError, AmountError, ApplyError, BuildError, Currency, CurrencyError,
    FoundError, InvoiceError, MakeInvoiceError, MemoTextError, NanoErg, OpenError, ParseBoxError,
    ParseInvoiceError, RefreshError, RuleViolation, SetTermsError, TradeError,
};
use lets_wallet::{
    AnswerError, CommitAndAnswerError, CommitError, DeriveError, FinishError, LoadKeyError,
    MnemonicError, NoncesError, OneTimeKeyError, RoundFileError, SaveKeyError, SealError,
    SealTextError, SignError, SignMessageError, StartRoundError, UnlockError, WorkFactorError,
};
use thiserror::Error;

use crate::committee_file::CommitteeFileError;
use crate::founding::FoundingFileError;
use crate::import::ImportError;
use crate::ledger_file::LedgerFileError;
use crate::manifest::ManifestError;
use crate::names::NameError;
use crate::paper::{BearerUriError, PaperError};
use crate::payment_file::PaymentFileError;
use crate::qr::QrError;
use crate::settlement_file::SettlementFileError;

/// Why a command did not do what was asked for. Nothing was spent unless the message says so.
#[derive(Debug, Error)]
pub enum CliError {
    /// The arguments make no command.
    #[error("{message}")]
    Usage {
        /// What the argument parser says, `error:` included.
        message: String,
    },
    /// Two things were said that do not go together, or one is missing.
    #[error("{0}")]
    Arguments(String),
    /// A rule of the LETS stands in the way.
    #[error("{} (rule {})", violation.explain(currency), violation.rule())]
    Rule {
        /// The rule with its figures.
        violation: Box<RuleViolation>,
        /// The currency to show them in.
        currency: Currency,
    },
    /// A rule of the LETS stands in the way of one account among several.
    #[error("{party}: {} (rule {})", violation.explain(currency), violation.rule())]
    PartyRule {
        /// Whose account it is.
        party: String,
        /// The rule with its figures.
        violation: Box<RuleViolation>,
        /// The currency to show them in.
        currency: Currency,
    },
    /// A text is no amount of the currency.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The currency cannot be.
    #[error(transparent)]
    Currency(#[from] CurrencyError),
    /// Less than nodes accept.
    #[error(
        "a fee of {fee} is below the least that nodes accept, {}",
        NanoErg::MIN_FEE
    )]
    FeeTooLow {
        /// What was asked.
        fee: NanoErg,
    },
    /// A transaction cannot be laid out.
    #[error(transparent)]
    Build(BuildError),
    /// A box is not what it was taken for.
    #[error(transparent)]
    Box(#[from] ParseBoxError),
    /// A LETS cannot be founded so.
    #[error(transparent)]
    Found(FoundError),
    /// An application cannot be made so.
    #[error(transparent)]
    Apply(ApplyError),
    /// An applicant cannot be admitted so.
    #[error(transparent)]
    Admit(AdmitError),
    /// Terms cannot be set so.
    #[error(transparent)]
    Terms(SetTermsError),
    /// A rule of the open pot stands in the way.
    #[error("{} (rule {})", violation.explain(currency), violation.rule())]
    OpenRule {
        /// The rule with its figures.
        violation: Box<OpenViolation>,
        /// The currency to show them in.
        currency: Currency,
    },
    /// Something cannot be done with an open pot.
    #[error(transparent)]
    Open(OpenError),
    /// A committee's command, in a LETS without one.
    #[error("this LETS has no committee: nobody admits, sets terms or expels in it")]
    NoCommittee,
    /// A command of open LETS, in one with a committee.
    #[error("this LETS has a committee: its members apply, and the committee sets their terms")]
    NotOpen,
    /// An oracle that the chain does not show.
    #[error(
        "the chain shows no box of an oracle pool with the NFT {nft}, with a rate in R4 and an epoch in R5"
    )]
    NoOracleBox {
        /// The NFT.
        nft: OracleNft,
    },
    /// What was agreed to cannot be had any more: others came first.
    #[error(
        "others were faster, and it would now come out worse than what you agreed to; nothing was sent"
    )]
    Worse,
    /// A box cannot be refreshed so.
    #[error(transparent)]
    Refresh(RefreshError),
    /// A memo cannot be sealed to this account.
    #[error(
        "a memo for account {payee} cannot be sealed: its key is a committee's, or follows a box"
    )]
    NoSeal {
        /// The account.
        payee: AccountNumber,
    },
    /// A memo cannot be sealed.
    #[error(transparent)]
    SealText(#[from] SealTextError),
    /// A memo's text cannot be.
    #[error(transparent)]
    Memo(#[from] MemoTextError),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Randomness(String),
    /// Whether a transaction was included cannot be found out.
    #[error(
        "whether transaction {id} was included cannot be told: the account has moved on in a way that this node does not show"
    )]
    CannotTell {
        /// The transaction.
        id: String,
    },
    /// Text that is no invoice.
    #[error("this is no invoice: {0}")]
    ParseInvoice(#[from] ParseInvoiceError),
    /// An invoice cannot be made so.
    #[error(transparent)]
    MakeInvoice(#[from] MakeInvoiceError),
    /// An invoice cannot be paid here and now.
    #[error(transparent)]
    Invoice(#[from] InvoiceError),
    /// The payee did not sign this invoice: somebody changed it, or made it up.
    #[error(
        "the invoice is not signed by the owner of account {payee}: somebody has changed it or made it up, or the account has another key since"
    )]
    InvoiceSignature {
        /// The account that it names.
        payee: AccountNumber,
    },
    /// An invoice was paid before.
    #[error("the invoice is paid already: {by}")]
    InvoicePaid {
        /// By what.
        by: String,
    },
    /// A committee's proposal cannot be signed or sent.
    #[error(transparent)]
    CommitteeFile(#[from] CommitteeFileError),
    /// Signing together cannot begin.
    #[error(transparent)]
    StartRound(#[from] StartRoundError),
    /// What was signed so far is not in order.
    #[error("the proposal's signatures are not in order: {0}")]
    RoundFile(#[from] RoundFileError),
    /// A signer cannot begin.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A signer cannot end.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// A signer can neither begin nor end.
    #[error(transparent)]
    CommitAndAnswer(#[from] CommitAndAnswerError),
    /// Signatures are missing.
    #[error(transparent)]
    FinishRound(#[from] FinishError),
    /// What was kept between the turns is damaged.
    #[error("what this machine kept of a signature that was begun is damaged: {0}")]
    Nonces(#[from] NoncesError),
    /// The key has begun to sign something else.
    #[error("key {key:?} has begun to sign transaction {transaction} and not ended")]
    RoundOpen {
        /// The key.
        key: String,
        /// What it has begun to sign.
        transaction: String,
    },
    /// Text that is no paper note.
    #[error("this is no paper note: {0}")]
    BearerUri(#[from] BearerUriError),
    /// The key on a paper note is none.
    #[error("the key on the paper note is damaged: {0}")]
    OneTimeKey(#[from] OneTimeKeyError),
    /// A page cannot be made.
    #[error(transparent)]
    Paper(#[from] PaperError),
    /// A paper note of another LETS.
    #[error("the paper note is of another LETS than {lets:?}")]
    NoteOfAnotherLets {
        /// The LETS of this home.
        lets: String,
    },
    /// A paper note with nothing behind it.
    #[error("{}", match waiting {
        true => "the note is not in a block yet: until it is, it can still fail",
        false => "nothing waits behind this note: it was redeemed already, or its issuer has taken it back",
    })]
    NoPaperNote {
        /// Its transaction waits in the pool.
        waiting: bool,
    },
    /// Text that does not fit into a QR code.
    #[error(transparent)]
    Qr(#[from] QrError),
    /// A message cannot be signed.
    #[error(transparent)]
    SignMessage(#[from] SignMessageError),
    /// A payment file cannot be read.
    #[error(transparent)]
    PaymentFile(#[from] PaymentFileError),
    /// Rows of a payment file cannot be paid.
    #[error("{} of {rows} rows cannot be paid, so nothing was sent:\n{}", bad.len(), bad.join("\n"))]
    BadRows {
        /// What is wrong with each.
        bad: Vec<String>,
        /// How many rows there are.
        rows: usize,
    },
    /// A payment file was paid before.
    #[error("this very file was paid before, in transaction {transaction}")]
    FilePaid {
        /// The first of its transactions.
        transaction: String,
    },
    /// A later program has written the journal of payments.
    #[error("{} has format {found}, which is newer than this program: it is left as it is", path.display())]
    JournalFormat {
        /// The journal.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// There is nothing of that kind.
    #[error("{0}")]
    Nothing(String),
    /// A transaction between accounts cannot be made so.
    #[error(transparent)]
    Trade(TradeError),
    /// An embedded contract is damaged.
    #[error("this build of the program is damaged: {0}")]
    Contracts(#[from] ArtifactError),

    /// The ledger on this machine cannot be used.
    #[error(transparent)]
    Books(Box<LedgerError>),
    /// The node lacks a block that it must have.
    #[error(
        "the node at {url} does not give the block at height {height}: it may keep only the last ones"
    )]
    NoBlock {
        /// The height.
        height: u32,
        /// The node.
        url: String,
    },
    /// The chain changed again and again while it was read.
    #[error("the chain of the node at {url} changes faster than it can be read")]
    ChainMoves {
        /// The node.
        url: String,
    },
    /// A hook could not be run.
    #[error("cannot run {command:?}: {cause}")]
    Hook {
        /// What was to be run.
        command: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A chart cannot be drawn.
    #[error("cannot draw the chart: {0}")]
    Chart(String),

    /// The node's address cannot be used.
    #[error(transparent)]
    NodeAddress(#[from] ClientConfigError),
    /// A read from the node failed.
    #[error(transparent)]
    Node(Box<NodeError>),
    /// A transaction was not taken by the node.
    #[error(transparent)]
    Submit(Box<SubmitError>),
    /// A node cannot do all that `lets` needs.
    #[error("a node lacks something:\n  {}", missing.join("\n  "))]
    NodeLacks {
        /// Each in one sentence.
        missing: Vec<String>,
    },
    /// The node has no block yet.
    #[error("the node at {url} has no block yet: it is still starting or syncing")]
    NoBlocks {
        /// The node.
        url: String,
    },
    /// The node follows another network than the LETS lives on.
    #[error("the LETS lives on {expected}, and the node at {url} follows {found}")]
    WrongNetwork {
        /// The manifest's network.
        expected: String,
        /// The node's network.
        found: String,
        /// The node.
        url: String,
    },
    /// The node does not say which network it follows, or names an unknown one.
    #[error("the node at {url} does not say which network it follows (it says {found:?})")]
    UnknownNetwork {
        /// What the node says.
        found: Option<String>,
        /// The node.
        url: String,
    },
    /// The chain has become shorter since a transaction was laid out: no script accepts it yet.
    #[error(
        "the node at {url} has fallen back: its next block is {next}, and the transaction was made at height {made_at}. Nothing was sent"
    )]
    FellBack {
        /// The height that the transaction was made at.
        made_at: u32,
        /// The height of the next block.
        next: u32,
        /// The node.
        url: String,
    },
    /// An account that was to be closed is closed already.
    #[error(
        "account {number} is closed already, by transaction {id}{}",
        if *waiting { ", which waits for a block" } else { "" }
    )]
    Closed {
        /// The account.
        number: AccountNumber,
        /// The transaction.
        id: String,
        /// It is in no block yet.
        waiting: bool,
    },
    /// The charter or pot of the LETS is not on the chain.
    #[error("the chain of the node at {url} has no {what} of this LETS (token {token})")]
    NotOnChain {
        /// `charter` or `pot`.
        what: &'static str,
        /// The token that marks it.
        token: String,
        /// The node.
        url: String,
    },
    /// A box that must be read cannot be.
    #[error("the {what} cannot be read: {unread}")]
    Unreadable {
        /// `charter`, `pot`, `account`, or `box` for any other.
        what: &'static str,
        /// What can be told of it.
        unread: Box<UnreadBox>,
    },
    /// A singleton stands in more than one box, or the node's view is torn.
    #[error("the node shows {found} boxes with the {what}'s token {token}, where one must be")]
    NotUnique {
        /// `charter`, `pot` or `account`.
        what: &'static str,
        /// The token.
        token: String,
        /// How many boxes.
        found: usize,
    },
    /// The transaction was accepted but has disappeared from the pool without a block.
    #[error(
        "transaction {id} has left the node's pool without getting into a block: another one has replaced it, or it \
             was evicted"
    )]
    Dropped {
        /// The transaction.
        id: String,
    },
    /// The transaction was accepted and still waits after all the time that was given.
    #[error("transaction {id} still waits for a block after {minutes} minutes")]
    StillWaiting {
        /// The transaction.
        id: String,
        /// How long.
        minutes: u64,
    },
    /// The transaction was accepted, and then the node could not be read any more.
    #[error("transaction {id} was sent, and then the node could not be read any more: {cause}")]
    LostSight {
        /// The transaction.
        id: String,
        /// What happened to the reading.
        cause: Box<CliError>,
    },
    /// A payment was sent, and lost or not; then it could not be built anew.
    #[error("transaction {id} may still be included; building the payment anew failed: {cause}")]
    NotRebuilt {
        /// The transaction.
        id: String,
        /// Why.
        cause: Box<CliError>,
    },
    /// Some of a command's transactions were sent, and then one was not.
    #[error("{sent} of {of} transactions were sent, and then: {cause}")]
    Partly {
        /// How many the node has taken.
        sent: usize,
        /// How many there were to be.
        of: usize,
        /// Why the next was not sent.
        cause: Box<CliError>,
    },

    /// A key file cannot be read.
    #[error(transparent)]
    LoadKey(#[from] LoadKeyError),
    /// A key file cannot be written.
    #[error(transparent)]
    SaveKey(#[from] SaveKeyError),
    /// A key cannot be encrypted.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A key file cannot be unlocked.
    #[error("key {key:?}: {cause}")]
    Unlock {
        /// The key's name.
        key: String,
        /// Why.
        cause: UnlockError,
    },
    /// The words are no recovery phrase.
    #[error(transparent)]
    Mnemonic(#[from] MnemonicError),
    /// No key follows from the words.
    #[error(transparent)]
    Derive(#[from] DeriveError),
    /// The work factor is out of range.
    #[error(transparent)]
    WorkFactor(#[from] WorkFactorError),
    /// A transaction cannot be signed.
    #[error(transparent)]
    Sign(Box<SignError>),
    /// A text is neither a public key nor an address made of one.
    #[error("{text:?} is neither a public key (66 hexadecimal digits) nor a P2PK address")]
    PublicKey {
        /// The text.
        text: String,
    },
    /// No key was named and there is none.
    #[error("there is no key in {}", folder.display())]
    NoKey {
        /// The folder of keys.
        folder: PathBuf,
    },
    /// No key was named and there are several.
    #[error("there are several keys ({}): say which with --key NAME or LETS_KEY", names.join(", "))]
    SeveralKeys {
        /// Their names.
        names: Vec<String>,
    },
    /// A committee that nobody could ever sign for.
    #[error(
        "a committee of {members} cannot need {threshold} signatures: name 1 to {most} members, and a threshold \
             from 1 to their number"
    )]
    Committee {
        /// Members named.
        members: usize,
        /// Signatures asked for.
        threshold: usize,
        /// The most members.
        most: usize,
    },

    /// A name that cannot be, or is unknown.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The key owns no account of the LETS.
    #[error("the key {key:?} owns no account in {lets}")]
    NoAccount {
        /// The key's name.
        key: String,
        /// The LETS's name.
        lets: String,
    },
    /// The key owns more than one account.
    #[error("the key {key:?} owns {} accounts: {}; say which with --from", numbers.len(), numbers.join(", "))]
    SeveralAccounts {
        /// The key's name.
        key: String,
        /// The accounts' numbers.
        numbers: Vec<String>,
    },
    /// There is no such account.
    #[error("there is no account {number} in {lets}: it was closed, or belongs to another LETS")]
    NoSuchAccount {
        /// The number.
        number: String,
        /// The LETS's name.
        lets: String,
    },
    /// There is no such application.
    #[error(
        "there is no open application {id} to {lets}: it was admitted or taken back, or belongs to another LETS"
    )]
    NoSuchApplication {
        /// What was asked for: `all` or the box id.
        id: String,
        /// The LETS's name.
        lets: String,
    },

    /// The manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A founding is in progress, or is not.
    #[error(transparent)]
    Founding(#[from] FoundingFileError),
    /// A ledger cannot be read or imported.
    #[error(transparent)]
    Ledger(#[from] LedgerFileError),
    /// An import cannot be, or an account cannot be handed over.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A settlement does not come about.
    #[error(transparent)]
    Settlement(#[from] SettlementFileError),
    /// The books are not as the manifest says.
    #[error("the LETS is not as its manifest says:\n  {}", problems.join("\n  "))]
    Verify {
        /// Each fault in one sentence.
        problems: Vec<String>,
    },

    /// A file cannot be read or written.
    #[error("cannot {doing} {}: {cause}", path.display())]
    File {
        /// `read`, `write`, ...
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A file is there already, and files are never overwritten silently.
    #[error("{} exists already and is not overwritten", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The system has no home folder for this user.
    #[error("this system names no home folder for you")]
    NoHome,
    /// A question had to be asked, and there is nobody to answer.
    #[error("{what} is needed, and there is no terminal to ask for it")]
    NotATerminal {
        /// What would have been asked.
        what: String,
        /// How to say it without being asked.
        instead: &'static str,
    },
    /// The answer was no.
    #[error("stopped at your word: nothing was sent")]
    Declined,
    /// The terminal failed.
    #[error("the terminal failed: {0}")]
    Terminal(#[from] dialoguer::Error),
    /// The async runtime could not be started.
    #[error("the program could not start its runtime: {0}")]
    Runtime(io::Error),
    /// A result cannot be written as JSON.
    #[error("the result cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The embedded test chain failed.
    #[error(transparent)]
    Devnet(#[from] DevnetError),
    /// A request that only a devnet answers failed.
    #[error("the devnet at {url} did not do it: {why}")]
    DevnetRequest {
        /// The node.
        url: String,
        /// What it said.
        why: String,
    },
    /// The demonstration did not come out as it must.
    #[error("the demonstration went wrong: {0}")]
    Demo(String),
}
