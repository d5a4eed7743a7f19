//! Decoding of JSON bodies, in their envelopes or without.

use crate::{
    DecodeError, OperationInfo, RetrySafety,
    lenient::{self, Lenient},
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Decodes a body of a response to `operation`. An empty body is read as `{}` if the operation sets or removes a named
/// resource: the status alone says that this is done.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8], operation: &OperationInfo) -> Result<Lenient<T>, DecodeError> {
    if operation.safety == RetrySafety::Idempotent && body.trim_ascii().is_empty() {
        if let Ok(value) = lenient::from_slice(b"{}", None) {
            return Ok(value);
        }
    }
    let items = operation.pagination.map(|pagination| pagination.items);
    decode(body, operation.envelope, items).map_err(DecodeError::new)
}

/// Decodes a body of a response that only confirms a request. An empty body confirms it as well.
pub(crate) fn confirmation<T: DeserializeOwned>(
    body: &[u8],
    operation: &OperationInfo,
) -> Result<Lenient<T>, DecodeError> {
    json(if body.trim_ascii().is_empty() { b"{}" } else { body }, operation)
}

/// Decodes a body of a response that may be empty.
pub(crate) fn optional<T: DeserializeOwned>(
    body: &[u8],
    operation: &OperationInfo,
) -> Result<Lenient<Option<T>>, DecodeError> {
    if body.trim_ascii().is_empty() {
        return Ok(Lenient::exact(None));
    }
    let Lenient { value, mismatches, left_out } = json(body, operation)?;
    Ok(Lenient { value: Some(value), mismatches, left_out })
}

/// Decodes `body`, and removes the envelope of the value if there is one. `items` is the member with the items of a list.
///
/// The other members of the envelope are added to those of the value, so that no received member is lost:
/// `{"template": {..}, "addedVariables": [..]}` becomes a template with `addedVariables`.
fn decode<T: DeserializeOwned>(
    body: &[u8],
    envelope: Option<&str>,
    items: Option<&str>,
) -> Result<Lenient<T>, serde_path_to_error::Error<serde_json::Error>> {
    // Some proxies prepend a byte order mark, which JSON does not allow.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Some((mut inner, mut siblings)) = envelope.and_then(|name| open(body, name)) else {
        return lenient::from_slice(body, items);
    };
    if siblings.is_empty() {
        // One published document has the same envelope twice. At most two levels are opened, because a server controls
        // their number.
        match envelope.and_then(|name| open(inner.get().as_bytes(), name)) {
            Some(second) => (inner, siblings) = second,
            None => return lenient::from_slice(inner.get().as_bytes(), items),
        }
    }
    let Ok(mut object) = serde_json::from_str::<BTreeMap<String, &RawValue>>(inner.get()) else {
        return lenient::from_slice(inner.get().as_bytes(), items);
    };
    for (key, value) in siblings {
        object.entry(key).or_insert(value);
    }
    match serde_json::to_vec(&object) {
        Ok(merged) => lenient::from_slice(&merged, items),
        Err(_) => lenient::from_slice(inner.get().as_bytes(), items),
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
    use crate::types;
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
            let value: Value = decode(body.to_string().as_bytes(), Some("gif"), None).unwrap().value;
            assert_eq!(value, expected, "{body}");
        }
    }

    #[test]
    fn envelopes_in_envelopes_do_not_exhaust_the_stack() {
        let depth = 100_000;
        let body = format!("{}{{}}{}", r#"{"gif":"#.repeat(depth), "}".repeat(depth));
        assert!(decode::<Value>(body.as_bytes(), Some("gif"), None).is_err());
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        for envelope in [None, Some("gif")] {
            let value: Value = decode("\u{feff}{\"a\": 1}".as_bytes(), envelope, None).unwrap().value;
            assert_eq!(value, json!({"a": 1}));
        }
    }

    #[test]
    fn a_body_that_does_not_decode_names_the_place() {
        let error = decode::<BTreeMap<String, u8>>(br#"{"a": 1} <html>"#, None, None).err().unwrap();
        assert!(error.to_string().contains("trailing characters"), "{error}");
        let error = decode::<types::Image>(br#"{"images": [1, "x"]}"#, None, None).err().unwrap();
        assert_eq!(error.to_string(), "missing field `url` at line 1 column 20");
    }
}
