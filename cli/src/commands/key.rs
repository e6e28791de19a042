//! `lets key`: keys on this machine. No node is asked.

use lets_wallet::{Backup, KeyFile, Mnemonic, WordCount, WorkFactor};
use serde::Serialize;

use crate::args::{KeyCommand, SealArgs};
use crate::ask::{self, PassphraseFiles};
use crate::commands::Env;
use crate::error::CliError;
use crate::home;
use crate::keys::{self, Key};
use crate::names;
use crate::output::{Report, table};

/// A key as results show it: nothing of it is secret.
#[derive(Serialize)]
struct KeyJson<'a> {
    name: &'a str,
    address: String,
    public_key: String,
    network: &'static str,
    file: String,
    /// The recovery words, only where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<&'a str>,
}

pub(super) fn run(env: &Env<'_>, command: KeyCommand) -> Result<Report, CliError> {
    match command {
        KeyCommand::New {
            name,
            words,
            show_words,
            seal,
        } => {
            let backup = Backup::new(Mnemonic::generate(WordCount::try_from(words)?)?);
            let key = make(env, &name, &backup, &seal)?;
            let words = backup.mnemonic().reveal();
            if show_words {
                return shown(env, &key, Some(&words));
            }
            if ask::is_terminal() {
                env.out.note(&format!(
                    "Write these words on paper, in this order. Whoever has them has the key;\n\
                     without them a lost file or passphrase cannot be brought back.\n\n  {}\n",
                    *words
                ));
            } else {
                env.out.note(&format!(
                    "note: write down the recovery words: `lets key reveal {name}` shows them"
                ));
            }
            shown(env, &key, None)
        }
        KeyCommand::Import {
            name,
            bip39_passphrase_file,
            seal,
        } => {
            free(env, &name)?;
            let mnemonic = Mnemonic::parse(&ask::recovery_words()?)?;
            let backup = match bip39_passphrase_file {
                Some(file) => Backup::with_bip39_passphrase(mnemonic, ask::from_file(&file)?),
                None => Backup::new(mnemonic),
            };
            let key = make(env, &name, &backup, &seal)?;
            shown(env, &key, None)
        }
        KeyCommand::Show { name } => shown(env, &Key::choose(&env.home, name.as_deref())?, None),
        KeyCommand::List => list(env),
        KeyCommand::Reveal { name, passphrase } => {
            let key = Key::load(&env.home, &name)?;
            let secret = ask::passphrase(&name, &PassphraseFiles::new(&passphrase.files))?;
            let backup = key.file.reveal(&secret).map_err(|cause| CliError::Unlock {
                key: name.clone(),
                cause,
            })?;
            if backup.bip39_passphrase().is_some() {
                env.out.note("note: this key has a BIP-39 passphrase besides its words; both are needed to bring it back");
            }
            shown(env, &key, Some(&backup.mnemonic().reveal()))
        }
    }
}

/// Refuses a name that is taken, before anybody types a secret for nothing.
fn free(env: &Env<'_>, name: &str) -> Result<(), CliError> {
    names::check(name)?;
    let path = env.home.key(name);
    match path.exists() {
        true => Err(lets_wallet::SaveKeyError::AlreadyExists { path }.into()),
        false => Ok(()),
    }
}

fn make(env: &Env<'_>, name: &str, backup: &Backup, seal: &SealArgs) -> Result<Key, CliError> {
    free(env, name)?;
    let work = match seal.work_factor {
        Some(log2) => WorkFactor::new(log2)?,
        None => WorkFactor::default(),
    };
    let passphrase = ask::new_passphrase(name, &PassphraseFiles::new(&seal.passphrase.files))?;
    let file = KeyFile::seal(name, backup, &passphrase, work)?;
    home::create_folder(&env.home.keys())?;
    file.save_new(&env.home.key(name))?;
    Ok(Key {
        name: name.to_owned(),
        file,
    })
}

fn json<'a>(env: &Env<'_>, key: &'a Key, words: Option<&'a str>) -> KeyJson<'a> {
    let network = env.network();
    KeyJson {
        name: &key.name,
        address: key.file.address(network.prefix()).to_base58(),
        public_key: String::from((*key.file.public_key().h).clone()),
        network: network.name(),
        file: env.home.key(&key.name).display().to_string(),
        words,
    }
}

fn shown(env: &Env<'_>, key: &Key, words: Option<&str>) -> Result<Report, CliError> {
    let data = json(env, key, words);
    let mut text = format!(
        "name        {}\naddress     {}\npublic key  {}",
        data.name, data.address, data.public_key
    );
    if let Some(words) = words {
        text.push_str(&format!("\nwords       {words}"));
    }
    Report::new(&data, text)
}

fn list(env: &Env<'_>) -> Result<Report, CliError> {
    #[derive(Serialize)]
    struct Listed<'a> {
        keys: Vec<KeyJson<'a>>,
    }
    let names = keys::key_names(&env.home)?;
    let readable = keys::own_keys(&env.home)?;
    for name in &names {
        if !readable.iter().any(|key| key.name == *name) {
            env.out.note(&format!(
                "note: the file of key {name:?} cannot be read; `lets key show {name}` says why"
            ));
        }
    }
    let data = Listed {
        keys: readable.iter().map(|key| json(env, key, None)).collect(),
    };
    let rows: Vec<Vec<String>> = data
        .keys
        .iter()
        .map(|k| vec![k.name.to_owned(), k.address.clone()])
        .collect();
    let text = match rows.is_empty() {
        true => format!(
            "no keys in {}; `lets key new NAME` makes one",
            env.home.keys().display()
        ),
        false => table(&["name", "address"], rows, &[]),
    };
    Report::new(&data, text)
}
