//! Templates: the stored documents, and the rules for their content.

mod request;
mod video;

pub(crate) use request::TemplateRequest;
pub(crate) use video::{VideoTemplate, VideoTemplateRequest};

use crate::{
    api_error::ApiError,
    expressions::{self, Expression, ExpressionError},
    html_templates::{HtmlTemplate, HtmlTemplateError},
    json::whole_number,
    store::{Document, Store, StoreError},
    variables::VariableDefinition,
};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::BTreeSet, fmt};

/// Layout key of the template itself.
pub(crate) const DEFAULT_LAYOUT: &str = "default";

/// Width and height of a template that has none, in pixels.
pub(crate) const DEFAULT_SIDE: u32 = 1080;

/// Tag that makes a template public.
pub(crate) const PUBLIC_TAG: &str = "public";

/// Template, as it is stored and as the API returns it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Template {
    pub(crate) uid: String,
    pub(crate) name: String,
    /// `html` or `fabric`.
    pub(crate) engine: String,
    /// `image`, `pdf` or `gif`.
    pub(crate) output_format: String,
    pub(crate) js_enabled: bool,
    pub(crate) strict_variables: bool,
    pub(crate) has_dynamic_link: bool,
    #[serde(flatten)]
    pub(crate) source: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pdf_preset: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pages: Option<Vec<Value>>,
    /// Layouts by key; [`Template::layout`] reads one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) layouts: Option<Map<String, Value>>,
    /// Names of the variables.
    pub(crate) variables: Vec<String>,
    /// Definitions of the variables, as they were sent; [`Template::definitions`] reads them.
    pub(crate) variable_definitions: Vec<Value>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

impl Document for Template {
    const KIND: &'static str = "template";
}

/// Source and size of a template or layout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Source {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) html: Option<String>,
    #[serde(rename = "fabricJSData", skip_serializing_if = "Option::is_none")]
    pub(crate) canvas: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole_number")]
    pub(crate) width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole_number")]
    pub(crate) height: Option<u32>,
}

/// Layout of a template. What it does not have is that of the template.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Layout {
    pub(crate) name: Option<String>,
    #[serde(flatten)]
    pub(crate) source: Source,
}

impl Template {
    /// Returns true if the source is HTML with Handlebars, false if it is a canvas.
    pub(crate) fn is_html(&self) -> bool {
        self.engine == "html"
    }

    /// Returns true if the template is listed as public.
    pub(crate) fn is_public(&self) -> bool {
        self.has_tag(PUBLIC_TAG)
    }

    /// Returns true if the template has a tag.
    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().flatten().any(|found| found == tag)
    }

    /// Returns the definitions of the variables.
    pub(crate) fn definitions(&self) -> Vec<VariableDefinition> {
        self.variable_definitions.iter().filter_map(VariableDefinition::read).collect()
    }

    /// Returns the layout with a key; `None` for the template itself.
    pub(crate) fn layout(&self, key: &str) -> Result<Option<Layout>, ApiError> {
        if key == DEFAULT_LAYOUT {
            return Ok(None);
        }
        let layout = self.layouts.as_ref().and_then(|layouts| layouts.get(key));
        let layout = layout.ok_or_else(|| ApiError::with_message(StatusCode::NOT_FOUND, "Layout not found"))?;
        Ok(Some(Layout::deserialize(layout).map_err(StoreError::from)?))
    }

    /// Returns the names of the variables that the source uses, in order of appearance.
    pub(crate) fn used_variables(&self) -> Result<Vec<String>, ApiError> {
        if let Some(html) = &self.source.html {
            return Ok(HtmlTemplate::compile(html)?.variables().to_vec());
        }
        let mut names = Vec::new();
        if let Some(canvas) = &self.source.canvas {
            canvas_variables(canvas, &mut names).map_err(|error| expression_error(&error))?;
        }
        let mut known = BTreeSet::new();
        names.retain(|name| known.insert(name.clone()));
        Ok(names)
    }

    /// Checks the source against the variable definitions.
    fn check(&self) -> Result<(), ApiError> {
        let Some(html) = &self.source.html else { return Ok(()) };
        Ok(HtmlTemplate::compile(html)?.check(&self.definitions())?)
    }
}

/// Returns the template with this ID.
pub(crate) fn find(store: &Store, uid: &str) -> Result<Template, ApiError> {
    store.find(uid)?.ok_or_else(not_found)
}

/// Creates the error for an unknown template.
pub(crate) fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Template not found")
}

fn canvas_variables(value: &Value, names: &mut Vec<String>) -> Result<(), ExpressionError> {
    match value {
        Value::String(text) => names.extend(expressions::interpolated_variables(text)?),
        Value::Array(items) => items.iter().try_for_each(|item| canvas_variables(item, names))?,
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str().filter(|_| name == "_if") {
                    Some(condition) => names.extend(Expression::parse(condition)?.variables().iter().cloned()),
                    None => canvas_variables(value, names)?,
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Creates the error for an invalid expression in a template.
pub(crate) fn expression_error(error: &impl fmt::Display) -> ApiError {
    ApiError::with_message_and_code(StatusCode::UNPROCESSABLE_ENTITY, "EXPRESSION_ERROR", error.to_string())
}

impl From<HtmlTemplateError> for ApiError {
    fn from(error: HtmlTemplateError) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
        Self::with_body(status, error.body())
    }
}
