//! Requests that create and change templates.

use super::{DEFAULT_SIDE, Source, Template};
use crate::{api_error::ApiError, json::read_whole_number, render::MAX_SIDE, uid};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Maximum size of a canvas, in bytes of JSON. The HTML engine has its own limit.
const MAX_CANVAS_BYTES: usize = 500 * 1024;

/// Members of a template that a request gives.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TemplateRequest {
    name: Option<String>,
    engine: Option<String>,
    #[serde(flatten)]
    source: Source,
    output_format: Option<String>,
    pdf_preset: Option<String>,
    js_enabled: Option<bool>,
    strict_variables: Option<bool>,
    #[serde(rename = "type")]
    kind: Option<String>,
    category: Option<String>,
    tags: Option<Vec<String>>,
    pages: Option<Vec<Value>>,
    layouts: Option<Map<String, Value>>,
    variable_definitions: Option<Vec<Value>>,
}

impl Template {
    /// Creates a template from a request, with a new ID. Also returns the variables that its source uses and that have no
    /// definition.
    pub(crate) fn create(request: TemplateRequest, now: &str) -> Result<(Self, Vec<String>), ApiError> {
        let bad_request = |message: &str| ApiError::with_message(StatusCode::BAD_REQUEST, message);
        let engine = match (request.source.html.is_some(), request.source.canvas.is_some()) {
            (true, true) => return Err(bad_request("Send html or fabricJSData, not both")),
            (false, false) => return Err(bad_request("html or fabricJSData is required")),
            (true, false) => "html",
            (false, true) => "fabric",
        };
        let mut template = Self {
            uid: uid::new(10),
            name: "Untitled".to_owned(),
            engine: request.engine.clone().unwrap_or_else(|| engine.to_owned()),
            output_format: "image".to_owned(),
            created_at: now.to_owned(),
            ..Self::default()
        };
        let added = template.apply(request, now)?;
        Ok((template, added))
    }

    /// Applies a request. Returns the variables that the source uses and that have no definition.
    pub(crate) fn apply(&mut self, request: TemplateRequest, now: &str) -> Result<Vec<String>, ApiError> {
        let TemplateRequest { source, .. } = request;
        let canvas_side = |name| source.canvas.as_ref().and_then(|canvas: &Value| read_whole_number(&canvas[name]));
        let (canvas_width, canvas_height) = (canvas_side("width"), canvas_side("height"));
        let side = |own: Option<u32>, canvas| Some(own.or(canvas).unwrap_or(DEFAULT_SIDE).clamp(1, MAX_SIDE));
        self.source = Source {
            width: side(source.width.or(self.source.width), canvas_width),
            height: side(source.height.or(self.source.height), canvas_height),
            html: source.html.or(self.source.html.take()),
            canvas: source.canvas.or(self.source.canvas.take()),
        };
        replace(&mut self.name, request.name);
        replace(&mut self.output_format, request.output_format);
        replace(&mut self.js_enabled, request.js_enabled);
        replace(&mut self.strict_variables, request.strict_variables);
        replace(&mut self.variable_definitions, request.variable_definitions);
        replace_optional(&mut self.pdf_preset, request.pdf_preset);
        replace_optional(&mut self.kind, request.kind);
        replace_optional(&mut self.category, request.category);
        replace_optional(&mut self.tags, request.tags);
        replace_optional(&mut self.pages, request.pages);
        replace_optional(&mut self.layouts, request.layouts);
        now.clone_into(&mut self.updated_at);
        self.check_canvas_size()?;
        let added = self.define_used_variables()?;
        self.check()?;
        Ok(added)
    }

    fn check_canvas_size(&self) -> Result<(), ApiError> {
        let (None, Some(canvas)) = (&self.source.html, &self.source.canvas) else { return Ok(()) };
        let size = canvas.to_string().len();
        if size > MAX_CANVAS_BYTES {
            let message = format!("The canvas has {size} bytes; the limit is {MAX_CANVAS_BYTES}");
            return Err(ApiError::with_message(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        Ok(())
    }

    /// Adds a definition for each variable that the source uses and that has none. Returns their names.
    fn define_used_variables(&mut self) -> Result<Vec<String>, ApiError> {
        let mut names: Vec<_> = self.definitions().into_iter().map(|definition| definition.name).collect();
        let added: Vec<_> = self.used_variables()?.into_iter().filter(|name| !names.contains(name)).collect();
        self.variable_definitions.extend(added.iter().map(|name| json!({"name": name, "type": "text"})));
        names.extend(added.iter().cloned());
        self.variables = names;
        Ok(added)
    }
}

fn replace<T>(member: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *member = given;
    }
}

fn replace_optional<T>(member: &mut Option<T>, given: Option<T>) {
    if given.is_some() {
        *member = given;
    }
}
