//! The expression language, as documented.

mod errors;
mod functions;
mod interpolation;
mod language;
mod responses;

use pictify_emulator::expressions::{Expression, ExpressionError, Scope};
use serde_json::{Map, Value, json};

fn variables() -> Map<String, Value> {
    let variables = json!({
        "title": "Hello World",
        "user": {"name": "ada", "address": {"city": "London"}, "nothing": null},
        "items": [{"name": "Mug", "price": 12.5}, {"name": "Pen", "price": 3}],
        "prices": [10, 20, 30],
        "tags": ["new", "sale"],
        "price": 29.99,
        "quantity": 3,
        "rate": 0.156,
        "isPremium": true,
        "isExpired": false,
        "empty": "",
        "none": null,
        "five": "5",
        "created": "2026-01-29T14:05:09.042Z",
        "naïve": "yes",
        "big": 9_007_199_254_740_993_i64,
    });
    variables.as_object().unwrap().clone()
}

fn evaluate(expression: &str) -> Result<Option<Value>, ExpressionError> {
    Expression::parse(expression)?.evaluate(&Scope::new(&variables()))
}

#[track_caller]
fn assert_value(expression: &str, value: impl Into<Value>) {
    assert_eq!(evaluate(expression), Ok(Some(value.into())), "{expression}");
}

#[track_caller]
fn assert_values(table: &[(&str, Value)]) {
    for (expression, value) in table {
        assert_value(expression, value.clone());
    }
}
