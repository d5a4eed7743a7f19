//! Decoding of JSON bodies, in their envelopes or without.

use crate::{DecodeError, de};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Decodes a body. `envelope` is the member that may hold the value.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8], envelope: Option<&str>) -> Result<T, DecodeError> {
    decode(body, envelope).map_err(DecodeError::new)
}

/// Decodes `body`, taking the value out of its envelope when it came in one.
///
/// The envelope's other members move in beside the value's own (`{"template": {..}, "addedVariables": [..]}` reads as a
/// template with `addedVariables`), so nothing received is lost.
fn decode<T: DeserializeOwned>(
    body: &[u8],
    envelope: Option<&str>,
) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    // Some proxies put a byte order mark in front, which JSON has no place for.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Some((mut inner, mut siblings)) = envelope.and_then(|name| open(body, name)) else {
        return de::from_slice(body);
    };
    if siblings.is_empty() {
        // Twice in the same envelope is a slip of one published document; it costs a look to survive it. Not more than
        // twice, since who answers decides how deep it goes.
        match envelope.and_then(|name| open(inner.get().as_bytes(), name)) {
            Some(second) => (inner, siblings) = second,
            None => return de::from_slice(inner.get().as_bytes()),
        }
    }
    let Ok(mut object) = serde_json::from_str::<BTreeMap<String, &RawValue>>(inner.get()) else {
        return de::from_slice(inner.get().as_bytes());
    };
    for (key, value) in siblings {
        object.entry(key).or_insert(value);
    }
    match serde_json::to_vec(&object) {
        Ok(merged) => de::from_slice(&merged),
        Err(_) => de::from_slice(inner.get().as_bytes()),
    }
}

/// The object in the member `name` of `body`, and the other members; nothing when there is no such object.
fn open<'a>(body: &'a [u8], name: &str) -> Option<(&'a RawValue, BTreeMap<String, &'a RawValue>)> {
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    let inner = members.remove(name)?;
    inner.get().starts_with('{').then_some((inner, members))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn an_envelope_is_opened_where_there_is_one_and_its_siblings_are_kept() {
        for (body, expected) in [
            (json!({"a": 1}), json!({"a": 1})),
            (json!({"gif": {"a": 1}}), json!({"a": 1})),
            (json!({"gif": {"gif": {"a": 1}}}), json!({"a": 1})),
            (json!({"gif": {"a": 1}, "_meta": {"ms": 2}, "a": 3}), json!({"a": 1, "_meta": {"ms": 2}})),
            (json!({"gif": "text", "a": 1}), json!({"gif": "text", "a": 1})),
            (json!({"gif": null}), json!({"gif": null})),
        ] {
            let value: Value = decode(body.to_string().as_bytes(), Some("gif")).unwrap();
            assert_eq!(value, expected, "{body}");
        }
    }

    #[test]
    fn envelopes_in_envelopes_do_not_exhaust_the_stack() {
        let depth = 100_000;
        let body = format!("{}{{}}{}", r#"{"gif":"#.repeat(depth), "}".repeat(depth));
        assert!(decode::<Value>(body.as_bytes(), Some("gif")).is_err());
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        for envelope in [None, Some("gif")] {
            let value: Value = decode("\u{feff}{\"a\": 1}".as_bytes(), envelope).unwrap();
            assert_eq!(value, json!({"a": 1}));
        }
    }

    #[test]
    fn a_body_that_does_not_decode_names_the_place() {
        let error = decode::<BTreeMap<String, Vec<u8>>>(br#"{"a": [1, "x"]}"#, None).unwrap_err();
        assert_eq!(error.path().to_string(), "a[1]");
        assert!(decode::<Value>(b"{} <html>", None).is_err());
    }
}
