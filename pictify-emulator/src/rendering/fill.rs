//! Filling of templates: the only place that replaces variables by values.

use crate::{
    api_error::ApiError,
    expressions::{self, Expression, MissingVariable, Scope},
    html_templates::{HtmlTemplate, HtmlTemplateError},
    render::fabric,
    templates::{DEFAULT_SIDE, Layout, Source, Template, expression_error},
    variables::{VariableDefinition, resolve_variables},
};
use serde_json::{Map, Value};

/// Page with all variables replaced.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    pub(crate) html: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Fills a template, or one of its layouts. `size` overrides the template's own size in pixels.
pub(crate) fn fill(
    template: &Template,
    layout: Option<&Layout>,
    variables: &Value,
    size: Option<(u32, u32)>,
) -> Result<Filled, ApiError> {
    let (own, layout) = (&template.source, layout.map(|layout| &layout.source));
    let pixels = |get: fn(&Source) -> Option<u32>| layout.and_then(get).or(get(own)).unwrap_or(DEFAULT_SIDE);
    let (width, height) = size.unwrap_or_else(|| (pixels(|source| source.width), pixels(|source| source.height)));
    let definitions = template.definitions();
    if template.is_html() {
        let html = layout.and_then(|layout| layout.html.as_deref()).or(own.html.as_deref()).unwrap_or_default();
        let (html, none) = (HtmlTemplate::compile(html)?, Map::new());
        let html = html.render(variables.as_object().unwrap_or(&none), &definitions, template.strict_variables)?;
        return Ok(Filled { html, width, height });
    }
    let data = layout.and_then(|layout| layout.canvas.as_ref()).or(own.canvas.as_ref()).unwrap_or(&Value::Null);
    let data = canvas(data, &definitions, variables)?;
    let page =
        fabric::page(&data, Some((width, height))).map_err(|error| ApiError::unprocessable(error.to_string()))?;
    Ok(Filled { html: page.html, width: page.width, height: page.height })
}

/// Fills the variables of a FabricJS canvas.
pub(crate) fn canvas(data: &Value, definitions: &[VariableDefinition], variables: &Value) -> Result<Value, ApiError> {
    let none = Map::new();
    let values =
        resolve_variables(definitions, variables.as_object().unwrap_or(&none)).map_err(HtmlTemplateError::from)?;
    // A missing value becomes empty, so that a design can be previewed without data.
    let scope = Scope::new(&values).missing(MissingVariable::Undefined);
    let text = |text: &str| expressions::interpolate(text, &scope);
    let condition = |condition: &str| Expression::parse(condition)?.is_truthy(&scope);
    fabric::fill_in(data, text, condition).map_err(|error| expression_error(&error))
}
