//! Doc comments of Rust source, found in its tokens: so text in string literals is not mistaken for a comment, and comments
//! inside macro calls are found.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::{Lit, LitStr};

/// A doc comment: all `///`, `//!` and `#[doc = ".."]` lines of one item.
#[derive(Debug, PartialEq, Eq)]
pub struct DocComment {
    /// Line of the first attribute, counted from 1.
    pub line: usize,
    /// Text without comment markers.
    pub text: String,
}

/// Returns all doc comments of a token stream, in source order.
pub fn doc_comments(tokens: TokenStream) -> Vec<DocComment> {
    let mut found = Vec::new();
    collect(tokens, &mut found);
    found
}

fn collect(tokens: TokenStream, found: &mut Vec<DocComment>) {
    let mut current: Option<(DocComment, bool)> = None;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                let inner = tokens.next_if(|next| matches!(next, TokenTree::Punct(p) if p.as_char() == '!')).is_some();
                let Some(TokenTree::Group(group)) =
                    tokens.next_if(|next| matches!(next, TokenTree::Group(g) if g.delimiter() == Delimiter::Bracket))
                else {
                    continue;
                };
                let Some(text) = doc_text(&group) else { continue };
                // The comment of a file or module is not the comment of its first item.
                if let Some((comment, is_inner)) = &mut current
                    && *is_inner == inner
                {
                    comment.text.push('\n');
                    comment.text.push_str(&text);
                } else {
                    let line = punct.span().start().line;
                    found.extend(current.replace((DocComment { line, text }, inner)).map(|(comment, _)| comment));
                }
            }
            TokenTree::Group(group) => {
                found.extend(current.take().map(|(comment, _)| comment));
                collect(group.stream(), found);
            }
            _ => found.extend(current.take().map(|(comment, _)| comment)),
        }
    }
    found.extend(current.map(|(comment, _)| comment));
}

/// Returns the text of `[doc = ".."]`.
fn doc_text(group: &Group) -> Option<String> {
    let tokens: Vec<_> = group.stream().into_iter().collect();
    let [TokenTree::Ident(name), TokenTree::Punct(equals), TokenTree::Literal(literal)] = tokens.as_slice() else {
        return None;
    };
    if name != "doc" || equals.as_char() != '=' {
        return None;
    }
    match Lit::new(literal.clone()) {
        Lit::Str(text) => Some(LitStr::value(&text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_found_per_item_and_not_in_strings() {
        let source = r#"//! Module.

/// First line.
#[must_use]
/// Second line.
fn one() { let text = "/// not a comment"; }

call! {
    #[doc = "In a macro."]
    Two
}

#[doc(hidden)]
// Not a doc comment.
fn three() {}
"#;
        let found = doc_comments(source.parse().unwrap());
        let found: Vec<_> = found.iter().map(|comment| (comment.line, comment.text.as_str())).collect();
        assert_eq!(found, [(1, " Module."), (3, " First line.\n Second line."), (9, "In a macro.")]);
    }
}
