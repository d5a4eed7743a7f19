//! URLs in a style sheet.

use cssparser::{ParseError, Parser, Token};
use std::ops::Range;

/// Maximum nesting depth of blocks. URLs in deeper blocks are not found.
const MAX_DEPTH: usize = 32;

/// Replaces the URLs of a style sheet. A URL for which `replace` returns `None` is unchanged.
pub(super) fn rewrite(css: &str, replace: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let mut found = Vec::new();
    find_urls(&mut Parser::new(css), 0, &mut found);
    let (mut output, mut done) = (String::with_capacity(css.len()), 0);
    for (range, url) in found {
        if let Some(url) = replace(&url) {
            output.push_str(&css[done..range.start]);
            output.push_str("url(\"");
            output.push_str(&url.replace('"', "%22"));
            output.push_str("\")");
            done = range.end;
        }
    }
    output.push_str(&css[done..]);
    output
}

/// Finds the URLs, each with its byte range.
fn find_urls(parser: &mut Parser<'_>, depth: usize, found: &mut Vec<(Range<usize>, String)>) {
    loop {
        let start = parser.position().byte_index();
        let (url, is_block) = match parser.next_including_whitespace_and_comments() {
            Err(_) => return,
            Ok(Token::UnquotedUrl(url)) => (Some(url.to_string()), false),
            Ok(Token::Function(name)) if name.eq_ignore_ascii_case("url") => {
                let url =
                    parser.parse_nested_block(|block| Ok::<_, ParseError<()>>(block.expect_string()?.to_string()));
                (url.ok(), false)
            }
            Ok(Token::Function(_) | Token::ParenthesisBlock | Token::SquareBracketBlock | Token::CurlyBracketBlock) => {
                (None, true)
            }
            Ok(_) => (None, false),
        };
        if is_block && depth < MAX_DEPTH {
            // The parser skips the rest of a block that was not read.
            let _ = parser.parse_nested_block(|block| {
                find_urls(block, depth + 1, found);
                Ok::<_, ParseError<()>>(())
            });
        }
        if let Some(url) = url {
            let end = parser.position().byte_index();
            found.push((start..end, url));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_replaced_everywhere() {
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
            let output = rewrite(css, &mut |url| (url != "keep").then(|| format!("<{url}>")));
            assert_eq!(output, expected);
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        for open in ["(", "{", "[", "a("] {
            let css = open.repeat(500_000);
            assert_eq!(rewrite(&css, &mut |_| None), css);
        }
    }
}
