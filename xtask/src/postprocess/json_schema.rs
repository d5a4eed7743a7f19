//! Derives `schemars::JsonSchema` for every type, behind a feature.
//!
//! The generator derives it unconditionally, and for schemars 0.8; users have 1.x. A generated function defines the
//! schemas of all types, so that callers need no list of types.

use super::{Context, note, types};
use crate::preprocess::Note;
use anyhow::Result;
use syn::{Attribute, File, Item, parse_quote};

/// Adds the derive after the ordinary one.
pub fn run(file: &mut File, _: &Context<'_>) -> Result<Vec<Note>> {
    let mut names = Vec::new();
    let items = types(file)?;
    for item in items.iter_mut() {
        let (name, attributes) = match item {
            Item::Struct(item) => (item.ident.clone(), &mut item.attrs),
            Item::Enum(item) => (item.ident.clone(), &mut item.attrs),
            _ => continue,
        };
        let after = attributes.iter().position(|attribute| attribute.path().is_ident("derive")).map_or(0, |at| at + 1);
        let derive: Attribute = parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]);
        attributes.insert(after, derive);
        names.push(name);
    }
    let count = names.len();
    items.push(parse_quote! {
        /// Defines the schemas of all types in a generator.
        #[cfg(feature = "schemars")]
        pub fn define_json_schemas(generator: &mut ::schemars::SchemaGenerator) {
            #(generator.subschema_for::<#names>();)*
        }
    });
    Ok(vec![note("types", format!("{count} JSON schemas behind a feature"))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::{apply_pass, formatted};
    use serde_json::json;

    #[test]
    fn every_type_has_a_schema_behind_the_feature() {
        let source =
            "pub mod types { #[derive(Clone)] #[serde(transparent)] pub struct A(u8); pub enum B {} impl A {} }";
        let expected = "pub mod types {
            #[derive(Clone)] #[cfg_attr(feature = \"schemars\", derive(::schemars::JsonSchema))] #[serde(transparent)]
            pub struct A(u8);
            #[cfg_attr(feature = \"schemars\", derive(::schemars::JsonSchema))] pub enum B {}
            impl A {}
            /// Defines the schemas of all types in a generator.
            #[cfg(feature = \"schemars\")]
            pub fn define_json_schemas(generator: &mut ::schemars::SchemaGenerator) {
                generator.subschema_for::<A>();
                generator.subschema_for::<B>();
            }
        }";
        assert_eq!(apply_pass(run, source, &json!({})), formatted(expected));
    }
}
