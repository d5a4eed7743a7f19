//! Differences between a response and its schema.

use crate::{Secret, Timestamp};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fmt};

/// Maximum length of an unknown value, in characters.
const MAX_VALUE_LEN: usize = 60;

/// Maximum length of a field name, in characters. All names in the document are shorter.
const MAX_NAME_LEN: usize = 60;

/// Maximum number of mismatches in a list.
const MAX_MISMATCHES: usize = 100;

/// Part of a response that can be compared with its schema.
///
/// Implemented by generated code for all response types. The types accept more than the schema allows, so that an
/// unexpected response does not fail to decode. This trait reports the differences.
///
/// ```
/// use pictify_api::{CheckSchema, types::Image};
///
/// let response = r#"{"url": "u", "id": "A", "createdAt": "2026-08-04T09:15:27Z", "colour": "red"}"#;
/// let image: Image = serde_json::from_str(response).unwrap();
/// assert_eq!(image.schema_mismatches().to_string(), "colour: unknown field");
/// ```
pub trait CheckSchema {
    /// Adds the differences between this value and its schema to `found`.
    fn check_schema(&self, found: &mut SchemaMismatches);

    /// Returns the URL of the file that this value describes; `None` if it does not describe a file.
    fn file_url(&self) -> Option<&str> {
        None
    }

    /// Returns the differences between this value and its schema.
    fn schema_mismatches(&self) -> SchemaMismatches {
        let mut found = SchemaMismatches::default();
        self.check_schema(&mut found);
        found
    }
}

/// A difference between a response and its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaMismatch {
    /// Path of the field: wire names joined by dots, list positions in brackets, for example `images[2].format`.
    pub field: String,
    /// Kind of the difference.
    pub kind: SchemaMismatchKind,
}

/// Kind of a difference between a response and its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaMismatchKind {
    /// The schema has no such field. The value is in the `extra` field of the response.
    UnknownField,
    /// The schema does not list the value, of which this is the first part.
    UnknownValue(String),
    /// The schema has several variants, and the value matches none of them.
    UnknownVariant,
    /// The schema says that the field is always present.
    MissingField,
    /// The value is not a date and time.
    InvalidTimestamp,
    /// The value has another type than the schema says. It was converted if its meaning is clear, else it was read as
    /// missing.
    OtherType,
    /// The object has the field several times. The last one was read.
    RepeatedField,
    /// The item of a list cannot be read, or lacks what is needed to use it. It was left out of the list.
    LeftOut,
}

/// Differences between a response and its schema, at most 100. Displays as one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaMismatches {
    found: Vec<SchemaMismatch>,
    left_out: usize,
    at: Vec<String>,
}

impl SchemaMismatches {
    /// Adds a mismatch at `field`, relative to the current [`check_field`](Self::check_field).
    pub fn push(&mut self, field: &str, kind: SchemaMismatchKind) {
        if self.found.len() == MAX_MISMATCHES {
            self.left_out += 1;
            return;
        }
        let mut path = self.at.concat();
        if !path.is_empty() && !field.is_empty() {
            path.push('.');
        }
        self.found.push(SchemaMismatch { field: path + &printable(field), kind });
    }

    /// Adds a mismatch at a path of names and of positions in lists (`Err`).
    #[cfg(feature = "client")]
    pub(crate) fn push_at<'a>(&mut self, path: impl Iterator<Item = Result<&'a str, usize>>, kind: SchemaMismatchKind) {
        if self.found.len() == MAX_MISMATCHES {
            self.left_out += 1;
            return;
        }
        let mut field = String::new();
        for step in path {
            match step {
                Ok(name) if field.is_empty() => field.push_str(&printable(name)),
                Ok(name) => field.extend([".", &printable(name)]),
                Err(index) => field.extend(["[", &index.to_string(), "]"]),
            }
        }
        self.found.push(SchemaMismatch { field, kind });
    }

    /// Adds the mismatches of another comparison of the same response, except missing fields that are already
    /// explained.
    pub fn merge(&mut self, others: Self) {
        self.left_out += others.left_out;
        for mismatch in others.found {
            let is_explained = mismatch.kind == SchemaMismatchKind::MissingField
                && self.found.iter().any(|known| known.field == mismatch.field);
            if is_explained {
                continue;
            }
            if self.found.len() == MAX_MISMATCHES {
                self.left_out += 1;
            } else {
                self.found.push(mismatch);
            }
        }
    }

    /// Compares `value` with its schema as the field of that name.
    pub fn check_field(&mut self, field: &str, value: &impl CheckSchema) {
        let name = printable(field);
        self.at.push(if self.at.is_empty() || field.starts_with('[') { name } else { format!(".{name}") });
        value.check_schema(self);
        self.at.pop();
    }

    /// Adds each field in `extra` as unknown.
    pub fn unknown_fields(&mut self, extra: &Map<String, Value>) {
        for name in extra.keys() {
            self.push(name, SchemaMismatchKind::UnknownField);
        }
    }

    /// Adds the value at the current path as unknown.
    pub fn unknown_value(&mut self, value: &str) {
        self.push("", SchemaMismatchKind::UnknownValue(value.chars().take(MAX_VALUE_LEN).collect()));
    }

    /// Adds the value at the current path as matching no variant.
    pub fn unknown_variant(&mut self) {
        self.push("", SchemaMismatchKind::UnknownVariant);
    }

    /// Adds a missing field if `value` is `None`.
    pub fn check_expected<T>(&mut self, field: &str, value: Option<&T>) {
        if value.is_none() {
            self.push(field, SchemaMismatchKind::MissingField);
        }
    }

    /// Returns `true` if there are no mismatches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Returns the mismatches in the order of the fields.
    pub fn iter(&self) -> std::slice::Iter<'_, SchemaMismatch> {
        self.found.iter()
    }
}

