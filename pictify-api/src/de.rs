//! Lenient deserialization for generated types.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Unexpected, Visitor},
};
use serde_json::Value;
use std::fmt;

/// Reads `null` as the default value: the service sends `null` for an empty list.
///
/// # Errors
/// If the value is neither `null` nor a `T`.
pub fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A number type of the generated code, converted from other forms of a number.
pub trait Number: Sized {
    /// Converts a whole number, if it fits.
    fn from_integer(number: i128) -> Option<Self>;
    /// Converts a finite number, if it fits. A fraction is rounded for integer types.
    fn from_float(number: f64) -> Option<Self>;
    /// Name of the type, for error messages.
    const NAME: &'static str;
}

macro_rules! integer {
    ($($name:ident),*) => {$(
        impl Number for $name {
            fn from_integer(number: i128) -> Option<Self> {
                number.try_into().ok()
            }

            fn from_float(number: f64) -> Option<Self> {
                // Both ends are exact, or rounded to a value outside the type.
                #[allow(clippy::cast_precision_loss, reason = "see above")]
                let fits = (Self::MIN as f64..Self::MAX as f64).contains(&number.round());
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it fits")]
                fits.then_some(number.round() as Self)
            }

            const NAME: &'static str = stringify!($name);
        }
    )*};
}

integer!(u64, i64);

impl Number for f64 {
    #[allow(clippy::cast_precision_loss, reason = "JSON readers do the same")]
    fn from_integer(number: i128) -> Option<Self> {
        Some(number as Self)
    }

    fn from_float(number: f64) -> Option<Self> {
        number.is_finite().then_some(number)
    }

    const NAME: &'static str = "f64";
}

/// Reads a number in any form: `1200`, `1200.0`, `"1200"`. A fraction is rounded for integer types. An unusual form of
/// a number must not fail a response that was paid for.
///
/// # Errors
/// If the value is not a number in one of these forms, or does not fit.
pub fn number<'de, D: Deserializer<'de>, T: Number>(deserializer: D) -> Result<T, D::Error> {
    read(&Value::deserialize(deserializer)?)
}

/// Reads a number like [`number`], and `null` as `None`.
///
/// # Errors
/// As for [`number`].
pub fn optional_number<'de, D: Deserializer<'de>, T: Number>(deserializer: D) -> Result<Option<T>, D::Error> {
    // Reads a `Value` first: with serde_json's `arbitrary_precision`, a visitor sees a map instead of a number.
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value => read(&value).map(Some),
    }
}

fn read<T: Number, E: Error>(value: &Value) -> Result<T, E> {
    let (whole, real) = match value {
        Value::Number(number) => (number.as_u64().map(i128::from).or(number.as_i64().map(i128::from)), number.as_f64()),
        Value::String(text) => (text.trim().parse().ok(), text.trim().parse().ok()),
        _ => (None, None),
    };
    let number = match whole {
        Some(whole) => T::from_integer(whole),
        None => real.and_then(T::from_float),
    };
    number.ok_or_else(|| {
        let expected = T::NAME;
        match value {
            Value::Number(number) => E::custom(format!("invalid value: `{number}`, expected {expected}")),
            Value::String(text) => E::invalid_type(Unexpected::Str(text), &expected),
            Value::Null => E::invalid_type(Unexpected::Unit, &expected),
            Value::Bool(value) => E::invalid_type(Unexpected::Bool(*value), &expected),
            Value::Array(_) => E::invalid_type(Unexpected::Seq, &expected),
            Value::Object(_) => E::invalid_type(Unexpected::Map, &expected),
        }
    })
}

/// Deserializer of an object whose fields may have alternative names. It passes fields on under the names of the
/// document.
///
/// The name of the document has priority unless its value is `null`, then the aliases in their order. An unused alias
/// is not renamed, so it becomes an unknown field. serde's own `alias` would reject a response that has a field under
/// two names, and the service sends both `id` and `uid`.
///
/// Fields without aliases are read directly, so that errors have their path. Fields with aliases are buffered until the
/// object ends, because another name may follow. An error in one of them starts with its name in the object and has the
/// path of the object.
pub struct Aliased<'a, D> {
    inner: D,
    aliases: &'a [(&'a str, &'a [&'a str])],
}

