//! From a template and values to a page: the one place where variables are filled in.

use crate::{
    answer::Refusal,
    expressions::{self, Expression, ExpressionError, Missing, Scope},
    render::fabric::{self, VariableError},
    server::Call,
};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

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
) -> Result<Filled, Refusal> {
    let of =
        |name: &str| layout.map(|layout| &layout[name]).filter(|value| !value.is_null()).unwrap_or(&template[name]);
    let own = |name, default| of(name).as_u64().and_then(|size| u32::try_from(size).ok()).unwrap_or(default);
    let (width, height) = size.unwrap_or_else(|| (own("width", 1080), own("height", 1080)));
    let values = values(&template["variableDefinitions"], variables, template["strictVariables"] == true)?;
    if template["engine"] == "html" {
        let html = interpolate(of("html").as_str().unwrap_or_default(), &values, escaped);
        return Ok(Filled { html, width, height });
    }
    let filled = fill_canvas(of("fabricJSData"), &values)?;
    let page =
        fabric::page(&filled, Some((width, height))).map_err(|error| Refusal::unprocessable(error.to_string()))?;
    Ok(Filled { html: page.html, width: page.width, height: page.height })
}

/// A FabricJS canvas filled in.
pub(crate) fn canvas(data: &Value, definitions: &Value, variables: &Value) -> Result<Value, Refusal> {
    fill_canvas(data, &values(definitions, variables, false)?)
}

fn fill_canvas(data: &Value, values: &Map<String, Value>) -> Result<Value, Refusal> {
    // What was not supplied fills in nothing, so that a design can be looked at before its data is there.
    let scope = Scope::new(values).missing(Missing::Undefined);
    let text = |text: &str| expressions::interpolate(text, &scope);
    let condition = |condition: &str| Expression::parse(condition)?.is_true(&scope);
    fabric::fill_in(data, text, condition).map_err(|error: VariableError<ExpressionError>| {
        let message = error.to_string();
        Refusal::message_code(StatusCode::UNPROCESSABLE_ENTITY, "EXPRESSION_ERROR", message)
    })
}

/// The template of this uid.
pub(crate) fn find(call: &Call, uid: &str) -> Result<Option<Value>, Refusal> {
    Ok(call.service.store.get(TEMPLATE, uid)?)
}

/// The names that a template's source uses as variables, in order.
pub(crate) fn names(template: &Value) -> Result<Vec<String>, Refusal> {
    let mut names = Vec::new();
    match template["html"].as_str() {
        Some(html) => names.extend(holes(html).map(|(name, _)| name)),
        None => canvas_names(&template["fabricJSData"], &mut names).map_err(|error| {
            let code = "EXPRESSION_ERROR";
            Refusal::message_code(StatusCode::UNPROCESSABLE_ENTITY, code, error.to_string())
        })?,
    }
    let mut known = BTreeSet::new();
    names.retain(|name| known.insert(name.clone()));
    Ok(names)
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

/// The values to fill in: those of the request, and the defaults of the definitions.
fn values(definitions: &Value, variables: &Value, strict: bool) -> Result<Map<String, Value>, Refusal> {
    let mut values = variables.as_object().cloned().unwrap_or_default();
    let mut known = BTreeSet::new();
    for definition in definitions.as_array().into_iter().flatten() {
        let Some(name) = definition["name"].as_str() else { continue };
        known.insert(name);
        if values.get(name).is_some_and(|value| !value.is_null()) {
            continue;
        }
        let required = definition["validation"]["required"] == true || definition["required"] == true;
        match &definition["defaultValue"] {
            Value::Null if required => {
                let message = format!("The variable {name} is required");
                return Err(Refusal::engine(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "VARIABLE_REQUIRED",
                    message,
                    &json!({"variable": name}),
                ));
            }
            Value::Null if strict => {
                let message = format!("The variable {name} is not defined");
                return Err(Refusal::engine(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "UNDEFINED_VARIABLE",
                    message,
                    &json!({"variable": name}),
                ));
            }
            Value::Null => {}
            default => drop(values.insert(name.to_owned(), default.clone())),
        }
    }
    Ok(values)
}

/// The places of a source where a value belongs: the name there, and the bytes that it takes.
fn holes(source: &str) -> impl Iterator<Item = (String, std::ops::Range<usize>)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + source.get(from..)?.find("{{")?;
            let end = start + 2 + source[start + 2..].find("}}")?;
            from = end + 2;
            let name = source[start + 2..end].trim();
            if !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
                return Some((name.to_owned(), start..end + 2));
            }
        }
    })
}

fn interpolate(source: &str, values: &Map<String, Value>, write: impl Fn(&str) -> String) -> String {
    let (mut filled, mut from) = (String::with_capacity(source.len()), 0);
    for (name, place) in holes(source) {
        filled.push_str(&source[from..place.start]);
        match values.get(&name) {
            Some(Value::String(text)) => filled.push_str(&write(text)),
            Some(Value::Null) | None => {}
            Some(value) => filled.push_str(&write(&value.to_string())),
        }
        from = place.end;
    }
    filled.push_str(&source[from..]);
    filled
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
