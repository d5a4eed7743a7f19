//! Reads numbers leniently: an unusual form of a number must not fail a response that was paid for.

use super::{Context, add_serde, has_word, inner_type, named_fields, note, serde_of, text_of, type_name, types};
use crate::preprocess::Note;
use anyhow::Result;
use syn::{File, Item, Type, parse_quote};

/// Adds the lenient deserializer to number fields of every response struct.
pub fn run(file: &mut File, context: &Context<'_>) -> Result<Vec<Note>> {
    let mut notes = Vec::new();
    for item in types(file)? {
        let Item::Struct(item) = item else { continue };
        let name = item.ident.to_string();
        if !context.usage.responses.contains(&name) {
            continue;
        }
        for field in named_fields(item).into_iter().flatten() {
            let arguments = serde_of(&field.attrs);
            if text_of(&arguments, "deserialize_with").is_some() {
                continue;
            }
            if inner_type(&field.ty, "Option").is_some_and(is_number) {
                // With `deserialize_with`, serde no longer reads a missing `Option` field as `None`. `default` restores
                // that.
                if !has_word(&arguments, "default") {
                    add_serde(&mut field.attrs, parse_quote!(default));
                }
                add_serde(&mut field.attrs, parse_quote!(deserialize_with = "crate::de::optional_number"));
            } else if is_number(&field.ty) {
                add_serde(&mut field.attrs, parse_quote!(deserialize_with = "crate::de::number"));
            } else {
                continue;
            }
            let field = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
            notes.push(note(format!("{name}.{field}"), "number read leniently"));
        }
    }
    Ok(notes)
}

fn is_number(ty: &Type) -> bool {
    matches!(type_name(ty).as_deref(), Some("u64" | "i64" | "f64"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::{apply_pass, formatted};
    use serde_json::json;

    #[test]
    fn only_numbers_of_responses_are_read_leniently() {
        let document = json!({
            "paths": {"/a": {"get": {"responses": {"200": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Image"},
            }}}}}}},
            "components": {"schemas": {"Image": {}, "Request": {}}},
        });
        let source = r#"pub mod types {
            pub struct Image {
                pub width: ::std::option::Option<u64>,
                #[serde(default)] pub height: ::std::option::Option<u64>,
                #[serde(rename = "s")] pub seconds: f64,
                pub url: ::std::string::String,
            }
            pub struct Request { pub width: ::std::option::Option<u64> }
        }"#;
        let expected = r#"pub mod types {
            pub struct Image {
                #[serde(default, deserialize_with = "crate::de::optional_number")]
                pub width: ::std::option::Option<u64>,
                #[serde(default, deserialize_with = "crate::de::optional_number")]
                pub height: ::std::option::Option<u64>,
                #[serde(rename = "s", deserialize_with = "crate::de::number")] pub seconds: f64,
                pub url: ::std::string::String,
            }
            pub struct Request { pub width: ::std::option::Option<u64> }
        }"#;
        assert_eq!(apply_pass(run, source, &document), formatted(expected));
    }
}