impl<'a, D> Aliased<'a, D> {
    /// Wraps `inner`. `aliases` has the names of the document, each with its alternative names.
    pub fn new(inner: D, aliases: &'a [(&'a str, &'a [&'a str])]) -> Self {
        Self { inner, aliases }
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Aliased<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        // Only generated structs call this, and all of them read objects.
        self.inner.deserialize_map(AliasedVisitor { visitor, aliases: self.aliases })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct AliasedVisitor<'a, V> {
    visitor: V,
    aliases: &'a [(&'a str, &'a [&'a str])],
}

impl<'de, V: Visitor<'de>> Visitor<'de> for AliasedVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let buffered = BufferedEntries { entries: Vec::new(), aliases: self.aliases };
        self.visitor.visit_map(AliasedMap { map, buffered, drained: None, current: None })
    }
}

/// A field with its name in the document, its name in the object, and its value.
type BufferedEntry = (String, String, Value);

/// Entries whose final names are unknown until the object ends.
struct BufferedEntries<'a> {
    entries: Vec<(String, Value)>,
    aliases: &'a [(&'a str, &'a [&'a str])],
}

impl BufferedEntries<'_> {
    fn is_buffered(&self, key: &str) -> bool {
        self.aliases.iter().any(|(name, others)| *name == key || others.contains(&key))
    }

    /// Gives each field that is missing or `null` the value of its first alias that has one. Returns each field with its
    /// name in the document and its name in the object.
    fn rename(mut self) -> std::vec::IntoIter<BufferedEntry> {
        let mut renamed = Vec::new();
        for (name, others) in self.aliases {
            let position =
                |wanted: &str| self.entries.iter().position(|(key, value)| key == wanted && !value.is_null());
            if position(name).is_some() {
                continue;
            }
            if let Some(found) = others.iter().find_map(|other| position(other)) {
                let (key, value) = self.entries.remove(found);
                self.entries.retain(|(key, _)| key != name);
                renamed.push(((*name).to_owned(), key, value));
            }
        }
        let others = self.entries.into_iter().map(|(key, value)| (key.clone(), key, value));
        others.chain(renamed).collect::<Vec<_>>().into_iter()
    }
}

struct AliasedMap<'a, A> {
    map: A,
    buffered: BufferedEntries<'a>,
    drained: Option<std::vec::IntoIter<BufferedEntry>>,
    current: Option<BufferedEntry>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for AliasedMap<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        if self.drained.is_none() {
            while let Some(key) = self.map.next_key::<String>()? {
                if !self.buffered.is_buffered(&key) {
                    return seed.deserialize(key.into_deserializer()).map(Some);
                }
                let value = self.map.next_value()?;
                self.buffered.entries.push((key, value));
            }
            let buffered =
                BufferedEntries { entries: std::mem::take(&mut self.buffered.entries), aliases: self.buffered.aliases };
            self.drained = Some(buffered.rename());
        }
        self.current = self.drained.as_mut().and_then(Iterator::next);
        match &self.current {
            Some((name, ..)) => seed.deserialize(name.as_str().into_deserializer()).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match self.current.take() {
            Some((_, key, value)) => seed.deserialize(value).map_err(|error| Error::custom(format!("{key}: {error}"))),
            None => self.map.next_value_seed(seed),
        }
    }
}

#[cfg(feature = "client")]
pub use crate::lenient::from_value;

#[cfg(feature = "client")]
/// Decodes a body. An error has the JSON path of the failure.
pub(crate) fn from_slice<T: serde::de::DeserializeOwned>(
    body: &[u8],
) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer)?;
    deserializer
        .end()
        .map_err(|error| serde_path_to_error::Error::new(serde_path_to_error::Track::new().path(), error))?;
    Ok(value)
}

