//! The libraries' errors as this program's.

use ergo_node_client::{NodeError, SubmitError};
use lets_ledger::LedgerError;
use lets_protocol::{
    AdmitError, ApplyError, BuildError, Currency, ExitError, FoundError, OpenError, RefreshError,
    RuleViolation, SetTermsError, TradeError,
};
use lets_wallet::{RandomnessError, SignError};

use super::CliError;

impl CliError {
    /// A rule's violation with the currency to show it in.
    pub fn rule_broken(violation: RuleViolation, currency: &Currency) -> Self {
        Self::Rule {
            violation: Box::new(violation),
            currency: currency.clone(),
        }
    }

    /// Of a payment, a claim, or whatever else happens between accounts.
    pub fn trade(error: TradeError, currency: &Currency) -> Self {
        match error {
            TradeError::Rule(violation) => Self::rule_broken(violation, currency),
            TradeError::Build(error) => error.into(),
            TradeError::Parse(error) => error.into(),
            TradeError::Text(error) => error.into(),
            other => Self::Trade(other),
        }
    }

    /// Of an exit.
    pub fn exit(error: ExitError, currency: &Currency) -> Self {
        match error {
            ExitError::Rule(violation) => Self::rule_broken(violation, currency),
            ExitError::Build(error) => error.into(),
            ExitError::Parse(error) => error.into(),
        }
    }

    /// Of an application.
    pub fn apply(error: ApplyError) -> Self {
        match error {
            ApplyError::Build(error) => error.into(),
            ApplyError::Parse(error) => error.into(),
            other => Self::Apply(other),
        }
    }

    /// Of an admission.
    pub fn admit(error: AdmitError, currency: &Currency) -> Self {
        match error {
            AdmitError::Rule(violation) => Self::rule_broken(violation, currency),
            AdmitError::Build(error) => error.into(),
            AdmitError::Parse(error) => error.into(),
            other => Self::Admit(other),
        }
    }

    /// Of a setting of terms.
    pub fn terms(error: SetTermsError, currency: &Currency) -> Self {
        match error {
            SetTermsError::Rule(violation) => Self::rule_broken(violation, currency),
            SetTermsError::Build(error) => error.into(),
            SetTermsError::Parse(error) => error.into(),
            other => Self::Terms(other),
        }
    }

    /// Of an action of an open pot.
    pub fn open(error: OpenError, currency: &Currency) -> Self {
        match error {
            OpenError::Open(violation) => Self::OpenRule {
                violation: Box::new(violation),
                currency: currency.clone(),
            },
            OpenError::Rule(violation) => Self::rule_broken(violation, currency),
            OpenError::Build(error) => error.into(),
            OpenError::Parse(error) => error.into(),
            other => Self::Open(other),
        }
    }

    /// Of a refresh.
    pub fn refresh(error: RefreshError, currency: &Currency) -> Self {
        match error {
            RefreshError::Rule(violation) => Self::rule_broken(violation, currency),
            RefreshError::Build(error) => error.into(),
            RefreshError::Parse(error) => error.into(),
            other => Self::Refresh(other),
        }
    }
}

impl From<RandomnessError> for CliError {
    fn from(error: RandomnessError) -> Self {
        Self::Randomness(error.to_string())
    }
}

impl From<NodeError> for CliError {
    fn from(error: NodeError) -> Self {
        if let NodeError::Unreadable { unread, .. } = error {
            return Self::Unreadable {
                what: "box",
                unread,
            };
        }
        Self::Node(Box::new(error))
    }
}

impl From<LedgerError> for CliError {
    fn from(error: LedgerError) -> Self {
        Self::Books(Box::new(error))
    }
}

impl From<SubmitError> for CliError {
    fn from(error: SubmitError) -> Self {
        Self::Submit(Box::new(error))
    }
}

impl From<SignError> for CliError {
    fn from(error: SignError) -> Self {
        Self::Sign(Box::new(error))
    }
}

impl From<BuildError> for CliError {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

impl From<FoundError> for CliError {
    fn from(error: FoundError) -> Self {
        match error {
            FoundError::Build(error) => error.into(),
            other => Self::Found(other),
        }
    }
}
