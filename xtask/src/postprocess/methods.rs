//! Repairs every method: removes the `api-version` header, and makes invalid path segments an error.

use super::{Context, each_method, note};
use crate::preprocess::Note;
use anyhow::Result;
use proc_macro2::{Group, Punct, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Expr, File, Macro, Stmt, parse_quote,
    visit_mut::{VisitMut, visit_expr_mut, visit_macro_mut},
};

/// Repairs every method.
pub fn run(file: &mut File, _: &Context<'_>) -> Result<Vec<Note>> {
    let mut notes = Vec::new();
    each_method(file, |method| {
        drop_api_version(&mut method.block.stmts);
        let mut segments = Segments { found: 0 };
        segments.visit_block_mut(&mut method.block);
        notes.push(note(&method.sig.ident, format!("no `api-version`; {} fallible path segments", segments.found)));
    });
    Ok(notes)
}

/// Removes the header, and the header map if the operation has no other header.
fn drop_api_version(statements: &mut Vec<Stmt>) {
    let mentions = |statement: &Stmt, what: &str| statement.to_token_stream().to_string().contains(what);
    statements.retain(|statement| !mentions(statement, "\"api-version\""));
    let declares = |statement: &Stmt| mentions(statement, "let mut header_map");
    let sends = |statement: &Stmt| mentions(statement, "headers (header_map)");
    let has_own = statements
        .iter()
        .any(|statement| mentions(statement, "header_map . append") && !declares(statement) && !sends(statement));
    if has_own {
        for statement in statements.iter_mut().filter(|statement| declares(statement)) {
            *statement = parse_quote!(let mut header_map = ::reqwest::header::HeaderMap::new(););
        }
        return;
    }
    statements.retain(|statement| !declares(statement));
    for statement in statements {
        NoHeaders.visit_stmt_mut(statement);
    }
}

/// Visitor that removes `.headers(header_map)` from a chain of calls.
struct NoHeaders;

impl VisitMut for NoHeaders {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_expr_mut(self, expression);
        if let Expr::MethodCall(call) = expression
            && call.method == "headers"
            && matches!(call.args.first(), Some(Expr::Path(path)) if path.path.is_ident("header_map"))
        {
            let receiver = (*call.receiver).clone();
            *expression = receiver;
        }
    }
}

/// Visitor that adds `?` to each `encode_path(..)`. These calls are arguments of `format!`, so they are tokens, not
/// expressions.
struct Segments {
    found: usize,
}

impl VisitMut for Segments {
    fn visit_macro_mut(&mut self, call: &mut Macro) {
        visit_macro_mut(self, call);
        call.tokens = self.fallible(std::mem::take(&mut call.tokens));
    }
}

impl Segments {
    fn fallible(&mut self, tokens: TokenStream) -> TokenStream {
        let mut result = TokenStream::new();
        let mut after_name = false;
        for token in tokens {
            match token {
                TokenTree::Group(group) if after_name => {
                    self.found += 1;
                    after_name = false;
                    result.extend([TokenTree::Group(group), TokenTree::Punct(Punct::new('?', Spacing::Alone))]);
                }
                TokenTree::Group(group) => {
                    let inner = self.fallible(group.stream());
                    result.extend([TokenTree::Group(Group::new(group.delimiter(), inner))]);
                }
                other => {
                    after_name = matches!(&other, TokenTree::Ident(name) if name == "encode_path");
                    result.extend([other]);
                }
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::{apply_pass, formatted};
    use serde_json::json;

    const MAP: &str = "let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map.append(HeaderName::from_static(\"api-version\"), HeaderValue::from_static(Self::api_version()));";

    #[test]
    fn the_api_version_header_is_removed() {
        for (before, after) in [
            (
                format!("{MAP} let mut request = self.client.get(url).headers(header_map).build()?;"),
                "let mut request = self.client.get(url).build()?;",
            ),
            (
                format!(
                    "{MAP} header_map.append(\"X-A\", a.to_string().try_into()?); self.client.headers(header_map);"
                ),
                "let mut header_map = ::reqwest::header::HeaderMap::new();
                 header_map.append(\"X-A\", a.to_string().try_into()?); self.client.headers(header_map);",
            ),
        ] {
            let wrap = |body: &str| format!("impl Client {{ pub async fn a(&self) {{ {body} }} }}");
            assert_eq!(apply_pass(run, &wrap(&before), &json!({})), formatted(&wrap(after)));
        }
    }

    #[test]
    fn an_invalid_path_segment_is_an_error() {
        let wrap = |call: &str| format!("impl Client {{ pub async fn a(&self) {{ let url = {call}; }} }}");
        let before = wrap(
            "format!(\"{}/r/{}.{}\", self.baseurl, encode_path(&uid.to_string()), encode_path(&format.to_string()),)",
        );
        let after = wrap(
            "format!(\"{}/r/{}.{}\", self.baseurl, encode_path(&uid.to_string())?, encode_path(&format.to_string())?,)",
        );
        assert_eq!(apply_pass(run, &before, &json!({})), formatted(&after));
    }
}
