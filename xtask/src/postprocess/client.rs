//! Removes unused parts of the generated client: its own reqwest client, the API version, the prelude.

use super::{Context, note, trait_name};
use crate::preprocess::Note;
use anyhow::Result;
use syn::{File, ImplItem, Item};

/// Removes these items.
///
/// `Client::new` builds a reqwest client with its own timeout and panics if that fails. `ClientInfo` is for the
/// `api-version` header, which the service does not use.
pub fn run(file: &mut File, _: &Context<'_>) -> Result<Vec<Note>> {
    file.items.retain(|item| match item {
        Item::Mod(module) => module.ident != "prelude",
        Item::Impl(block) => trait_name(block).as_deref() != Some("ClientInfo"),
        _ => true,
    });
    for item in &mut file.items {
        if let Item::Impl(block) = item {
            block.items.retain(|item| !matches!(item, ImplItem::Fn(function) if function.sig.ident == "new"));
        }
    }
    Ok(vec![note("Client", "removed `new`, `ClientInfo` and the prelude")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::{apply_pass, formatted};
    use serde_json::json;

    #[test]
    fn the_client_has_one_constructor() {
        let source = "
            impl Client { pub fn new() -> Self { todo() } pub fn new_with_client() -> Self { todo() } }
            impl ClientInfo<crate::Inner> for Client { fn api_version() -> &'static str { \"1\" } }
            pub mod prelude { pub use super::Client; }
            pub mod types {}
        ";
        let left = "impl Client { pub fn new_with_client() -> Self { todo() } } pub mod types {}";
        assert_eq!(apply_pass(run, source, &json!({})), formatted(left));
    }
}
