//! The published document: a whole document, or a fragment placed into one.

use crate::document::{METHODS, component_schemas, items, last_step, members, operations};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::{Map, Value, json};

/// Keywords of which every useful schema has at least one.
const SCHEMA_KEYWORDS: [&str; 8] = ["type", "properties", "allOf", "oneOf", "anyOf", "enum", "items", "$ref"];

/// Treatment of parts that the document does not contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// A document with a version and more than one path is whole, any other is a fragment.
    Auto,
    /// Missing parts count as removed.
    Whole,
    /// Missing parts give no information.
    Fragment,
}

/// A document published by upstream.
pub struct Published {
    /// The document, or a document made of the fragment.
    pub document: Value,
    /// `true` if missing parts count as removed.
    pub whole: bool,
    /// Prefix of each pointer, added when a fragment was placed into a document.
    pub prefix: String,
    /// Pointers of a schema without a name: ours and theirs.
    pub schema: Option<(String, String)>,
}

impl Published {
    /// Detects the kind of `value`. `at` is the pointer into our document for a fragment without a name.
    pub fn of(value: Value, ours: &Value, scope: Scope, at: Option<&str>) -> Result<Self> {
        let Value::Object(object) = &value else { bail!("the document is not an object") };
        check_version(object)?;
        if object.contains_key("openapi") || object.contains_key("paths") {
            let one_path = members(object.get("paths")).count() <= 1 && operations(ours).len() > 1;
            let whole = match scope {
                Scope::Auto => object.contains_key("openapi") && !one_path,
                Scope::Whole => true,
                Scope::Fragment => false,
            };
            return Ok(Self { document: value, whole, prefix: String::new(), schema: None });
        }
        if scope == Scope::Whole {
            bail!("this is a part of a document (no `openapi`, no `paths`), so it cannot be whole");
        }
        Self::fragment(value, ours, at)
    }

    fn fragment(value: Value, ours: &Value, at: Option<&str>) -> Result<Self> {
        let part =
            |document: Value, prefix: &str| Self { document, whole: false, prefix: prefix.to_owned(), schema: None };
        let keys = || members(Some(&value)).map(|(key, _)| key.as_str());
        let has = |key: &str| value.get(key).is_some();
        if has("components") {
            return Ok(part(value, ""));
        }
        if has("schemas") {
            return Ok(part(json!({"components": value}), "/components"));
        }
        if keys().all(|key| key.starts_with('/')) && keys().next().is_some() {
            return Ok(part(json!({"paths": value}), "/paths"));
        }
        if let Some(at) = at {
            return Self::place_at(value, ours, at);
        }
        if keys().any(|key| METHODS.contains(&key)) {
            bail!("this is the content of a path item: give its pointer with `--at /paths/~1...`");
        }
        if has("responses") || has("requestBody") || has("operationId") {
            let id = value.get("operationId").and_then(Value::as_str);
            let known = id.and_then(|id| operations(ours).into_iter().find(|operation| operation.id() == id));
            let pointer = known.map(|operation| operation.pointer());
            let pointer = pointer.context("this is an operation: give its pointer with `--at /paths/~1.../METHOD`")?;
            return Self::place_at(value, ours, &pointer);
        }
        let is_ours = |name: &str| component_schemas(ours).any(|(known, _)| known == name);
        if keys().any(is_ours) && members(Some(&value)).all(|(_, schema)| schema.is_object()) {
            return Ok(part(json!({"components": {"schemas": value}}), "/components/schemas"));
        }
        if keys().any(|key| SCHEMA_KEYWORDS.contains(&key)) {
            let title = value.get("title").and_then(Value::as_str).filter(|title| is_ours(title));
            let title = title.context("this is a schema: give its pointer with `--at /components/schemas/NAME`")?;
            let pointer = format!("{}{title}", "/components/schemas/");
            return Self::place_at(value, ours, &pointer);
        }
        let seen: Vec<_> = keys().take(5).collect();
        bail!("this is not a known part of an OpenAPI document; its members are: {}", seen.join(", "))
    }

    /// Places a path, an operation or a schema at `pointer`.
    fn place_at(value: Value, ours: &Value, pointer: &str) -> Result<Self> {
        let steps: Vec<&str> = pointer.strip_prefix('/').unwrap_or(pointer).split('/').collect();
        let (document, schema) = match steps[..] {
            ["paths", path] => {
                let item = Map::from_iter([(last_step(path), value)]);
                (json!({"paths": item}), None)
            }
            ["paths", path, method] if METHODS.contains(&method) => {
                let operation = Map::from_iter([(method.to_owned(), value)]);
                let item = Map::from_iter([(last_step(path), Value::Object(operation))]);
                (json!({"paths": item}), None)
            }
            _ if ours.pointer(pointer).is_some_and(Value::is_object) => {
                (value, Some((pointer.to_owned(), String::new())))
            }
            _ => bail!("--at {pointer}: not found in our document"),
        };
        let prefix = if schema.is_some() { String::new() } else { pointer.to_owned() };
        Ok(Self { document, whole: false, prefix, schema })
    }

    /// Returns `true` for a document of version 3.0.
    pub fn is_3_0(&self) -> bool {
        self.document.get("openapi").and_then(Value::as_str).is_some_and(|version| version.starts_with("3.0"))
    }

    /// Converts a pointer into the document to a pointer into the text that was read.
    pub fn source_pointer(&self, pointer: &str) -> String {
        pointer.strip_prefix(self.prefix.as_str()).unwrap_or(pointer).to_owned()
    }

    /// Removes `prefix` from the paths. Some documents have in each path what ours has in the server URL.
    pub fn strip_path_prefix(&mut self, prefix: &str) {
        let prefix = prefix.trim_end_matches('/');
        let Some(paths) = self.document.get_mut("paths").and_then(Value::as_object_mut) else { return };
        *paths = std::mem::take(paths)
            .into_iter()
            .map(|(path, item)| match path.strip_prefix(prefix) {
                Some(rest) if rest.starts_with('/') => (rest.to_owned(), item),
                _ => (path, item),
            })
            .collect();
    }

    /// Returns the server URLs without a slash at the end.
    pub fn servers(document: &Value) -> Vec<String> {
        let urls = items(document.get("servers")).filter_map(|server| server.get("url")?.as_str());
        urls.map(|url| url.trim_end_matches('/').to_owned()).collect()
    }
}

fn check_version(object: &Map<String, Value>) -> Result<()> {
    if let Some(version) = object.get("swagger") {
        bail!("/swagger: {version} is older than 3.0: convert it first");
    }
    match object.get("openapi") {
        None => Ok(()),
        Some(Value::String(version)) if version.starts_with("3.0") || version.starts_with("3.1") => Ok(()),
        Some(other) => bail!("/openapi: {other} is not supported: use 3.0 or 3.1"),
    }
}
