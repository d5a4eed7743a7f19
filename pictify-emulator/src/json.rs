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
