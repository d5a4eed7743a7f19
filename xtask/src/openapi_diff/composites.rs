//! Objects and arrays of a schema.

use super::document::Node;
use crate::document::{below, items, last_step, members};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A form of an object.
#[derive(Clone, Default)]
pub struct Object<'a> {
    pub pointer: String,
    /// Name of the component if the object is one.
    pub name: Option<String>,
    pub fields: BTreeMap<String, Field<'a>>,
    pub required: BTreeSet<String>,
    /// Fields that every response has (`x-expected`).
    pub expected: BTreeSet<String>,
    pub additional: AdditionalFields<'a>,
}

/// A field of an object, with all schemas that apply to it.
#[derive(Clone, Default)]
pub struct Field<'a> {
    pub parts: Vec<Node<'a>>,
    /// Alternative names that our types read.
    pub aliases: Vec<&'a str>,
}

/// Rule for fields that are not declared.
#[derive(Clone, Default)]
pub enum AdditionalFields<'a> {
    /// Any value is allowed.
    #[default]
    Open,
    /// No other field is allowed.
    Closed,
    /// All values have one schema.
    Map(Node<'a>),
}

/// A form of an array.
#[derive(Clone)]
pub struct Array<'a> {
    pub pointer: String,
    pub items: Option<Node<'a>>,
}

impl<'a> Object<'a> {
    /// Combines all `parts` into one object.
    pub fn of(parts: &[Node<'a>]) -> Self {
        let mut object = Self::default();
        let owner = parts.iter().find(|at| at.value.get("properties").is_some()).or(parts.first());
        if let Some(owner) = owner {
            object.pointer.clone_from(&owner.pointer);
            object.name = component(&owner.pointer);
        }
        for at in parts {
            for (name, value) in members(at.value.get("properties")) {
                let pointer = below(&below(&at.pointer, "properties"), name);
                let field = object.fields.entry(name.clone()).or_default();
                let alias = value.get("x-rust-alias");
                field.aliases.extend(items(alias).chain(alias).filter_map(Value::as_str));
                field.parts.push(Node { pointer, value });
            }
            let names = |keyword| items(at.value.get(keyword)).filter_map(Value::as_str).map(str::to_owned);
            object.required.extend(names("required"));
            object.expected.extend(names("x-expected"));
            match at.value.get("additionalProperties") {
                Some(Value::Bool(false)) => object.additional = AdditionalFields::Closed,
                Some(value @ Value::Object(schema)) if !schema.is_empty() => {
                    let pointer = below(&at.pointer, "additionalProperties");
                    object.additional = AdditionalFields::Map(Node { pointer, value });
                }
                _ => {}
            }
        }
        object
    }

    /// Adds the fields declared beside the union that this object is a member of.
    pub fn inherit(&mut self, base: &[Self]) {
        for base in base {
            for (name, field) in &base.fields {
                self.fields.entry(name.clone()).or_insert_with(|| field.clone());
            }
            self.required.extend(base.required.iter().cloned());
        }
    }
}

impl<'a> Array<'a> {
    /// Combines all `parts` into one array.
    pub fn of(parts: &[Node<'a>]) -> Self {
        let owner = parts.iter().find(|at| at.value.get("items").is_some());
        let items =
            owner.and_then(|at| Some(Node { pointer: below(&at.pointer, "items"), value: at.value.get("items")? }));
        let pointer = owner.or(parts.first()).map(|at| at.pointer.clone()).unwrap_or_default();
        Self { pointer, items }
    }
}

/// Returns the component name if the pointer is that of a component.
fn component(pointer: &str) -> Option<String> {
    let rest = pointer.strip_prefix("/components/schemas/")?;
    (!rest.contains('/')).then(|| last_step(rest))
}
