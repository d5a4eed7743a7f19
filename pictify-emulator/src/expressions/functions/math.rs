//! Arithmetic functions.

use super::{
    super::{
        error::UnlocatedError,
        values::{self, computed, describe},
    },
    Arguments, Category, Function, FunctionResult, UNLIMITED,
};
use serde_json::Value;

const fn math(
    signature: &'static str,
    count: (usize, usize),
    run: for<'a> fn(&mut Arguments<'a, '_>) -> FunctionResult<'a>,
    description: &'static str,
) -> Function {
    Function::new(Category::Math, signature, count, run, description)
}

pub(super) const TABLE: &[Function] = &[
    math(
        "round(num, decimals?)",
        (1, 2),
        round,
        "The nearest number with this many decimals, by default 0; halves round away from zero.",
    ),
    math(
        "floor(num)",
        (1, 1),
        |a| Ok(computed(values::to_json_number(a.number(0)?.floor()))),
        "The largest whole number that is not greater.",
    ),
    math(
        "ceil(num)",
        (1, 1),
        |a| Ok(computed(values::to_json_number(a.number(0)?.ceil()))),
        "The smallest whole number that is not less.",
    ),
    math(
        "abs(num)",
        (1, 1),
        |a| Ok(computed(values::to_json_number(a.number(0)?.abs()))),
        "The number without its sign.",
    ),
    math(
        "min(a, b, ...)",
        (1, UNLIMITED),
        |a| select_extreme(a, f64::min),
        "The smallest of the numbers or of an array.",
    ),
    math(
        "max(a, b, ...)",
        (1, UNLIMITED),
        |a| select_extreme(a, f64::max),
        "The largest of the numbers or of an array.",
    ),
    math(
        "sum(array)",
        (1, 1),
        |a| Ok(computed(values::to_json_number(sum_items(a)?))),
        "The sum of an array; 0 for an empty one.",
    ),
    math("average(array)", (1, 1), average, "The mean of an array; 0 for an empty one."),
];

fn round<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    let decimals = read_decimals(arguments, 1)?.unwrap_or(0);
    let text = round_to_decimals(arguments.number(0)?, decimals);
    // Digits and a point always parse as a number.
    Ok(computed(values::to_json_number(text.parse().unwrap_or_default())))
}

/// Reads an optional number of decimals, from 0 to 20.
pub(super) fn read_decimals(arguments: &Arguments<'_, '_>, index: usize) -> Result<Option<usize>, UnlocatedError> {
    if arguments.get(index).is_none_or(Value::is_null) {
        return Ok(None);
    }
    arguments.integer(index, 0..=20).map(|decimals| usize::try_from(decimals).ok())
}

/// Formats a number with exactly this many decimals. Halves round away from zero, by the decimal digits: 1.005 becomes 1.01.
pub(super) fn round_to_decimals(number: f64, decimals: usize) -> String {
    // The shortest digits that represent this number, without an exponent.
    let digits = number.abs().to_string();
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let truncated = fraction.get(..decimals).unwrap_or(fraction);
    let mut digits = format!("0{whole}{truncated:0<decimals$}").into_bytes();
    if fraction.as_bytes().get(decimals).is_some_and(|next| *next >= b'5') {
        for digit in digits.iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                break;
            }
            *digit = b'0';
        }
    }
    let digits = String::from_utf8_lossy(&digits);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let whole = whole.trim_start_matches('0');
    let is_zero = whole.is_empty() && fraction.bytes().all(|digit| digit == b'0');
    let sign = if number < 0.0 && !is_zero { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", if whole.is_empty() { "0" } else { whole })
}

/// Returns the minimum or maximum of the arguments and of their items.
fn select_extreme<'a>(arguments: &Arguments<'a, '_>, choose: fn(f64, f64) -> f64) -> FunctionResult<'a> {
    let mut chosen: Option<f64> = None;
    for index in 0..arguments.count() {
        if let Some(Value::Array(_)) = arguments.get(index) {
            for item in arguments.array(index)? {
                let number = item_number(arguments, item)?;
                chosen = Some(chosen.map_or(number, |chosen| choose(chosen, number)));
            }
        } else {
            let number = arguments.number(index)?;
            chosen = Some(chosen.map_or(number, |chosen| choose(chosen, number)));
        }
    }
    Ok(chosen.and_then(|number| computed(values::to_json_number(number))))
}

fn sum_items(arguments: &Arguments<'_, '_>) -> Result<f64, UnlocatedError> {
    let mut total = 0.0;
    for item in arguments.array(0)? {
        total += item_number(arguments, item)?;
    }
    if total.is_finite() { Ok(total) } else { Err(arguments.error("the result is too large for a number")) }
}

fn average<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    let count = arguments.array(0)?.len().max(1);
    #[allow(clippy::cast_precision_loss, reason = "an array never has 2^53 items")]
    let count = count as f64;
    Ok(computed(values::to_json_number(sum_items(arguments)? / count)))
}

fn item_number(arguments: &Arguments<'_, '_>, item: &Value) -> Result<f64, UnlocatedError> {
    values::to_number(item)
        .ok_or_else(|| arguments.error(&format!("the array contains {}, which is not a number", describe(Some(item)))))
}

#[cfg(test)]
mod tests {
    use super::round_to_decimals;

    #[test]
    fn rounding_uses_decimal_digits() {
        for (number, decimals, text) in [
            (0.0, 0, "0"),
            (-0.0, 2, "0.00"),
            (2.5, 0, "3"),
            (-2.5, 0, "-3"),
            (1.005, 2, "1.01"),
            (0.995, 2, "1.00"),
            (9.99, 1, "10.0"),
            (-0.004, 2, "0.00"),
            (89.97, 2, "89.97"),
            (1e21, 1, "1000000000000000000000.0"),
            (1e-7, 3, "0.000"),
            (0.1, 5, "0.10000"),
        ] {
            assert_eq!(round_to_decimals(number, decimals), text, "{number} to {decimals}");
        }
    }
}
