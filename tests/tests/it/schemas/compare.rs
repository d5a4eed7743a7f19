//! Holds the JSON Schema of a type against the schema of the document.
//!
//! | what differs on purpose | because |
//! |---|---|
//! | a member that is not required takes null | it is an `Option` |
//! | a required member of an answer may take null | a member that is not there must not fail what was billed |
//! | an enumeration takes any text besides | the service adds values; they are kept |
//! | a union takes anything besides | the same |
//! | an answer takes members that the document does not name | the same |
//! | bounds, patterns, defaults, formats are left out | they are facts about the service, checked in requests by `Validate` |
//! | `minimum: 0` or more is a number that is not negative | the type is unsigned, and knows no other bound |
//!
//! What is neither compared nor in this table is reported.

use serde_json::Value;
use std::collections::BTreeSet;

/// Who makes values of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// We do: the type can say nothing that the document does not know.
    Request,
    /// The service does: the type keeps what the document does not know.
    Response,
}

/// Keywords of the document that are compared.
const COMPARED: [&str; 13] = [
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "enum",
    "format",
    "items",
    "minimum",
    "oneOf",
    "properties",
    "required",
    "type",
    "x-rust-alias",
];

/// Keywords that are left out on purpose, and what only describes.
const LEFT_OUT: [&str; 18] = [
    "default",
    "description",
    "example",
    "examples",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "multipleOf",
    "pattern",
    "propertyNames",
    "readOnly",
    "title",
    "uniqueItems",
];

pub struct Comparison<'a> {
    pub document: &'a Value,
    pub types: &'a Value,
    pub found: Vec<String>,
}

impl<'a> Comparison<'a> {
    /// Compares the component `name` with the type `name`.
    pub fn component(&mut self, name: &str, side: Side) {
        let (documented, typed) = (&self.document["components"]["schemas"][name], &self.types["$defs"][name]);
        self.schema(&format!("/{name}"), documented, typed, side);
    }

