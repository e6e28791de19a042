//! The artifact files: what the official compiler made of each source, and where its parameters stand.

use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use serde::{Deserialize, Serialize};

/// An embedded artifact cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// The file is not an artifact.
    #[error("contract artifact {name}.json does not parse: {reason}. Run `cargo xtask contracts`")]
    Json {
        /// The contract.
        name: &'static str,
        /// The parser's words.
        reason: String,
    },
    /// A parameter's value is missing, unknown, or its place lies outside the script.
    #[error(
        "contract artifact {name}.json: parameter {parameter}: {reason}. Run `cargo xtask contracts`"
    )]
    Parameter {
        /// The contract.
        name: String,
        /// The parameter.
        parameter: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The bytes are no ErgoTree that ergo-lib can parse.
    #[error(
        "contract artifact {name}.json holds no valid ErgoTree: {reason}. Run `cargo xtask contracts`"
    )]
    Tree {
        /// The contract.
        name: &'static str,
        /// The parser's words.
        reason: String,
    },
}

/// The compiler that made an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CompilerInfo {
    /// Its npm package.
    pub name: String,
    /// Its exact version.
    pub version: String,
    /// ErgoTree header flags asked for.
    pub header_flags: u8,
    /// Whether constants stand in a table of their own (they do not: see `docs/adr`).
    pub constant_segregation: bool,
}

/// One 32-byte value that each LETS puts in for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// Its name in the source.
    pub name: String,
    /// Its meaning, from the source's header.
    pub description: String,
    /// Its ErgoScript type.
    #[serde(rename = "type")]
    pub tpe: String,
    /// Its length in bytes.
    pub size: usize,
    /// Every place at which it stands in the script, counted in bytes.
    pub offsets: Vec<usize>,
}

/// A compiled contract, its parameters still open: the file `contracts/artifacts/<name>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// The contract's name.
    pub name: String,
    /// SHA-256 of the source that was compiled.
    pub source_sha256: String,
    /// The compiler.
    pub compiler: CompilerInfo,
    /// The values to put in.
    pub parameters: Vec<Parameter>,
    /// Length of the script in bytes.
    pub ergo_tree_size: usize,
    /// The script in hexadecimal, with markers where the parameters stand.
    pub ergo_tree: String,
}

macro_rules! embedded {
    ($($name:ident),*) => {
        impl Artifact {
            $(
                #[doc = concat!("The embedded artifact of `contracts/", stringify!($name), ".es`.")]
                ///
                /// # Errors
                /// [`ArtifactError::Json`] if it does not parse.
                pub fn $name() -> Result<Self, ArtifactError> {
                    const TEXT: &str = include_str!(concat!("../../../contracts/artifacts/", stringify!($name), ".json"));
                    serde_json::from_str(TEXT).map_err(|e| ArtifactError::Json { name: stringify!($name), reason: e.to_string() })
                }
            )*
        }
    };
}
embedded!(charter, pot, open_pot, account, note, application);

impl Artifact {
    /// The script's bytes with each parameter's value put in. Every parameter must be given exactly once.
    ///
    /// # Errors
    /// [`ArtifactError::Parameter`] naming the one that is missing, unknown or misplaced.
    pub fn fill(&self, values: &[(&str, &[u8; 32])]) -> Result<Vec<u8>, ArtifactError> {
        let fault = |parameter: &str, reason| ArtifactError::Parameter {
            name: self.name.clone(),
            parameter: parameter.to_owned(),
            reason,
        };
        if let Some((stranger, _)) = values
            .iter()
            .find(|(name, _)| !self.parameters.iter().any(|p| p.name == *name))
        {
            return Err(fault(stranger, "is no parameter of this contract"));
        }
        let mut bytes =
            hex::decode(&self.ergo_tree).map_err(|_| fault("ergoTree", "is not hexadecimal"))?;
        for parameter in &self.parameters {
            let mut given = values.iter().filter(|(name, _)| *name == parameter.name);
            let (Some((_, value)), None) = (given.next(), given.next()) else {
                return Err(fault(&parameter.name, "must be given exactly once"));
            };
            for &offset in &parameter.offsets {
                bytes
                    .get_mut(offset..offset + value.len())
                    .ok_or_else(|| fault(&parameter.name, "stands outside the script"))?
                    .copy_from_slice(*value);
            }
        }
        Ok(bytes)
    }

    /// The values in this script, by their parameters' names; `None` if it is not this contract.
    pub fn values(&self, script: &[u8]) -> Option<Vec<(&str, [u8; 32])>> {
        let value = |parameter: &'_ Parameter| {
            let found = script.get(*parameter.offsets.first()?..)?;
            found.first_chunk().copied()
        };
        let mut values = Vec::with_capacity(self.parameters.len());
        for parameter in &self.parameters {
            values.push((parameter.name.as_str(), value(parameter)?));
        }
        let named: Vec<_> = values.iter().map(|(name, value)| (*name, value)).collect();
        (self.fill(&named).ok()? == script).then_some(values)
    }
}

pub(crate) fn parse_tree(name: &'static str, bytes: &[u8]) -> Result<ErgoTree, ArtifactError> {
    let fault = |reason: String| ArtifactError::Tree { name, reason };
    let tree = ErgoTree::sigma_parse_bytes(bytes).map_err(|e| fault(e.to_string()))?;
    // An unknown opcode leaves a tree that parses lazily: only asking for the proposition tells.
    tree.proposition().map_err(|e| fault(e.to_string()))?;
    match tree.sigma_serialize_bytes() {
        Ok(again) if again == bytes => Ok(tree),
        Ok(_) => Err(fault("it does not serialize to the same bytes".to_owned())),
        Err(e) => Err(fault(e.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fill_missing_parameter_refused() {
        let err = Artifact::note().unwrap().fill(&[("MEMBERSHIP", &[1; 32])]);
        assert!(
            matches!(err, Err(ArtifactError::Parameter { parameter, .. }) if parameter == "CHARTER_NFT")
        );
    }

    #[test]
    fn fill_unknown_parameter_refused() {
        let err = Artifact::charter().unwrap().fill(&[("UNIT", &[1; 32])]);
        assert!(
            matches!(err, Err(ArtifactError::Parameter { parameter, .. }) if parameter == "UNIT")
        );
    }

    #[test]
    fn fill_puts_the_value_where_the_marker_stood() {
        let artifact = Artifact::account().unwrap();
        let value = [0xab; 32];
        let bytes = artifact
            .fill(&[
                ("POT_NFT", &value),
                ("UNIT", &[1; 32]),
                ("NOTE_HASH", &[2; 32]),
            ])
            .unwrap();
        let places: Vec<_> = bytes
            .windows(32)
            .enumerate()
            .filter(|(_, w)| *w == value)
            .map(|(i, _)| i)
            .collect();
        assert_eq!(places, artifact.parameters[0].offsets);
    }

    #[test]
    fn parse_tree_of_damaged_bytes_refused() {
        let mut bytes = Artifact::charter().unwrap().fill(&[]).unwrap();
        bytes.truncate(bytes.len() - 3);
        assert!(matches!(
            parse_tree("charter", &bytes),
            Err(ArtifactError::Tree { .. })
        ));
    }
}
