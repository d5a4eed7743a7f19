//! Changes the type of recursive fields from `Box<Option<T>>` to `Option<Box<T>>`.
//!
//! The former always allocates, is always sent, and needs a dereference to test for `None`.

use super::{Context, add_serde, has_word, inner_type, named_fields, note, serde_of, text_of, types};
use crate::preprocess::Note;
use anyhow::Result;
use syn::{File, Item, Meta, parse_quote};

/// Swaps the box and the option.
pub fn run(file: &mut File, _: &Context<'_>) -> Result<Vec<Note>> {
    let mut notes = Vec::new();
    for item in types(file)? {
        let Item::Struct(item) = item else { continue };
        let name = item.ident.to_string();
        for field in named_fields(item).into_iter().flatten() {
            let Some(inner) = inner_type(&field.ty, "Box").and_then(|inner| inner_type(inner, "Option")) else {
                continue;
            };
            field.ty = parse_quote!(::std::option::Option<::std::boxed::Box<#inner>>);
            let mut arguments = serde_of(&field.attrs);
            if has_word(&arguments, "default") && text_of(&arguments, "skip_serializing_if").is_none() {
                arguments.retain(|argument| !matches!(argument, Meta::Path(path) if path.is_ident("default")));
                field.attrs.retain(|attribute| !attribute.path().is_ident("serde"));
                for argument in arguments {
                    add_serde(&mut field.attrs, argument);
                }
                add_serde(&mut field.attrs, parse_quote!(skip_serializing_if = "::std::option::Option::is_none"));
            }
            let field = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
            notes.push(note(format!("{name}.{field}"), "box moved inside the option"));
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::{apply_pass, formatted};
    use serde_json::json;

    #[test]
    fn the_box_moves_inside_the_option() {
        let wrap = |field: &str| format!("pub mod types {{ pub struct Node {{ {field} }} }}");
        let skip = "skip_serializing_if = \"::std::option::Option::is_none\"";
        for (before, after) in [
            (
                "#[serde(rename = \"nextNode\", default)] pub next_node: ::std::boxed::Box<::std::option::Option<Node>>,".to_owned(),
                format!("#[serde(rename = \"nextNode\", {skip})] pub next_node: ::std::option::Option<::std::boxed::Box<Node>>,"),
            ),
            ("pub next: ::std::boxed::Box<Node>,".to_owned(), "pub next: ::std::boxed::Box<Node>,".to_owned()),
        ] {
            assert_eq!(apply_pass(run, &wrap(&before), &json!({})), formatted(&wrap(&after)));
        }
    }
}
