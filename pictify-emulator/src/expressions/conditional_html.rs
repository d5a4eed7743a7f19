//! Older HTML templates: HTML with expressions and with `_if` attributes.

use super::{
    ExpressionError, Scope,
    error::{UnlocatedError, shorten},
    evaluate::evaluate,
    fuel::MAX_EXPRESSION_BYTES,
    interpolate::fill,
    parser::{Terminator, parse},
    values,
};
use std::{borrow::Cow, ops::Range};

/// Fills an older HTML template: removes elements whose `_if` is false, then replaces every `{{ expression }}` by its value.
/// Values are inserted without escaping, because they may contain HTML.
///
/// # Errors
/// As [`interpolate`](super::interpolate), and when an element to remove has no end tag.
pub fn fill_html(html: &str, scope: &Scope<'_>) -> Result<String, ExpressionError> {
    let mut filled = String::new();
    let mut done = 0;
    let mut offset = 0;
    while let Some(tag) = find_start_tag(html, offset) {
        offset = tag.end;
        let Some(condition) = tag.condition else { continue };
        let cut = if is_condition_true(html, &condition.value, scope)? {
            if TEXT_ONLY_ELEMENTS.contains(&tag.name.as_str()) {
                offset = find_element_end(html, &tag.name, tag.end, false).unwrap_or(html.len());
            }
            condition.whole
        } else {
            let end = find_element_end(html, &tag.name, tag.end, tag.is_self_closing).ok_or_else(|| {
                let message = format!("The element with this _if has no end tag </{}>", shorten(&tag.name));
                ExpressionError::new(UnlocatedError::syntax(message), html, tag.start)
            })?;
            offset = end;
            tag.start..end
        };
        fill(html, done..cut.start, scope, &mut filled)?;
        done = cut.end;
    }
    fill(html, done..html.len(), scope, &mut filled)?;
    Ok(filled)
}

fn is_condition_true(html: &str, value: &Range<usize>, scope: &Scope<'_>) -> Result<bool, ExpressionError> {
    let source = unescape(&html[value.clone()]);
    let located = |(offset, error)| {
        // If entities were unescaped, offsets in the expression do not match the HTML: report the start.
        let offset = if matches!(source, Cow::Borrowed(_)) { offset } else { 0 };
        ExpressionError::new(error, html, value.start + offset)
    };
    scope.fuel.consume(value.len().min(MAX_EXPRESSION_BYTES)).map_err(|error| located((0, error)))?;
    let expression = parse(&source, 0, Terminator::EndOfInput).map_err(located)?;
    let value = evaluate(&expression.root, scope, scope.missing).map_err(located)?;
    Ok(values::is_truthy(&value))
}

/// Start tag.
struct Tag {
    start: usize,
    end: usize,
    name: String,
    /// True for a void element and for `<name/>`, which have no end tag.
    is_self_closing: bool,
    condition: Option<Condition>,
}

/// Byte ranges of an `_if` attribute: with the white space before it, and of its value.
struct Condition {
    whole: Range<usize>,
    value: Range<usize>,
}

/// Elements that have no end tag.
const VOID_ELEMENTS: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// Elements whose content is text only: tags in it are not markup.
const TEXT_ONLY_ELEMENTS: &[&str] = &["script", "style", "textarea", "title"];

/// Finds the next start tag at or after an offset. Skips comments, expressions, and the content of text-only elements.
fn find_start_tag(html: &str, mut offset: usize) -> Option<Tag> {
    loop {
        let start = offset + html[offset..].find(['<', '{'])?;
        let rest = &html[start..];
        offset = if rest.starts_with("<!--") {
            start + rest.find("-->").map_or(rest.len(), |end| end + 3)
        } else if rest.starts_with("{{") {
            start + rest.find("}}").map_or(rest.len(), |end| end + 2)
        } else if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) && rest.starts_with('<') {
            let tag = read_tag(html, start)?;
            if tag.condition.is_some() || !TEXT_ONLY_ELEMENTS.contains(&tag.name.as_str()) {
                return Some(tag);
            }
            find_element_end(html, &tag.name, tag.end, false)?
        } else {
            start + 1
        };
    }
}

fn read_tag(html: &str, start: usize) -> Option<Tag> {
    let name_end = start + 1 + html[start + 1..].find(|c: char| c.is_whitespace() || c == '/' || c == '>')?;
    let name = html[start + 1..name_end].to_ascii_lowercase();
    let mut tag = Tag { start, end: 0, is_self_closing: VOID_ELEMENTS.contains(&name.as_str()), name, condition: None };
    let mut offset = name_end;
    loop {
        let before = offset;
        offset += html[offset..].find(|c: char| !c.is_whitespace())?;
        if html[offset..].starts_with('>') {
            tag.end = offset + 1;
            return Some(tag);
        }
        if html[offset..].starts_with('/') {
            tag.is_self_closing |= html[offset..].starts_with("/>");
            offset += 1;
            continue;
        }
        let name = offset;
        // The first character always belongs to the name, whatever it is.
        offset += html[offset..].chars().next()?.len_utf8();
        offset += html[offset..].find(|c: char| c.is_whitespace() || "=/>".contains(c))?;
        let name = &html[name..offset];
        let Some(after) = html[offset..].trim_start().strip_prefix('=').map(str::trim_start) else { continue };
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
        offset = end;
    }
}

/// Returns the end offset of the element whose start tag ends at this offset.
fn find_element_end(html: &str, name: &str, mut offset: usize, is_self_closing: bool) -> Option<usize> {
    if is_self_closing {
        return Some(offset);
    }
    let has_name = |rest: &str| {
        let matches = rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        matches && rest[name.len()..].starts_with(|c: char| c.is_whitespace() || c == '/' || c == '>')
    };
    let mut depth = 1_usize;
    loop {
        let start = offset + html[offset..].find('<')?;
        let rest = &html[start..];
        offset = start + 1;
        if rest.starts_with("<!--") {
            offset = start + rest.find("-->")? + 3;
        } else if rest[1..].starts_with('/') && has_name(&rest[2..]) {
            depth -= 1;
            offset = start + rest.find('>')? + 1;
            if depth == 0 {
                return Some(offset);
            }
        } else if has_name(&rest[1..]) && !TEXT_ONLY_ELEMENTS.contains(&name) {
            let tag = read_tag(html, start)?;
            depth += usize::from(!tag.is_self_closing);
            offset = tag.end;
        }
    }
}

/// Decodes the character references of an attribute value.
fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('&') || !value.contains(';') {
        return Cow::Borrowed(value);
    }
    let text = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    Cow::Owned(text.replace("&#39;", "'").replace("&#x27;", "'").replace("&amp;", "&"))
}
