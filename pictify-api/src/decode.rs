//! Decoding of JSON bodies, in their envelopes or without.

use crate::{DecodeError, de};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Decodes a body. `envelope` is the name of the member that may contain the value.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8], envelope: Option<&str>) -> Result<T, DecodeError> {
    decode(body, envelope).map_err(DecodeError::new)
}

/// Decodes `body`, and removes the envelope of the value if there is one.
///
/// The other members of the envelope are added to those of the value, so that no received member is lost:
/// `{"template": {..}, "addedVariables": [..]}` becomes a template with `addedVariables`.
fn decode<T: DeserializeOwned>(
    body: &[u8],
    envelope: Option<&str>,
) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    // Some proxies prepend a byte order mark, which JSON does not allow.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Some((mut inner, mut siblings)) = envelope.and_then(|name| open(body, name)) else {
        return de::from_slice(body);
    };
    if siblings.is_empty() {
        // One published document has the same envelope twice. At most two levels are opened, because a server controls
        // their number.
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

/// Returns the object in the member `name` of `body` with the other members, or `None` if the member is not an object.
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
    fn an_envelope_is_removed_and_its_other_members_are_preserved() {
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
