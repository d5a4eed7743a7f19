//! Text in pieces that look alike: Fabric's `styles` per character.

use super::{FabricError, read::Object};
use serde_json::Value;

/// How many characters a text may have.
const LONGEST: usize = 100_000;

/// How many characters all styles may cover together.
const COVERED: usize = 1_000_000;

/// A piece of text.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) text: String,
    /// The members that differ from the text's own.
    pub(super) style: Option<Object<'a>>,
}

/// The text of an object in pieces.
pub(super) fn of<'a>(object: &Object<'a>) -> Result<Vec<Run<'a>>, FabricError> {
    let text = object.text("text")?.unwrap_or_default().replace("\r\n", "\n").replace('\r', "\n");
    let characters: Vec<char> = text.chars().collect();
    if characters.len() > LONGEST {
        return Err(FabricError::too_much(object.at("text"), format!("it has more than {LONGEST} characters")));
    }
    let styles = match object.get("styles") {
        None => vec![None; characters.len()],
        Some(Value::Array(_)) => ranges(object, &characters)?,
        Some(Value::Object(_)) => lines(object, &characters)?,
        Some(_) => return Err(object.wrong("styles", "a list or an object")),
    };
    let mut runs: Vec<Run> = Vec::new();
    for (character, style) in characters.into_iter().zip(styles) {
        let members = |style: &Option<Object<'a>>| style.as_ref().map(|style| style.members);
        match runs.last_mut() {
            // What ends a line belongs to what is before it.
            Some(run) if character == '\n' || members(&run.style) == members(&style) => run.text.push(character),
            _ => runs.push(Run { text: character.to_string(), style }),
        }
    }
    Ok(runs)
}

/// `[{start, end, style}]`, which does not count the ends of lines: so it is since Fabric 5.3.
fn ranges<'a>(object: &Object<'a>, characters: &[char]) -> Result<Vec<Option<Object<'a>>>, FabricError> {
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
        if covered > COVERED {
            return Err(FabricError::too_much(
                object.at("styles"),
                format!("they cover more than {COVERED} characters"),
            ));
        }
        for place in counted.get(start..end).unwrap_or_default() {
            styles[*place] = Some(style.clone());
        }
    }
    Ok(styles)
}

/// `{line: {character: style}}`.
fn lines<'a>(object: &Object<'a>, characters: &[char]) -> Result<Vec<Option<Object<'a>>>, FabricError> {
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
        for place in 0..line.len() {
            let style = by_character.as_ref().map(|line| line.child(&place.to_string())).transpose()?;
            styles.push(style.flatten());
        }
    }
    Ok(styles)
}
