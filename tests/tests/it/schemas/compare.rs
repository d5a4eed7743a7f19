//! Comparison of the JSON Schema of a type with the schema of the document.
//!
//! | intentional difference | reason |
//! |---|---|
//! | an optional member accepts null | it is an `Option` |
//! | a required member of a response may accept null | a missing member must not turn a billed render into an error |
//! | an enumeration also accepts any other string | the service adds values, which the type preserves |
//! | a union also accepts any other value | the same |
//! | a response accepts members that are not in the document | the same |
//! | bounds, patterns, defaults and formats are ignored | they are rules of the service; `Validate` checks them in requests |
//! | `minimum` of 0 or more is an unsigned integer | the type has no other bound |
//!
//! Every other keyword is compared, and an unknown keyword is reported.

use serde_json::Value;
use std::collections::BTreeSet;

/// Direction in which values of a schema are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The SDK sends them: the type must not allow anything that is not in the document.
    Request,
    /// The service sends them: the type preserves values that are not in the document.
    Response,
}

/// Compared keywords.
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

/// Ignored keywords: rules that only `Validate` checks, and descriptions.
const IGNORED: [&str; 18] = [
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
            if !COMPARED.contains(&keyword) && !IGNORED.contains(&keyword) && !keyword.starts_with("x-") {
                self.found.push(format!("{at}: the keyword `{keyword}` is not compared"));
            }
        }
        if accepts_null(documented) && !accepts_null(typed) {
            self.found.push(format!("{at}: nullable in the document, but not in the type"));
        }
        let typed = without_null(typed);
        if let (Some(wanted), Some(given)) = (reference(documented), reference(typed)) {
            if wanted != given {
                self.found.push(format!("{at}: the document has {wanted}, the type {given}"));
            }
            // The target is compared once, as a component.
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
                    let sign = |unsigned| if unsigned { "unsigned" } else { "signed" };
                    self.found.push(format!("{at}: {} in the document, but not in the type", sign(unsigned)));
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, at: &str, documented: &'a Value, typed: &'a Value, side: Side) {
        let (wanted, given) = (names(&documented["properties"]), names(&typed["properties"]));
        for name in wanted.difference(&given) {
            self.found.push(format!("{at}/properties/{name}: missing in the type"));
        }
        for name in given.difference(&wanted) {
            self.found.push(format!("{at}/properties/{name}: missing in the document"));
        }
        let (required, required_by_type) = (listed(&documented["required"]), listed(&typed["required"]));
        for name in required_by_type.difference(&required) {
            self.found.push(format!("{at}/required: {name} is required in the type, but not in the document"));
        }
        for name in required.difference(&required_by_type) {
            self.found.push(format!("{at}/required: {name} is required in the document, but not in the type"));
        }
        for name in wanted.intersection(&given) {
            let place = format!("{at}/properties/{name}");
            let (documented, typed) = (&documented["properties"][*name], &typed["properties"][*name]);
            if side == Side::Request && required.contains(name) && accepts_null(typed) && !accepts_null(documented) {
                self.found.push(format!("{place}: nullable in the type, but not in the document"));
            }
            self.schema(&place, documented, typed, side);
        }
        // A schema describes the values of a map. `true` allows additional members, which the type preserves.
        let values = &documented["additionalProperties"];
        let is_map = values.as_object().is_some_and(|values| !values.is_empty());
        let documented_open = *values == true || values.is_object() && !is_map;
        let open = typed["additionalProperties"] == true;
        if side == Side::Response && !is_map && !open {
            self.found.push(format!("{at}: the type does not preserve unknown members"));
        }
        if side == Side::Request && open && !documented_open {
            self.found.push(format!("{at}: the type accepts members that are not in the document"));
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
            self.found.push(format!("{at}/enum: the type does not accept unknown values"));
        }
        for value in values.difference(&known) {
            self.found.push(format!("{at}/enum: missing in the type: {value}"));
        }
        for value in known.difference(values) {
            self.found.push(format!("{at}/enum: missing in the document: {value}"));
        }
    }

    /// Compares the variants of a union, which must have the order of the document.
    fn variants(&mut self, at: &str, documented: &[&'a Value], typed: &'a Value, side: Side) {
        let typed = typed["anyOf"].as_array().or(typed["oneOf"].as_array()).map(Vec::as_slice).unwrap_or_default();
        for (index, variant) in documented.iter().enumerate() {
            match typed.get(index) {
                Some(found) => self.schema(&format!("{at}/{index}"), variant, found, side),
                None => self.found.push(format!("{at}/{index}: missing in the type")),
            }
        }
        let accepts_anything = |one: &Value| kind(one).is_none() && reference(one).is_none();
        let rest = usize::from(typed.last().is_some_and(accepts_anything));
        for index in documented.len()..typed.len() - rest {
            self.found.push(format!("{at}/{index}: missing in the document"));
        }
    }

    /// Compares the formats that have their own type: dates and secrets.
    fn format(&mut self, at: &str, documented: &Value, typed: &Value) {
        let typed_format = |schema: &Value| {
            let format = schema["format"].as_str().map(str::to_owned);
            format.filter(|format| ["date-time", "password"].contains(&format.as_str()))
        };
        let (wanted, given) = (typed_format(documented), typed_format(typed));
        if wanted != given {
            let name = |format: Option<String>| format.unwrap_or_else(|| "no format".to_owned());
            self.found.push(format!("{at}/format: the document has {}, the type {}", name(wanted), name(given)));
        }
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let Some(name) = reference(schema) else { return schema };
        let (documented, typed) = (&self.document["components"]["schemas"][name], &self.types["$defs"][name]);
        let is_in_document = schema["$ref"].as_str().is_some_and(|path| path.starts_with("#/components"));
        self.resolved(if is_in_document { documented } else { typed })
    }
}

/// Returns the name of the schema that `$ref` refers to.
fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn is_null(schema: &Value) -> bool {
    schema["type"] == "null"
}

/// Returns true if the schema accepts null.
fn accepts_null(schema: &Value) -> bool {
    let listed = schema["type"].as_array().is_some_and(|types| types.iter().any(|one| one == "null"));
    let chosen = |keyword: &str| schema[keyword].as_array().is_some_and(|choices| choices.iter().any(is_null));
    listed || is_null(schema) || chosen("anyOf") || chosen("oneOf")
}

/// Returns the schema of the values other than null.
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

/// Returns the type without null, or `None` if the schema accepts several types.
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
