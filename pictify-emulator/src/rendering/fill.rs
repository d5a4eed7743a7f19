//! From a template and values to a page: the one place where variables are filled in.

use crate::{
    api_error::ApiError,
    expressions::{self, Expression, ExpressionError, MissingVariable, Scope},
    html_templates::{HtmlTemplate, HtmlTemplateError},
    render::fabric,
    server::RequestContext,
    variables::{VariableDefinition, resolve_variables},
};
use axum::http::StatusCode;
use serde_json::{Map, Value};
use std::{collections::BTreeSet, fmt};

/// The kind of the documents that templates are.
pub(crate) const TEMPLATE: &str = "template";

/// A page with all values in place.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    pub(crate) html: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// A template filled in: itself, or one of its layouts. `size` is what the request wants instead of the template's own.
pub(crate) fn fill(
    template: &Value,
    layout: Option<&Value>,
    variables: &Value,
    size: Option<(u32, u32)>,
) -> Result<Filled, ApiError> {
    let of =
        |name: &str| layout.map(|layout| &layout[name]).filter(|value| !value.is_null()).unwrap_or(&template[name]);
    let own = |name, default| of(name).as_u64().and_then(|size| u32::try_from(size).ok()).unwrap_or(default);
    let (width, height) = size.unwrap_or_else(|| (own("width", 1080), own("height", 1080)));
    let definitions = &template["variableDefinitions"];
    if template["engine"] == "html" {
        let (definitions, none) = (VariableDefinition::read_all(definitions), Map::new());
        let html = HtmlTemplate::compile(of("html").as_str().unwrap_or_default())?;
        let variables = variables.as_object().unwrap_or(&none);
        let html = html.render(variables, &definitions, template["strictVariables"] == true)?;
        return Ok(Filled { html, width, height });
    }
    let data = canvas(of("fabricJSData"), definitions, variables)?;
    let page =
        fabric::page(&data, Some((width, height))).map_err(|error| ApiError::unprocessable(error.to_string()))?;
    Ok(Filled { html: page.html, width: page.width, height: page.height })
}

/// A FabricJS canvas filled in.
pub(crate) fn canvas(data: &Value, definitions: &Value, variables: &Value) -> Result<Value, ApiError> {
    let none = Map::new();
    let values = resolve_variables(&VariableDefinition::read_all(definitions), variables.as_object().unwrap_or(&none))
        .map_err(HtmlTemplateError::from)?;
    // What was not supplied fills in nothing, so that a design can be looked at before its data is there.
    let scope = Scope::new(&values).missing(MissingVariable::Undefined);
    let text = |text: &str| expressions::interpolate(text, &scope);
    let condition = |condition: &str| Expression::parse(condition)?.is_true(&scope);
    fabric::fill_in(data, text, condition).map_err(|error| wrong_expression(&error))
}

/// The template of this uid.
pub(crate) fn find(context: &RequestContext, uid: &str) -> Result<Option<Value>, ApiError> {
    Ok(context.state.store.get(TEMPLATE, uid)?)
}

/// The names that a template's source uses as variables, in order.
pub(crate) fn names(template: &Value) -> Result<Vec<String>, ApiError> {
    if let Some(html) = template["html"].as_str() {
        return Ok(HtmlTemplate::compile(html)?.variables().to_vec());
    }
    let mut names = Vec::new();
    canvas_names(&template["fabricJSData"], &mut names).map_err(|error| wrong_expression(&error))?;
    let mut known = BTreeSet::new();
    names.retain(|name| known.insert(name.clone()));
    Ok(names)
}

/// Holds a template's source against its definitions, as is done when it is stored.
pub(crate) fn check(template: &Value) -> Result<(), ApiError> {
    let Some(html) = template["html"].as_str() else { return Ok(()) };
    Ok(HtmlTemplate::compile(html)?.check(&VariableDefinition::read_all(&template["variableDefinitions"]))?)
}

fn canvas_names(value: &Value, names: &mut Vec<String>) -> Result<(), ExpressionError> {
    match value {
        Value::String(text) => names.extend(expressions::interpolated_variables(text)?),
        Value::Array(items) => items.iter().try_for_each(|item| canvas_names(item, names))?,
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str().filter(|_| name == "_if") {
                    Some(condition) => names.extend(Expression::parse(condition)?.variables().iter().cloned()),
                    None => canvas_names(value, names)?,
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn wrong_expression(error: &impl fmt::Display) -> ApiError {
    ApiError::with_message_and_code(StatusCode::UNPROCESSABLE_ENTITY, "EXPRESSION_ERROR", error.to_string())
}

impl From<HtmlTemplateError> for ApiError {
    fn from(error: HtmlTemplateError) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
        Self::with_body(status, error.body())
    }
}
