//! Opens unions (`oneOf`) in responses: an unknown form is preserved instead of failing the response.

use super::{Context, note, types};
use crate::preprocess::Note;
use anyhow::{Result, bail};
use syn::{Fields, File, Item, parse_quote};

/// Adds a variant for any JSON to each union in responses, and documents all variants.
pub fn run(file: &mut File, context: &Context<'_>) -> Result<Vec<Note>> {
    let mut notes = Vec::new();
    for item in types(file)? {
        let Item::Enum(item) = item else { continue };
        // String enumerations are opened by the pass `enums`.
        if item.variants.iter().any(|variant| matches!(variant.fields, Fields::Unit)) {
            continue;
        }
        let name = item.ident.to_string();
        if item.variants.iter().any(|variant| variant.ident == "Unknown") {
            bail!("{name} has a variant `Unknown` already; rename the schema that it comes from");
        }
        for variant in &mut item.variants {
            let documented = variant.attrs.iter().any(|attribute| attribute.path().is_ident("doc"));
            if let (false, Some(field)) = (documented, variant.fields.iter().next()) {
                let doc = format!("The form {}.", described(&field.ty));
                variant.attrs.push(parse_quote!(#[doc = #doc]));
            }
        }
        if context.usage.responses.contains(&name) {
            item.attrs.push(parse_quote!(#[non_exhaustive]));
            item.variants.push(parse_quote! {
                /// A form that this version does not know, as the service sent it.
                Unknown(::serde_json::Value)
            });
            notes.push(note(name, "opened"));
        }
    }
    Ok(notes)
}

fn described(ty: &syn::Type) -> String {
    let name = super::type_name(ty).unwrap_or_else(|| "value".to_owned());
    match name.as_str() {
        "Vec" => "of a list".to_owned(),
        "Map" | "BTreeMap" => "of an object with any keys".to_owned(),
        "String" => "of a text".to_owned(),
        "bool" => "of a yes or no".to_owned(),
        "u64" | "i64" | "f64" => "of a number".to_owned(),
        "Box" => "of a nested value".to_owned(),
        _ => format!("described by [`{name}`]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::{apply_pass, formatted};
    use serde_json::json;

    #[test]
    fn a_union_in_a_response_accepts_unknown_forms() {
        let source = "pub mod types { #[serde(untagged)] pub enum Presets { List(Vec<Preset>), Named(Map) } }";
        let to_presets = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Presets"}}}});
        let in_response = json!({"paths": {"/a": {"get": {"responses": {"200": to_presets}}}}});
        let in_request = json!({"paths": {"/a": {"post": {"requestBody": to_presets}}}});
        let documented = "
            #[doc = \"The form of a list.\"] List(Vec<Preset>),
            #[doc = \"The form of an object with any keys.\"] Named(Map)";
        for (document, expected) in [
            (
                in_response,
                format!(
                    "pub mod types {{ #[serde(untagged)] #[non_exhaustive] pub enum Presets {{ {documented},
                    /// A form that this version does not know, as the service sent it.
                    Unknown(::serde_json::Value) }} }}"
                ),
            ),
            (in_request, format!("pub mod types {{ #[serde(untagged)] pub enum Presets {{ {documented} }} }}")),
        ] {
            assert_eq!(apply_pass(run, source, &document), formatted(&expected));
        }
    }
}
