//! The client behind a feature: what only handles the types needs no HTTP.

use super::{Context, note};
use crate::normalise::Note;
use anyhow::Result;
use syn::{Attribute, File, Item, parse_quote};

/// Puts everything outside the module `types` behind the feature `client`.
pub fn run(file: &mut File, _: &Context<'_>) -> Result<Vec<Note>> {
    let mut behind = 0;
    for item in &mut file.items {
        let attributes: &mut Vec<Attribute> = match item {
            Item::Mod(module) if module.ident == "types" => continue,
            Item::Const(item) => &mut item.attrs,
            Item::Impl(item) => &mut item.attrs,
            Item::Mod(item) => &mut item.attrs,
            Item::Struct(item) => &mut item.attrs,
            Item::Use(item) => &mut item.attrs,
            _ => continue,
        };
        attributes.insert(0, parse_quote!(#[cfg(feature = "client")]));
        behind += 1;
    }
    Ok(vec![note("items", format!("{behind} are behind the feature `client`"))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{applied, tidy};
    use serde_json::json;

    #[test]
    fn all_but_the_types_is_behind_the_feature() {
        let source = "use crate::runtime::Error; pub mod types { pub struct Image; }
            pub struct Client; impl Client {} const _: () = {};";
        let expected = "#[cfg(feature = \"client\")] use crate::runtime::Error; pub mod types { pub struct Image; }
            #[cfg(feature = \"client\")] pub struct Client; #[cfg(feature = \"client\")] impl Client {}
            #[cfg(feature = \"client\")] const _: () = {};";
        assert_eq!(applied(run, source, &json!({})), tidy(expected));
    }
}
