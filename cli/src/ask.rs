//! Questions to the person at the terminal: yes or no, and passphrases. Never on the command line, never in a log.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use dialoguer::{Confirm, Password};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::error::CliError;

/// Where passphrases come from when nobody is to be asked: one file for all keys, or one for a key by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct PassphraseFiles(Vec<(Option<String>, PathBuf)>);

impl PassphraseFiles {
    /// From texts of the form `FILE` or `KEY=FILE`.
    pub(crate) fn new(given: &[String]) -> Self {
        let one = |text: &String| match text.split_once('=') {
            Some((key, file)) => (Some(key.to_owned()), PathBuf::from(file)),
            None => (None, PathBuf::from(text)),
        };
        Self(given.iter().map(one).collect())
    }

    fn file(&self, key: &str) -> Option<&Path> {
        let named = self.0.iter().find(|(k, _)| k.as_deref() == Some(key));
        named
            .or_else(|| self.0.iter().find(|(k, _)| k.is_none()))
            .map(|(_, file)| file.as_path())
    }
}

/// Whether there is a person to ask.
pub(crate) fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks yes or no; no is the default.
pub(crate) fn confirm(question: &str) -> Result<(), CliError> {
    if !is_terminal() {
        return Err(CliError::NotATerminal {
            what: "your consent".to_owned(),
            instead: "add --yes to consent beforehand, or --dry-run to only look",
        });
    }
    match Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact()?
    {
        true => Ok(()),
        false => Err(CliError::Declined),
    }
}

/// The passphrase of an existing key.
pub(crate) fn passphrase(key: &str, files: &PassphraseFiles) -> Result<SecretString, CliError> {
    if let Some(file) = files.file(key) {
        return from_file(file);
    }
    need_terminal(key)?;
    let typed = Password::new()
        .with_prompt(format!("Passphrase of key {key:?}"))
        .allow_empty_password(true)
        .interact()?;
    Ok(SecretString::from(typed))
}

/// The passphrase of a key to be made, asked for twice.
pub(crate) fn new_passphrase(key: &str, files: &PassphraseFiles) -> Result<SecretString, CliError> {
    if let Some(file) = files.file(key) {
        return from_file(file);
    }
    need_terminal(key)?;
    let typed = Password::new()
        .with_prompt(format!("New passphrase for key {key:?}"))
        .with_confirmation("The same again", "the two differ: once more")
        .interact()?;
    Ok(SecretString::from(typed))
}

fn need_terminal(key: &str) -> Result<(), CliError> {
    if is_terminal() {
        return Ok(());
    }
    Err(CliError::NotATerminal {
        what: format!("the passphrase of key {key:?}"),
        instead: "name a file that holds it: --passphrase-file FILE or LETS_PASSPHRASE_FILE",
    })
}

/// The first line of a file.
pub(crate) fn from_file(file: &Path) -> Result<SecretString, CliError> {
    let text = std::fs::read_to_string(file).map_err(|cause| CliError::File {
        doing: "read",
        path: file.to_owned(),
        cause,
    })?;
    let text = Zeroizing::new(text);
    let line = text.lines().next().unwrap_or_default();
    Ok(SecretString::from(line.to_owned()))
}

/// The recovery words: typed unseen at a terminal, or else read from standard input.
pub(crate) fn recovery_words() -> Result<Zeroizing<String>, CliError> {
    secret_text("Recovery words (12 to 24, not shown)")
}

/// The text of a paper note: typed or pasted unseen at a terminal, or else read from standard input. Not an argument, which
/// other users of the machine and the shell's history could read.
pub(crate) fn note_text() -> Result<SecretString, CliError> {
    let text = secret_text("Text of the note's QR code (not shown)")?;
    Ok(SecretString::from(text.as_str()))
}

fn secret_text(prompt: &str) -> Result<Zeroizing<String>, CliError> {
    if is_terminal() {
        let typed = Password::new().with_prompt(prompt).interact()?;
        return Ok(Zeroizing::new(typed));
    }
    let mut text = Zeroizing::new(String::new());
    std::io::stdin()
        .take(64 * 1024)
        .read_to_string(&mut text)
        .map_err(|cause| CliError::File {
            doing: "read",
            path: PathBuf::from("standard input"),
            cause,
        })?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn passphrase_file_named_key_before_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let (all, bob) = (folder.path().join("all"), folder.path().join("bob"));
        std::fs::write(&all, "for everybody\nsecond line").unwrap();
        std::fs::write(&bob, "for bob \r\n").unwrap();
        let files =
            PassphraseFiles::new(&[all.display().to_string(), format!("bob={}", bob.display())]);
        let of = |key| passphrase(key, &files).unwrap().expose_secret().to_owned();
        assert_eq!(of("alice"), "for everybody");
        assert_eq!(of("bob"), "for bob ");
    }
}
