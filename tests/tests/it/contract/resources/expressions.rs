use crate::contract::{Row, row};
use serde_json::json;

pub fn rows() -> Vec<Row> {
    vec![
        row("validateExpression", |client| client.expressions().validate("price * quantity")),
        row("testExpression", |client| {
            let variables = json!({"price": 29.99, "quantity": 3});
            client.expressions().test("currency(price * quantity, 'USD')", &variables).unwrap()
        }),
        row("interpolateExpression", |client| {
            client.expressions().interpolate("Hello {{capitalize(name)}}", &json!({"name": "ada"})).unwrap()
        }),
        row("listExpressionFunctions", |client| client.expressions().functions()),
    ]
}