    pub fn schema(&mut self, at: &str, documented: &'a Value, typed: &'a Value, side: Side) {
        for keyword in documented.as_object().into_iter().flatten().map(|(name, _)| name.as_str()) {
            if !COMPARED.contains(&keyword) && !LEFT_OUT.contains(&keyword) && !keyword.starts_with("x-") {
                self.found.push(format!("{at}: nothing compares `{keyword}`"));
            }
        }
        if takes_null(documented) && !takes_null(typed) {
            self.found.push(format!("{at}: may be null, and not in the type"));
        }
        let typed = without_null(typed);
        if let (Some(wanted), Some(given)) = (reference(documented), reference(typed)) {
            if wanted != given {
                self.found.push(format!("{at}: the document has {wanted}, the type {given}"));
            }
            // Each is compared once, in its own place.
            return;
        }
        let (documented, typed) = (self.resolved(documented), self.resolved(typed));
        if let Some(values) = enumeration(documented) {
            return self.enumeration(at, &values, typed);
        }
        let variants = documented["oneOf"].as_array().or(documented["anyOf"].as_array());
        if let Some(variants) = variants.map(|variants| variants.iter().filter(|one| !is_null(one)).collect::<Vec<_>>())
        {
            if let [one] = variants[..] {
                return self.schema(at, one, typed, side);
            }
            return self.variants(at, &variants, typed, side);
        }
        let (wanted, given) = (kind(documented), kind(typed));
        if wanted != given {
            let name = |kind: Option<&str>| kind.unwrap_or("anything").to_owned();
            self.found.push(format!("{at}: the document has {}, the type {}", name(wanted), name(given)));
            return;
        }
        match wanted {
            Some("object") => self.object(at, documented, typed, side),
            Some("array") => self.schema(&format!("{at}/items"), &documented["items"], &typed["items"], side),
            Some("string") => self.format(at, documented, typed),
            Some("integer") => {
                let unsigned = documented["minimum"].as_f64().is_some_and(|minimum| minimum >= 0.0);
                if unsigned != (typed["minimum"] == 0) {
                    let may = |unsigned| if unsigned { "is never negative" } else { "may be negative" };
                    self.found.push(format!("{at}: {} in the document, not in the type", may(unsigned)));
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, at: &str, documented: &'a Value, typed: &'a Value, side: Side) {
        let (wanted, given) = (names(&documented["properties"]), names(&typed["properties"]));
        for name in wanted.difference(&given) {
            self.found.push(format!("{at}/properties/{name}: the type lacks it"));
        }
        for name in given.difference(&wanted) {
            self.found.push(format!("{at}/properties/{name}: the document lacks it"));
        }
        let (required, asked) = (listed(&documented["required"]), listed(&typed["required"]));
        for name in asked.difference(&required) {
            self.found.push(format!("{at}/required: the type asks for {name}, the document does not"));
        }
        for name in required.difference(&asked) {
            self.found.push(format!("{at}/required: the document asks for {name}, the type does not"));
        }
        for name in wanted.intersection(&given) {
            let place = format!("{at}/properties/{name}");
            let (documented, typed) = (&documented["properties"][*name], &typed["properties"][*name]);
            if side == Side::Request && required.contains(name) && takes_null(typed) && !takes_null(documented) {
                self.found.push(format!("{place}: is never null, and may be in the type"));
            }
            self.schema(&place, documented, typed, side);
        }
        // A map; `true` beside properties is the rest that is kept.
        let values = &documented["additionalProperties"];
        let is_map = values.as_object().is_some_and(|values| !values.is_empty());
        let documented_open = *values == true || values.is_object() && !is_map;
        let open = typed["additionalProperties"] == true;
        if side == Side::Response && !is_map && !open {
            self.found.push(format!("{at}: the type keeps nothing that it does not know"));
        }
        if side == Side::Request && open && !documented_open {
            self.found.push(format!("{at}: the type takes what the document does not know"));
        }
        if is_map {
            let place = format!("{at}/additionalProperties");
            self.schema(&place, values, &typed["additionalProperties"], side);
        }
    }

    fn enumeration(&mut self, at: &str, values: &BTreeSet<&str>, typed: &'a Value) {
        let mut known: BTreeSet<_> = listed(&typed["enum"]);
        let choices = typed["anyOf"].as_array().or(typed["oneOf"].as_array()).map(Vec::as_slice).unwrap_or_default();
        for choice in choices {
            known.extend(choice["const"].as_str());
            known.extend(listed(&choice["enum"]));
        }
        known.extend(typed["const"].as_str());
        let open = choices.iter().any(|choice| choice["type"] == "string" && choice["const"].is_null());
        if values.len() > 1 && !open {
            self.found.push(format!("{at}/enum: the type takes no value that it does not know"));
        }
        for value in values.difference(&known) {
            self.found.push(format!("{at}/enum: the type lacks {value}"));
        }
        for value in known.difference(values) {
            self.found.push(format!("{at}/enum: the document lacks {value}"));
        }
    }

    /// In the order of the document.
    fn variants(&mut self, at: &str, documented: &[&'a Value], typed: &'a Value, side: Side) {
        let typed = typed["anyOf"].as_array().or(typed["oneOf"].as_array()).map(Vec::as_slice).unwrap_or_default();
        for (index, variant) in documented.iter().enumerate() {
            match typed.get(index) {
                Some(found) => self.schema(&format!("{at}/{index}"), variant, found, side),
                None => self.found.push(format!("{at}/{index}: the type lacks it")),
            }
        }
        let is_the_rest = |one: &Value| kind(one).is_none() && reference(one).is_none();
        let rest = usize::from(typed.last().is_some_and(is_the_rest));
        for index in documented.len()..typed.len() - rest {
            self.found.push(format!("{at}/{index}: the document lacks it"));
        }
    }

    /// Dates and secrets have types of their own.
    fn format(&mut self, at: &str, documented: &Value, typed: &Value) {
        let ours = |schema: &Value| {
            let format = schema["format"].as_str().map(str::to_owned);
            format.filter(|format| ["date-time", "password"].contains(&format.as_str()))
        };
        let (wanted, given) = (ours(documented), ours(typed));
        if wanted != given {
            let name = |format: Option<String>| format.unwrap_or_else(|| "no format".to_owned());
            self.found.push(format!("{at}/format: the document has {}, the type {}", name(wanted), name(given)));
        }
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let Some(name) = reference(schema) else { return schema };
        let (documented, typed) = (&self.document["components"]["schemas"][name], &self.types["$defs"][name]);
        let of_the_document = schema["$ref"].as_str().is_some_and(|path| path.starts_with("#/components"));
        self.resolved(if of_the_document { documented } else { typed })
    }
}

/// The name of what a schema refers to.
fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn is_null(schema: &Value) -> bool {
    schema["type"] == "null"
}

/// Whether null is one of its values.
fn takes_null(schema: &Value) -> bool {
    let listed = schema["type"].as_array().is_some_and(|types| types.iter().any(|one| one == "null"));
    let chosen = |keyword: &str| schema[keyword].as_array().is_some_and(|choices| choices.iter().any(is_null));
    listed || is_null(schema) || chosen("anyOf") || chosen("oneOf")
}

/// What is there when it is not null.
fn without_null(schema: &Value) -> &Value {
    match schema["anyOf"].as_array().map(Vec::as_slice) {
        Some([one, null] | [null, one]) if is_null(null) => one,
        _ => schema,
    }
}

fn enumeration(schema: &Value) -> Option<BTreeSet<&str>> {
    if let Some(one) = schema["const"].as_str() {
        return Some([one].into());
    }
    schema["enum"].as_array().map(|values| values.iter().filter_map(Value::as_str).collect())
}

/// The type but for null; nothing when it may be anything.
fn kind(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::String(one) => Some(one),
        Value::Array(several) => {
            match several.iter().filter_map(Value::as_str).filter(|one| *one != "null").collect::<Vec<_>>()[..] {
                [one] => Some(one),
                _ => None,
            }
        }
        _ => schema["properties"].is_object().then_some("object"),
    }
}

fn names(properties: &Value) -> BTreeSet<&str> {
    properties.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

fn listed(values: &Value) -> BTreeSet<&str> {
    values.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
