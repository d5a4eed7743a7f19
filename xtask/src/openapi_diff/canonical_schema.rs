//! Canonical form of a schema: references, `allOf`, unions, `const`, and the notations for "or null" are resolved.

use super::{
    bounds::Bounds,
    composites::{Array, Object},
    document::{Document, Node},
};
use crate::document::{below, items, reference};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Maximum number of schemas that one schema is combined from, maximum depth of nested unions, and maximum number of
/// all union members.
const MAX_PARTS: usize = 256;
const MAX_UNION_DEPTH: usize = 8;
const MAX_UNION_MEMBERS: usize = 512;

/// Keywords that are compared verbatim, because their combined meaning does not fit into this form.
const VERBATIM_KEYWORDS: [&str; 9] =
    ["not", "if", "then", "else", "patternProperties", "prefixItems", "dependentRequired", "contains", "propertyNames"];

/// Canonical form of a schema.
#[derive(Clone, Default)]
pub struct CanonicalSchema<'a> {
    /// Reason for which the schema cannot be analysed: an unresolved reference, or too much nesting.
    pub unknown: Option<String>,
    pub nullable: bool,
    /// Types among `string`, `number`, `integer` and `boolean`.
    pub scalars: BTreeSet<String>,
    /// Forms of an object, one per union member.
    pub objects: Vec<Object<'a>>,
    /// Forms of an array, one per union member.
    pub arrays: Vec<Array<'a>>,
    /// Allowed values without null, if the schema lists them.
    pub values: Option<Vec<&'a Value>>,
    pub format: Option<&'a str>,
    pub bounds: Bounds<'a>,
    pub default: Option<&'a Value>,
    pub deprecated: bool,
    pub description: Option<&'a str>,
    pub verbatim: BTreeMap<&'static str, &'a Value>,
}

impl<'a> CanonicalSchema<'a> {
    /// Returns the canonical form of all `parts` combined.
    pub fn of(document: Document<'a>, parts: &[Node<'a>]) -> Self {
        build(document, parts, MAX_UNION_DEPTH, &mut { MAX_UNION_MEMBERS })
    }

    /// Returns `true` if the schema allows every type.
    pub fn is_any(&self) -> bool {
        self.unknown.is_none() && self.types().is_empty() && !self.nullable
    }

    /// Returns the allowed types, without null.
    pub fn types(&self) -> BTreeSet<&str> {
        let mut types: BTreeSet<&str> = self.scalars.iter().map(String::as_str).collect();
        types.extend((!self.objects.is_empty()).then_some("object"));
        types.extend((!self.arrays.is_empty()).then_some("array"));
        types
    }

    /// Returns the allowed types as text.
    pub fn type_name(&self) -> String {
        let types: Vec<_> = self.types().into_iter().collect();
        if types.is_empty() {
            return if self.nullable { "null" } else { "anything" }.to_owned();
        }
        types.join(" or ")
    }
}

/// Returns all schema objects that are combined into one schema. `allOf` and references are resolved.
fn flatten<'a>(document: Document<'a>, parts: &[Node<'a>], schema: &mut CanonicalSchema<'a>) -> Vec<Node<'a>> {
    let mut open: Vec<Node<'a>> = parts.iter().rev().cloned().collect();
    let (mut flat, mut seen) = (Vec::new(), BTreeSet::new());
    while let Some(at) = open.pop() {
        if !seen.insert(at.pointer.clone()) {
            continue;
        }
        if flat.len() + open.len() > MAX_PARTS {
            schema.unknown = Some(format!("{}: combined from more than {MAX_PARTS} schemas", at.pointer));
            break;
        }
        for (index, part) in items(at.value.get("allOf")).enumerate().collect::<Vec<_>>().into_iter().rev() {
            let pointer = below(&below(&at.pointer, "allOf"), &index.to_string());
            open.push(Node { pointer, value: part });
        }
        if let Some(target) = reference(at.value) {
            match document.target(target) {
                Some(target) => open.push(target),
                None => schema.unknown = Some(format!("{}: `{target}` cannot be resolved", at.pointer)),
            }
        }
        flat.push(at);
    }
    flat
}

