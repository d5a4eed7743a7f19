//! Font of a text, or of a run of it.

use super::{FabricError, escape::numbers, json::Object};
use serde_json::Value;
use std::fmt::Write;

/// Generic families of CSS, which are not quoted.
const GENERIC_FAMILIES: [&str; 6] = ["serif", "sans-serif", "monospace", "cursive", "fantasy", "system-ui"];

/// Parts of font names with the generic family that replaces a missing font. The first match applies.
const FALLBACKS: [(&str, &str); 18] = [
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
const DEFAULT_FAMILY: &str = "Times New Roman";

/// Adds CSS for family, weight and style; for a run of text only the members that its style has.
pub(super) fn declare(object: &Object, css: &mut String) -> Result<(), FabricError> {
    let is_text = object.members.contains_key("text");
    if let Some(names) = object.text("fontFamily")?.or(is_text.then_some(DEFAULT_FAMILY)) {
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
        let style = object.keyword("fontStyle", &["normal", "italic", "oblique"], "normal, italic or oblique")?;
        let _ = write!(css, "font-style:{style};");
    }
    Ok(())
}

fn weight(object: &Object) -> Result<f64, FabricError> {
    let weight = object.number("fontWeight").ok().flatten().filter(|weight| (1.0..=1000.0).contains(weight));
    weight.ok_or_else(|| object.invalid("fontWeight", "normal, bold or a number from 1 to 1000"))
}

/// Returns the names, quoted for an HTML attribute, followed by a generic family as the fallback.
fn family(names: &str) -> String {
    let names: Vec<String> = names
        .split(',')
        .map(|name| name.chars().filter(|letter| letter.is_alphanumeric() || " -_.+".contains(*letter)).collect())
        .map(|name: String| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    let lower = names.first().map(|name| name.to_lowercase()).unwrap_or_default();
    let fallback = FALLBACKS.iter().find(|(part, _)| lower.contains(part)).map_or("sans-serif", |(_, generic)| generic);
    let is_generic = |name: &str| GENERIC_FAMILIES.contains(&name);
    let quoted = names.iter().map(|name| if is_generic(name) { name.clone() } else { format!("'{name}'") });
    quoted.chain([fallback.to_owned()]).collect::<Vec<_>>().join(",")
}
