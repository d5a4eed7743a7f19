//! What values count as: as text, as a number, as true. As in JavaScript where templates rely on it.
//!
//! Two things differ from JavaScript, because nobody wants them in a picture: `null` and undefined are empty text rather
//! than the words, and what is no number is an error rather than `NaN`.

use super::{
    budget::Budget,
    error::{Fault, shorten},
};
use serde_json::{Number, Value};
use std::{borrow::Cow, cmp::Ordering};

/// A value while it is worked with; nothing where a variable or member does not exist.
pub(crate) type Item<'a> = Option<Cow<'a, Value>>;

/// A value that was made.
#[allow(clippy::unnecessary_wraps, reason = "what functions and operators give")]
pub(crate) fn made<'a>(value: impl Into<Value>) -> Item<'a> {
    Some(Cow::Owned(value.into()))
}

/// The largest number up to which every integer has a number of its own.
pub(crate) const SAFE_INTEGER: f64 = 9_007_199_254_740_992.0;

/// A number as JSON: `3`, not `3.0`. What is not finite is `null`, as JSON has it.
pub(crate) fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= SAFE_INTEGER {
        #[allow(clippy::cast_possible_truncation, reason = "an integer of at most 2^53")]
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// A number as JavaScript writes it.
pub(crate) fn number_text(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        return if size < 1.0 { text } else { text.replace('e', "e+") };
    }
    // Zero has a sign, which nobody writes.
    format!("{}", if number == 0.0 { 0.0 } else { number })
}

pub(crate) fn is_true(value: &Item<'_>) -> bool {
    match value.as_deref() {
        None | Some(Value::Null) => false,
        Some(Value::Bool(value)) => *value,
        Some(Value::Number(value)) => value.as_f64() != Some(0.0),
        Some(Value::String(value)) => !value.is_empty(),
        Some(Value::Array(_) | Value::Object(_)) => true,
    }
}

/// A value as text: lists joined by commas, objects as JSON.
pub(crate) fn text<'a>(value: Option<&'a Value>, budget: &Budget) -> Result<Cow<'a, str>, Fault> {
    let text = match value {
        None | Some(Value::Null) => Cow::Borrowed(""),
        Some(Value::Bool(value)) => Cow::Borrowed(if *value { "true" } else { "false" }),
        Some(Value::String(value)) => Cow::Borrowed(value.as_str()),
        // An integer is shown as it came, however large it is.
        Some(Value::Number(value)) => Cow::Owned(match value.as_f64() {
            Some(number) if value.is_f64() => number_text(number),
            _ => value.to_string(),
        }),
        Some(Value::Array(items)) => {
            let items: Vec<_> = items.iter().map(|item| text(Some(item), budget)).collect::<Result<_, _>>()?;
            Cow::Owned(items.join(","))
        }
        Some(value @ Value::Object(_)) => Cow::Owned(value.to_string()),
    };
    budget.charge(text.len())?;
    Ok(text)
}

/// A value as a number, if it is one: numbers, texts that hold one, and `true`, `false`, `null` and `''` as JavaScript has it.
pub(crate) fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::Null => Some(0.0),
        Value::String(text) => {
            let text = text.trim();
            if text.is_empty() {
                return Some(0.0);
            }
            // Rust reads words such as "infinity", too.
            let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            text.parse().ok().filter(|number: &f64| plain && number.is_finite())
        }
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// `==`, which takes `'5'` and `5` for equal.
pub(crate) fn equal(left: Option<&Value>, right: Option<&Value>, budget: &Budget) -> Result<bool, Fault> {
    budget.charge(1)?;
    let (Some(left), Some(right)) = (left, right) else {
        return Ok(left.is_none_or(Value::is_null) && right.is_none_or(Value::is_null));
    };
    Ok(match (left, right) {
        (Value::String(left), Value::String(right)) => {
            budget.charge(left.len().min(right.len()))?;
            left == right
        }
        (Value::Null, _) | (_, Value::Null) => left == right,
        (Value::Array(left), Value::Array(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right) {
                if !equal(Some(left), Some(right), budget)? {
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
                if !right.contains_key(key) || !equal(Some(left), right.get(key), budget)? {
                    return Ok(false);
                }
            }
            true
        }
        #[allow(clippy::float_cmp, reason = "what the operator means")]
        _ => as_number(left).zip(as_number(right)).is_some_and(|(left, right)| left == right),
    })
}

/// Which is larger: two texts by their letters, everything else as numbers; nothing when they cannot be compared.
pub(crate) fn order(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    match (left?, right?) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (left, right) => as_number(left)?.partial_cmp(&as_number(right)?),
    }
}

/// What `typeof` should say: `array` and `null` are no objects here.
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

/// A value as a message shows it.
pub(crate) fn shown(value: Option<&Value>) -> String {
    match value {
        None => "undefined".to_owned(),
        Some(Value::Array(items)) => format!("a list of {}", items.len()),
        Some(Value::Object(_)) => "an object".to_owned(),
        Some(Value::String(text)) => format!("'{}'", shorten(text)),
        Some(value) => value.to_string(),
    }
}

/// What a copy of a value costs, about, in bytes.
pub(crate) fn weight(value: &Value) -> usize {
    const NODE: usize = 32;
    NODE + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => members.iter().map(|(key, value)| NODE + key.len() + weight(value)).sum(),
        _ => 0,
    }
}
