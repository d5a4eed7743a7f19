//! Functions of text. A character is a Unicode character: none is ever cut in two.

use super::{
    super::{
        budget::ITEMS,
        error::Fault,
        values::{Item, made},
    },
    Arguments, Category, Function,
};
use serde_json::Value;

type Outcome<'a> = Result<Item<'a>, Fault>;

const fn text(
    signature: &'static str,
    count: (usize, usize),
    run: for<'a> fn(&mut Arguments<'a, '_>) -> Outcome<'a>,
    description: &'static str,
) -> Function {
    Function::new(Category::Text, signature, count, run, description)
}

pub(super) const TABLE: &[Function] = &[
    text("uppercase(str)", (1, 1), |a| Ok(made(a.text(0)?.to_uppercase())), "Text in capital letters."),
    text("lowercase(str)", (1, 1), |a| Ok(made(a.text(0)?.to_lowercase())), "Text in small letters."),
    text("capitalize(str)", (1, 1), capitalize, "Text with its first letter as a capital."),
    text("titleCase(str)", (1, 1), title_case, "Text with the first letter of each word as a capital."),
    text("trim(str)", (1, 1), |a| Ok(made(a.text(0)?.trim())), "Text without the white space around it."),
    text(
        "truncate(str, len, suffix?)",
        (2, 3),
        truncate,
        "At most len characters of a text; where something was cut the suffix follows, else three dots.",
    ),
    text("replace(str, search, replacement)", (3, 3), replace, "Text with every occurrence of search replaced."),
    text(
        "split(str, delimiter)",
        (2, 2),
        split,
        "The list of the parts between delimiters; of characters if it is empty.",
    ),
    text("padStart(str, len, char?)", (2, 3), |a| pad(a, true), "Text filled up to len characters at its start."),
    text("padEnd(str, len, char?)", (2, 3), |a| pad(a, false), "Text filled up to len characters at its end."),
    text(
        "startsWith(str, search)",
        (2, 2),
        |a| Ok(made(a.text(0)?.starts_with(&*a.text(1)?))),
        "Whether a text starts with another.",
    ),
    text(
        "endsWith(str, search)",
        (2, 2),
        |a| Ok(made(a.text(0)?.ends_with(&*a.text(1)?))),
        "Whether a text ends with another.",
    ),
    text("toUpperCase(str)", (1, 1), |a| Ok(made(a.text(0)?.to_uppercase())), "Another name of uppercase.")
        .not_in_html(),
];

fn capitalize<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    Ok(made(capitalized(&arguments.text(0)?)))
}

fn title_case<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let text = arguments.text(0)?;
    Ok(made(text.split_inclusive(char::is_whitespace).map(capitalized).collect::<String>()))
}

/// The rest stays as it is: `iPhone` in a title is no mistake.
fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

fn truncate<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let (text, length) = (arguments.text(0)?, arguments.size(1)?);
    Ok(made(match text.char_indices().nth(length) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}{}", &text[..end], arguments.text_or(2, "...")?),
    }))
}

fn replace<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let (text, search, replacement) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    let found = text.matches(&*search).count();
    arguments.budget.charge(found.saturating_mul(replacement.len()))?;
    Ok(made(text.replace(&*search, &replacement)))
}

fn split<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let (text, delimiter) = (arguments.text(0)?, arguments.text(1)?);
    let count = if delimiter.is_empty() { text.chars().count() } else { text.matches(&*delimiter).count() + 1 };
    if count > ITEMS {
        return Err(arguments.fault(&format!("the list would have {count} items, more than {ITEMS}")));
    }
    // An item takes some memory even if it is empty.
    arguments.budget.charge(count.saturating_mul(64))?;
    let parts: Vec<Value> = if delimiter.is_empty() {
        text.chars().map(|character| character.to_string().into()).collect()
    } else {
        text.split(&*delimiter).map(Value::from).collect()
    };
    Ok(made(parts))
}

fn pad<'a>(arguments: &Arguments<'a, '_>, start: bool) -> Outcome<'a> {
    let (text, length, fill) = (arguments.text(0)?, arguments.size(1)?, arguments.text_or(2, " ")?);
    let missing = length.saturating_sub(text.chars().count());
    // A character has at most four bytes.
    arguments.budget.charge(missing.saturating_mul(4))?;
    let padding: String = fill.chars().cycle().take(missing).collect();
    Ok(made(if start { padding + &text } else { text.into_owned() + &padding }))
}
