//! Adapts structs: fields in document order, constructors, and `#[non_exhaustive]`.

use super::{
    Context, add_serde, has_word, inner_type, named_fields, note, serde_of, text_of, type_name, types, wire_name,
};
use crate::{
    document::{below, members},
    preprocess::Note,
};
use anyhow::Result;
use proc_macro2::Ident;
use quote::quote;
use syn::{Field, Fields, File, Item, ItemStruct, Meta, Token, Type, parse_quote, punctuated::Punctuated};

/// Adapts every struct.
///
/// A struct that is only part of responses is `#[non_exhaustive]`, so that new fields are not a breaking change. A
/// struct without required fields gets `Default`, any other struct gets a `new` with its required fields as parameters.
pub fn run(file: &mut File, context: &Context<'_>) -> Result<Vec<Note>> {
    let mut notes = Vec::new();
    let items = types(file)?;
    let mut result = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        let Item::Struct(mut item) = item else {
            result.push(item);
            continue;
        };
        let name = item.ident.to_string();
        sort_fields(&mut item, context);
        forgive_missing(&mut item, &mut notes);
        let constructor = if required(&item).is_empty() {
            derive_default(&mut item, &mut notes);
            None
        } else {
            constructor(&item)
        };
        if context.usage.only_in_responses(&name) && matches!(item.fields, Fields::Named(_)) {
            item.attrs.push(parse_quote!(#[non_exhaustive]));
            notes.push(note(&name, "only in responses; non-exhaustive"));
        }
        result.push(Item::Struct(item));
        result.extend(constructor);
    }
    *items = result;
    Ok(notes)
}

/// Sorts the fields in the order of the document. The generator sorts them by name.
fn sort_fields(item: &mut ItemStruct, context: &Context<'_>) {
    let properties = below(&below("/components/schemas", &item.ident.to_string()), "properties");
    let order: Vec<&String> = members(context.source.pointer(&properties)).map(|(name, _)| name).collect();
    let Some(fields) = named_fields(item) else { return };
    let mut sorted: Vec<Field> = std::mem::take(fields).into_iter().collect();
    sorted.sort_by_key(|field| {
        let wire = wire_name(field);
        order.iter().position(|name| Some(*name) == wire.as_ref()).unwrap_or(order.len())
    });
    *fields = sorted.into_iter().collect::<Punctuated<Field, Token![,]>>();
}

/// Makes required fields that may be null optional: a missing one is read as `None`.
fn forgive_missing(item: &mut ItemStruct, notes: &mut Vec<Note>) {
    let name = item.ident.to_string();
    for field in named_fields(item).into_iter().flatten() {
        let (strict, others): (Vec<Meta>, Vec<Meta>) = serde_of(&field.attrs).into_iter().partition(|argument| {
            let path = text_of(std::slice::from_ref(argument), "deserialize_with");
            path.as_deref() == Some("::std::option::Option::deserialize")
        });
        if strict.is_empty() {
            continue;
        }
        field.attrs.retain(|attribute| !attribute.path().is_ident("serde"));
        for argument in others {
            add_serde(&mut field.attrs, argument);
        }
        let field = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        notes.push(note(format!("{name}.{field}"), "optional, because it may be null"));
    }
}

/// Returns the required fields.
fn required(item: &ItemStruct) -> Vec<&Field> {
    match &item.fields {
        Fields::Named(fields) => fields.named.iter().filter(|field| !can_be_left_out(field)).collect(),
        Fields::Unnamed(fields) => fields.unnamed.iter().filter(|field| !is_empty_by_nature(&field.ty)).collect(),
        Fields::Unit => Vec::new(),
    }
}

fn can_be_left_out(field: &Field) -> bool {
    let arguments = serde_of(&field.attrs);
    has_word(&arguments, "default") || has_word(&arguments, "flatten") || inner_type(&field.ty, "Option").is_some()
}

fn is_empty_by_nature(ty: &Type) -> bool {
    matches!(type_name(ty).as_deref(), Some("Vec" | "Map" | "BTreeMap"))
}

fn derive_default(item: &mut ItemStruct, notes: &mut Vec<Note>) {
    for attribute in &mut item.attrs {
        if !attribute.path().is_ident("derive") {
            continue;
        }
        let Ok(mut derives) = attribute.parse_args_with(Punctuated::<syn::Path, Token![,]>::parse_terminated) else {
            continue;
        };
        if !derives.iter().any(|path| path.is_ident("Default")) {
            derives.push(parse_quote!(Default));
            *attribute = parse_quote!(#[derive(#derives)]);
            notes.push(note(&item.ident, "no required fields; `Default`"));
        }
    }
}

/// Returns an `impl` with `new`, which takes the required fields.
fn constructor(item: &ItemStruct) -> Option<Item> {
    let Fields::Named(_) = &item.fields else { return None };
    let name = &item.ident;
    let needed = required(item);
    let needed_names: Vec<&Ident> = needed.iter().filter_map(|field| field.ident.as_ref()).collect();
    let (parameters, values): (Vec<_>, Vec<_>) = needed
        .iter()
        .zip(&needed_names)
        .map(|(field, name)| {
            let ty = &field.ty;
            if is_primitive(ty) {
                (quote!(#name: #ty), quote!(#name))
            } else {
                (quote!(#name: impl ::std::convert::Into<#ty>), quote!(#name: #name.into()))
            }
        })
        .unzip();
    let others = item.fields.iter().filter(|field| can_be_left_out(field)).filter_map(|field| field.ident.as_ref());
    Some(parse_quote! {
        impl #name {
            /// Creates a value from the required fields. All other fields are left out.
            pub fn new(#(#parameters),*) -> Self {
                Self { #(#values,)* #(#others: ::std::default::Default::default(),)* }
            }
        }
    })
}

/// Returns `true` for numbers and `bool`. With `impl Into`, the type of a literal would be ambiguous.
fn is_primitive(ty: &Type) -> bool {
    matches!(type_name(ty).as_deref(), Some("u64" | "i64" | "f64" | "bool"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::{apply_pass, formatted};
    use serde_json::json;

    #[test]
    fn a_response_struct_is_non_exhaustive_and_has_a_constructor() {
        let document = json!({
            "paths": {"/a": {"get": {"responses": {"200": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Image"},
            }}}}}}},
            "components": {"schemas": {"Image": {"properties": {"url": {}, "createdAt": {}, "size": {}}}}},
        });
        let source = r#"pub mod types {
            pub struct Image {
                #[serde(rename = "createdAt", deserialize_with = "::std::option::Option::deserialize")]
                pub created_at: ::std::option::Option<String>,
                pub size: u64,
                pub url: ::std::string::String,
                #[serde(flatten)] pub extra: Map,
            }
        }"#;
        let expected = r#"pub mod types {
            #[non_exhaustive]
            pub struct Image {
                pub url: ::std::string::String,
                #[serde(rename = "createdAt")] pub created_at: ::std::option::Option<String>,
                pub size: u64,
                #[serde(flatten)] pub extra: Map,
            }
            impl Image {
                /// Creates a value from the required fields. All other fields are left out.
                pub fn new(url: impl ::std::convert::Into<::std::string::String>, size: u64) -> Self {
                    Self {
                        url: url.into(), size,
                        created_at: ::std::default::Default::default(), extra: ::std::default::Default::default(),
                    }
                }
            }
        }"#;
        assert_eq!(apply_pass(run, source, &document), formatted(expected));
    }

    #[test]
    fn a_struct_without_required_fields_has_a_default() {
        let document = json!({"paths": {"/a": {"post": {"requestBody": {"content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/A"},
        }}}}}}});
        let source = "pub mod types {
            #[derive(Clone)] pub struct A { pub a: Option<u64>, #[serde(default)] pub b: Vec<u64> }
            #[derive(Clone)] pub struct Names(pub ::serde_json::Map<String, Value>);
            #[derive(Clone)] pub struct Name(pub String);
        }";
        let expected = "pub mod types {
            #[derive(Clone, Default)] pub struct A { pub a: Option<u64>, #[serde(default)] pub b: Vec<u64> }
            #[derive(Clone, Default)] pub struct Names(pub ::serde_json::Map<String, Value>);
            #[derive(Clone)] pub struct Name(pub String);
        }";
        assert_eq!(apply_pass(run, source, &document), formatted(expected));
    }
}
