//! What generated `Deserialize` code needs to be as tolerant as the service is loose.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Unexpected, Visitor},
};
use serde_json::Value;
use std::fmt;

/// Reads `null` as the default: the service sends `null` for an empty list.
///
/// # Errors
/// When the value is neither `null` nor a `T`.
pub fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A number of the generated code, as it can be had from a number of another form.
pub trait Number: Sized {
    /// From a whole number, if it fits.
    fn whole(number: i128) -> Option<Self>;
    /// From any finite number, if it fits; a fraction is rounded where it has no place.
    fn real(number: f64) -> Option<Self>;
    /// What is expected, for messages.
    const NAME: &'static str;
}

macro_rules! whole {
    ($($name:ident),*) => {$(
        impl Number for $name {
            fn whole(number: i128) -> Option<Self> {
                number.try_into().ok()
            }

            fn real(number: f64) -> Option<Self> {
                // Both ends are exact, or rounded away from what fits.
                #[allow(clippy::cast_precision_loss, reason = "see above")]
                let fits = (Self::MIN as f64..Self::MAX as f64).contains(&number.round());
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it fits")]
                fits.then_some(number.round() as Self)
            }

            const NAME: &'static str = stringify!($name);
        }
    )*};
}

whole!(u64, i64);

impl Number for f64 {
    #[allow(clippy::cast_precision_loss, reason = "as any reader of JSON does")]
    fn whole(number: i128) -> Option<Self> {
        Some(number as Self)
    }

    fn real(number: f64) -> Option<Self> {
        number.is_finite().then_some(number)
    }

    const NAME: &'static str = "f64";
}

/// Reads a number in whatever form it comes: `1200`, `1200.0`, `"1200"`; where a whole number is expected, a fraction is
/// rounded. An answer that was paid for must not fail over the form of its width.
///
/// # Errors
/// When the value is none of these, or does not fit.
pub fn number<'de, D: Deserializer<'de>, T: Number>(deserializer: D) -> Result<T, D::Error> {
    read(&Value::deserialize(deserializer)?)
}

/// As [`number`], and `null` is none.
///
/// # Errors
/// As [`number`].
pub fn optional_number<'de, D: Deserializer<'de>, T: Number>(deserializer: D) -> Result<Option<T>, D::Error> {
    // By way of a value, since with serde_json's `arbitrary_precision` a visitor sees a map in place of a number.
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
        Some(whole) => T::whole(whole),
        None => real.and_then(T::real),
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

/// A deserializer of an object in which fields may go by other names: it hands them on under the names of the document.
///
/// The document's name wins unless its value is `null`, then the aliases in their order. An alias that was not needed
/// stays as it is, so it ends among the unknown fields; serde's own `alias` would refuse an answer that has a field
/// under two names, and the service does send both `id` and `uid`.
///
/// Fields without aliases are read where they are, so that a failure is reported at their place. Those with aliases are
/// held back until the object ends, since any of the other names may still come; a failure in one of them starts with
/// its name and is reported at the object.
pub struct Aliased<'a, D> {
    inner: D,
    aliases: &'a [(&'a str, &'a [&'a str])],
}

impl<'a, D> Aliased<'a, D> {
    /// Wraps `inner`; `aliases` are the names of the document, each with the other names that its value may have.
    pub fn new(inner: D, aliases: &'a [(&'a str, &'a [&'a str])]) -> Self {
        Self { inner, aliases }
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Aliased<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        // Generated structs are the only callers, and all of them read objects.
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
        let held = Held { entries: Vec::new(), aliases: self.aliases };
        self.visitor.visit_map(AliasedMap { map, held, drained: None, current: None })
    }
}

/// The entries whose final names are not known before the object ends.
struct Held<'a> {
    entries: Vec<(String, Value)>,
    aliases: &'a [(&'a str, &'a [&'a str])],
}

impl Held<'_> {
    fn concerns(&self, key: &str) -> bool {
        self.aliases.iter().any(|(name, others)| *name == key || others.contains(&key))
    }

    /// Gives each field that is missing, or `null`, the value of its first alias that has one.
    fn renamed(mut self) -> std::vec::IntoIter<(String, Value)> {
        for (name, others) in self.aliases {
            let position =
                |wanted: &str| self.entries.iter().position(|(key, value)| key == wanted && !value.is_null());
            if position(name).is_some() {
                continue;
            }
            if let Some(found) = others.iter().find_map(|other| position(other)) {
                let (_, value) = self.entries.remove(found);
                self.entries.retain(|(key, _)| key != name);
                self.entries.push(((*name).to_owned(), value));
            }
        }
        self.entries.into_iter()
    }
}

struct AliasedMap<'a, A> {
    map: A,
    held: Held<'a>,
    drained: Option<std::vec::IntoIter<(String, Value)>>,
    current: Option<(String, Value)>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for AliasedMap<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        if self.drained.is_none() {
            while let Some(key) = self.map.next_key::<String>()? {
                if !self.held.concerns(&key) {
                    return seed.deserialize(key.into_deserializer()).map(Some);
                }
                let value = self.map.next_value()?;
                self.held.entries.push((key, value));
            }
            let held = Held { entries: std::mem::take(&mut self.held.entries), aliases: self.held.aliases };
            self.drained = Some(held.renamed());
        }
        self.current = self.drained.as_mut().and_then(Iterator::next);
        match &self.current {
            Some((key, _)) => seed.deserialize(key.as_str().into_deserializer()).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match self.current.take() {
            Some((key, value)) => seed.deserialize(value).map_err(|error| Error::custom(format!("{key}: {error}"))),
            None => self.map.next_value_seed(seed),
        }
    }
}

#[cfg(feature = "client")]
/// Decodes a body, naming the place of a failure as a JSON path.
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
    fn a_field_is_read_under_any_of_its_names_and_nothing_is_lost() {
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
    fn a_failure_names_its_place() {
        for (body, message) in [
            (json!([{"width": "x"}]), "[0].width: invalid type: string \"x\", expected u64"),
            (json!([{"uid": 5}]), "[0]: id: invalid type: integer `5`, expected a string"),
            (json!([[]]), "[0]: invalid type: sequence, expected struct Image"),
        ] {
            let error = from_slice::<Vec<Image>>(body.to_string().as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with(message), "{error}");
        }
    }

    #[test]
    fn a_number_is_read_in_whatever_form_it_comes() {
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
    fn null_reads_as_empty() {
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
