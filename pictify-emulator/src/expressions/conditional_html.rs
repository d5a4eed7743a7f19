//! Older HTML templates: HTML with expressions in it, and elements with `_if`.

use super::{
    ExpressionError, Scope,
    budget::LONGEST,
    error::{Fault, shorten},
    evaluate::evaluate,
    interpolate::fill,
    parser::{Ends, parse},
    values,
};
use std::{borrow::Cow, ops::Range};

/// Fills an older HTML template: elements whose `_if` is false are left out, then every `{{ expression }}` gives way to its
/// value. Values are put in as they are, without escaping: they may hold HTML.
///
/// # Errors
/// As [`interpolate`](super::interpolate), and when an element that is left out lacks its end tag.
pub fn fill_html(html: &str, scope: &Scope<'_>) -> Result<String, ExpressionError> {
    let mut filled = String::new();
    let mut done = 0;
    let mut at = 0;
    while let Some(tag) = next_tag(html, at) {
        at = tag.end;
        let Some(condition) = tag.condition else { continue };
        let cut = if holds(html, &condition.value, scope)? {
            if TEXT_ONLY.contains(&tag.name.as_str()) {
                at = end_of(html, &tag.name, tag.end, false).unwrap_or(html.len());
            }
            condition.whole
        } else {
            let end = end_of(html, &tag.name, tag.end, tag.is_empty).ok_or_else(|| {
                let message = format!("The element with this _if lacks its end tag </{}>", shorten(&tag.name));
                ExpressionError::new(Fault::syntax(message), html, tag.start)
            })?;
            at = end;
            tag.start..end
        };
        fill(html, done..cut.start, scope, &mut filled)?;
        done = cut.end;
    }
    fill(html, done..html.len(), scope, &mut filled)?;
    Ok(filled)
}

fn holds(html: &str, value: &Range<usize>, scope: &Scope<'_>) -> Result<bool, ExpressionError> {
    let source = unescaped(&html[value.clone()]);
    let placed = |(at, fault)| {
        // In a text with entities no place is where it was.
        let at = if matches!(source, Cow::Borrowed(_)) { at } else { 0 };
        ExpressionError::new(fault, html, value.start + at)
    };
    scope.budget.charge(value.len().min(LONGEST)).map_err(|fault| placed((0, fault)))?;
    let expression = parse(&source, 0, Ends::WithTheText).map_err(placed)?;
    let value = evaluate(&expression.root, scope, scope.names()).map_err(placed)?;
    Ok(values::is_true(&value))
}

/// A start tag.
struct Tag {
    start: usize,
    end: usize,
    name: String,
    /// Whether it is an element by itself.
    is_empty: bool,
    condition: Option<Condition>,
}

/// An `_if` attribute: where it is with the space before it, and where its value is.
struct Condition {
    whole: Range<usize>,
    value: Range<usize>,
}

/// Elements that have no end tag.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// Elements whose text holds no tags.
const TEXT_ONLY: &[&str] = &["script", "style", "textarea", "title"];

/// The next start tag at or after a byte. Comments, expressions and the text of scripts and styles are passed over.
fn next_tag(html: &str, mut at: usize) -> Option<Tag> {
    loop {
        let start = at + html[at..].find(['<', '{'])?;
        let rest = &html[start..];
        at = if rest.starts_with("<!--") {
            start + rest.find("-->").map_or(rest.len(), |end| end + 3)
        } else if rest.starts_with("{{") {
            start + rest.find("}}").map_or(rest.len(), |end| end + 2)
        } else if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) && rest.starts_with('<') {
            let tag = read_tag(html, start)?;
            if tag.condition.is_some() || !TEXT_ONLY.contains(&tag.name.as_str()) {
                return Some(tag);
            }
            end_of(html, &tag.name, tag.end, false)?
        } else {
            start + 1
        };
    }
}

fn read_tag(html: &str, start: usize) -> Option<Tag> {
    let name_end = start + 1 + html[start + 1..].find(|c: char| c.is_whitespace() || c == '/' || c == '>')?;
    let name = html[start + 1..name_end].to_ascii_lowercase();
    let mut tag = Tag { start, end: 0, is_empty: VOID.contains(&name.as_str()), name, condition: None };
    let mut at = name_end;
    loop {
        let before = at;
        at += html[at..].find(|c: char| !c.is_whitespace())?;
        if html[at..].starts_with('>') {
            tag.end = at + 1;
            return Some(tag);
        }
        if html[at..].starts_with('/') {
            tag.is_empty |= html[at..].starts_with("/>");
            at += 1;
            continue;
        }
        let name = at;
        // Whatever the first character is, it is the name's.
        at += html[at..].chars().next()?.len_utf8();
        at += html[at..].find(|c: char| c.is_whitespace() || "=/>".contains(c))?;
        let name = &html[name..at];
        let Some(after) = html[at..].trim_start().strip_prefix('=').map(str::trim_start) else { continue };
        let value = html.len() - after.len();
        let (value, end) = if let Some(quote) = after.chars().next().filter(|c| "\"'".contains(*c)) {
            let end = value + 1 + after[1..].find(quote)?;
            (value + 1..end, end + 1)
        } else {
            let end = value + after.find(|c: char| c.is_whitespace() || c == '>')?;
            (value..end, end)
        };
        if name == "_if" && tag.condition.is_none() {
            tag.condition = Some(Condition { whole: before..end, value });
        }
        at = end;
    }
}

/// Where an element ends whose start tag ends here.
fn end_of(html: &str, name: &str, mut at: usize, is_empty: bool) -> Option<usize> {
    if is_empty {
        return Some(at);
    }
    let names = |rest: &str| {
        let named = rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        named && rest[name.len()..].starts_with(|c: char| c.is_whitespace() || c == '/' || c == '>')
    };
    let mut depth = 1_usize;
    loop {
        let start = at + html[at..].find('<')?;
        let rest = &html[start..];
        at = start + 1;
        if rest.starts_with("<!--") {
            at = start + rest.find("-->")? + 3;
        } else if rest[1..].starts_with('/') && names(&rest[2..]) {
            depth -= 1;
            at = start + rest.find('>')? + 1;
            if depth == 0 {
                return Some(at);
            }
        } else if names(&rest[1..]) && !TEXT_ONLY.contains(&name) {
            let tag = read_tag(html, start)?;
            depth += usize::from(!tag.is_empty);
            at = tag.end;
        }
    }
}

/// The text that an attribute's value stands for.
fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('&') || !value.contains(';') {
        return Cow::Borrowed(value);
    }
    let text = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    Cow::Owned(text.replace("&#39;", "'").replace("&#x27;", "'").replace("&amp;", "&"))
}
