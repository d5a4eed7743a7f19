//! The expression language by itself.

use super::handlers;
use crate::{answer::Answer, expressions::answers, server::Call};
use serde_json::{Map, Value};

handlers! {
    "validateExpression" => now validate,
    "testExpression" => now test,
    "interpolateExpression" => now interpolate,
    "listExpressionFunctions" => now functions,
}

fn validate(call: &Call) -> Answer {
    Ok(answers::validation(text(call, "expression")).into())
}

fn test(call: &Call) -> Answer {
    Ok(answers::test(text(call, "expression"), &variables(call)).into())
}

fn interpolate(call: &Call) -> Answer {
    Ok(answers::interpolation(text(call, "text"), &variables(call)).into())
}

fn functions(_: &Call) -> Answer {
    Ok(answers::function_list().into())
}

fn text<'a>(call: &'a Call, name: &str) -> &'a str {
    call.body[name].as_str().unwrap_or_default()
}

fn variables(call: &Call) -> Map<String, Value> {
    call.body["variables"].as_object().cloned().unwrap_or_default()
}