#[cfg(all(test, feature = "client"))]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(remote = "Self")]
    struct Image {
        id: Option<String>,
        width: Option<u64>,
        #[serde(flatten)]
        extra: Map<String, Value>,
    }

    impl<'de> Deserialize<'de> for Image {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Self::deserialize(Aliased::new(deserializer, &[("id", &["uid", "imageId"])]))
        }
    }

    #[test]
    fn a_field_is_read_by_each_of_its_names() {
        for (body, id, extra) in [
            (json!({"id": "a"}), Some("a"), json!({})),
            (json!({"uid": "b"}), Some("b"), json!({})),
            (json!({"imageId": "c", "uid": "b"}), Some("b"), json!({"imageId": "c"})),
            (json!({"uid": "b", "id": "a", "new": 1}), Some("a"), json!({"uid": "b", "new": 1})),
            (json!({"id": null, "uid": "b"}), Some("b"), json!({})),
            (json!({"id": null, "uid": null}), None, json!({"uid": null})),
            (json!({"width": 5}), None, json!({})),
        ] {
            let image: Image = from_slice(body.to_string().as_bytes()).unwrap();
            let extra = extra.as_object().unwrap().clone();
            assert_eq!(image, Image { id: id.map(str::to_owned), width: body["width"].as_u64(), extra }, "{body}");
        }
    }

    #[test]
    fn an_error_has_its_path() {
        for (body, message) in [
            (json!([{"width": "x"}]), "[0].width: invalid type: string \"x\", expected u64"),
            (json!([{"uid": 5}]), "[0]: uid: invalid type: integer `5`, expected a string"),
            (json!([[]]), "[0]: invalid type: sequence, expected struct Image"),
        ] {
            let error = from_slice::<Vec<Image>>(body.to_string().as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }

    #[test]
    fn a_number_is_read_in_any_form() {
        #[derive(Debug, Deserialize, PartialEq)]
        struct Size {
            #[serde(default, deserialize_with = "optional_number")]
            width: Option<u64>,
            #[serde(default, deserialize_with = "optional_number")]
            offset: Option<i64>,
            #[serde(deserialize_with = "number")]
            seconds: f64,
        }
        for (body, width, offset, seconds) in [
            (r#"{"seconds": 1}"#, None, None, 1.0),
            (r#"{"width": null, "offset": -3, "seconds": 1.5}"#, None, Some(-3), 1.5),
            (r#"{"width": 1200.0, "offset": -3.0, "seconds": "1.5"}"#, Some(1200), Some(-3), 1.5),
            (r#"{"width": "12", "offset": "-3", "seconds": "2"}"#, Some(12), Some(-3), 2.0),
            (r#"{"width": " 1200 ", "offset": " -3", "seconds": "2.5 "}"#, Some(1200), Some(-3), 2.5),
            (r#"{"width": 630.7, "offset": "630.2", "seconds": 1e3}"#, Some(631), Some(630), 1000.0),
            (r#"{"width": "18446744073709551615", "seconds": 0}"#, Some(u64::MAX), None, 0.0),
            (r#"{"width": 18446744073709551615, "seconds": 0}"#, Some(u64::MAX), None, 0.0),
        ] {
            let size: Size = from_slice(body.as_bytes()).unwrap();
            assert_eq!(size, Size { width, offset, seconds }, "{body}");
        }
        for width in
            ["-1", "-1.0", "1e30", "\"wide\"", "\"\"", "\"NaN\"", "\"inf\"", "true", "[]", "{}", "18446744073709551616"]
        {
            let error = from_slice::<Size>(format!(r#"{{"width": {width}, "seconds": 0}}"#).as_bytes()).unwrap_err();
            assert_eq!(error.path().to_string(), "width", "{width}");
        }
    }

    #[test]
    fn null_is_read_as_empty() {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default, deserialize_with = "null_as_default")]
            items: Vec<u8>,
        }
        for (body, items) in [(json!({}), vec![]), (json!({"items": null}), vec![]), (json!({"items": [1]}), vec![1])] {
            let page: Page = from_slice(body.to_string().as_bytes()).unwrap();
            assert_eq!(page.items, items);
        }
    }
}
