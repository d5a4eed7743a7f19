//! Functions that choose or convert a value.

use super::{
    super::{
        error::Fault,
        values::{Item, is_true, made, weight},
    },
    ANY, Arguments, Category, Function,
};
use serde_json::Value;

type Outcome<'a> = Result<Item<'a>, Fault>;

const fn value(
    signature: &'static str,
    count: (usize, usize),
    run: for<'a> fn(&mut Arguments<'a, '_>) -> Outcome<'a>,
    description: &'static str,
) -> Function {
    Function::new(Category::Value, signature, count, run, description)
}

pub(super) const TABLE: &[Function] = &[
    value(
        "default(v, fallback)",
        (2, 2),
        |a| Ok(first_usable(a)),
        "The value, or the fallback where it is missing, null or ''.",
    )
    .of_undefined(),
    value(
        "coalesce(a, b, ...)",
        (1, ANY),
        |a| Ok(first_usable(a)),
        "The first of the values that is not missing, null or ''.",
    )
    .of_undefined(),
    value("json(v)", (1, 1), json, "The value as JSON.").of_undefined(),
    value("parseJson(str)", (1, 1), parse_json, "The value that a JSON text holds."),
    value(
        "IF(cond, a, b)",
        (3, 3),
        |a| Ok(choose(a)),
        "The second value where the first is true, else the third: cond ? a : b.",
    )
    .of_undefined()
    .not_in_html(),
];

fn first_usable<'a>(arguments: &mut Arguments<'a, '_>) -> Item<'a> {
    let last = arguments.count() - 1;
    let usable = |value: &Value| !value.is_null() && value.as_str() != Some("");
    let found = (0..last).find(|index| arguments.get(*index).is_some_and(usable)).unwrap_or(last);
    arguments.take(found)
}

fn json<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let value = arguments.get(0).unwrap_or(&Value::Null);
    arguments.budget.charge(weight(value))?;
    Ok(made(value.to_string()))
}

fn parse_json<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let text = arguments.text(0)?;
    // `[0,0,0]`: what takes two bytes as text takes sixteen times as much as a value.
    arguments.budget.charge(text.len().saturating_mul(16))?;
    match serde_json::from_str::<Value>(&text) {
        Ok(value) => Ok(made(value)),
        Err(error) => Err(arguments.fault(&format!("the text is not JSON: {error}"))),
    }
}

fn choose<'a>(arguments: &mut Arguments<'a, '_>) -> Item<'a> {
    let condition = arguments.take(0);
    arguments.take(if is_true(&condition) { 1 } else { 2 })
}