fn build<'a>(document: Document<'a>, parts: &[Node<'a>], depth: usize, members: &mut usize) -> CanonicalSchema<'a> {
    let mut schema = CanonicalSchema::default();
    let flat = flatten(document, parts, &mut schema);
    if schema.unknown.is_some() {
        return schema;
    }
    // Finds the first union whose members declare more than `required`.
    let union = flat.iter().find_map(|at| {
        ["oneOf", "anyOf"].into_iter().find_map(|keyword| {
            let list = at.value.get(keyword)?.as_array()?;
            let pointer = below(&at.pointer, keyword);
            let variants = list
                .iter()
                .enumerate()
                .map(move |(index, value)| Node { pointer: below(&pointer, &index.to_string()), value });
            let variants: Vec<Node<'a>> = variants.collect();
            variants.iter().any(|variant| says_a_type(variant.value)).then_some(variants)
        })
    });
    describe(&flat, &mut schema);
    match union {
        None => structure(&flat, &mut schema),
        Some(variants) if depth == 0 || variants.len() > *members => {
            schema.unknown = Some(format!("{}: too many nested unions", flat[0].pointer));
        }
        Some(variants) => {
            *members -= variants.len();
            for variant in variants {
                let mut variant = build(document, &[variant], depth - 1, members);
                if variant.unknown.is_some() {
                    schema.unknown = variant.unknown;
                    return schema;
                }
                // Properties beside the union belong to each of its members.
                if flat.iter().any(|at| at.value.get("properties").is_some()) {
                    let mut base = CanonicalSchema::default();
                    structure(&flat, &mut base);
                    variant.objects.iter_mut().for_each(|object| object.inherit(&base.objects));
                }
                schema.join(variant);
            }
            schema.nullable |= flat.iter().any(|at| at.value.get("nullable") == Some(&Value::Bool(true)));
        }
    }
    schema
}

fn says_a_type(schema: &Value) -> bool {
    ["type", "properties", "items", "$ref", "allOf", "oneOf", "anyOf", "enum", "const", "additionalProperties"]
        .iter()
        .any(|keyword| schema.get(keyword).is_some())
}

/// Reads the keywords that do not depend on the type.
fn describe<'a>(flat: &[Node<'a>], schema: &mut CanonicalSchema<'a>) {
    for at in flat {
        let text = |name: &str| at.value.get(name).and_then(Value::as_str);
        schema.format = schema.format.or_else(|| text("format"));
        schema.description = schema.description.or_else(|| text("description"));
        schema.default = schema.default.or_else(|| at.value.get("default"));
        schema.deprecated |= at.value.get("deprecated") == Some(&Value::Bool(true));
        schema.bounds.read(at.value);
        for keyword in VERBATIM_KEYWORDS {
            if let Some(value) = at.value.get(keyword) {
                schema.verbatim.entry(keyword).or_insert(value);
            }
        }
    }
}

/// Reads the types, and the contents of objects and arrays.
fn structure<'a>(flat: &[Node<'a>], schema: &mut CanonicalSchema<'a>) {
    let mut types: Option<BTreeSet<&str>> = None;
    // Every part that declares types must allow null. A use of a component can add `nullable` (3.0) without a type.
    let (mut nullable, mut added) = (None, false);
    for at in flat {
        if let Some(declared) = types_of(at.value) {
            let null = declared.contains("null") || at.value.get("nullable") == Some(&Value::Bool(true));
            nullable = Some(nullable.unwrap_or(true) && null);
            let declared: BTreeSet<&str> = declared.into_iter().filter(|name| *name != "null").collect();
            types =
                Some(types.map_or_else(|| declared.clone(), |types| types.intersection(&declared).copied().collect()));
        } else if at.value.get("nullable") == Some(&Value::Bool(true)) {
            added = true;
        }
        let values = at.value.get("enum").and_then(Value::as_array).map(|values| values.iter().collect());
        if let Some(values) = values.or_else(|| at.value.get("const").map(|value| vec![value])) {
            let values: Vec<&Value> = values.into_iter().filter(|value| !value.is_null()).collect();
            schema.values = Some(match schema.values.take() {
                Some(before) => before.into_iter().filter(|value| values.contains(value)).collect(),
                None => values,
            });
        }
    }
    schema.nullable |= added || nullable.unwrap_or_default();
    for name in types.unwrap_or_default() {
        match name {
            "object" => schema.objects.push(Object::of(flat)),
            "array" => schema.arrays.push(Array::of(flat)),
            name => schema.scalars.extend([name.to_owned()]),
        }
    }
}

/// Returns the declared types of a schema, or those that its keywords imply.
fn types_of(schema: &Value) -> Option<BTreeSet<&str>> {
    match schema.get("type") {
        Some(Value::String(name)) => return Some(BTreeSet::from([name.as_str()])),
        Some(Value::Array(names)) => return Some(names.iter().filter_map(Value::as_str).collect()),
        _ => {}
    }
    if schema.get("properties").is_some() || schema.get("additionalProperties").is_some() {
        return Some(BTreeSet::from(["object"]));
    }
    if schema.get("items").is_some() {
        return Some(BTreeSet::from(["array"]));
    }
    let constant = schema.get("const").into_iter();
    let values: BTreeSet<&str> = items(schema.get("enum")).chain(constant).map(type_of_value).collect();
    (!values.is_empty()).then_some(values)
}

fn type_of_value(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

impl CanonicalSchema<'_> {
    /// Merges another member of a union.
    fn join(&mut self, other: Self) {
        let is_first = self.types().is_empty();
        if other.types().is_empty() && other.nullable {
            self.nullable = true;
            return;
        }
        self.nullable |= other.nullable;
        self.values = match (self.values.take(), other.values) {
            (None, values) if is_first => values,
            (Some(mut values), Some(others)) => {
                values.extend(others);
                Some(values)
            }
            // One member allows any value.
            _ => None,
        };
        self.bounds = if is_first && self.bounds.is_empty() { other.bounds } else { self.bounds.common(&other.bounds) };
        self.format =
            if is_first { self.format.or(other.format) } else { self.format.filter(|f| Some(*f) == other.format) };
        self.description = self.description.or(other.description);
        self.scalars.extend(other.scalars);
        self.objects.extend(other.objects);
        self.arrays.extend(other.arrays);
        for (keyword, value) in other.verbatim {
            self.verbatim.entry(keyword).or_insert(value);
        }
    }
}
