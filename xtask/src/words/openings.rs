//! Words that may not open a doc comment. A comment opens with a verb ("Returns") or a noun ("Size in bytes"): a reader who
//! scans a page of items then reads statements in place of riddles.

use crate::tokens;
use proc_macro2::TokenStream;

/// Returns line and message of each doc comment that opens with one of `openings`.
pub fn find(source: &str, openings: &[String]) -> Vec<(usize, String)> {
    // The compiler reports source that is not Rust.
    let Ok(tokens) = source.parse::<TokenStream>() else { return Vec::new() };
    let comments = tokens::doc_comments(tokens);
    let found = comments.iter().filter_map(|comment| {
        let opening = opening(&comment.text);
        let word = openings.iter().find(|word| word.eq_ignore_ascii_case(opening))?;
        Some((comment.line, format!("a doc comment opens with \"{word}\": open with a verb or a noun")))
    });
    found.collect()
}

/// Returns the first word of a text, without Markdown around it.
fn opening(text: &str) -> &str {
    let text = text.trim_start_matches(|character: char| !character.is_alphabetic());
    text.split(|character: char| !character.is_alphabetic()).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_that_opens_with_a_question_word_is_found() {
        let openings = ["What", "Whether", "How"].map(str::to_owned);
        // (source, line of the finding)
        let cases = [
            ("/// What a call returns.\nfn a() {}", Some(1)),
            ("//! How it works.\n", Some(1)),
            ("\n#[doc = \"Whether it is open.\"]\nfn a() {}", Some(2)),
            ("/** What it is. */ fn a() {}", Some(1)),
            ("/// *What* it is.\nfn a() {}", Some(1)),
            ("/// what it is.\nfn a() {}", Some(1)),
            ("///\n/// What it is.\nfn a() {}", Some(1)),
            ("enum A {\n    /// How often.\n    B,\n}", Some(2)),
            ("struct A {\n    #[arg(long)]\n    /// Whether to wait.\n    b: bool,\n}", Some(3)),
            ("make! {\n    /// What it is.\n    A\n}", Some(2)),
            ("/// Returns what was sent.\nfn a() {}", None),
            ("/// Returns it.\n///\n/// What follows is free.\nfn a() {}", None),
            ("/// Whatever else.\nfn a() {}", None),
            ("// What a plain comment says.\nfn a() {}", None),
            ("const A: &str = \"/// What it is.\";", None),
            ("/// No Rust ' here", None),
        ];
        for (source, line) in cases {
            let lines: Vec<_> = find(source, &openings).into_iter().map(|(line, _)| line).collect();
            assert_eq!(lines, line.into_iter().collect::<Vec<_>>(), "{source}");
        }
    }
}
