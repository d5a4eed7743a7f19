//! The document as routes and validators. Nothing that it says is said again anywhere in this crate.

use jsonschema::Validator;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, OnceLock},
};

/// `openapi.yaml`, as `cargo xtask generate` has written it: JSON is read ten times as fast.
const DOCUMENT: &str = include_str!("contract.json");

/// The contract that this crate was built with.
pub(crate) static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let document = serde_json::from_str(DOCUMENT).expect("the JSON that the build script has written");
    Contract::new(&document)
});

/// Every operation of the document.
pub(crate) struct Contract {
    operations: Vec<Operation>,
}

/// One operation of the document.
pub(crate) struct Operation {
    pub(crate) id: String,
    method: String,
    path: Vec<Segment>,
    pub(crate) key: KeyUse,
    /// Whether it costs renders.
    pub(crate) is_billed: bool,
    body: Option<Schema>,
    pub(crate) query: BTreeMap<String, Schema>,
    /// In which other forms a body comes that the document knows of and does not declare.
    also_takes: Vec<String>,
    /// What it answers when all is well, by status; no schema where that is no JSON.
    answers: BTreeMap<String, Option<Schema>>,
}

/// Whether an operation wants a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyUse {
    Required,
    Optional,
    None,
}

/// What the document says of a route.
pub(crate) enum Found<'a> {
    Operation(&'a Operation, BTreeMap<String, String>),
    /// The path exists, with other methods.
    OtherMethod,
    Nothing,
}

/// A part of a path between slashes: text with parameters in it, as in `{uid}.{format}`.
struct Segment(Vec<Piece>);

enum Piece {
    Text(String),
    Parameter(String),
}

/// A schema, compiled when it is first needed: a test that renders one image does not pay for 93 operations.
pub(crate) struct Schema {
    own: Value,
    components: Arc<Value>,
    compiled: OnceLock<Option<Validator>>,
}

impl Contract {
    fn new(document: &Value) -> Self {
        let mut components = json!({"schemas": document["components"]["schemas"]});
        open_enumerations(&mut components);
        let components = Arc::new(components);
        let mut operations = Vec::new();
        for (path, item) in members(&document["paths"]) {
            for (method, operation) in members(item) {
                if let Some(id) = operation["operationId"].as_str() {
                    operations.push(Operation::new(document, &components, id, method, path, operation));
                }
            }
        }
        // A path without parameters wins over one with them: `/webhook-subscriptions/stats` is no uid.
        operations.sort_by_key(|operation| operation.path.iter().filter(|segment| segment.has_parameter()).count());
        Self { operations }
    }

    /// The names of all operations.
    #[cfg(test)]
    pub(crate) fn operation_ids(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(|operation| operation.id.as_str())
    }

    /// The operation of this name.
    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    pub(crate) fn find(&self, method: &str, path: &str) -> Found<'_> {
        let parts: Vec<_> = path.trim_matches('/').split('/').collect();
        let mut other_method = false;
        for operation in &self.operations {
            let Some(parameters) = operation.matches(&parts) else { continue };
            if operation.method.eq_ignore_ascii_case(method) {
                return Found::Operation(operation, parameters);
            }
            other_method = true;
        }
        if other_method { Found::OtherMethod } else { Found::Nothing }
    }
}

impl Operation {
    fn new(document: &Value, components: &Arc<Value>, id: &str, method: &str, path: &str, operation: &Value) -> Self {
        let schema = |schema: &Value| Schema::new(schema.clone(), components.clone());
        let parameters =
            operation["parameters"].as_array().into_iter().flatten().map(|parameter| resolve(document, parameter));
        let query = parameters
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| Some((parameter["name"].as_str()?.to_owned(), schema(&parameter["schema"]))))
            .collect();
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        Self {
            id: id.to_owned(),
            method: method.to_owned(),
            path: path.trim_matches('/').split('/').map(Segment::new).collect(),
            is_billed: operation["x-safety"] == "billed",
            key: KeyUse::new(operation.get("security").unwrap_or(&document["security"])),
            body: (!body.is_null()).then(|| schema(body)),
            query,
            also_takes: operation["x-also-takes"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|form| form.as_str().map(str::to_owned))
                .collect(),
            answers: members(&operation["responses"])
                .map(|(status, answer)| {
                    let own = &resolve(document, answer)["content"]["application/json"]["schema"];
                    (status.to_owned(), (!own.is_null()).then(|| schema(own)))
                })
                .collect(),
        }
    }

    /// The path's parameters, decoded, if the path is this operation's.
    fn matches(&self, parts: &[&str]) -> Option<BTreeMap<String, String>> {
        if parts.len() != self.path.len() {
            return None;
        }
        let mut parameters = BTreeMap::new();
        for (segment, part) in self.path.iter().zip(parts) {
            segment.matches(part, &mut parameters)?;
        }
        Some(parameters)
    }

    /// Whether the operation takes a JSON body.
    pub(crate) fn takes_body(&self) -> bool {
        self.body.is_some()
    }

    /// Whether a body may also be of this media type, `one item` of a list, or an object with `no name`.
    pub(crate) fn also_takes(&self, form: &str) -> bool {
        self.also_takes.iter().any(|known| known == form)
    }

    /// What is wrong with an answer of ours: its status, or its body.
    pub(crate) fn wrong_answer(&self, status: u16, body: Option<&Value>) -> Option<String> {
        let Some(schema) = self.answers.get(&status.to_string()) else {
            return Some(format!("it knows no status {status}"));
        };
        match (schema, body) {
            (Some(schema), Some(body)) => schema.wrong("answer", body),
            (None, Some(_)) => Some(format!("{status} is no JSON")),
            (_, None) => None,
        }
    }

    /// What is wrong with a body, in the words of the service's framework; nothing when it is valid.
    pub(crate) fn wrong_body(&self, body: &Value) -> Option<String> {
        self.body.as_ref()?.wrong("body", body)
    }
}

