//! Reading of JSON values as the service reads them.

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Reads a whole number that has passed validation. To JSON Schema, `1e2` and `100.0` are whole numbers too.
pub(crate) fn read_whole_number(value: &Value) -> Option<u32> {
    value.as_f64().map(to_whole_number)
}

/// Deserializes a whole number.
pub(crate) fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.map(to_whole_number))
}

/// Deserializes a whole number that the contract does not declare, so that it can be anything else.
pub(crate) fn lenient_whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    Ok(read_whole_number(&Value::deserialize(deserializer)?))
}

/// Deserializes a member that the contract does not declare. A value of another type counts as absent.
pub(crate) fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn to_whole_number(number: f64) -> u32 {
    number as u32
}

/// Replaces the members of a value by those of an object.
pub(crate) fn replace_members<T: Serialize + DeserializeOwned>(
    value: &mut T,
    members: Map<String, Value>,
) -> serde_json::Result<()> {
    let mut json = serde_json::to_value(&*value)?;
    if let Some(object) = json.as_object_mut() {
        object.extend(members);
    }
    *value = serde_json::from_value(json)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Members {
        #[serde(deserialize_with = "whole_number")]
        width: Option<u32>,
        #[serde(deserialize_with = "lenient_whole_number")]
        frame: Option<u32>,
        #[serde(deserialize_with = "lenient")]
        css: Option<String>,
    }

    #[test]
    fn numbers_and_undeclared_members_are_read_as_the_service_reads_them() {
        let members = |width, frame, css: Option<&str>| Members { width, frame, css: css.map(str::to_owned) };
        for (document, expected) in [
            (json!({}), members(None, None, None)),
            (json!({"width": null, "frame": null, "css": null}), members(None, None, None)),
            (json!({"width": 100, "frame": 3, "css": "p {}"}), members(Some(100), Some(3), Some("p {}"))),
            (json!({"width": 1e2, "frame": 3.0}), members(Some(100), Some(3), None)),
            (json!({"width": -1, "frame": 1e300}), members(Some(0), Some(u32::MAX), None)),
            (json!({"frame": "3", "css": 5}), members(None, None, None)),
        ] {
            assert_eq!(Members::deserialize(&document).unwrap(), expected, "{document}");
        }
        assert!(Members::deserialize(&json!({"width": "100"})).is_err(), "the contract declares it as a number");
    }

    #[test]
    fn given_members_replace_those_of_a_value() {
        let mut value = Members { width: Some(1), frame: Some(2), css: None };
        let given = json!({"frame": 3, "css": "p {}"}).as_object().cloned().unwrap();
        replace_members(&mut value, given).unwrap();
        assert_eq!(value, Members { width: Some(1), frame: Some(3), css: Some("p {}".to_owned()) });
    }
}
