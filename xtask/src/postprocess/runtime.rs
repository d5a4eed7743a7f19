//! Replaces the crate `progenitor-client` by our own runtime module.

use super::{Context, note};
use crate::preprocess::Note;
use anyhow::Result;
use syn::{
    File, GenericArgument, Item, Path, PathArguments, Type, UseTree, parse_quote,
    visit_mut::{VisitMut, visit_path_mut},
};

const PROGENITOR_CLIENT: &str = "progenitor_client";

/// Changes imports and paths to `crate::runtime`.
///
/// Errors lose their type parameter: no operation has a typed error, because error responses are not generated.
/// [`Error::Status`](https://docs.rs/pictify-api/latest/pictify_api/enum.Error.html) has the whole response instead.
pub fn run(file: &mut File, _: &Context<'_>) -> Result<Vec<Note>> {
    file.items.retain(|item| match item {
        Item::Use(import) => !matches!(&import.tree, UseTree::Path(path) if path.ident == PROGENITOR_CLIENT),
        _ => true,
    });
    file.items.insert(
        0,
        parse_quote!(
            use crate::runtime::{ByteStream, ClientHooks, Error, ResponseValue, encode_path};
        ),
    );
    let mut rename = Rename { renamed: 0 };
    rename.visit_file_mut(file);
    Ok(vec![note("paths", format!("{} names of the runtime", rename.renamed))])
}

struct Rename {
    renamed: usize,
}

impl VisitMut for Rename {
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_path_mut(self, path);
        if path.segments.len() > 1 && path.segments[0].ident == PROGENITOR_CLIENT {
            let rest = path.segments.iter().skip(1);
            *path = parse_quote!(crate::runtime::#(#rest)::*);
            self.renamed += 1;
        }
        let text: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        match text.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["Error", "UnexpectedResponse"] => *path = parse_quote!(Error::Status),
            ["Error"] if is_unit(&path.segments[0].arguments) => path.segments[0].arguments = PathArguments::None,
            _ => return,
        }
        self.renamed += 1;
    }
}

/// Returns `true` if the arguments are `<()>`.
fn is_unit(arguments: &PathArguments) -> bool {
    matches!(arguments, PathArguments::AngleBracketed(list) if matches!(
        list.args.first(), Some(GenericArgument::Type(Type::Tuple(tuple))) if tuple.elems.is_empty()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::{apply_pass, formatted};
    use serde_json::json;

    #[test]
    fn names_of_progenitor_client_become_ours() {
        let source = "
            pub use progenitor_client::{Error, ResponseValue};
            use std::fmt;
            fn a() -> Result<ResponseValue<types::A>, Error<()>> {
                x.query(&progenitor_client::QueryParam::new(\"a\", &a));
                Err(Error::UnexpectedResponse(response))
            }
            impl From<Error<u8>> for A {}
        ";
        let expected = "
            use crate::runtime::{ByteStream, ClientHooks, Error, ResponseValue, encode_path};
            use std::fmt;
            fn a() -> Result<ResponseValue<types::A>, Error> {
                x.query(&crate::runtime::QueryParam::new(\"a\", &a));
                Err(Error::Status(response))
            }
            impl From<Error<u8>> for A {}
        ";
        assert_eq!(apply_pass(run, source, &json!({})), formatted(expected));
    }
}