impl<'a> IntoIterator for &'a SchemaMismatches {
    type Item = &'a SchemaMismatch;
    type IntoIter = std::slice::Iter<'a, SchemaMismatch>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for SchemaMismatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, SchemaMismatch { field, kind }) in self.found.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            let field = if field.is_empty() { "the response" } else { field };
            write!(f, "{separator}{field}: {kind}")?;
        }
        if self.left_out == 0 { Ok(()) } else { write!(f, "; and {} more", self.left_out) }
    }
}

impl fmt::Display for SchemaMismatchKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownField => f.write_str("unknown field"),
            Self::UnknownValue(value) => write!(f, "unknown value {value:?}"),
            Self::UnknownVariant => f.write_str("none of the known forms"),
            Self::MissingField => f.write_str("missing"),
            Self::InvalidTimestamp => f.write_str("not a date and time"),
            Self::OtherType => f.write_str("another type than documented"),
            Self::RepeatedField => f.write_str("repeated field"),
            Self::LeftOut => f.write_str("left out, because it cannot be read"),
        }
    }
}

impl<T: CheckSchema> CheckSchema for Option<T> {
    fn check_schema(&self, found: &mut SchemaMismatches) {
        if let Some(value) = self {
            value.check_schema(found);
        }
    }
}

impl<T: CheckSchema> CheckSchema for Box<T> {
    fn check_schema(&self, found: &mut SchemaMismatches) {
        (**self).check_schema(found);
    }

    fn file_url(&self) -> Option<&str> {
        (**self).file_url()
    }
}

impl<T: CheckSchema> CheckSchema for Vec<T> {
    fn check_schema(&self, found: &mut SchemaMismatches) {
        for (index, value) in self.iter().enumerate() {
            found.check_field(&format!("[{index}]"), value);
        }
    }
}

impl<T: CheckSchema> CheckSchema for BTreeMap<String, T> {
    fn check_schema(&self, found: &mut SchemaMismatches) {
        for (name, value) in self {
            found.check_field(name, value);
        }
    }
}

impl CheckSchema for Timestamp {
    fn check_schema(&self, found: &mut SchemaMismatches) {
        if self.get().is_none() {
            found.push("", SchemaMismatchKind::InvalidTimestamp);
        }
    }
}

/// Escapes and shortens a name for logs. Names of unknown fields and map keys come from the service.
fn printable(name: &str) -> String {
    name.chars().take(MAX_NAME_LEN).flat_map(char::escape_debug).collect()
}

/// Implements the trait for types that cannot mismatch.
macro_rules! no_schema_check {
    ($($type:ty),*) => {$(
        impl CheckSchema for $type {
            fn check_schema(&self, _: &mut SchemaMismatches) {}
        }
    )*};
}

no_schema_check!((), bool, f64, i64, u64, Map<String, Value>, Secret, String, Value);
#[cfg(feature = "client")]
no_schema_check!(url::Url);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Batch, ImageList, WebhookSubscription};
    use serde_json::json;

    fn mismatches<T: CheckSchema + serde::de::DeserializeOwned>(response: Value) -> String {
        serde_json::from_value::<T>(response).unwrap().schema_mismatches().to_string()
    }

    #[test]
    fn mismatches_have_their_path() {
        let image = json!({"url": "u", "id": "A", "createdAt": "2026-08-04T09:15:27.482Z"});
        let mut mismatching = image.clone();
        (mismatching["createdAt"], mismatching["new"]) = (json!("yesterday"), json!({"any": "thing"}));
        assert_eq!(
            mismatches::<ImageList>(json!({"images": [image, mismatching], "pagination": {}})),
            "images[1].createdAt: not a date and time; images[1].new: unknown field"
        );

        let image = json!({"layout": "default", "url": "u", "id": "A", "width": 1, "height": 1, "format": "avif"});
        let item = json!({"index": 0, "success": true, "results": [image]});
        let batch = json!({"batchId": "B", "status": "paused", "totalItems": 1, "completedItems": 0, "failedItems": 0, "results": [item]});
        let found = mismatches::<Batch>(batch);
        assert_eq!(found, "status: unknown value \"paused\"; results[0].results[0].format: unknown value \"avif\"");
        assert_eq!(
            mismatches::<Batch>(json!({"batchId": "B", "status": "pending", "totalItems": 1, "failedItems": 0})),
            "completedItems: missing"
        );
    }

    #[test]
    fn unknown_names_are_escaped_and_shortened() {
        let mut image = json!({"url": "u", "id": "A", "createdAt": "2026-08-04T09:15:27.482Z"});
        image["a\nb\u{1b}[31m"] = json!(1);
        assert_eq!(mismatches::<crate::types::Image>(image.clone()), r"a\nb\u{1b}[31m: unknown field");

        for index in 0..20_000 {
            image[format!("{index}{}", "x".repeat(1000))] = json!(1);
        }
        let found = mismatches::<crate::types::Image>(image);
        assert!(found.ends_with("; and 19901 more"), "{found}");
        assert!(found.len() < 10_000, "{}", found.len());
    }

    #[test]
    fn only_enum_values_are_shown_and_shortened() {
        let long = "x".repeat(1000);
        let found = mismatches::<WebhookSubscription>(
            json!({"uid": "W", "event": long, "targetUrl": "u", "status": "active", "secret": "hunter2", "other": "hunter2"}),
        );
        assert!(!found.contains("hunter2") && found.len() < 200, "{found}");
    }
}
