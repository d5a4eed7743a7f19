//! The addresses in a style sheet.

use cssparser::{ParseError, Parser, Token};
use std::ops::Range;

/// How deep blocks may be nested for their addresses to be seen.
const DEPTH: usize = 32;

/// A style sheet with its addresses changed. What `change` does not know stays.
pub(super) fn rewrite(css: &str, change: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let mut found = Vec::new();
    walk(&mut Parser::new(css), 0, &mut found);
    let (mut changed, mut done) = (String::with_capacity(css.len()), 0);
    for (place, address) in found {
        if let Some(address) = change(&address) {
            changed.push_str(&css[done..place.start]);
            changed.push_str("url(\"");
            changed.push_str(&address.replace('"', "%22"));
            changed.push_str("\")");
            done = place.end;
        }
    }
    changed.push_str(&css[done..]);
    changed
}

/// Finds the addresses, and where each is.
fn walk(parser: &mut Parser<'_>, depth: usize, found: &mut Vec<(Range<usize>, String)>) {
    loop {
        let start = parser.position().byte_index();
        let (quoted, block) = match parser.next_including_whitespace_and_comments() {
            Err(_) => return,
            Ok(Token::UnquotedUrl(address)) => (Some(address.to_string()), false),
            Ok(Token::Function(name)) if name.eq_ignore_ascii_case("url") => {
                let address =
                    parser.parse_nested_block(|block| Ok::<_, ParseError<()>>(block.expect_string()?.to_string()));
                (address.ok(), false)
            }
            Ok(Token::Function(_) | Token::ParenthesisBlock | Token::SquareBracketBlock | Token::CurlyBracketBlock) => {
                (None, true)
            }
            Ok(_) => (None, false),
        };
        if block && depth < DEPTH {
            // What is not read of a block is skipped.
            let _ = parser.parse_nested_block(|block| {
                walk(block, depth + 1, found);
                Ok::<_, ParseError<()>>(())
            });
        }
        if let Some(address) = quoted {
            let end = parser.position().byte_index();
            found.push((start..end, address));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_changed_wherever_they_stand() {
        for (css, expected) in [
            ("a { background: url(one.png) no-repeat }", "a { background: url(\"<one.png>\") no-repeat }"),
            (
                "a { background: url( 'one.png' ), url(\"two.png\") }",
                "a { background: url(\"<one.png>\"), url(\"<two.png>\") }",
            ),
            ("@media print { a { src: URL(x) } } b { c: d }", "@media print { a { src: url(\"<x>\") } } b { c: d }"),
            ("a { b: image-set(url(x) 1x) } /* url(y) */", "a { b: image-set(url(\"<x>\") 1x) } /* url(y) */"),
            ("a { b: url(keep) \"url(z)\" }", "a { b: url(keep) \"url(z)\" }"),
            ("a { b: url(", "a { b: url(\"<>\")"),
            ("a { é: url(x)", "a { é: url(\"<x>\")"),
        ] {
            let changed = rewrite(css, &mut |address| (address != "keep").then(|| format!("<{address}>")));
            assert_eq!(changed, expected);
        }
    }

    #[test]
    fn nesting_without_end_is_no_recursion_without_end() {
        for open in ["(", "{", "[", "a("] {
            let css = open.repeat(500_000);
            assert_eq!(rewrite(&css, &mut |_| None), css);
        }
    }
}
