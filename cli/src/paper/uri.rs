//! The text in the QR code of a bearer note: which note it is, and the secret that redeems it.

use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use ergo_lib::ergo_chain_types::Digest;
use lets_contracts::UnitId;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::BoxId;

const SCHEME: &str = "lets:";
const KIND: &str = "note?";
const VERSION: &str = "1";
/// Characters of the secret: 32 bytes in base64url.
const SECRET_LENGTH: usize = 43;

/// A text that redeems no note. It says nothing of what was found, for that may be the secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BearerUriError {
    /// Another length than every such text has.
    #[error("the text of a note has {expected} characters, and here are {found}: it is cut off or something else", expected = BearerUri::LENGTH)]
    Length {
        /// How many there are.
        found: usize,
    },
    /// It is something else.
    #[error("this is no payment note: its text begins with {SCHEME}{KIND}")]
    Kind,
    /// It was written by another version of the program.
    #[error("the note's text has another format version than {VERSION}, which this program reads")]
    Version,
    /// A parameter is missing, stands twice or at another place, is unknown, or has a value that cannot be.
    #[error("the note's text has no good {name:?} where one must be: it was read or typed wrongly")]
    Parameter {
        /// The parameter that must stand there, or `end`.
        name: &'static str,
    },
}

impl BearerUriError {
    /// The error's name in `--json`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Version => "note_text_version",
            Self::Length { .. } | Self::Kind | Self::Parameter { .. } => "bad_note_text",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Version => "use the version of this program that the note was printed with",
            _ => "scan the QR code again, or copy the text at the foot of the page without blanks or line breaks",
        }
        .to_owned()
    }
}

/// A bearer note and what redeems it. `Debug` hides the secret.
#[derive(Debug, Clone)]
pub struct BearerUri {
    lets: UnitId,
    note: BoxId,
    secret: SecretString,
}

impl BearerUri {
    /// The length of the text, which is always the same.
    pub const LENGTH: usize =
        SCHEME.len() + KIND.len() + "v=1&lets=&box=&key=".len() + 3 * SECRET_LENGTH;

    /// The note in box `note` of the LETS whose unit is `lets`, with its secret: 32 bytes as 43 characters of base64url,
    /// of which only number and alphabet are checked.
    ///
    /// # Errors
    /// [`BearerUriError::Parameter`] when the secret cannot be one.
    pub fn new(lets: UnitId, note: BoxId, secret: SecretString) -> Result<Self, BearerUriError> {
        let text = secret.expose_secret();
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if text.len() != SECRET_LENGTH || !text.bytes().all(fits) {
            return Err(BearerUriError::Parameter { name: "key" });
        }
        Ok(Self { lets, note, secret })
    }

    /// The unit of its LETS.
    pub fn lets(&self) -> UnitId {
        self.lets
    }

    /// The note's box.
    pub fn note(&self) -> BoxId {
        self.note
    }

    /// What redeems it.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// The text in the QR code.
    pub fn text(&self) -> SecretString {
        let mut text = String::with_capacity(Self::LENGTH);
        text.push_str(SCHEME);
        text.push_str(KIND);
        text.push_str("v=1&lets=");
        BASE64URL.encode_string(self.lets.bytes(), &mut text);
        text.push_str("&box=");
        BASE64URL.encode_string(self.note, &mut text);
        text.push_str("&key=");
        text.push_str(self.secret.expose_secret());
        text.into()
    }
}

impl FromStr for BearerUri {
    type Err = BearerUriError;

    /// Reads the text of a note. Only the scheme may be in upper case; all else must be spelt as [`BearerUri::text`] does.
    fn from_str(text: &str) -> Result<Self, BearerUriError> {
        let (_, rest) = text
            .split_at_checked(SCHEME.len())
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
            .ok_or(BearerUriError::Kind)?;
        let query = rest.strip_prefix(KIND).ok_or(BearerUriError::Kind)?;
        // Before the length: another version may have another one.
        let version = query.split('&').next().and_then(|p| p.strip_prefix("v="));
        if version.is_some_and(|version| version != VERSION) {
            return Err(BearerUriError::Version);
        }
        if text.len() != Self::LENGTH {
            return Err(BearerUriError::Length { found: text.len() });
        }
        let mut parameters = query.split('&');
        let mut take = |name: &'static str| {
            parameters
                .next()
                .and_then(|p| p.strip_prefix(name)?.strip_prefix('='))
                .ok_or(BearerUriError::Parameter { name })
        };
        take("v")?;
        let lets = UnitId::from(bytes("lets", take("lets")?)?);
        let note = BoxId::from(Digest(bytes("box", take("box")?)?));
        let secret = SecretString::from(take("key")?);
        if parameters.next().is_some() {
            return Err(BearerUriError::Parameter { name: "end" });
        }
        Self::new(lets, note, secret)
    }
}

