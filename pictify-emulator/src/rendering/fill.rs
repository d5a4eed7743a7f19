//! Filling of templates: the only place that replaces variables by values.

use crate::{
    api_error::ApiError,
    expressions::{self, Expression, ExpressionError, MissingVariable, Scope},
    html_templates::{HtmlTemplate, HtmlTemplateError},
    render::fabric,
    store::{Store, StoreError},
    variables::{VariableDefinition, resolve_variables},
};
use axum::http::StatusCode;
use serde_json::{Map, Value};
use std::{collections::BTreeSet, fmt};

/// Document kind of templates.
pub(crate) const TEMPLATE: &str = "template";

/// Page with all variables replaced.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    pub(crate) html: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Fills a template, or one of its layouts. `size` overrides the template's own size in pixels.
pub(crate) fn fill(
    template: &Value,
    layout: Option<&Value>,
    variables: &Value,
    size: Option<(u32, u32)>,
) -> Result<Filled, ApiError> {
    let field =
        |name: &str| layout.map(|layout| &layout[name]).filter(|value| !value.is_null()).unwrap_or(&template[name]);
    let default_or = |name, default| field(name).as_u64().and_then(|size| u32::try_from(size).ok()).unwrap_or(default);
    let (width, height) = size.unwrap_or_else(|| (default_or("width", 1080), default_or("height", 1080)));
    let definitions = &template["variableDefinitions"];
    if template["engine"] == "html" {
        let (definitions, none) = (VariableDefinition::read_all(definitions), Map::new());
        let html = HtmlTemplate::compile(field("html").as_str().unwrap_or_default())?;
        let variables = variables.as_object().unwrap_or(&none);
        let html = html.render(variables, &definitions, template["strictVariables"] == true)?;
        return Ok(Filled { html, width, height });
    }
    let data = canvas(field("fabricJSData"), definitions, variables)?;
    let page =
        fabric::page(&data, Some((width, height))).map_err(|error| ApiError::unprocessable(error.to_string()))?;
    Ok(Filled { html: page.html, width: page.width, height: page.height })
}

/// Fills the variables of a FabricJS canvas.
pub(crate) fn canvas(data: &Value, definitions: &Value, variables: &Value) -> Result<Value, ApiError> {
    let none = Map::new();
    let values = resolve_variables(&VariableDefinition::read_all(definitions), variables.as_object().unwrap_or(&none))
        .map_err(HtmlTemplateError::from)?;
    // A missing value becomes empty, so that a design can be previewed without data.
    let scope = Scope::new(&values).missing(MissingVariable::Undefined);
    let text = |text: &str| expressions::interpolate(text, &scope);
    let condition = |condition: &str| Expression::parse(condition)?.is_truthy(&scope);
    fabric::fill_in(data, text, condition).map_err(|error| expression_error(&error))
}

/// Returns the template with this ID.
pub(crate) fn find(store: &Store, uid: &str) -> Result<Option<Value>, StoreError> {
    store.get(TEMPLATE, uid)
}

/// Returns the names of the variables that a template's source uses, in order of appearance.
pub(crate) fn variable_names(template: &Value) -> Result<Vec<String>, ApiError> {
    if let Some(html) = template["html"].as_str() {
        return Ok(HtmlTemplate::compile(html)?.variables().to_vec());
    }
    let mut variable_names = Vec::new();
    canvas_variable_names(&template["fabricJSData"], &mut variable_names).map_err(|error| expression_error(&error))?;
    let mut known = BTreeSet::new();
    variable_names.retain(|name| known.insert(name.clone()));
    Ok(variable_names)
}

/// Checks a template's source against its variable definitions. Runs when the template is stored.
pub(crate) fn check(template: &Value) -> Result<(), ApiError> {
    let Some(html) = template["html"].as_str() else { return Ok(()) };
    Ok(HtmlTemplate::compile(html)?.check(&VariableDefinition::read_all(&template["variableDefinitions"]))?)
}

fn canvas_variable_names(value: &Value, variable_names: &mut Vec<String>) -> Result<(), ExpressionError> {
    match value {
        Value::String(text) => variable_names.extend(expressions::interpolated_variables(text)?),
        Value::Array(items) => items.iter().try_for_each(|item| canvas_variable_names(item, variable_names))?,
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str().filter(|_| name == "_if") {
                    Some(condition) => variable_names.extend(Expression::parse(condition)?.variables().iter().cloned()),
                    None => canvas_variable_names(value, variable_names)?,
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn expression_error(error: &impl fmt::Display) -> ApiError {
    ApiError::with_message_and_code(StatusCode::UNPROCESSABLE_ENTITY, "EXPRESSION_ERROR", error.to_string())
}

impl From<HtmlTemplateError> for ApiError {
    fn from(error: HtmlTemplateError) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
        Self::with_body(status, error.body())
    }
}
