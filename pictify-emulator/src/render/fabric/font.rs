//! The font of text, or of a piece of it.

use super::{FabricError, markup::numbers, read::Object};
use serde_json::Value;
use std::fmt::Write;

/// Families that are no names of fonts.
const GENERIC: [&str; 6] = ["serif", "sans-serif", "monospace", "cursive", "fantasy", "system-ui"];

/// Parts of names that tell what stands in for a font that is not there. The first that fits counts.
const ALIKE: [(&str, &str); 18] = [
    ("sans", "sans-serif"),
    ("mono", "monospace"),
    ("courier", "monospace"),
    ("consolas", "monospace"),
    ("menlo", "monospace"),
    ("code", "monospace"),
    ("serif", "serif"),
    ("slab", "serif"),
    ("times", "serif"),
    ("georgia", "serif"),
    ("garamond", "serif"),
    ("playfair", "serif"),
    ("merriweather", "serif"),
    ("baskerville", "serif"),
    ("palatino", "serif"),
    ("bodoni", "serif"),
    ("didot", "serif"),
    ("cambria", "serif"),
];

/// Fabric's font where a text names none.
const DEFAULT: &str = "Times New Roman";

/// Adds family, weight and style; for a piece of text only what it has itself.
pub(super) fn declare(object: &Object, css: &mut String) -> Result<(), FabricError> {
    let is_text = object.members.contains_key("text");
    if let Some(names) = object.text("fontFamily")?.or(is_text.then_some(DEFAULT)) {
        let _ = write!(css, "font-family:{};", family(names));
    }
    match object.get("fontWeight") {
        None => {}
        Some(Value::String(word)) if ["normal", "bold", "lighter", "bolder"].contains(&word.as_str()) => {
            let _ = write!(css, "font-weight:{word};");
        }
        Some(Value::String(word)) if word.is_empty() => {}
        Some(_) => drop(write!(css, "font-weight:{};", numbers(&[weight(object)?]))),
    }
    if object.get("fontStyle").is_some() {
        let style = object.word("fontStyle", &["normal", "italic", "oblique"], "normal, italic or oblique")?;
        let _ = write!(css, "font-style:{style};");
    }
    Ok(())
}

fn weight(object: &Object) -> Result<f64, FabricError> {
    let weight = object.number("fontWeight").ok().flatten().filter(|weight| (1.0..=1000.0).contains(weight));
    weight.ok_or_else(|| object.wrong("fontWeight", "normal, bold or a number from 1 to 1000"))
}

/// The names, quoted for an attribute, and at the end what stands in for them.
fn family(names: &str) -> String {
    let names: Vec<String> = names
        .split(',')
        .map(|name| name.chars().filter(|letter| letter.is_alphanumeric() || " -_.+".contains(*letter)).collect())
        .map(|name: String| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    let lower = names.first().map(|name| name.to_lowercase()).unwrap_or_default();
    let alike = ALIKE.iter().find(|(part, _)| lower.contains(part)).map_or("sans-serif", |(_, generic)| generic);
    let quoted =
        names.iter().map(|name| if GENERIC.contains(&name.as_str()) { name.clone() } else { format!("'{name}'") });
    quoted.chain([alike.to_owned()]).collect::<Vec<_>>().join(",")
}
