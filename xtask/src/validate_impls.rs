//! Writes `validate.rs`: implementations of `Validate` from the bounds in the document.
//!
//! There is one for every request body, and for every schema inside one that has bounds. The generated structs
//! determine the access to a field (`Option`, list, box); the document determines the checks.

use crate::{
    document::{
        below, component_schemas, follow, items, members, operations, reference, references, schema_name,
        subschema_pointers,
    },
    postprocess::{inner_type, type_name, wire_name},
    preprocess::Note,
    usage::Usage,
};
use anyhow::{Result, bail};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::{Number, Value};
use std::collections::{BTreeMap, BTreeSet};
use syn::{Fields, ItemStruct, Type};

/// Keywords that become checks.
const KEYWORDS: [&str; 6] = ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"];

/// Returns the content of the file without its header line, and notes on bounds that are not checked.
pub fn render(document: &Value, usage: &Usage, structs: &BTreeMap<String, ItemStruct>) -> Result<(String, Vec<Note>)> {
    let bounded = schemas_with_bounds(document);
    let mut text = String::from("use crate::{Validate, ValidationErrors, types};\n\n");
    for (name, schema) in component_schemas(document) {
        let needed = usage.bodies.contains(name) || bounded.contains(name);
        if !usage.requests.contains(name) || !needed || !is_checked_by_impl(schema) {
            continue;
        }
        let writer = ImplWriter { document, bounded: &bounded, schema: name };
        let body = match structs.get(name) {
            Some(item) => writer.fields(item, schema)?,
            None => writer.branches(schema)?,
        };
        let parameter = if body.is_empty() { format_ident!("_found") } else { format_ident!("found") };
        let name = format_ident!("{name}");
        let block = quote! {
            impl Validate for types::#name {
                fn validate(&self, #parameter: &mut ValidationErrors) { #body }
            }
        };
        text.push_str(&prettyplease::unparse(&syn::parse2(block)?));
        text.push('\n');
    }
    Ok((text, unchecked_bodies(document)))
}

/// Reports the bounds of request bodies without a schema name. They have no type of their own to implement the trait
/// for, so the SDK checks them. The bounds of their items are checked.
fn unchecked_bodies(document: &Value) -> Vec<Note> {
    let mut notes = Vec::new();
    for operation in operations(document) {
        let body = operation.value.get("requestBody").map(|body| follow(document, body));
        for (_, media_type) in members(body.and_then(|body| body.get("content"))) {
            for keyword in media_type.get("schema").into_iter().flat_map(own_bounds) {
                let at = below(&operation.pointer(), "requestBody");
                notes.push(Note { at, what: format!("`{keyword}` of a body without a name is not checked") });
            }
        }
    }
    notes
}

/// Returns `false` for an enumeration, which has nothing to check.
fn is_checked_by_impl(schema: &Value) -> bool {
    schema.get("enum").is_none()
}

