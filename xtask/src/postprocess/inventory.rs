//! Checks that each schema has a type and each type a schema.
//!
//! The generator makes up names for inline schemas, and silently uses the wrong type if such a name is taken.

use super::{Context, note, types};
use crate::{document::component_schemas, preprocess::Note};
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use syn::{File, Item};

/// Compares the sets of names, and removes the generator's module of error types.
pub fn run(file: &mut File, context: &Context<'_>) -> Result<Vec<Note>> {
    let items = types(file)?;
    let generated: BTreeSet<String> = items
        .iter()
        .filter_map(|item| match item {
            Item::Struct(item) => Some(item.ident.to_string()),
            Item::Enum(item) => Some(item.ident.to_string()),
            Item::Type(item) => Some(item.ident.to_string()),
            _ => None,
        })
        .collect();
    let named: BTreeSet<String> = component_schemas(context.preprocessed).map(|(name, _)| name.clone()).collect();
    if let Some(extra) = generated.difference(&named).next() {
        bail!("the type `{extra}` comes from an inline schema; make it a component");
    }
    if let Some(missing) = named.difference(&generated).next() {
        bail!("/components/schemas/{missing}: no type was generated for it");
    }
    items.retain(|item| !matches!(item, Item::Mod(module) if module.ident == "error"));
    Ok(vec![note("types", format!("{} types, one for each schema", generated.len()))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Usage;
    use serde_json::{Value, json};

    fn outcome(source: &str, schemas: &Value) -> Result<Vec<Note>> {
        let document = json!({"components": {"schemas": schemas}});
        let usage = Usage::default();
        let context = Context { source: &document, preprocessed: &document, usage: &usage };
        run(&mut syn::parse_file(source).unwrap(), &context)
    }

    #[test]
    fn a_type_without_a_schema_and_a_schema_without_a_type_are_errors() {
        let schemas = json!({"A": {}, "B": {}});
        for (types, message) in [
            ("struct A; enum B {}", None),
            ("struct A; enum B {} struct AInner;", Some("`AInner` comes from an inline schema")),
            ("struct A;", Some("/components/schemas/B: no type")),
        ] {
            match (outcome(&format!("pub mod types {{ {types} }}"), &schemas), message) {
                (Ok(_), None) => {}
                (Err(error), Some(message)) => assert!(error.to_string().contains(message), "{error}"),
                (result, _) => panic!("{types}: {result:?}"),
            }
        }
    }
}
