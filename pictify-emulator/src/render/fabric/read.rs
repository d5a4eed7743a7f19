//! The members of an object, read with their defaults and with their place for messages.

use super::FabricError;
use serde_json::{Map, Value};

/// The largest number that means anything on a canvas.
const LARGEST: f64 = 1_000_000.0;

/// An object of the canvas, or of an object in it.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    pub(super) place: String,
    pub(super) members: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    pub(super) fn new(place: String, value: &'a Value) -> Result<Self, FabricError> {
        match value {
            Value::Object(members) => Ok(Self { place, members }),
            other => Err(FabricError::invalid(place, "an object", &other.to_string())),
        }
    }

    /// A member, unless it is missing or null.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Where a member is.
    pub(super) fn at(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    pub(super) fn wrong(&self, name: &str, expected: &'static str) -> FabricError {
        let found = self.members.get(name).map_or_else(|| "missing".to_owned(), Value::to_string);
        FabricError::invalid(self.at(name), expected, &found)
    }

    /// A number. What a variable was put into is text, so text that reads as a number is one.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, FabricError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| number.is_finite() && number.abs() <= LARGEST);
        number.map(Some).ok_or_else(|| self.wrong(name, "a number of at most a million"))
    }

    pub(super) fn number_or(&self, name: &str, default: f64) -> Result<f64, FabricError> {
        Ok(self.number(name)?.unwrap_or(default))
    }

    /// A number that is not below zero.
    pub(super) fn length(&self, name: &str, default: f64) -> Result<f64, FabricError> {
        let length = self.number_or(name, default)?;
        if length < 0.0 { Err(self.wrong(name, "zero or more")) } else { Ok(length) }
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, FabricError> {
        match self.get(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text == "true" => Ok(true),
            Some(Value::String(text)) if text == "false" => Ok(false),
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, FabricError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "text")),
        }
    }

    pub(super) fn list(&self, name: &str) -> Result<&'a [Value], FabricError> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.wrong(name, "a list")),
        }
    }

    /// One of a few words; the first is the default.
    pub(super) fn word(
        &self,
        name: &str,
        words: &[&'static str],
        expected: &'static str,
    ) -> Result<&'static str, FabricError> {
        let Some(text) = self.text(name)?.filter(|text| !text.is_empty()) else { return Ok(words[0]) };
        words.iter().find(|word| **word == text).copied().ok_or_else(|| self.wrong(name, expected))
    }

    pub(super) fn child(&self, name: &str) -> Result<Option<Self>, FabricError> {
        self.get(name).map(|value| Self::new(self.at(name), value)).transpose()
    }

    pub(super) fn item(&self, name: &str, index: usize, value: &'a Value) -> Result<Self, FabricError> {
        Self::new(format!("{}[{index}]", self.at(name)), value)
    }

    /// The type, whatever the version: `IText`, `i-text` and `FabricImage` are `itext` and `image`.
    pub(super) fn kind(&self) -> Result<String, FabricError> {
        let name = self.text("type")?.ok_or_else(|| self.wrong("type", "the name of a type"))?;
        let name = name.replace(['-', '_'], "").to_ascii_lowercase();
        Ok(name.strip_prefix("fabric").map_or_else(|| name.clone(), str::to_owned))
    }
}
