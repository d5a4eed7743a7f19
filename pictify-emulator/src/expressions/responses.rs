//! What the expression endpoints say.

use super::{Expression, ExpressionError, Scope, functions, interpolate, values::type_name};
use serde_json::{Map, Value, json};

/// The answer of `POST /templates/expression/validate`. An expression that is wrong is no error of the call.
#[must_use]
pub fn validation(expression: &str) -> Value {
    match Expression::parse(expression) {
        Ok(_) => json!({"valid": true, "expression": expression}),
        Err(error) => {
            let mut answer = json!({"valid": false});
            explain(&mut answer, &error);
            answer["expression"] = expression.into();
            answer
        }
    }
}

/// The answer of `POST /templates/expression/test`. An expression that fails is no error of the call.
#[must_use]
pub fn test(expression: &str, variables: &Map<String, Value>) -> Value {
    let scope = Scope::new(variables);
    match Expression::parse(expression).and_then(|expression| expression.evaluate(&scope)) {
        Ok(result) => {
            let kind = type_name(result.as_ref());
            json!({"success": true, "result": result, "resultType": kind})
        }
        Err(error) => {
            let mut answer = json!({"success": false});
            explain(&mut answer, &error);
            answer["result"] = Value::Null;
            answer["resultType"] = "undefined".into();
            answer
        }
    }
}

/// The answer of `POST /templates/expression/interpolate`.
#[must_use]
pub fn interpolation(text: &str, variables: &Map<String, Value>) -> Value {
    match interpolate(text, &Scope::new(variables)) {
        Ok(result) => json!({"success": true, "result": result}),
        Err(error) => {
            let mut answer = json!({"success": false});
            explain(&mut answer, &error);
            answer
        }
    }
}

/// The answer of `GET /templates/expression/functions`.
#[must_use]
pub fn function_list() -> Value {
    let functions: Vec<_> = functions()
        .map(|function| {
            json!({
                "name": function.name(),
                "description": function.description(),
                "category": function.category().name(),
                "signature": function.signature(),
            })
        })
        .collect();
    json!({"functions": functions})
}

/// What is wrong, for people and for programs.
fn explain(answer: &mut Value, error: &ExpressionError) {
    let place = error.place();
    answer["error"] = error.to_string().into();
    answer["position"] = json!({"offset": place.offset, "line": place.line, "column": place.column});
}
