//! Passes over the syntax tree that progenitor writes.
//!
//! Each pass makes one decision. The passes depend on the output of the pinned version of progenitor.

#![allow(clippy::unnecessary_wraps, reason = "passes share a signature, and most can fail")]

mod aliases;
mod docs;
mod enums;
mod inventory;
mod json_schema;
mod lists;
mod numbers;
mod recursion;
mod requests;
mod structs;
mod unions;

use crate::{preprocess::Note, usage::Usage};
use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;
use std::{collections::BTreeMap, fmt};
use syn::{
    Attribute, Expr, ExprLit, Fields, File, GenericArgument, Item, ItemImpl, ItemMod, ItemStruct, Lit, Meta,
    PathArguments, Token, Type, parse_quote, punctuated::Punctuated,
};

/// Inputs of the passes besides the tree.
pub struct Context<'a> {
    /// The document as written.
    pub source: &'a Value,
    /// The document after preprocessing, as progenitor read it.
    pub preprocessed: &'a Value,
    /// Use of the schemas in requests and responses.
    pub usage: &'a Usage,
}

/// A pass: changes the tree and reports its changes.
type Pass = fn(&mut File, &Context<'_>) -> Result<Vec<Note>>;

/// Passes, in the order in which they must run.
const PASSES: [(&str, Pass); 11] = [
    ("inventory", inventory::run),
    ("requests", requests::run),
    ("enums", enums::run),
    ("unions", unions::run),
    ("recursion", recursion::run),
    ("lists", lists::run),
    ("structs", structs::run),
    ("numbers", numbers::run),
    ("aliases", aliases::run),
    ("json schema", json_schema::run),
    ("docs", docs::run),
];

/// Runs all passes. Each note has the name of its pass.
pub fn run(file: &mut File, context: &Context<'_>) -> Result<Vec<(&'static str, Note)>> {
    let mut all = Vec::new();
    for (name, pass) in PASSES {
        let notes = pass(file, context).with_context(|| format!("postprocessing pass `{name}` failed"))?;
        all.extend(notes.into_iter().map(|note| (name, note)));
    }
    Ok(all)
}

/// Makes a note on a place in the Rust code.
fn note(at: impl fmt::Display, what: impl Into<String>) -> Note {
    Note { at: at.to_string(), what: what.into() }
}

/// Returns the generated structs of a finished tree by name.
pub fn structs_of(file: &File) -> BTreeMap<String, ItemStruct> {
    let structs = items_of_types(file).filter_map(|item| match item {
        Item::Struct(item) => Some((item.ident.to_string(), item.clone())),
        _ => None,
    });
    structs.collect()
}

/// Returns the items of the module `types` for reading.
pub fn items_of_types(file: &File) -> impl Iterator<Item = &Item> {
    let types = file.items.iter().find_map(|item| match item {
        Item::Mod(module) if module.ident == "types" => module.content.as_ref(),
        _ => None,
    });
    types.into_iter().flat_map(|(_, items)| items)
}

/// Returns the items of the module `types` for changes.
fn types(file: &mut File) -> Result<&mut Vec<Item>> {
    file.items
        .iter_mut()
        .find_map(|item| match item {
            Item::Mod(ItemMod { ident, content: Some((_, items)), .. }) if ident == "types" => Some(items),
            _ => None,
        })
        .ok_or_else(|| anyhow!("the generator's output has no module `types`"))
}

/// Returns the arguments of all `#[serde(..)]` among `attributes`.
fn serde_of(attributes: &[Attribute]) -> Vec<Meta> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
        .filter_map(|attribute| attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok())
        .flatten()
        .collect()
}

/// Adds an argument to `#[serde(..)]`.
fn add_serde(attributes: &mut Vec<Attribute>, argument: Meta) {
    let mut arguments = serde_of(attributes);
    arguments.push(argument);
    attributes.retain(|attribute| !attribute.path().is_ident("serde"));
    attributes.push(parse_quote!(#[serde(#(#arguments),*)]));
}

/// Returns the text of `name = ".."` among the arguments of an attribute.
fn text_of(arguments: &[Meta], name: &str) -> Option<String> {
    arguments.iter().find_map(|argument| match argument {
        Meta::NameValue(pair) if pair.path.is_ident(name) => text(&pair.value),
        _ => None,
    })
}

/// Returns the value of a string literal.
fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// Returns `true` if the arguments of an attribute contain the word `name`.
fn has_word(arguments: &[Meta], name: &str) -> bool {
    arguments.iter().any(|argument| matches!(argument, Meta::Path(path) if path.is_ident(name)))
}

/// Returns the name of a field on the wire; `None` for a flattened field.
pub fn wire_name(field: &syn::Field) -> Option<String> {
    let arguments = serde_of(&field.attrs);
    if has_word(&arguments, "flatten") {
        return None;
    }
    let ident = field.ident.as_ref()?;
    Some(text_of(&arguments, "rename").unwrap_or_else(|| ident.to_string().trim_start_matches("r#").to_owned()))
}

/// Returns the last name in the path of a type, for example `Option`.
pub fn type_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

/// Returns the `T` of `Name<T>`, or the last type argument of `Name<K, T>`.
pub fn inner_type<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().rev().find_map(|argument| match argument {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    })
}

/// Returns the name of the trait that a block implements, without its path.
fn trait_name(block: &ItemImpl) -> Option<String> {
    let (path, _) = block.trait_.as_ref()?;
    path.segments.last().map(|segment| segment.ident.to_string())
}

/// Returns the named fields of a struct.
fn named_fields(item: &mut ItemStruct) -> Option<&mut Punctuated<syn::Field, Token![,]>> {
    match &mut item.fields {
        Fields::Named(fields) => Some(&mut fields.named),
        _ => None,
    }
}

/// Runs `pass` on source text and returns the formatted result. For tests.
#[cfg(test)]
fn apply_pass(pass: Pass, source: &str, document: &Value) -> String {
    let mut file = syn::parse_file(source).expect("the source of a test parses");
    let usage = Usage::of(document);
    let context = Context { source: document, preprocessed: document, usage: &usage };
    pass(&mut file, &context).expect("the pass succeeds");
    prettyplease::unparse(&file)
}

/// Formats `source` with prettyplease. For tests.
#[cfg(test)]
fn formatted(source: &str) -> String {
    prettyplease::unparse(&syn::parse_file(source).expect("the source of a test parses"))
}
