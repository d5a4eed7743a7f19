//! Where an answer is not what the document says.

use crate::{Secret, Timestamp};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fmt};

/// How much of an unknown value is kept, in characters.
const VALUE_KEPT: usize = 60;

/// How much of a name is kept, in characters. No name of the document is as long.
const NAME_KEPT: usize = 60;

/// How many findings are kept.
const FINDINGS_KEPT: usize = 100;

/// A part of an answer that knows what the document says of it.
///
/// Implemented by generated code for everything that answers are made of. The types read more than the document says, so
/// that no answer fails for being new; this is how one finds out.
///
/// ```
/// use pictify_api::{CheckSchema, types::Image};
///
/// let answer = r#"{"url": "u", "id": "A", "createdAt": "2026-08-04T09:15:27Z", "colour": "red"}"#;
/// let image: Image = serde_json::from_str(answer).unwrap();
/// assert_eq!(image.schema_mismatches().to_string(), "colour: unknown field");
/// ```
pub trait CheckSchema {
    /// Adds to `found` what the document does not say of this value.
    fn check_schema(&self, found: &mut SchemaMismatches);

    /// Everything that the document does not say of this value.
    fn schema_mismatches(&self) -> SchemaMismatches {
        let mut found = SchemaMismatches::default();
        self.check_schema(&mut found);
        found
    }
}

/// One difference between an answer and the document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaMismatch {
    /// Where: wire names joined by dots, list positions in brackets, for example `images[2].format`.
    pub field: String,
    /// What is different there.
    pub kind: SchemaMismatchKind,
}

/// What is different from the document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaMismatchKind {
    /// The document has no such field. Its value is in the `extra` of the answer.
    UnknownField,
    /// The document has no such value. This is the first part of it.
    UnknownValue(String),
    /// The document has several forms for it, and this is none of them.
    UnknownVariant,
    /// The document says that the field is always there.
    MissingField,
    /// It is no date and time.
    InvalidTimestamp,
}

/// The differences between an answer and the document: the first 100 of them. Displays as one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaMismatches {
    found: Vec<SchemaMismatch>,
    left_out: usize,
    at: Vec<String>,
}

impl SchemaMismatches {
    /// Adds what is different at `field`, below wherever [`check_field`](Self::check_field) stands.
    pub fn push(&mut self, field: &str, kind: SchemaMismatchKind) {
        if self.found.len() == FINDINGS_KEPT {
            self.left_out += 1;
            return;
        }
        let mut path = self.at.concat();
        if !path.is_empty() && !field.is_empty() {
            path.push('.');
        }
        self.found.push(SchemaMismatch { field: path + &printable(field), kind });
    }

    /// Looks at `value` as the field of that name.
    pub fn check_field(&mut self, field: &str, value: &impl CheckSchema) {
        let name = printable(field);
        self.at.push(if self.at.is_empty() || field.starts_with('[') { name } else { format!(".{name}") });
        value.check_schema(self);
        self.at.pop();
    }

    /// Every field in `extra` is unknown.
    pub fn unknown_fields(&mut self, extra: &Map<String, Value>) {
        for name in extra.keys() {
            self.push(name, SchemaMismatchKind::UnknownField);
        }
    }

    /// The value at this place is unknown.
    pub fn unknown_value(&mut self, value: &str) {
        self.push("", SchemaMismatchKind::UnknownValue(value.chars().take(VALUE_KEPT).collect()));
    }

    /// What is at this place has none of the known forms.
    pub fn unknown_variant(&mut self) {
        self.push("", SchemaMismatchKind::UnknownVariant);
    }

    /// The field should be there.
    pub fn check_expected<T>(&mut self, field: &str, value: Option<&T>) {
        if value.is_none() {
            self.push(field, SchemaMismatchKind::MissingField);
        }
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What was found.
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
            let field = if field.is_empty() { "the answer" } else { field };
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

/// A name as a log can hold it: names of unknown fields, and of members of maps, are whatever the service sends.
fn printable(name: &str) -> String {
    name.chars().take(NAME_KEPT).flat_map(char::escape_debug).collect()
}

/// What the document says nothing more of.
macro_rules! anything_goes {
    ($($type:ty),*) => {$(
        impl CheckSchema for $type {
            fn check_schema(&self, _: &mut SchemaMismatches) {}
        }
    )*};
}

anything_goes!((), bool, f64, i64, u64, Map<String, Value>, Secret, String, Value);
#[cfg(feature = "client")]
anything_goes!(url::Url);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Batch, ImageList, WebhookSubscription};
    use serde_json::json;

    fn findings<T: CheckSchema + serde::de::DeserializeOwned>(answer: Value) -> String {
        serde_json::from_value::<T>(answer).unwrap().schema_mismatches().to_string()
    }

    #[test]
    fn what_the_document_does_not_say_is_found_with_its_place() {
        let image = json!({"url": "u", "id": "A", "createdAt": "2026-08-04T09:15:27.482Z"});
        let mut odd = image.clone();
        (odd["createdAt"], odd["new"]) = (json!("yesterday"), json!({"any": "thing"}));
        assert_eq!(
            findings::<ImageList>(json!({"images": [image, odd], "pagination": {}})),
            "images[1].createdAt: not a date and time; images[1].new: unknown field"
        );

        let picture = json!({"layout": "default", "url": "u", "id": "A", "width": 1, "height": 1, "format": "avif"});
        let item = json!({"index": 0, "success": true, "results": [picture]});
        let batch = json!({"batchId": "B", "status": "paused", "totalItems": 1, "completedItems": 0, "failedItems": 0, "results": [item]});
        let found = findings::<Batch>(batch);
        assert_eq!(found, "status: unknown value \"paused\"; results[0].results[0].format: unknown value \"avif\"");
        assert_eq!(
            findings::<Batch>(json!({"batchId": "B", "status": "pending", "totalItems": 1, "failedItems": 0})),
            "completedItems: missing"
        );
    }

    #[test]
    fn names_that_the_service_makes_up_keep_to_one_short_line() {
        let mut image = json!({"url": "u", "id": "A", "createdAt": "2026-08-04T09:15:27.482Z"});
        image["a\nb\u{1b}[31m"] = json!(1);
        assert_eq!(findings::<crate::types::Image>(image.clone()), r"a\nb\u{1b}[31m: unknown field");

        for index in 0..20_000 {
            image[format!("{index}{}", "x".repeat(1000))] = json!(1);
        }
        let found = findings::<crate::types::Image>(image);
        assert!(found.ends_with("; and 19901 more"), "{found}");
        assert!(found.len() < 10_000, "{}", found.len());
    }

    #[test]
    fn no_value_but_that_of_an_enumeration_is_shown_and_that_is_cut() {
        let long = "x".repeat(1000);
        let found = findings::<WebhookSubscription>(
            json!({"uid": "W", "event": long, "targetUrl": "u", "status": "active", "secret": "hunter2", "other": "hunter2"}),
        );
        assert!(!found.contains("hunter2") && found.len() < 200, "{found}");
    }
}