impl KeyUse {
    fn new(security: &Value) -> Self {
        let ways = security.as_array().map(Vec::as_slice).unwrap_or_default();
        match (ways.is_empty(), ways.iter().any(|way| way.as_object().is_some_and(Map::is_empty))) {
            (true, _) => Self::None,
            (false, true) => Self::Optional,
            (false, false) => Self::Required,
        }
    }
}

impl Segment {
    fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        for part in text.split('{') {
            match part.split_once('}') {
                Some((name, rest)) => {
                    pieces.push(Piece::Parameter(name.to_owned()));
                    if !rest.is_empty() {
                        pieces.push(Piece::Text(rest.to_owned()));
                    }
                }
                None if part.is_empty() => {}
                None => pieces.push(Piece::Text(part.to_owned())),
            }
        }
        Self(pieces)
    }

    fn has_parameter(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Parameter(_)))
    }

    fn matches(&self, mut part: &str, parameters: &mut BTreeMap<String, String>) -> Option<()> {
        let mut pieces = self.0.iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Text(text) => part = part.strip_prefix(text.as_str())?,
                Piece::Parameter(name) => {
                    let (value, rest) = match pieces.peek() {
                        // The last dot counts: a slug may hold others.
                        Some(Piece::Text(text)) => part.split_at(part.rfind(text.as_str())?),
                        _ => (part, ""),
                    };
                    if value.is_empty() {
                        return None;
                    }
                    parameters.insert(name.clone(), percent_decode_str(value).decode_utf8().ok()?.into_owned());
                    part = rest;
                }
            }
        }
        part.is_empty().then_some(())
    }
}

impl Schema {
    fn new(mut schema: Value, components: Arc<Value>) -> Self {
        open_enumerations(&mut schema);
        Self { own: schema, components, compiled: OnceLock::new() }
    }

    /// What is wrong with `value`; `place` is what the message calls it.
    pub(crate) fn wrong(&self, place: &str, value: &Value) -> Option<String> {
        let validator = self.compiled.get_or_init(|| {
            let schema = json!({"allOf": [self.own], "components": *self.components});
            // Formats, too, as the service's framework has it: what is no date must not come back as one.
            jsonschema::options().should_validate_formats(true).build(&schema).ok()
        });
        let error = validator.as_ref()?.iter_errors(value).next()?;
        let at = error.instance_path().to_string();
        Some(format!("{place}{at} {}", shorten(&error.to_string())))
    }

    /// A query value as the JSON that the schema describes.
    pub(crate) fn read(&self, text: &str) -> Value {
        match self.own["type"].as_str() {
            Some("integer" | "number" | "boolean") => {
                serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
            }
            _ => Value::String(text.to_owned()),
        }
    }
}

/// The messages of the validator quote the whole value, which may be a megabyte of HTML.
fn shorten(message: &str) -> String {
    const KEPT: usize = 200;
    if message.chars().count() <= KEPT {
        return message.to_owned();
    }
    let tail: String = message.chars().rev().take(KEPT / 2).collect();
    let head: String = message.chars().take(KEPT / 2).collect();
    format!("{head} ... {}", tail.chars().rev().collect::<String>())
}

/// Enumerations of the document are open: the service takes values that the document does not know.
fn open_enumerations(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("enum").is_some_and(Value::is_array) {
                object.remove("enum");
            }
            object.values_mut().for_each(open_enumerations);
        }
        Value::Array(items) => items.iter_mut().for_each(open_enumerations),
        _ => {}
    }
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|reference| document.pointer(reference.strip_prefix('#')?));
    target.unwrap_or(value)
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_finds_its_operation_and_parameters() {
        for (method, path, id, parameters) in [
            ("POST", "/image", "createImage", &[][..]),
            ("GET", "/image/A%20B", "getImage", &[("uid", "A B")]),
            ("GET", "/healthcheck/", "healthCheck", &[]),
        ] {
            let Found::Operation(operation, found) = CONTRACT.find(method, path) else { panic!("{method} {path}") };
            assert_eq!(operation.id, id);
            let expected = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(found, expected);
        }
        assert!(matches!(CONTRACT.find("PATCH", "/image"), Found::OtherMethod));
        assert!(matches!(CONTRACT.find("GET", "/nothing/here/at/all"), Found::Nothing));
    }

    #[test]
    fn parameters_may_share_a_segment() {
        let mut parameters = BTreeMap::new();
        Segment::new("{slug}.{format}").matches("v1.2.png", &mut parameters).unwrap();
        assert_eq!((parameters["slug"].as_str(), parameters["format"].as_str()), ("v1.2", "png"));
        assert!(Segment::new("{slug}.{format}").matches("none", &mut parameters).is_none());
        assert!(Segment::new("{slug}.{format}").matches(".png", &mut parameters).is_none());
    }

    #[test]
    fn a_body_is_held_against_the_document() {
        let Found::Operation(operation, _) = CONTRACT.find("POST", "/image") else { panic!() };
        for (body, wrong) in [
            (json!({"html": "<p>", "width": 10}), None),
            (json!({"html": "<p>", "fileExtension": "avif"}), None),
            (json!({"html": "<p>", "width": 0}), Some("body/width 0 is less than the minimum of 1")),
            (json!({"html": 7}), Some("body/html 7 is not of type \"string\"")),
            (json!([]), Some("body [] is not of type \"object\"")),
        ] {
            assert_eq!(operation.wrong_body(&body).as_deref(), wrong, "{body}");
        }
    }
}
