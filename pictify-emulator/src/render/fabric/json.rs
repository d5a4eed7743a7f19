//! Typed access to the members of a JSON object, with defaults, and with the location for error messages.

use super::FabricError;
use serde_json::{Map, Value};

/// Maximum absolute value of a number.
const MAX_NUMBER: f64 = 1_000_000.0;

/// JSON object with its location in the canvas.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    pub(super) location: String,
    pub(super) members: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    pub(super) fn new(location: String, value: &'a Value) -> Result<Self, FabricError> {
        match value {
            Value::Object(members) => Ok(Self { location, members }),
            other => Err(FabricError::invalid(location, "an object", &other.to_string())),
        }
    }

    /// Returns a member, or `None` if it is missing or null.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Returns the location of a member.
    pub(super) fn location_of(&self, name: &str) -> String {
        if self.location.is_empty() { name.to_owned() } else { format!("{}.{name}", self.location) }
    }

    /// Creates an error for the value of a member.
    pub(super) fn invalid(&self, name: &str, expected: &'static str) -> FabricError {
        let found = self.members.get(name).map_or_else(|| "missing".to_owned(), Value::to_string);
        FabricError::invalid(self.location_of(name), expected, &found)
    }

    /// Returns a number. Text that contains a number is also accepted, because variables are inserted as text.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, FabricError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| number.is_finite() && number.abs() <= MAX_NUMBER);
        number.map(Some).ok_or_else(|| self.invalid(name, "a number of at most a million"))
    }

    pub(super) fn number_or(&self, name: &str, default: f64) -> Result<f64, FabricError> {
        Ok(self.number(name)?.unwrap_or(default))
    }

    /// Returns a number that must not be negative.
    pub(super) fn length(&self, name: &str, default: f64) -> Result<f64, FabricError> {
        let length = self.number_or(name, default)?;
        if length < 0.0 { Err(self.invalid(name, "zero or more")) } else { Ok(length) }
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, FabricError> {
        match self.get(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text == "true" => Ok(true),
            Some(Value::String(text)) if text == "false" => Ok(false),
            Some(_) => Err(self.invalid(name, "true or false")),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, FabricError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.invalid(name, "text")),
        }
    }

    pub(super) fn list(&self, name: &str) -> Result<&'a [Value], FabricError> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.invalid(name, "a list")),
        }
    }

    /// Returns one of the given keywords. The first one is the default.
    pub(super) fn keyword(
        &self,
        name: &str,
        keywords: &[&'static str],
        expected: &'static str,
    ) -> Result<&'static str, FabricError> {
        let Some(text) = self.text(name)?.filter(|text| !text.is_empty()) else { return Ok(keywords[0]) };
        keywords.iter().find(|keyword| **keyword == text).copied().ok_or_else(|| self.invalid(name, expected))
    }

    pub(super) fn child(&self, name: &str) -> Result<Option<Self>, FabricError> {
        self.get(name).map(|value| Self::new(self.location_of(name), value)).transpose()
    }

    pub(super) fn item(&self, name: &str, index: usize, value: &'a Value) -> Result<Self, FabricError> {
        Self::new(format!("{}[{index}]", self.location_of(name)), value)
    }

    /// Returns the type in a spelling that does not depend on the version: `itext` for `IText` and `i-text`, `image` for
    /// `FabricImage`.
    pub(super) fn kind(&self) -> Result<String, FabricError> {
        let name = self.text("type")?.ok_or_else(|| self.invalid("type", "the name of a type"))?;
        let name = name.replace(['-', '_'], "").to_ascii_lowercase();
        Ok(name.strip_prefix("fabric").map_or_else(|| name.clone(), str::to_owned))
    }
}
