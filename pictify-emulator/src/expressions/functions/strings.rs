//! Functions of strings. A character is a Unicode scalar value and is never split.

use super::{
    super::{fuel::MAX_ARRAY_ITEMS, values::computed},
    Arguments, Category, Function, FunctionResult,
};
use serde_json::Value;

const fn string(
    signature: &'static str,
    count: (usize, usize),
    run: for<'a> fn(&mut Arguments<'a, '_>) -> FunctionResult<'a>,
    description: &'static str,
) -> Function {
    Function::new(Category::Text, signature, count, run, description)
}

pub(super) const TABLE: &[Function] = &[
    string("uppercase(str)", (1, 1), |a| Ok(computed(a.text(0)?.to_uppercase())), "Text in capital letters."),
    string("lowercase(str)", (1, 1), |a| Ok(computed(a.text(0)?.to_lowercase())), "Text in lower-case letters."),
    string("capitalize(str)", (1, 1), capitalize, "Text with its first letter as a capital."),
    string("titleCase(str)", (1, 1), title_case, "Text with the first letter of each word as a capital."),
    string("trim(str)", (1, 1), |a| Ok(computed(a.text(0)?.trim())), "Text without the white space around it."),
    string(
        "truncate(str, len, suffix?)",
        (2, 3),
        truncate,
        "At most len characters of a text; if something was cut off, the suffix follows, by default three dots.",
    ),
    string("replace(str, search, replacement)", (3, 3), replace, "Text with every occurrence of search replaced."),
    string(
        "split(str, delimiter)",
        (2, 2),
        split,
        "The parts between delimiters as an array; the characters if the delimiter is empty.",
    ),
    string("padStart(str, len, char?)", (2, 3), |a| pad(a, true), "Text filled up to len characters at its start."),
    string("padEnd(str, len, char?)", (2, 3), |a| pad(a, false), "Text filled up to len characters at its end."),
    string(
        "startsWith(str, search)",
        (2, 2),
        |a| Ok(computed(a.text(0)?.starts_with(&*a.text(1)?))),
        "True if a text starts with another.",
    ),
    string(
        "endsWith(str, search)",
        (2, 2),
        |a| Ok(computed(a.text(0)?.ends_with(&*a.text(1)?))),
        "True if a text ends with another.",
    ),
    string("toUpperCase(str)", (1, 1), |a| Ok(computed(a.text(0)?.to_uppercase())), "Another name of uppercase.")
        .without_helper(),
];

fn capitalize<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    Ok(computed(capitalize_first(&arguments.text(0)?)))
}

fn title_case<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    let text = arguments.text(0)?;
    Ok(computed(text.split_inclusive(char::is_whitespace).map(capitalize_first).collect::<String>()))
}

/// Capitalizes the first character. The rest is unchanged, so that a name such as `iPhone` keeps its capitals.
fn capitalize_first(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

fn truncate<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    let (text, length) = (arguments.text(0)?, arguments.length(1)?);
    Ok(computed(match text.char_indices().nth(length) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}{}", &text[..end], arguments.text_or(2, "...")?),
    }))
}

fn replace<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    let (text, search, replacement) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    let found = text.matches(&*search).count();
    arguments.fuel.consume(found.saturating_mul(replacement.len()))?;
    Ok(computed(text.replace(&*search, &replacement)))
}

fn split<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    let (text, delimiter) = (arguments.text(0)?, arguments.text(1)?);
    let count = if delimiter.is_empty() { text.chars().count() } else { text.matches(&*delimiter).count() + 1 };
    if count > MAX_ARRAY_ITEMS {
        return Err(arguments.error(&format!("the array would have {count} items, more than {MAX_ARRAY_ITEMS}")));
    }
    // An item needs some memory even if it is empty.
    arguments.fuel.consume(count.saturating_mul(64))?;
    let parts: Vec<Value> = if delimiter.is_empty() {
        text.chars().map(|character| character.to_string().into()).collect()
    } else {
        text.split(&*delimiter).map(Value::from).collect()
    };
    Ok(computed(parts))
}

fn pad<'a>(arguments: &Arguments<'a, '_>, start: bool) -> FunctionResult<'a> {
    let (text, length, fill) = (arguments.text(0)?, arguments.length(1)?, arguments.text_or(2, " ")?);
    let missing = length.saturating_sub(text.chars().count());
    // A character has at most four bytes.
    arguments.fuel.consume(missing.saturating_mul(4))?;
    let padding: String = fill.chars().cycle().take(missing).collect();
    Ok(computed(if start { padding + &text } else { text.into_owned() + &padding }))
}
