//! Writes `schema_check.rs`: implementations of `CheckSchema` for the types of responses.
//!
//! The generated types have places for unknown fields and values (`extra`, `Unknown`). The extension `x-expected` lists
//! the fields that every response has.

use crate::{
    document::{component_schemas, items},
    postprocess::{inner_type, type_name, wire_name},
    usage::Usage,
};
use anyhow::{Result, bail};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::{Field, Fields, File, Item, ItemEnum, ItemStruct, Type};

/// Extension of a schema: properties that every response has, although the type also reads responses without them.
pub const EXTENSION: &str = "x-expected";

/// Returns the content of the file without its header line.
pub fn render(document: &Value, usage: &Usage, file: &File) -> Result<String> {
    let mut text = String::from("use crate::{CheckSchema, SchemaMismatches, types};\n\n");
    for item in crate::postprocess::items_of_types(file) {
        let (name, body, file_url) = match item {
            Item::Struct(item) => (&item.ident, check_struct(document, item)?, file_url(document, item)),
            Item::Enum(item) => (&item.ident, check_enum(item), None),
            _ => continue,
        };
        if !usage.responses.contains(&name.to_string()) {
            continue;
        }
        let parameter = if body.is_empty() { format_ident!("_found") } else { format_ident!("found") };
        let block = quote! {
            impl CheckSchema for types::#name {
                fn check_schema(&self, #parameter: &mut SchemaMismatches) { #body }
                #file_url
            }
        };
        text.push_str(&prettyplease::unparse(&syn::parse2(block)?));
        text.push('\n');
    }
    Ok(text)
}

/// Returns the method with the URL of the file, for a type that describes a file: it always has a `url` that is a URI.
fn file_url(document: &Value, item: &ItemStruct) -> Option<TokenStream> {
    let name = item.ident.to_string();
    let (_, schema) = component_schemas(document).find(|(found, _)| **found == name)?;
    let is_uri = schema.pointer("/properties/url/format").and_then(Value::as_str) == Some("uri");
    let is_required = items(schema.get("required")).any(|required| required == "url");
    (is_uri && is_required).then(|| {
        quote!(
            fn file_url(&self) -> Option<&str> {
                Some(&self.url)
            }
        )
    })
}

