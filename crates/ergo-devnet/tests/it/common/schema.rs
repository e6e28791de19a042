//! Checks JSON against the component schemas of the reference node's OpenAPI file.

use std::path::PathBuf;

use serde_json::Value;

/// The node's OpenAPI file, where the surrounding workspace has one.
pub(crate) struct OpenApi(Value);

impl OpenApi {
    /// Looks beside the workspace; says so when there is none.
    pub(crate) fn find() -> Option<Self> {
        let path =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/node-openapi.yaml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Some(Self(serde_yaml_ng::from_str(&text).unwrap())),
            Err(e) => {
                eprintln!(
                    "SKIPPED: no schema check, {} cannot be read: {e}",
                    path.display()
                );
                None
            }
        }
    }

    /// The schema of the 200 answer of a route.
    pub(crate) fn answer(&self, path: &str, method: &str) -> &Value {
        let content = &self.0["paths"][path][method]["responses"]["200"]["content"];
        let schema = &content["application/json"]["schema"];
        assert!(!schema.is_null(), "{method} {path} has no schema");
        schema
    }

    pub(crate) fn component(&self, name: &str) -> &Value {
        let schema = &self.0["components"]["schemas"][name];
        assert!(!schema.is_null(), "no schema {name}");
        schema
    }

    /// Everything in `value` that does not fit, each with its place.
    pub(crate) fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.check(schema, value, "", &mut faults);
        faults
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        if value.is_null() {
            if schema["nullable"] != true {
                faults.push(format!("{at}: null"));
            }
            return;
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.strip_prefix("#/components/schemas/").unwrap();
            self.check(self.component(name), value, at, faults);
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.check(part, value, at, faults);
        }
        let fits = match schema["type"].as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            // One route of the file says `type: ErgoBox`.
            _ => true,
        };
        if !fits {
            faults.push(format!("{at}: {value} is no {}", schema["type"]));
        }
        if schema["format"] == "base16" && value.as_str().is_some_and(|t| hex::decode(t).is_err()) {
            faults.push(format!("{at}: {value} is not base16"));
        }
        if let (Some(least), Some(number)) = (schema["minimum"].as_i64(), value.as_i64())
            && number < least
        {
            faults.push(format!("{at}: {number} is below {least}"));
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap();
            if value.get(name).is_none() {
                faults.push(format!("{at}: no {name}"));
            }
        }
        for (name, part) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(inner) = value.get(name) {
                self.check(part, inner, &format!("{at}/{name}"), faults);
            }
        }
        let items = schema.get("items").zip(value.as_array());
        for (index, inner) in items
            .into_iter()
            .flat_map(|(_, list)| list.iter().enumerate())
        {
            self.check(&schema["items"], inner, &format!("{at}/{index}"), faults);
        }
    }
}
