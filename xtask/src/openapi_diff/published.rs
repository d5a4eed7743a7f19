//! What was published, as a document: a whole one, or a part of one set where it belongs.

use crate::document::{METHODS, component_schemas, items, last_step, members, operations};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::{Map, Value, json};

/// Keywords one of which every schema worth publishing has.
const SCHEMA_KEYWORDS: [&str; 8] = ["type", "properties", "allOf", "oneOf", "anyOf", "enum", "items", "$ref"];

/// Whether what a document leaves out is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// A document with a version and more than one path is whole.
    Auto,
    /// What it leaves out is gone.
    Whole,
    /// It speaks of what it holds and of nothing else.
    Fragment,
}

/// What upstream published.
pub struct Published {
    /// A document, whatever was read.
    pub document: Value,
    /// Whether what it leaves out is gone.
    pub whole: bool,
    /// What stands before each pointer because a fragment was set where it belongs.
    pub prefix: String,
    /// The pointers of a schema that was given without a name: ours, and theirs.
    pub schema: Option<(String, String)>,
}

impl Published {
    /// Sees what `value` is. `at` says where in our document a fragment without a name belongs.
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
            bail!("this is a part of a document (no `openapi`, no `paths`), so it cannot be the whole");
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
            bail!("this is the inside of a path: say which with `--at /paths/~1...`");
        }
        if has("responses") || has("requestBody") || has("operationId") {
            let id = value.get("operationId").and_then(Value::as_str);
            let known = id.and_then(|id| operations(ours).into_iter().find(|operation| operation.id() == id));
            let pointer = known.map(|operation| operation.pointer());
            let pointer = pointer.context("this is an operation: say which with `--at /paths/~1.../METHOD`")?;
            return Self::place_at(value, ours, &pointer);
        }
        let is_ours = |name: &str| component_schemas(ours).any(|(known, _)| known == name);
        if keys().any(is_ours) && members(Some(&value)).all(|(_, schema)| schema.is_object()) {
            return Ok(part(json!({"components": {"schemas": value}}), "/components/schemas"));
        }
        if keys().any(|key| SCHEMA_KEYWORDS.contains(&key)) {
            let title = value.get("title").and_then(Value::as_str).filter(|title| is_ours(title));
            let title = title.context("this is a schema: say which with `--at /components/schemas/NAME`")?;
            let pointer = format!("{}{title}", "/components/schemas/");
            return Self::place_at(value, ours, &pointer);
        }
        let seen: Vec<_> = keys().take(5).collect();
        bail!("this is no part of an OpenAPI document that is known here; its members are: {}", seen.join(", "))
    }

    /// Sets a path, an operation or a schema at `pointer`.
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
            _ => bail!("--at {pointer}: there is no such place in our document"),
        };
        let prefix = if schema.is_some() { String::new() } else { pointer.to_owned() };
        Ok(Self { document, whole: false, prefix, schema })
    }

    /// Whether the words of version 3.0 count.
    pub fn is_3_0(&self) -> bool {
        self.document.get("openapi").and_then(Value::as_str).is_some_and(|version| version.starts_with("3.0"))
    }

    /// A pointer into the document as one into what was read.
    pub fn source_pointer(&self, pointer: &str) -> String {
        pointer.strip_prefix(self.prefix.as_str()).unwrap_or(pointer).to_owned()
    }

    /// Takes `prefix` from the paths: some documents have in each path what ours has in the server.
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

    /// The addresses of its servers, without a slash at the end.
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
        Some(other) => bail!("/openapi: {other} is not read: this reads 3.0 and 3.1"),
    }
}
