//! Handlers for the expression language.

use super::handlers;
use crate::{context::RequestContext, expressions::responses, response::ApiResult};
use serde_json::{Map, Value};

handlers! {
    "validateExpression" => sync validate,
    "testExpression" => sync test,
    "interpolateExpression" => sync interpolate,
    "listExpressionFunctions" => sync functions,
}

fn validate(context: &RequestContext) -> ApiResult {
    Ok(responses::validation(body_text(context, "expression")).into())
}

fn test(context: &RequestContext) -> ApiResult {
    Ok(responses::test(body_text(context, "expression"), &variables(context)).into())
}

fn interpolate(context: &RequestContext) -> ApiResult {
    Ok(responses::interpolation(body_text(context, "text"), &variables(context)).into())
}

fn functions(_: &RequestContext) -> ApiResult {
    Ok(responses::function_list().into())
}

fn body_text<'a>(context: &'a RequestContext, name: &str) -> &'a str {
    context.body[name].as_str().unwrap_or_default()
}

fn variables(context: &RequestContext) -> Map<String, Value> {
    context.body["variables"].as_object().cloned().unwrap_or_default()
}