/// Returns the component schemas that have bounds, directly or in a referenced schema.
fn schemas_with_bounds(document: &Value) -> BTreeSet<String> {
    let mut found: BTreeSet<String> =
        component_schemas(document).filter(|(_, schema)| has_bound(schema)).map(|(name, _)| name.clone()).collect();
    loop {
        let more: Vec<String> = component_schemas(document)
            .filter(|(name, schema)| !found.contains(*name) && mentions(schema, &found))
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

fn has_bound(schema: &Value) -> bool {
    subschema_pointers(schema, "")
        .iter()
        .any(|pointer| schema.pointer(pointer).is_some_and(|schema| own_bounds(schema).next().is_some()))
}

/// Returns the bound keywords of the schema itself. `minimum: 0` of an integer is expressed by its type and needs no
/// check.
fn own_bounds(schema: &Value) -> impl Iterator<Item = &'static str> {
    KEYWORDS.into_iter().filter(|keyword| {
        let unsigned = *keyword == "minimum"
            && schema.get("type").is_some_and(|name| name == "integer")
            && schema["minimum"].as_f64() == Some(0.0);
        schema.get(*keyword).is_some() && !unsigned
    })
}

fn mentions(schema: &Value, names: &BTreeSet<String>) -> bool {
    references(schema, "").iter().any(|(_, target)| schema_name(target).is_some_and(|name| names.contains(name)))
}

/// Expression of the generated code for a checked value.
enum Operand {
    /// A place, for example `self.width`.
    Place(TokenStream),
    /// A reference, for example `value`.
    Reference(TokenStream),
}

impl Operand {
    /// Returns the variable that `if let Some(value)` and closures bind.
    fn value() -> Self {
        Self::Reference(quote!(value))
    }

    fn receiver(&self) -> &TokenStream {
        let (Self::Place(expression) | Self::Reference(expression)) = self;
        expression
    }

    fn copied(&self) -> TokenStream {
        match self {
            Self::Place(place) => place.clone(),
            Self::Reference(reference) => quote!(*#reference),
        }
    }

    fn borrowed(&self) -> TokenStream {
        match self {
            Self::Place(place) => quote!(&#place),
            Self::Reference(reference) => reference.clone(),
        }
    }
}

struct ImplWriter<'a> {
    document: &'a Value,
    bounded: &'a BTreeSet<String>,
    /// Name of the current component, for error messages.
    schema: &'a str,
}

impl ImplWriter<'_> {
    /// Writes the checks of the fields of a struct, or of the value in a newtype.
    fn fields(&self, item: &ItemStruct, schema: &Value) -> Result<TokenStream> {
        match &item.fields {
            Fields::Named(fields) => {
                let mut body = TokenStream::new();
                for field in &fields.named {
                    let (Some(ident), Some(wire)) = (&field.ident, wire_name(field)) else { continue };
                    let Some(property) = schema.pointer(&below("/properties", &wire)) else {
                        bail!("/components/schemas/{}: the field `{ident}` has no property `{wire}`", self.schema)
                    };
                    body.extend(match inner_type(&field.ty, "Option") {
                        Some(inner) => {
                            let check = self.check(property, inner, &Operand::value(), &wire)?;
                            if check.is_empty() { check } else { quote!(if let Some(value) = &self.#ident { #check }) }
                        }
                        None => self.check(property, &field.ty, &Operand::Place(quote!(self.#ident)), &wire)?,
                    });
                }
                Ok(body)
            }
            Fields::Unnamed(fields) => match fields.unnamed.first() {
                Some(field) => self.check(schema, &field.ty, &Operand::Place(quote!(self.0)), ""),
                None => Ok(TokenStream::new()),
            },
            Fields::Unit => Ok(TokenStream::new()),
        }
    }

    /// Rejects bounds inside the branches of a union.
    fn branches(&self, schema: &Value) -> Result<TokenStream> {
        for branch in items(schema.get("oneOf")) {
            if has_bound(branch) || mentions(branch, self.bounded) {
                bail!(
                    "/components/schemas/{}: bounds inside `oneOf` are not checked; move them to the description",
                    self.schema
                );
            }
        }
        Ok(TokenStream::new())
    }

    /// Writes the checks of `value`, which has type `ty` and is described by `schema`.
    fn check(&self, schema: &Value, ty: &Type, value: &Operand, field: &str) -> Result<TokenStream> {
        if let Some(inner) = inner_type(ty, "Box").or_else(|| inner_type(ty, "Option")) {
            return self.check(schema, inner, value, field);
        }
        let schema = only_branch(schema);
        if let Some(name) = reference(schema).and_then(schema_name) {
            let is_struct = type_name(ty).as_deref() == Some(name);
            if !is_struct {
                return self.check(follow(self.document, schema), ty, value, field);
            }
            let enumeration = follow(self.document, schema).get("enum").is_some();
            let value = value.receiver();
            return Ok(if !self.bounded.contains(name) || enumeration {
                TokenStream::new()
            } else if field.is_empty() {
                quote!(#value.validate(found);)
            } else {
                quote!(found.at(#field, |found| #value.validate(found));)
            });
        }
        let receiver = value.receiver();
        match type_name(ty).as_deref() {
            Some(number @ ("u64" | "i64" | "f64")) => self.number(schema, number, value, field),
            Some("String") => {
                self.length(schema, ["minLength", "maxLength"], "characters", &quote!(#receiver.chars().count()), field)
            }
            Some("Secret") => {
                let length = quote!(#receiver.expose().chars().count());
                self.length(schema, ["minLength", "maxLength"], "characters", &length, field)
            }
            Some("Vec") => self.list(schema, ty, value, field),
            Some("Map" | "BTreeMap") => self.map(schema, ty, value, field),
            _ => {
                if let Some(keyword) = own_bounds(schema).next() {
                    bail!("/components/schemas/{}: `{keyword}` of `{field}` cannot be checked on its type", self.schema)
                }
                Ok(TokenStream::new())
            }
        }
    }

    fn number(&self, schema: &Value, ty: &str, value: &Operand, field: &str) -> Result<TokenStream> {
        let value = value.copied();
        let mut bounds = Vec::new();
        let checked: Vec<_> = own_bounds(schema).collect();
        for keyword in ["minimum", "maximum"] {
            let bound = schema.get(keyword).filter(|_| checked.contains(&keyword));
            bounds.push(if let Some(Value::Number(bound)) = bound {
                let literal = self.literal(bound, ty, field)?;
                quote!(Some(#literal))
            } else {
                quote!(None)
            });
        }
        Ok(if checked.is_empty() {
            TokenStream::new()
        } else {
            quote!(found.check_range(#field, #value, #(#bounds),*);)
        })
    }

    fn literal(&self, bound: &Number, ty: &str, field: &str) -> Result<TokenStream> {
        let literal = match ty {
            "u64" => bound.as_u64().map(Literal::u64_unsuffixed),
            "i64" => bound.as_i64().map(Literal::i64_unsuffixed),
            _ => bound.as_f64().map(Literal::f64_unsuffixed),
        };
        match literal {
            Some(literal) => Ok(quote!(#literal)),
            None => bail!("/components/schemas/{}: the bound {bound} of `{field}` does not fit {ty}", self.schema),
        }
    }

    fn length(
        &self,
        schema: &Value,
        keywords: [&str; 2],
        unit: &str,
        length: &TokenStream,
        field: &str,
    ) -> Result<TokenStream> {
        let mut bounds = Vec::new();
        for keyword in keywords {
            bounds.push(match schema.get(keyword).map(Value::as_u64) {
                None => quote!(None),
                Some(Some(bound)) => {
                    let bound = Literal::u64_unsuffixed(bound);
                    quote!(Some(#bound))
                }
                Some(None) => bail!("/components/schemas/{}: `{keyword}` of `{field}` is not a count", self.schema),
            });
        }
        let checked = keywords.iter().any(|keyword| schema.get(*keyword).is_some());
        Ok(if checked { quote!(found.check_length(#field, #unit, #length, #(#bounds),*);) } else { TokenStream::new() })
    }

    fn list(&self, schema: &Value, ty: &Type, value: &Operand, field: &str) -> Result<TokenStream> {
        let (receiver, value) = (value.receiver(), value.borrowed());
        let own = self.length(schema, ["minItems", "maxItems"], "items", &quote!(#receiver.len()), field)?;
        let each = match (schema.get("items"), inner_type(ty, "Vec")) {
            (Some(items), Some(item)) => self.check(items, item, &Operand::value(), "")?,
            _ => TokenStream::new(),
        };
        let each = if each.is_empty() { each } else { quote!(found.each(#field, #value, |value, found| { #each });) };
        Ok(quote!(#own #each))
    }

    fn map(&self, schema: &Value, ty: &Type, value: &Operand, field: &str) -> Result<TokenStream> {
        let (Some(entries), Some(entry)) =
            (schema.get("additionalProperties").filter(|schema| schema.is_object()), inner_type(ty, "BTreeMap"))
        else {
            return Ok(TokenStream::new());
        };
        let each = self.check(entries, entry, &Operand::value(), "")?;
        if each.is_empty() {
            return Ok(each);
        }
        let value = value.borrowed();
        let entries = quote!(for (key, value) in #value { found.at(key, |found| { #each }); });
        Ok(if field.is_empty() { entries } else { quote!(found.at(#field, |found| { #entries });) })
    }
}

/// Returns the only branch of a schema that is not null, for example of `{anyOf: [schema, null]}`, or the schema
/// itself.
fn only_branch(schema: &Value) -> &Value {
    for keyword in ["anyOf", "oneOf", "allOf"] {
        let branches: Vec<&Value> =
            items(schema.get(keyword)).filter(|branch| branch.get("type").is_none_or(|name| name != "null")).collect();
        if let [only] = branches.as_slice() {
            return only_branch(only);
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn render_test(schemas: &Value, types: &str) -> Result<String> {
        let body = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}});
        let document = json!({"paths": {"/a": {"post": {"requestBody": body}}}, "components": {"schemas": schemas}});
        let file = syn::parse_file(&format!("pub mod types {{ {types} }}"))?;
        let (text, _) = render(&document, &Usage::of(&document), &crate::postprocess::structs_of(&file))?;
        Ok(text.split_whitespace().collect())
    }

    #[test]
    fn each_kind_of_bound_becomes_a_check() {
        for (schema, ty, check) in [
            (
                json!({"type": "integer", "minimum": 1, "maximum": 9}),
                "Option<u64>",
                "found.check_range(\"p\",*value,Some(1),Some(9)",
            ),
            (json!({"type": "integer", "minimum": -5}), "i64", "found.check_range(\"p\",self.p,Some(-5),None);"),
            (
                json!({"type": "number", "minimum": 0, "maximum": 1}),
                "f64",
                "found.check_range(\"p\",self.p,Some(0.0),Some(1.0));",
            ),
            (
                json!({"type": "string", "minLength": 1}),
                "String",
                "found.check_length(\"p\",\"characters\",self.p.chars().count(),Some(1),None",
            ),
            (json!({"type": "string", "maxLength": 9}), "Secret", "self.p.expose().chars().count(),None,Some(9)"),
            (
                json!({"type": "array", "maxItems": 2}),
                "Vec<u8>",
                "found.check_length(\"p\",\"items\",self.p.len(),None,Some(2));",
            ),
            (
                json!({"type": "array", "items": {"type": "integer", "maximum": 2}}),
                "Vec<u64>",
                "found.each(\"p\",&self.p,|value,found|{found.check_range(\"\",*value,None,Some(2));}",
            ),
            (json!({"$ref": "#/components/schemas/B"}), "B", "found.at(\"p\",|found|self.p.validate(found));"),
            (
                json!({"anyOf": [{"$ref": "#/components/schemas/B"}, {"type": "null"}]}),
                "Option<Box<B>>",
                "value.validate(found)",
            ),
            (
                json!({"type": "object", "additionalProperties": {"$ref": "#/components/schemas/B"}}),
                "BTreeMap<String, B>",
                "for(key,value)in&self.p{found.at(key,|found|{value.validate(found);}",
            ),
        ] {
            let schemas = json!({
                "A": {"properties": {"p": schema}},
                "B": {"properties": {"q": {"type": "integer", "maximum": 3}, "self": {"$ref": "#/components/schemas/B"}}},
            });
            let types = format!(
                "pub struct A {{ pub p: {ty} }} pub struct B {{ pub q: u64, #[serde(rename = \"self\")] pub self_: Box<B> }}"
            );
            let text = render_test(&schemas, &types).unwrap();
            assert!(text.contains(check), "{check} is not in {text}");
        }
    }

    #[test]
    fn a_body_without_bounds_has_an_empty_impl() {
        let schemas = json!({
            "A": {"properties": {"p": {"$ref": "#/components/schemas/B"}, "n": {"type": "integer", "minimum": 0}}},
            "B": {"properties": {"q": {"type": "string"}}},
        });
        let text =
            render_test(&schemas, "pub struct A { pub p: B, pub n: u64 } pub struct B { pub q: String }").unwrap();
        assert!(text.ends_with("implValidatefortypes::A{fnvalidate(&self,_found:&mutValidationErrors){}}"), "{text}");
    }

    #[test]
    fn a_bound_that_cannot_be_checked_is_an_error() {
        let schemas = json!({"A": {"properties": {"p": {"type": "integer", "maximum": 1.5}}}});
        let error = render_test(&schemas, "pub struct A { pub p: i64 }").unwrap_err().to_string();
        assert_eq!(error, "/components/schemas/A: the bound 1.5 of `p` does not fit i64");
    }

    #[test]
    fn the_bounds_of_a_body_without_a_name_are_reported() {
        let body = json!({"content": {"application/json": {"schema": {"type": "array", "maxItems": 5}}}});
        let document = json!({"paths": {"/a": {"post": {"requestBody": body}}}});
        let (_, notes) = render(&document, &Usage::of(&document), &BTreeMap::new()).unwrap();
        let what = "`maxItems` of a body without a name is not checked".to_owned();
        assert_eq!(notes, [Note { at: "/paths/~1a/post/requestBody".to_owned(), what }]);
    }
}
