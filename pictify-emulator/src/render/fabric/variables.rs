//! Values for the `{{...}}` of a canvas, before it is drawn.

use serde_json::{Map, Value};
use std::fmt;

/// Members that are never text with variables.
const PLAIN: [&str; 3] = ["type", "version", CONDITION];

const CONDITION: &str = "_if";

/// An expression of the canvas that has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableError<E> {
    /// Where in the canvas, for example `objects[3].text`.
    pub place: String,
    /// What the expression engine says.
    pub error: E,
}

impl<E: fmt::Display> fmt::Display for VariableError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.error)
    }
}

impl<E: std::error::Error> std::error::Error for VariableError<E> {}

/// The canvas with its expressions evaluated: every text that has `{{` goes through `interpolate`, and what has an `_if`
/// that `condition` finds false is left out, unread.
///
/// # Errors
/// The first error of either, with its place.
pub fn fill_in<E>(
    canvas: &Value,
    mut interpolate: impl FnMut(&str) -> Result<String, E>,
    mut condition: impl FnMut(&str) -> Result<bool, E>,
) -> Result<Value, VariableError<E>> {
    let mut engine = Engine { interpolate: &mut interpolate, condition: &mut condition };
    engine.value(canvas, &mut String::new())
}

struct Engine<'a, E> {
    interpolate: &'a mut dyn FnMut(&str) -> Result<String, E>,
    condition: &'a mut dyn FnMut(&str) -> Result<bool, E>,
}

impl<E> Engine<'_, E> {
    fn value(&mut self, value: &Value, place: &mut String) -> Result<Value, VariableError<E>> {
        match value {
            Value::String(text) if text.contains("{{") => {
                let result = (self.interpolate)(text).map_err(|error| VariableError { place: place.clone(), error });
                Ok(Value::String(result?))
            }
            Value::Array(items) => {
                let mut kept = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    self.step(place, &format!("[{index}]"), item, |value| kept.push(value))?;
                }
                Ok(Value::Array(kept))
            }
            Value::Object(members) => {
                let mut kept = Map::new();
                for (name, member) in members {
                    if name == CONDITION {
                        continue;
                    }
                    if PLAIN.contains(&name.as_str()) {
                        kept.insert(name.clone(), member.clone());
                        continue;
                    }
                    let step = if place.is_empty() { name.clone() } else { format!(".{name}") };
                    self.step(place, &step, member, |value| drop(kept.insert(name.clone(), value)))?;
                }
                Ok(Value::Object(kept))
            }
            other => Ok(other.clone()),
        }
    }

    /// One step into the canvas: `keep` gets the value unless its condition is false.
    fn step(
        &mut self,
        place: &mut String,
        step: &str,
        value: &Value,
        keep: impl FnOnce(Value),
    ) -> Result<(), VariableError<E>> {
        let length = place.len();
        place.push_str(step);
        if self.is_wanted(value, place)? {
            keep(self.value(value, place)?);
        }
        place.truncate(length);
        Ok(())
    }

    /// Editors save no condition as an empty one.
    fn is_wanted(&mut self, value: &Value, place: &str) -> Result<bool, VariableError<E>> {
        match value.get(CONDITION) {
            Some(Value::String(text)) if !text.trim().is_empty() => {
                (self.condition)(text).map_err(|error| VariableError { place: format!("{place}.{CONDITION}"), error })
            }
            Some(Value::Bool(wanted)) => Ok(*wanted),
            _ => Ok(true),
        }
    }
}
