//! Filters and orders of lists.

use serde_json::Value;

/// Filter for documents. A document matches if it meets all conditions and contains the text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(super) conditions: Vec<Condition>,
    /// Text in lower case that one of the searched members contains.
    pub(super) text: Option<String>,
}

/// Condition for the value at a JSON path (`$.a.b`).
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// The value is one of these.
    AnyOf(&'static str, Vec<Value>),
    /// The value is an array that contains this text.
    Contains(&'static str, String),
    /// The document has this text in lower case anywhere, or one of these values at the path.
    Text(String, &'static str, Vec<String>),
}

/// Order of documents in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Newest,
    Oldest,
    Name,
}

impl Filter {
    /// Requires this value at the path. `None` adds no condition.
    pub(crate) fn eq(mut self, path: &'static str, value: Option<&str>) -> Self {
        self.conditions.extend(value.map(|value| Condition::AnyOf(path, vec![value.into()])));
        self
    }

    /// Requires one of these values at the path.
    pub(crate) fn any_of(mut self, path: &'static str, values: &[&str]) -> Self {
        self.conditions.push(Condition::AnyOf(path, values.iter().map(|value| (*value).into()).collect()));
        self
    }

    /// Requires this boolean at the path. `None` adds no condition.
    pub(crate) fn eq_bool(mut self, path: &'static str, value: Option<bool>) -> Self {
        self.conditions.extend(value.map(|value| Condition::AnyOf(path, vec![value.into()])));
        self
    }

    /// Requires an array at the path that contains this text. `None` adds no condition.
    pub(crate) fn contains(mut self, path: &'static str, text: Option<&str>) -> Self {
        self.conditions.extend(text.map(|text| Condition::Contains(path, text.to_owned())));
        self
    }

    /// Requires that a searched member of the document contains this text, in any letter case: see `indexes.rs`. `None`
    /// adds no condition.
    pub(crate) fn text(mut self, text: Option<&str>) -> Self {
        self.text = text.map(str::to_lowercase).or(self.text);
        self
    }

    /// Requires a text, in any letter case, in any member of the document; or else one of these values at the path. An
    /// empty text adds no condition.
    pub(crate) fn text_anywhere(mut self, text: &str, path: &'static str, values: Vec<String>) -> Self {
        if !text.is_empty() {
            self.conditions.push(Condition::Text(text.to_lowercase(), path, values));
        }
        self
    }
}

impl Condition {
    /// Returns true if a document meets the condition.
    pub(super) fn is_met(&self, document: &Value) -> bool {
        match self {
            Self::AnyOf(path, values) => values.contains(at(document, path)),
            Self::Contains(path, text) => contains(document, path, text),
            Self::Text(text, path, values) => {
                has_text(document, text)
                    || at(document, path).as_str().is_some_and(|value| values.iter().any(|wanted| wanted == value))
            }
        }
    }
}

/// Returns true if a value has a text in lower case in one of its strings or numbers.
fn has_text(value: &Value, text: &str) -> bool {
    match value {
        Value::String(own) => own.to_lowercase().contains(text),
        Value::Number(own) => own.to_string() == text,
        Value::Array(items) => items.iter().any(|item| has_text(item, text)),
        Value::Object(members) => members.values().any(|member| has_text(member, text)),
        Value::Null | Value::Bool(_) => false,
    }
}

/// Returns the value at a JSON path (`$.a.b`), or null.
pub(super) fn at<'a>(document: &'a Value, path: &str) -> &'a Value {
    let names = path.split('.').skip(1);
    names.fold(document, |value, name| value.get(name).unwrap_or(&Value::Null))
}

/// Returns true if the value at the path is an array that contains this text.
pub(super) fn contains(document: &Value, path: &str, text: &str) -> bool {
    at(document, path).as_array().is_some_and(|items| items.iter().any(|item| item == text))
}
