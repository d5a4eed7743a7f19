//! Functions that compute.

use super::{
    super::{
        error::Fault,
        values::{self, Item, made, shown},
    },
    ANY, Arguments, Category, Function,
};
use serde_json::Value;

type Outcome<'a> = Result<Item<'a>, Fault>;

const fn math(
    signature: &'static str,
    count: (usize, usize),
    run: for<'a> fn(&mut Arguments<'a, '_>) -> Outcome<'a>,
    description: &'static str,
) -> Function {
    Function::new(Category::Math, signature, count, run, description)
}

pub(super) const TABLE: &[Function] = &[
    math(
        "round(num, decimals?)",
        (1, 2),
        round,
        "The nearest number with so many decimals, else none; halves go up in size.",
    ),
    math("floor(num)", (1, 1), |a| Ok(made(values::number(a.number(0)?.floor()))), "The next whole number below."),
    math("ceil(num)", (1, 1), |a| Ok(made(values::number(a.number(0)?.ceil()))), "The next whole number above."),
    math("abs(num)", (1, 1), |a| Ok(made(values::number(a.number(0)?.abs()))), "The number without its sign."),
    math("min(a, b, ...)", (1, ANY), |a| extreme(a, f64::min), "The smallest of the numbers or of a list."),
    math("max(a, b, ...)", (1, ANY), |a| extreme(a, f64::max), "The largest of the numbers or of a list."),
    math("sum(array)", (1, 1), |a| Ok(made(values::number(total(a)?))), "The sum of a list; 0 for an empty one."),
    math("average(array)", (1, 1), average, "The mean of a list; 0 for an empty one."),
];

fn round<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let decimals = decimals(arguments, 1)?.unwrap_or(0);
    let text = rounded(arguments.number(0)?, decimals);
    // Digits and a point are a number.
    Ok(made(values::number(text.parse().unwrap_or_default())))
}

/// How many decimals an argument asks for, if it is given.
pub(super) fn decimals(arguments: &Arguments<'_, '_>, index: usize) -> Result<Option<usize>, Fault> {
    if arguments.get(index).is_none_or(Value::is_null) {
        return Ok(None);
    }
    arguments.whole(index, 0..=20).map(|decimals| usize::try_from(decimals).ok())
}

/// A number with exactly so many decimals, halves away from zero, by its decimal digits: 1.005 becomes 1.01.
pub(super) fn rounded(number: f64, decimals: usize) -> String {
    // The shortest digits that mean this number, without an exponent.
    let digits = number.abs().to_string();
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let kept = fraction.get(..decimals).unwrap_or(fraction);
    let mut digits = format!("0{whole}{kept:0<decimals$}").into_bytes();
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
    let nothing = whole.is_empty() && fraction.bytes().all(|digit| digit == b'0');
    let sign = if number < 0.0 && !nothing { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", if whole.is_empty() { "0" } else { whole })
}

fn extreme<'a>(arguments: &Arguments<'a, '_>, choose: fn(f64, f64) -> f64) -> Outcome<'a> {
    let mut chosen: Option<f64> = None;
    for index in 0..arguments.count() {
        if let Some(Value::Array(_)) = arguments.get(index) {
            for item in arguments.list(index)? {
                let number = item_number(arguments, item)?;
                chosen = Some(chosen.map_or(number, |chosen| choose(chosen, number)));
            }
        } else {
            let number = arguments.number(index)?;
            chosen = Some(chosen.map_or(number, |chosen| choose(chosen, number)));
        }
    }
    Ok(chosen.and_then(|number| made(values::number(number))))
}

fn total(arguments: &Arguments<'_, '_>) -> Result<f64, Fault> {
    let mut total = 0.0;
    for item in arguments.list(0)? {
        total += item_number(arguments, item)?;
    }
    if total.is_finite() { Ok(total) } else { Err(arguments.fault("the result is too large for a number")) }
}

fn average<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let count = arguments.list(0)?.len().max(1);
    #[allow(clippy::cast_precision_loss, reason = "no list has 2^53 items")]
    let count = count as f64;
    Ok(made(values::number(total(arguments)? / count)))
}

fn item_number(arguments: &Arguments<'_, '_>, item: &Value) -> Result<f64, Fault> {
    values::as_number(item)
        .ok_or_else(|| arguments.fault(&format!("the list holds {}, which is no number", shown(Some(item)))))
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn rounding_goes_by_decimal_digits() {
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
            assert_eq!(rounded(number, decimals), text, "{number} to {decimals}");
        }
    }
}
