//! Evaluation of the expressions of a canvas, before it is drawn.

use serde_json::{Map, Value};
use std::fmt;

/// Members that are copied without evaluation.
const LITERAL_MEMBERS: [&str; 3] = ["type", "version", CONDITION];

/// Member with the condition of an object.
const CONDITION: &str = "_if";

/// Error in an expression of a canvas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableError<E> {
    /// Location in the canvas, for example `objects[3].text`.
    pub location: String,
    /// Error of the expression engine.
    pub error: E,
}

impl<E: fmt::Display> fmt::Display for VariableError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.error)
    }
}

impl<E: std::error::Error> std::error::Error for VariableError<E> {}

/// Evaluates the expressions of a canvas: every text with `{{` is replaced by the result of `interpolate`, and an object
/// whose `_if` is false according to `condition` is removed without evaluating its content.
///
/// # Errors
/// The first error of either function, with its location.
pub fn fill_in<E>(
    canvas: &Value,
    mut interpolate: impl FnMut(&str) -> Result<String, E>,
    mut condition: impl FnMut(&str) -> Result<bool, E>,
) -> Result<Value, VariableError<E>> {
    let mut evaluator = Evaluator { interpolate: &mut interpolate, condition: &mut condition };
    evaluator.value(canvas, &mut String::new())
}

struct Evaluator<'a, E> {
    interpolate: &'a mut dyn FnMut(&str) -> Result<String, E>,
    condition: &'a mut dyn FnMut(&str) -> Result<bool, E>,
}

impl<E> Evaluator<'_, E> {
    fn value(&mut self, value: &Value, location: &mut String) -> Result<Value, VariableError<E>> {
        match value {
            Value::String(text) if text.contains("{{") => {
                let result =
                    (self.interpolate)(text).map_err(|error| VariableError { location: location.clone(), error });
                Ok(Value::String(result?))
            }
            Value::Array(items) => {
                let mut evaluated = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    self.child(location, &format!("[{index}]"), item, |value| evaluated.push(value))?;
                }
                Ok(Value::Array(evaluated))
            }
            Value::Object(members) => {
                let mut evaluated = Map::new();
                for (name, member) in members {
                    if name == CONDITION {
                        continue;
                    }
                    if LITERAL_MEMBERS.contains(&name.as_str()) {
                        evaluated.insert(name.clone(), member.clone());
                        continue;
                    }
                    let segment = if location.is_empty() { name.clone() } else { format!(".{name}") };
                    self.child(location, &segment, member, |value| drop(evaluated.insert(name.clone(), value)))?;
                }
                Ok(Value::Object(evaluated))
            }
            other => Ok(other.clone()),
        }
    }

    /// Evaluates a child value at `segment` of the location. `insert` gets the result unless the condition is false.
    fn child(
        &mut self,
        location: &mut String,
        segment: &str,
        value: &Value,
        insert: impl FnOnce(Value),
    ) -> Result<(), VariableError<E>> {
        let length = location.len();
        location.push_str(segment);
        if self.is_included(value, location)? {
            insert(self.value(value, location)?);
        }
        location.truncate(length);
        Ok(())
    }

    /// Evaluates the condition of a value. An empty condition, which some editors write, is true.
    fn is_included(&mut self, value: &Value, location: &str) -> Result<bool, VariableError<E>> {
        match value.get(CONDITION) {
            Some(Value::String(text)) if !text.trim().is_empty() => (self.condition)(text)
                .map_err(|error| VariableError { location: format!("{location}.{CONDITION}"), error }),
            Some(Value::Bool(included)) => Ok(*included),
            _ => Ok(true),
        }
    }
}
