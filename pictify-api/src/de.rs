//! What generated `Deserialize` code needs to be as tolerant as the service is loose.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

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

/// Reads an object in which fields may go by other names, and hands it to `read` under the names of the document.
///
/// The document's name wins, then the aliases in their order. An alias that was not needed stays where it is, so it ends
/// among the unknown fields; serde's own `alias` would refuse an answer that has a field under two names, and the
/// service does send both `id` and `uid`.
///
/// # Errors
/// When the value is not an object, or `read` fails; the message then starts with the place of the failure.
pub fn with_aliases<'de, D, T>(
    deserializer: D,
    aliases: &[(&str, &[&str])],
    read: impl FnOnce(&mut serde_path_to_error::Track, Value) -> Result<T, serde_json::Error>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    let mut object = Map::deserialize(deserializer)?;
    for (name, others) in aliases {
        if object.get(*name).is_some_and(|value| !value.is_null()) {
            continue;
        }
        if let Some(other) = others.iter().find(|other| object.get(**other).is_some_and(|value| !value.is_null())) {
            let value = object.remove(*other).expect("found just above");
            object.insert((*name).to_owned(), value);
        }
    }
    let mut track = serde_path_to_error::Track::new();
    read(&mut track, Value::Object(object)).map_err(|error| {
        let path = track.path().to_string();
        serde::de::Error::custom(if path == "." { error.to_string() } else { format!("{path}: {error}") })
    })
}

/// Decodes a body, naming the place of a failure as a JSON path.
pub(crate) fn from_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer)?;
    deserializer.end().map_err(|error| {
        serde_path_to_error::Error::new(serde_path_to_error::Track::new().path(), error)
    })?;
    Ok(value)
}