fn check_struct(document: &Value, item: &ItemStruct) -> Result<TokenStream> {
    let fields = match &item.fields {
        Fields::Named(fields) => &fields.named,
        Fields::Unnamed(fields) if fields.unnamed.first().is_some_and(|field| may_mismatch(&field.ty)) => {
            return Ok(quote!(self.0.check_schema(found);));
        }
        _ => return Ok(TokenStream::new()),
    };
    let name = item.ident.to_string();
    let schema = component_schemas(document).find(|(found, _)| **found == name).map(|(_, schema)| schema);
    let mut body = TokenStream::new();
    for wire in items(schema.and_then(|schema| schema.get(EXTENSION))).filter_map(Value::as_str) {
        let Some(field) = fields.iter().find(|field| wire_name(field).as_deref() == Some(wire)) else {
            bail!("/components/schemas/{name}/{EXTENSION}: the type has no field `{wire}`")
        };
        let ident = &field.ident;
        // A list cannot be missing, and a response without a required field does not decode: nothing to check in either
        // case.
        if inner_type(&field.ty, "Option").is_some() {
            body.extend(quote!(found.check_expected(#wire, self.#ident.as_ref());));
        }
    }
    body.extend(fields.iter().map(check_field_tokens));
    Ok(body)
}

fn check_field_tokens(field: &Field) -> TokenStream {
    let ident = &field.ident;
    match wire_name(field) {
        None => quote!(found.unknown_fields(&self.#ident);),
        Some(wire) if may_mismatch(&field.ty) => quote!(found.check_field(#wire, &self.#ident);),
        Some(_) => TokenStream::new(),
    }
}

fn check_enum(item: &ItemEnum) -> TokenStream {
    let arms = item.variants.iter().filter_map(|variant| {
        let name = &variant.ident;
        match &variant.fields {
            Fields::Unnamed(fields) if name == "Unknown" => {
                let is_text =
                    fields.unnamed.first().and_then(|field| type_name(&field.ty)).is_some_and(|name| name == "String");
                Some(if is_text {
                    quote!(Self::#name(value) => found.unknown_value(value),)
                } else {
                    quote!(Self::#name(_) => found.unknown_variant(),)
                })
            }
            Fields::Unnamed(_) => Some(quote!(Self::#name(value) => value.check_schema(found),)),
            _ => None,
        }
    });
    let arms: Vec<_> = arms.collect();
    match (arms.is_empty(), arms.len() == item.variants.len()) {
        (true, _) => TokenStream::new(),
        (false, true) => quote!(match self { #(#arms)* }),
        (false, false) => quote!(match self { #(#arms)* _ => {} }),
    }
}

/// Returns `true` if a value of this type can differ from the schema without failing to decode.
fn may_mismatch(ty: &Type) -> bool {
    if let Some(inner) = ["Option", "Vec", "Box", "BTreeMap"].into_iter().find_map(|name| inner_type(ty, name)) {
        return may_mismatch(inner);
    }
    !matches!(type_name(ty).as_deref(), Some("String" | "bool" | "u64" | "i64" | "f64" | "Value" | "Map" | "Secret"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn render_test(schemas: &Value, types: &str) -> Result<String> {
        let response = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}});
        let document = json!({
            "paths": {"/a": {"get": {"responses": {"200": response}}}},
            "components": {"schemas": schemas},
        });
        let file = syn::parse_file(&format!("pub mod types {{ {types} }}"))?;
        Ok(render(&document, &Usage::of(&document), &file)?.split_whitespace().collect())
    }

    #[test]
    fn only_fields_that_can_mismatch_are_checked() {
        let text = render_test(
            &json!({"A": {"properties": {"b": {"$ref": "#/components/schemas/B"}}, "x-expected": ["b"]}, "B": {}, "C": {}}),
            "pub struct A { pub b: Option<B>, #[serde(rename = \"theList\")] pub list: Vec<B>, pub text: Option<String>,
                 #[serde(flatten)] pub extra: Map<String, Value> }
             pub enum B { Known, #[serde(untagged)] Unknown(String) }
             pub struct C { pub text: String }",
        )
        .unwrap();
        for part in [
            "implCheckSchemafortypes::A{fncheck_schema(&self,found:&mutSchemaMismatches){found.check_expected(\"b\",self.b.as_ref());\
             found.check_field(\"b\",&self.b);found.check_field(\"theList\",&self.list);found.unknown_fields(&self.extra);}}",
            "implCheckSchemafortypes::B{fncheck_schema(&self,found:&mutSchemaMismatches){matchself{Self::Unknown(value)=>found.unknown_value(value),_=>{}}}}",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("types::C"), "no response uses it: {text}");
    }

    #[test]
    fn a_type_with_a_required_url_describes_a_file() {
        let types = "pub struct A { pub url: String, #[serde(flatten)] pub extra: Map<String, Value> }";
        let url = json!({"url": {"format": "uri"}});
        for (schema, expected) in [
            (json!({"properties": url, "required": ["url"]}), true),
            (json!({"properties": url}), false),
            (json!({"properties": {"url": {}}, "required": ["url"]}), false),
        ] {
            let text = render_test(&json!({"A": schema}), types).unwrap();
            assert_eq!(text.contains("fnfile_url(&self)->Option<&str>{Some(&self.url)}"), expected, "{text}");
        }
    }

    #[test]
    fn an_expected_field_that_does_not_exist_is_an_error() {
        let error = render_test(&json!({"A": {"x-expected": ["c"]}}), "pub struct A { pub b: String }").unwrap_err();
        assert_eq!(error.to_string(), "/components/schemas/A/x-expected: the type has no field `c`");
    }
}
