//! Opens string enumerations: a value that the service adds later does not fail the response.

use super::{Context, note, serde_of, text_of, trait_name, type_name, types};
use crate::preprocess::Note;
use anyhow::{Result, bail};
use quote::quote;
use std::collections::BTreeSet;
use syn::{Attribute, Fields, File, Ident, Item, ItemEnum, parse_quote};

/// Traits that the generator implements for a closed enumeration. This pass implements them for the open one.
const REPLACED: [&str; 3] = ["Display", "FromStr", "TryFrom"];

/// Opens every enumeration that has only unit variants.
pub fn run(file: &mut File, _: &Context<'_>) -> Result<Vec<Note>> {
    let items = types(file)?;
    let open: BTreeSet<String> = items.iter().filter_map(is_closed).collect();
    items.retain(|item| match item {
        Item::Impl(block) => {
            let of_open = type_name(&block.self_ty).is_some_and(|name| open.contains(&name));
            let replaced = trait_name(block).is_some_and(|name| REPLACED.contains(&name.as_str()));
            !(of_open && replaced)
        }
        _ => true,
    });
    let mut result = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        match item {
            Item::Enum(item) if open.contains(&item.ident.to_string()) => result.extend(opened(&item)?),
            other => result.push(other),
        }
    }
    *items = result;
    Ok(open.into_iter().map(|name| note(name, "opened")).collect())
}

fn is_closed(item: &Item) -> Option<String> {
    let Item::Enum(item) = item else { return None };
    let plain = item.variants.iter().all(|variant| matches!(variant.fields, Fields::Unit));
    plain.then(|| item.ident.to_string())
}

fn opened(item: &ItemEnum) -> Result<Vec<Item>> {
    let name = &item.ident;
    let docs: Vec<&Attribute> = item.attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).collect();
    let (idents, values): (Vec<&Ident>, Vec<String>) = item
        .variants
        .iter()
        .map(|variant| {
            let wire = text_of(&serde_of(&variant.attrs), "rename").unwrap_or_else(|| variant.ident.to_string());
            (&variant.ident, wire)
        })
        .unzip();
    if idents.iter().any(|ident| *ident == "Unknown") {
        bail!("{name} has a variant `Unknown` already; leave that value out of the document, it will be read as text");
    }
    let variant_docs: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();

    let definition = parse_quote! {
        #(#docs)*
        #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum #name {
            #(
                #[doc = #variant_docs]
                #[serde(rename = #values)]
                #idents,
            )*
            /// A value that this version does not know, as the service sent it.
            #[serde(untagged)]
            Unknown(::std::string::String),
        }
    };
    let methods = parse_quote! {
        impl #name {
            /// Values that this version knows, in the order of the document.
            pub const KNOWN: &'static [Self] = &[#(Self::#idents),*];

            /// Returns the value as sent over the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#idents => #values,)*
                    Self::Unknown(value) => value,
                }
            }
        }
    };
    let display = parse_quote! {
        impl ::std::fmt::Display for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
    let from_str = parse_quote! {
        impl ::std::str::FromStr for #name {
            type Err = ::std::convert::Infallible;

            fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
                ::std::result::Result::Ok(value.into())
            }
        }
    };
    let from_text = parse_quote! {
        impl ::std::convert::From<&str> for #name {
            fn from(value: &str) -> Self {
                match value {
                    #(#values => Self::#idents,)*
                    _ => Self::Unknown(value.to_owned()),
                }
            }
        }
    };
    let from_string = syn::parse2(quote! {
        impl ::std::convert::From<::std::string::String> for #name {
            fn from(value: ::std::string::String) -> Self {
                match value.as_str() {
                    #(#values => Self::#idents,)*
                    _ => Self::Unknown(value),
                }
            }
        }
    })?;
    Ok(vec![definition, methods, display, from_str, from_text, from_string])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{postprocess, usage::Usage};
    use serde_json::json;

    const SOURCE: &str = r#"pub mod types {
        #[doc = "A format."]
        #[derive(Clone, Copy, Debug)]
        pub enum Format { #[serde(rename = "png")] Png, #[serde(rename = "og-image")] OgImage }
        impl ::std::fmt::Display for Format {}
        impl ::std::str::FromStr for Format {}
        impl ::std::convert::TryFrom<&str> for Format {}
        impl ::std::convert::TryFrom<::std::string::String> for Format {}
        impl ::std::fmt::Display for Other {}
        pub enum Union { A(A) }
    }"#;

    #[test]
    fn an_enumeration_accepts_unknown_values() {
        let result = postprocess::apply_pass(run, SOURCE, &json!({}));
        for part in [
            "#[non_exhaustive]\n    pub enum Format {",
            "#[doc = \"`og-image`\"]",
            "#[serde(untagged)]\n        Unknown(::std::string::String),",
            "pub const KNOWN: &'static [Self] = &[Self::Png, Self::OgImage];",
            "Self::OgImage => \"og-image\",",
            "\"og-image\" => Self::OgImage,",
            "type Err = ::std::convert::Infallible;",
            "impl ::std::fmt::Display for Other {}",
            "pub enum Union",
        ] {
            let spaced = result.replace("///`og-image`", "#[doc = \"`og-image`\"]");
            assert!(spaced.contains(part), "{part} is not in\n{result}");
        }
        assert!(!result.contains("Copy") && !result.contains("TryFrom"), "{result}");
    }

    #[test]
    fn a_value_called_unknown_is_rejected() {
        let mut file = syn::parse_file("pub mod types { pub enum State { Unknown } }").unwrap();
        let (document, usage) = (json!({}), Usage::default());
        let context = Context { source: &document, preprocessed: &document, usage: &usage };
        assert!(run(&mut file, &context).unwrap_err().to_string().contains("`Unknown` already"));
    }
}