fn bytes(name: &'static str, value: &str) -> Result<[u8; 32], BearerUriError> {
    BASE64URL
        .decode(value)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(BearerUriError::Parameter { name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "s3cr3t-_s3cr3t-_s3cr3t-_s3cr3t-_s3cr3t-_xyz";

    fn uri() -> BearerUri {
        let note = BoxId::from(Digest([8; 32]));
        BearerUri::new(UnitId::from([4; 32]), note, SECRET.into()).unwrap()
    }

    fn text() -> String {
        uri().text().expose_secret().to_owned()
    }

    fn parse(text: &str) -> Result<String, BearerUriError> {
        let read: BearerUri = text.parse()?;
        Ok(read.text().expose_secret().to_owned())
    }

    #[test]
    fn uri_text_is_as_specified() {
        let lets = "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ";
        let note = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg";
        assert_eq!(
            text(),
            format!("lets:note?v=1&lets={lets}&box={note}&key={SECRET}")
        );
        assert_eq!(text().len(), BearerUri::LENGTH);
        let read: BearerUri = text().parse().unwrap();
        assert_eq!(read.lets(), uri().lets());
        assert_eq!(read.note(), uri().note());
        assert_eq!(read.secret().expose_secret(), SECRET);
    }

    #[test]
    fn uri_debug_and_errors_hide_the_secret() {
        let shown = format!("{:?}", uri());
        assert!(!shown.contains("s3cr3t"), "{shown}");
        let swapped = text().replace("&box=", "&xob=");
        for edited in [
            swapped,
            text() + "s3cr3t",
            text().replacen("&key=s", "&key=!", 1),
        ] {
            let error = edited.parse::<BearerUri>().unwrap_err();
            assert!(!format!("{error:?} {error}").contains("s3cr3t"));
        }
    }

    #[test]
    fn uri_scheme_in_upper_case_accepted() {
        assert_eq!(parse(&text().replacen("lets", "LETS", 1)), Ok(text()));
        assert_eq!(
            parse(&text().replacen("note?", "NOTE?", 1)),
            Err(BearerUriError::Kind)
        );
    }

    #[test]
    fn uri_parameters_dropped_doubled_moved_or_unknown_refused() {
        let (_, query) = text()
            .split_once('?')
            .map(|(h, q)| (h.to_owned(), q.to_owned()))
            .unwrap();
        let parameters: Vec<&str> = query.split('&').collect();
        let whole = |p: &[&str]| format!("lets:note?{}", p.join("&"));
        for at in 0..parameters.len() {
            let mut dropped = parameters.clone();
            let one = dropped.remove(at);
            assert!(parse(&whole(&dropped)).is_err());
            for place in 0..parameters.len() {
                let mut moved = dropped.clone();
                moved.insert(place, one);
                assert_eq!(parse(&whole(&moved)).is_ok(), place == at);
                for extra in [one, "x=1", ""] {
                    let mut more = parameters.clone();
                    more.insert(place, extra);
                    assert!(parse(&whole(&more)).is_err());
                }
            }
        }
    }

    #[test]
    fn uri_bad_text_refused_by_name() {
        let parameter = |name| BearerUriError::Parameter { name };
        let cut = BearerUri::LENGTH - 1;
        for (edited, error) in [
            (text().replacen("v=1", "v=2", 1), BearerUriError::Version),
            (
                text()[..cut].to_owned(),
                BearerUriError::Length { found: cut },
            ),
            (String::new(), BearerUriError::Kind),
            ("lets:invoice?v=1".to_owned(), BearerUriError::Kind),
            (text().replacen("lets=B", "lets=+", 1), parameter("lets")),
            // Bits behind the 32 bytes.
            (text().replacen("g&key", "h&key", 1), parameter("box")),
            (text().replacen("_xyz", "=xyz", 1), parameter("key")),
            (text().replacen("&key", "&Key", 1), parameter("key")),
        ] {
            assert_eq!(parse(&edited), Err(error), "{edited}");
        }
        let short = BearerUri::new(uri().lets(), uri().note(), "short".into());
        assert_eq!(short.unwrap_err(), parameter("key"));
    }

    proptest! {
        #[test]
        fn uri_survives_its_text(lets: [u8; 32], note: [u8; 32], secret in "[A-Za-z0-9_-]{43}") {
            let uri = BearerUri::new(lets.into(), BoxId::from(Digest(note)), secret.into()).unwrap();
            let text = uri.text().expose_secret().to_owned();
            prop_assert_eq!(parse(&text), Ok(text));
        }

        #[test]
        fn uri_one_character_changed_is_refused_or_another(at in 5..BearerUri::LENGTH, with in "[ -~]") {
            let mut edited = text();
            edited.replace_range(at..=at, &with);
            if let Ok(read) = parse(&edited) {
                prop_assert_eq!(read, edited);
            }
        }

        #[test]
        fn uri_garbage_never_panics(text in "(lets:)?(note\\?)?(v=1&)?.{0,200}") {
            let _ = parse(&text);
        }
    }
}
