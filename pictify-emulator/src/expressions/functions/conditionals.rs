//! Functions that select or convert a value.

use super::{
    super::values::{MaybeValue, approximate_bytes, computed, is_truthy},
    Arguments, Category, Function, FunctionResult, UNLIMITED,
};
use serde_json::Value;

const fn value(
    signature: &'static str,
    count: (usize, usize),
    run: for<'a> fn(&mut Arguments<'a, '_>) -> FunctionResult<'a>,
    description: &'static str,
) -> Function {
    Function::new(Category::Value, signature, count, run, description)
}

pub(super) const TABLE: &[Function] = &[
    value(
        "default(v, fallback)",
        (2, 2),
        |a| Ok(first_non_empty(a)),
        "The value, or the fallback if it is missing, null or ''.",
    )
    .accepting_undefined(),
    value(
        "coalesce(a, b, ...)",
        (1, UNLIMITED),
        |a| Ok(first_non_empty(a)),
        "The first of the values that is not missing, null or ''.",
    )
    .accepting_undefined(),
    value("json(v)", (1, 1), json, "The value as JSON.").accepting_undefined(),
    value("parseJson(str)", (1, 1), parse_json, "The value parsed from a JSON text."),
    value(
        "IF(cond, a, b)",
        (3, 3),
        |a| Ok(select_branch(a)),
        "The second value if the first is true, else the third: cond ? a : b.",
    )
    .accepting_undefined()
    .without_helper(),
];

fn first_non_empty<'a>(arguments: &mut Arguments<'a, '_>) -> MaybeValue<'a> {
    let last = arguments.count() - 1;
    let usable = |value: &Value| !value.is_null() && value.as_str() != Some("");
    let found = (0..last).find(|index| arguments.get(*index).is_some_and(usable)).unwrap_or(last);
    arguments.take(found)
}

fn json<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    let value = arguments.get(0).unwrap_or(&Value::Null);
    arguments.fuel.consume(approximate_bytes(value))?;
    Ok(computed(value.to_string()))
}

fn parse_json<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    let text = arguments.text(0)?;
    // `[0,0,0]`: two bytes of text can need sixteen times as much memory as a value.
    arguments.fuel.consume(text.len().saturating_mul(16))?;
    match serde_json::from_str::<Value>(&text) {
        Ok(value) => Ok(computed(value)),
        Err(error) => Err(arguments.error(&format!("the text is not JSON: {error}"))),
    }
}

fn select_branch<'a>(arguments: &mut Arguments<'a, '_>) -> MaybeValue<'a> {
    let condition = arguments.take(0);
    arguments.take(if is_truthy(&condition) { 1 } else { 2 })
}
