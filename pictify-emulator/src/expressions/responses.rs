//! Responses of the expression endpoints.

use super::{Expression, ExpressionError, Scope, functions, interpolate, values::type_name};
use serde_json::{Map, Value, json};

/// Returns the response of `POST /templates/expression/validate`. An invalid expression is not an error of the request.
#[must_use]
pub fn validation(expression: &str) -> Value {
    match Expression::parse(expression) {
        Ok(_) => json!({"valid": true, "expression": expression}),
        Err(error) => {
            let mut response = json!({"valid": false});
            add_error(&mut response, &error);
            response["expression"] = expression.into();
            response
        }
    }
}

/// Returns the response of `POST /templates/expression/test`. An expression that fails is not an error of the request.
#[must_use]
pub fn test(expression: &str, variables: &Map<String, Value>) -> Value {
    let scope = Scope::new(variables);
    match Expression::parse(expression).and_then(|expression| expression.evaluate(&scope)) {
        Ok(result) => {
            let type_name = type_name(result.as_ref());
            json!({"success": true, "result": result, "resultType": type_name})
        }
        Err(error) => {
            let mut response = json!({"success": false});
            add_error(&mut response, &error);
            response["result"] = Value::Null;
            response["resultType"] = "undefined".into();
            response
        }
    }
}

/// Returns the response of `POST /templates/expression/interpolate`.
#[must_use]
pub fn interpolation(text: &str, variables: &Map<String, Value>) -> Value {
    match interpolate(text, &Scope::new(variables)) {
        Ok(result) => json!({"success": true, "result": result}),
        Err(error) => {
            let mut response = json!({"success": false});
            add_error(&mut response, &error);
            response
        }
    }
}

/// Returns the response of `GET /templates/expression/functions`.
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

/// Adds the message and the position of an error to a response.
fn add_error(response: &mut Value, error: &ExpressionError) {
    let position = error.position();
    response["error"] = error.to_string().into();
    response["position"] = json!({"offset": position.offset, "line": position.line, "column": position.column});
}
