//! Runs of text with the same style, from Fabric's `styles` per character.

use super::{FabricError, json::Object};
use serde_json::Value;

/// Maximum number of characters of a text.
const MAX_TEXT_CHARS: usize = 100_000;

/// Maximum number of characters that all styles together cover.
const MAX_STYLED_CHARS: usize = 1_000_000;

/// Run of text with the same style.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) text: String,
    /// Members that override those of the text object.
    pub(super) style: Option<Object<'a>>,
}

/// Splits the text of an object into runs.
pub(super) fn split_runs<'a>(object: &Object<'a>) -> Result<Vec<Run<'a>>, FabricError> {
    let text = object.text("text")?.unwrap_or_default().replace("\r\n", "\n").replace('\r', "\n");
    let characters: Vec<char> = text.chars().collect();
    if characters.len() > MAX_TEXT_CHARS {
        let message = format!("more than {MAX_TEXT_CHARS} characters");
        return Err(FabricError::limit_exceeded(object.location_of("text"), message));
    }
    let styles = match object.get("styles") {
        None => vec![None; characters.len()],
        Some(Value::Array(_)) => styles_from_ranges(object, &characters)?,
        Some(Value::Object(_)) => styles_from_lines(object, &characters)?,
        Some(_) => return Err(object.invalid("styles", "a list or an object")),
    };
    let mut runs: Vec<Run> = Vec::new();
    for (character, style) in characters.into_iter().zip(styles) {
        let members = |style: &Option<Object<'a>>| style.as_ref().map(|style| style.members);
        match runs.last_mut() {
            // A line break belongs to the run before it.
            Some(run) if character == '\n' || members(&run.style) == members(&style) => run.text.push(character),
            _ => runs.push(Run { text: character.to_string(), style }),
        }
    }
    Ok(runs)
}

/// Reads `[{start, end, style}]`, the format since Fabric 5.3. The positions do not count line breaks.
fn styles_from_ranges<'a>(object: &Object<'a>, characters: &[char]) -> Result<Vec<Option<Object<'a>>>, FabricError> {
    let mut styles = vec![None; characters.len()];
    let counted: Vec<usize> = (0..characters.len()).filter(|index| characters[*index] != '\n').collect();
    let mut covered = 0;
    for (index, value) in object.list("styles")?.iter().enumerate() {
        let range = object.item("styles", index, value)?;
        let Some(style) = range.child("style")? else { continue };
        let end = |name| {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a million")]
            range.length(name, 0.0).map(|end| (end as usize).min(counted.len()))
        };
        let (start, end) = (end("start")?, end("end")?);
        covered += end.saturating_sub(start);
        if covered > MAX_STYLED_CHARS {
            let message = format!("the styles cover more than {MAX_STYLED_CHARS} characters");
            return Err(FabricError::limit_exceeded(object.location_of("styles"), message));
        }
        for index in counted.get(start..end).unwrap_or_default() {
            styles[*index] = Some(style.clone());
        }
    }
    Ok(styles)
}

/// Reads `{line: {character: style}}`, the format before Fabric 5.3.
fn styles_from_lines<'a>(object: &Object<'a>, characters: &[char]) -> Result<Vec<Option<Object<'a>>>, FabricError> {
    let mut styles = Vec::with_capacity(characters.len());
    let by_line = object.child("styles")?;
    for (number, line) in characters.split(|character| *character == '\n').enumerate() {
        if number > 0 {
            styles.push(None);
        }
        let by_character = match &by_line {
            Some(by_line) => by_line.child(&number.to_string())?,
            None => None,
        };
        for index in 0..line.len() {
            let style = by_character.as_ref().map(|line| line.child(&index.to_string())).transpose()?;
            styles.push(style.flatten());
        }
    }
    Ok(styles)
}
