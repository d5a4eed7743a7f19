//! Conversion of values to text, numbers and booleans, and their comparison. JavaScript rules where templates rely on them.
//!
//! Two rules differ from JavaScript, because their results do not belong in an image: `null` and undefined convert to empty
//! text instead of "null" and "undefined", and a value that is not a number is an error instead of `NaN`.

use super::{
    error::{UnlocatedError, shorten},
    fuel::Fuel,
};
use serde_json::{Number, Value};
use std::{borrow::Cow, cmp::Ordering};

/// Value during evaluation. `None` is undefined: the variable or member does not exist.
pub(crate) type MaybeValue<'a> = Option<Cow<'a, Value>>;

/// Wraps a computed value.
#[allow(clippy::unnecessary_wraps, reason = "functions and operators return this type")]
pub(crate) fn computed<'a>(value: impl Into<Value>) -> MaybeValue<'a> {
    Some(Cow::Owned(value.into()))
}

/// Maximum integer up to which a 64-bit float represents every integer exactly.
pub(crate) const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;

/// Converts a number to JSON: `3`, not `3.0`. Infinity and `NaN` become `null`, because JSON has neither.
pub(crate) fn to_json_number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= MAX_EXACT_INTEGER {
        #[allow(clippy::cast_possible_truncation, reason = "an integer of at most 2^53")]
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// Formats a number as JavaScript does.
pub(crate) fn format_number(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        return if size < 1.0 { text } else { text.replace('e', "e+") };
    }
    // Negative zero is written without its sign.
    format!("{}", if number == 0.0 { 0.0 } else { number })
}

/// Returns true if a value is truthy, as in JavaScript.
pub(crate) fn is_truthy(value: &MaybeValue<'_>) -> bool {
    match value.as_deref() {
        None | Some(Value::Null) => false,
        Some(Value::Bool(value)) => *value,
        Some(Value::Number(value)) => value.as_f64() != Some(0.0),
        Some(Value::String(value)) => !value.is_empty(),
        Some(Value::Array(_) | Value::Object(_)) => true,
    }
}

/// Converts a value to text: arrays are joined with commas, objects are written as JSON.
pub(crate) fn to_text<'a>(value: Option<&'a Value>, fuel: &Fuel) -> Result<Cow<'a, str>, UnlocatedError> {
    let text = match value {
        None | Some(Value::Null) => Cow::Borrowed(""),
        Some(Value::Bool(value)) => Cow::Borrowed(if *value { "true" } else { "false" }),
        Some(Value::String(value)) => Cow::Borrowed(value.as_str()),
        // An integer keeps all its digits, even above the exact range of a float.
        Some(Value::Number(value)) => Cow::Owned(match value.as_f64() {
            Some(number) if value.is_f64() => format_number(number),
            _ => value.to_string(),
        }),
        Some(Value::Array(items)) => {
            let items: Vec<_> = items.iter().map(|item| to_text(Some(item), fuel)).collect::<Result<_, _>>()?;
            Cow::Owned(items.join(","))
        }
        Some(value @ Value::Object(_)) => Cow::Owned(value.to_string()),
    };
    fuel.consume(text.len())?;
    Ok(text)
}

/// Converts a value to a number, if possible: numbers, numeric strings, and `true`, `false`, `null` and `''` as in
/// JavaScript.
pub(crate) fn to_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::Null => Some(0.0),
        Value::String(text) => {
            let text = text.trim();
            if text.is_empty() {
                return Some(0.0);
            }
            // Rust also parses words such as "infinity".
            let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            text.parse().ok().filter(|number: &f64| plain && number.is_finite())
        }
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Compares two values with `==`: `'5'` and `5` are equal.
pub(crate) fn loosely_equal(left: Option<&Value>, right: Option<&Value>, fuel: &Fuel) -> Result<bool, UnlocatedError> {
    fuel.consume(1)?;
    let (Some(left), Some(right)) = (left, right) else {
        return Ok(left.is_none_or(Value::is_null) && right.is_none_or(Value::is_null));
    };
    Ok(match (left, right) {
        (Value::String(left), Value::String(right)) => {
            fuel.consume(left.len().min(right.len()))?;
            left == right
        }
        (Value::Null, _) | (_, Value::Null) => left == right,
        (Value::Array(left), Value::Array(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right) {
                if !loosely_equal(Some(left), Some(right), fuel)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Object(left), Value::Object(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (key, left) in left {
                if !right.contains_key(key) || !loosely_equal(Some(left), right.get(key), fuel)? {
                    return Ok(false);
                }
            }
            true
        }
        #[allow(clippy::float_cmp, reason = "the operator compares exactly")]
        _ => to_number(left).zip(to_number(right)).is_some_and(|(left, right)| left == right),
    })
}

/// Compares two values: strings by their characters, everything else as numbers. Returns `None` if they cannot be
/// compared.
pub(crate) fn compare(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    match (left?, right?) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (left, right) => to_number(left)?.partial_cmp(&to_number(right)?),
    }
}

/// Returns the type name, as `typeof` does, but `array` and `null` are types of their own.
pub(crate) fn type_name(value: Option<&Value>) -> &'static str {
    match value {
        None => "undefined",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
    }
}

/// Describes a value for an error message.
pub(crate) fn describe(value: Option<&Value>) -> String {
    match value {
        None => "undefined".to_owned(),
        Some(Value::Array(items)) => format!("an array of {}", items.len()),
        Some(Value::Object(_)) => "an object".to_owned(),
        Some(Value::String(text)) => format!("'{}'", shorten(text)),
        Some(value) => value.to_string(),
    }
}

/// Returns the approximate memory of a copy of a value, in bytes.
pub(crate) fn approximate_bytes(value: &Value) -> usize {
    const NODE_BYTES: usize = 32;
    NODE_BYTES
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(approximate_bytes).sum(),
            Value::Object(members) => {
                members.iter().map(|(key, value)| NODE_BYTES + key.len() + approximate_bytes(value)).sum()
            }
            _ => 0,
        }
}
