//! Implements `x-rust-alias`: alternative names of a field in responses.
//!
//! With serde's own `alias`, an object with a field under two names does not decode, and the service sends both `id`
//! and `uid`. So the derived code is made as plain functions (`remote = "Self"`), and the traits are implemented with
//! them.

use super::{Context, add_serde, note, types};
use crate::{
    document::{component_schemas, items, members},
    preprocess::Note,
};
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use syn::{File, Item, parse_quote};

/// Aliases of each property of each schema.
type Aliases = BTreeMap<String, Vec<(String, Vec<String>)>>;

/// Implements the serde traits for every struct with aliases.
pub fn run(file: &mut File, context: &Context<'_>) -> Result<Vec<Note>> {
    let mut declared = declared(context);
    let mut notes = Vec::new();
    let items = types(file)?;
    let mut result = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        let Item::Struct(mut item) = item else {
            result.push(item);
            continue;
        };
        let Some(aliases) = declared.remove(&item.ident.to_string()) else {
            result.push(Item::Struct(item));
            continue;
        };
        add_serde(&mut item.attrs, parse_quote!(remote = "Self"));
        let name = item.ident.clone();
        let (fields, others): (Vec<&String>, Vec<&Vec<String>>) =
            aliases.iter().map(|(field, others)| (field, others)).unzip();
        result.push(Item::Struct(item));
        result.push(parse_quote! {
            impl<'de> ::serde::Deserialize<'de> for #name {
                fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                    Self::deserialize(crate::de::Aliased::new(deserializer, &[#((#fields, &[#(#others),*])),*]))
                }
            }
        });
        result.push(parse_quote! {
            impl ::serde::Serialize for #name {
                fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                    Self::serialize(self, serializer)
                }
            }
        });
        notes.extend(aliases.iter().map(|(field, others)| note(format!("{name}.{field}"), format!("also {others:?}"))));
    }
    *items = result;
    if let Some(name) =
        declared.keys().find(|name| context.preprocessed.pointer(&format!("/components/schemas/{name}")).is_some())
    {
        bail!("/components/schemas/{name}: has `x-rust-alias` but did not become a struct");
    }
    Ok(notes)
}

fn declared(context: &Context<'_>) -> Aliases {
    component_schemas(context.source)
        .filter_map(|(name, schema)| {
            let aliases: Vec<_> = members(schema.get("properties"))
                .filter_map(|(property, schema)| {
                    let others =
                        items(schema.get("x-rust-alias")).filter_map(|other| other.as_str().map(str::to_owned));
                    let others: Vec<String> = others.collect();
                    (!others.is_empty()).then(|| (property.clone(), others))
                })
                .collect();
            (!aliases.is_empty()).then(|| (name.clone(), aliases))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::apply_pass;
    use serde_json::json;

    #[test]
    fn a_struct_with_aliases_implements_the_traits_itself() {
        let document = json!({"components": {"schemas": {
            "Image": {"properties": {"id": {"x-rust-alias": ["uid", "_id"]}, "url": {}}},
            "Plain": {"properties": {"id": {}}},
        }}});
        let source = "pub mod types { #[serde(deny_unknown_fields)] pub struct Image { pub id: u8 } pub struct Plain { pub id: u8 } }";
        let result = apply_pass(run, source, &document);
        for part in [
            "#[serde(deny_unknown_fields, remote = \"Self\")]",
            "&[(\"id\", &[\"uid\", \"_id\"])]",
            "impl ::serde::Serialize for Image",
        ] {
            assert!(result.contains(part), "{part} is not in\n{result}");
        }
        assert!(!result.contains("for Plain"), "{result}");
    }
}
