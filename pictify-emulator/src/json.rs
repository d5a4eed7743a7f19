//! Reading of JSON values as the service reads them.

use serde_json::Value;

/// Reads a whole number that has passed validation. To JSON Schema, `1e2` and `100.0` are whole numbers too.
pub(crate) fn read_whole_number(value: &Value) -> Option<usize> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    value.as_f64().map(|number| number as u32 as usize)
}

/// Reads the width and the height of an object, if it has both.
pub(crate) fn read_size(object: &Value) -> Option<(u32, u32)> {
    let side = |name: &str| read_whole_number(&object[name]).and_then(|side| u32::try_from(side).ok());
    Some((side("width")?, side("height")?))
}
