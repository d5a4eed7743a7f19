//! Normalizes doc comments: one attribute per line, code fences that do not run as tests, and docs for every field.

use super::{Context, has_word, note, serde_of, text};
use crate::preprocess::Note;
use anyhow::Result;
use syn::{
    Attribute, Expr, File, ImplItemFn, Item, ItemEnum, ItemFn, ItemImpl, ItemMod, ItemStruct, Meta, Variant,
    parse_quote,
    visit_mut::{self, VisitMut},
};

/// Rewrites all doc comments.
pub fn run(file: &mut File, _: &Context<'_>) -> Result<Vec<Note>> {
    let mut fences = 0;
    let mut lines = Lines { fences: &mut fences };
    lines.visit_file_mut(file);
    Ok(vec![note("docs", format!("{fences} code fences became text"))])
}

struct Lines<'a> {
    fences: &'a mut usize,
}

impl Lines<'_> {
    fn split(&mut self, attributes: &mut Vec<Attribute>) {
        let mut result = Vec::with_capacity(attributes.len());
        for attribute in attributes.drain(..) {
            match doc(&attribute) {
                Some(text) => result.extend(self.lines(&text)),
                None => result.push(attribute),
            }
        }
        *attributes = result;
    }

    fn lines(&mut self, text: &str) -> Vec<Attribute> {
        if text.is_empty() {
            return vec![parse_quote!(#[doc = ""])];
        }
        let mut inside = false;
        text.trim()
            .lines()
            .map(|line| {
                let line = line.trim_end();
                let is_fence = line.trim_start().starts_with("```");
                let bare = is_fence && !inside && line.trim_start() == "```";
                inside ^= is_fence;
                if bare {
                    // A fence without a language would be compiled and run as a doctest.
                    *self.fences += 1;
                    return parse_quote!(#[doc = " ```text"]);
                }
                let line = if line.is_empty() {
                    String::new()
                } else {
                    format!(" {}", line.strip_prefix(' ').unwrap_or(line))
                };
                parse_quote!(#[doc = #line])
            })
            .collect()
    }
}

impl VisitMut for Lines<'_> {
    fn visit_item_struct_mut(&mut self, item: &mut ItemStruct) {
        self.split(&mut item.attrs);
        visit_mut::visit_item_struct_mut(self, item);
    }

    fn visit_item_enum_mut(&mut self, item: &mut ItemEnum) {
        self.split(&mut item.attrs);
        visit_mut::visit_item_enum_mut(self, item);
    }

    fn visit_item_fn_mut(&mut self, item: &mut ItemFn) {
        self.split(&mut item.attrs);
        visit_mut::visit_item_fn_mut(self, item);
    }

    fn visit_item_mod_mut(&mut self, item: &mut ItemMod) {
        self.split(&mut item.attrs);
        visit_mut::visit_item_mod_mut(self, item);
    }

    fn visit_item_impl_mut(&mut self, item: &mut ItemImpl) {
        self.split(&mut item.attrs);
        visit_mut::visit_item_impl_mut(self, item);
    }

    fn visit_impl_item_fn_mut(&mut self, item: &mut ImplItemFn) {
        self.split(&mut item.attrs);
        visit_mut::visit_impl_item_fn_mut(self, item);
    }

    fn visit_item_mut(&mut self, item: &mut Item) {
        visit_mut::visit_item_mut(self, item);
    }

    fn visit_variant_mut(&mut self, variant: &mut Variant) {
        self.split(&mut variant.attrs);
        visit_mut::visit_variant_mut(self, variant);
    }

    fn visit_field_mut(&mut self, field: &mut syn::Field) {
        let documented = field.attrs.iter().any(|attribute| attribute.path().is_ident("doc"));
        if !documented && has_word(&serde_of(&field.attrs), "flatten") {
            field
                .attrs
                .insert(0, parse_quote!(#[doc = "Fields that this version does not know, as the service sent them."]));
        }
        self.split(&mut field.attrs);
        visit_mut::visit_field_mut(self, field);
    }
}

/// Returns the text of a doc attribute.
fn doc(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            value @ Expr::Lit(_) => text(value),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::{apply_pass, formatted};
    use serde_json::json;

    #[test]
    fn a_comment_is_split_into_lines_and_bare_fences_become_text() {
        let source = "pub mod types {
            #[doc = \"One.\\n\\nTwo:\\n```\\nlet a;\\n```\\n```json\\n{}\\n```\\n\"]
            pub struct A { #[serde(flatten)] pub extra: Map }
        }";
        let expected = "pub mod types {
            /// One.
            ///
            /// Two:
            /// ```text
            /// let a;
            /// ```
            /// ```json
            /// {}
            /// ```
            pub struct A {
                /// Fields that this version does not know, as the service sent them.
                #[serde(flatten)] pub extra: Map
            }
        }";
        assert_eq!(apply_pass(run, source, &json!({})), formatted(expected));
    }
}
