//! Reads `null` as an empty list or map: the service sends it for an empty one.

use super::{Context, add_serde, has_word, named_fields, note, serde_of, text, text_of, type_name, types};
use crate::preprocess::Note;
use anyhow::Result;
use syn::{Attribute, File, Item, Meta, parse_quote};

/// Adds the deserializer to every field that is a plain list or map.
pub fn run(file: &mut File, _: &Context<'_>) -> Result<Vec<Note>> {
    let mut notes = Vec::new();
    for item in types(file)? {
        let Item::Struct(item) = item else { continue };
        let name = item.ident.to_string();
        for field in named_fields(item).into_iter().flatten() {
            tidy_paths(&mut field.attrs);
            let arguments = serde_of(&field.attrs);
            let plain = matches!(type_name(&field.ty).as_deref(), Some("Vec" | "Map" | "BTreeMap"));
            if !plain || has_word(&arguments, "flatten") || text_of(&arguments, "deserialize_with").is_some() {
                continue;
            }
            add_serde(&mut field.attrs, parse_quote!(deserialize_with = "crate::de::null_as_default"));
            let field = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
            notes.push(note(format!("{name}.{field}"), "null reads as empty"));
        }
    }
    Ok(notes)
}

/// Removes the spaces that the generator writes in the path of a map's `is_empty`.
fn tidy_paths(attributes: &mut [Attribute]) {
    for attribute in attributes.iter_mut().filter(|attribute| attribute.path().is_ident("serde")) {
        let mut arguments = serde_of(std::slice::from_ref(attribute));
        for argument in &mut arguments {
            if let Meta::NameValue(pair) = argument
                && pair.path.is_ident("skip_serializing_if")
                && let Some(path) = text(&pair.value)
            {
                let path = path.replace(' ', "");
                pair.value = parse_quote!(#path);
            }
        }
        *attribute = parse_quote!(#[serde(#(#arguments),*)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::{apply_pass, formatted};
    use serde_json::json;

    #[test]
    fn plain_lists_and_maps_read_null_as_empty() {
        let wrap = |fields: &str| format!("pub mod types {{ pub struct A {{ {fields} }} }}");
        let source = wrap(
            "#[serde(default)] pub a: ::std::vec::Vec<u64>, pub b: ::std::option::Option<Vec<u64>>,
             #[serde(flatten)] pub extra: ::serde_json::Map<String, Value>, #[serde(skip_serializing_if = \":: std :: BTreeMap::is_empty\")] pub c: BTreeMap<String, String>,",
        );
        let expected = wrap(
            "#[serde(default, deserialize_with = \"crate::de::null_as_default\")] pub a: ::std::vec::Vec<u64>,
             pub b: ::std::option::Option<Vec<u64>>,
             #[serde(flatten)] pub extra: ::serde_json::Map<String, Value>,
             #[serde(
                skip_serializing_if = \"::std::BTreeMap::is_empty\", deserialize_with = \"crate::de::null_as_default\"
             )] pub c: BTreeMap<String, String>,",
        );
        assert_eq!(apply_pass(run, &source, &json!({})), formatted(&expected));
    }
}
