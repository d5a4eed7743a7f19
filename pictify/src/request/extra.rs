//! Fields of a request that the contract does not know.

use crate::{Error, Result, numbers};
use bytes::Bytes;
use http::{HeaderValue, Method, header::CONTENT_TYPE};
use pictify_api::{OperationInfo, ValidationErrors};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error as _};
use serde_json::{Map, Value};
use std::fmt;

/// Fields that a caller adds to a request. Without any, the request is sent as it is.
#[derive(Clone, Default, PartialEq)]
pub struct Extra {
    fields: Map<String, Value>,
    /// Fields whose values cannot be serialised, with the reasons. They are reported when the call is sent.
    invalid: Vec<(String, String)>,
}

impl Extra {
    /// Adds a field or replaces it.
    pub(crate) fn insert(&mut self, field: String, value: &impl Serialize) {
        let mut found = ValidationErrors::default();
        numbers::check(value, &field, &mut found);
        if let Some(error) = found.iter().next() {
            self.invalid.push((error.field.clone(), error.message.clone()));
            return;
        }
        match serde_json::to_value(value) {
            Ok(value) => drop(self.fields.insert(field, value)),
            Err(error) => self.invalid.push((field, format!("cannot be serialised: {error}"))),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.invalid.is_empty()
    }

    /// Reports fields that the contract knows, and fields that cannot be sent.
    pub(crate) fn validate(&self, operation: &OperationInfo, found: &mut ValidationErrors) {
        for (field, reason) in &self.invalid {
            found.push(field, reason.as_str());
        }
        for field in self.fields.keys() {
            if field.is_empty() {
                found.push("extra", "the name of a field must not be empty");
                continue;
            }
            let is_known = operation.fields.contains(&field.as_str());
            if let Some(setter) = is_known.then(|| setter(operation.id, field)).flatten() {
                found.push(field, format!("is a field of the contract: set it with {setter}, not with extra"));
            }
        }
    }

    /// Adds the fields to the JSON body, which a request with input may lack, or to the query of a request without input.
    pub(crate) fn add_to(&self, request: &mut http::Request<Bytes>) -> Result<()> {
        if self.fields.is_empty() {
            return Ok(());
        }
        if !request.body().is_empty() {
            return self.add_to_body(request.body_mut());
        }
        if [Method::POST, Method::PUT].contains(request.method()) {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Value::from(self.fields.clone()).to_string().into();
            return Ok(());
        }
        self.add_to_query(request)
    }

    /// Appends the members to the text of the body, so that everything else stays as it is.
    fn add_to_body(&self, body: &mut Bytes) -> Result<()> {
        let (Ok(members), Some(start)) = (serde_json::from_slice::<Map<String, Value>>(body), body.strip_suffix(b"}"))
        else {
            return Err(Error::invalid_field("extra", "cannot be set: the body of this request is not a JSON object"));
        };
        if let Some(field) = self.fields.keys().find(|field| members.contains_key(*field)) {
            return Err(Error::invalid_field(field, "is set already: it cannot be set with extra"));
        }
        let mut text = start.to_vec();
        let added = Value::from(self.fields.clone()).to_string();
        text.extend_from_slice(if members.is_empty() { b"" } else { b"," });
        text.extend_from_slice(&added.as_bytes()[1..]);
        *body = text.into();
        Ok(())
    }

    fn add_to_query(&self, request: &mut http::Request<Bytes>) -> Result<()> {
        let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
        let mut added = url::form_urlencoded::Serializer::new(query.to_owned());
        for (field, value) in &self.fields {
            if url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == *field) {
                return Err(Error::invalid_field(field, "is set already: it cannot be set with extra"));
            }
            match value {
                Value::String(text) => added.append_pair(field, text),
                Value::Bool(_) | Value::Number(_) => added.append_pair(field, &value.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    let message = "must be a text, a number or a boolean: it becomes a query parameter";
                    return Err(Error::invalid_field(field, message));
                }
            };
        }
        let target = format!("{path}?{}", added.finish());
        let mut parts = request.uri().clone().into_parts();
        let invalid = |error: http::Error| Error::invalid_field("extra", format!("cannot be sent: {error}"));
        parts.path_and_query = Some(target.parse().map_err(|error| invalid(http::Error::from(error)))?);
        *request.uri_mut() = http::Uri::from_parts(parts).map_err(|error| invalid(error.into()))?;
        Ok(())
    }
}

/// Prints the fields.
impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.fields).entries(self.invalid.iter().map(|(field, reason)| (field, reason))).finish()
    }
}

/// A request with a field that cannot be sent cannot be stored either.
impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.invalid.first() {
            Some((field, reason)) => Err(S::Error::custom(format!("{field}: {reason}"))),
            None => self.fields.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { fields: Map::deserialize(deserializer)?, invalid: Vec::new() })
    }
}

/// Setters that are not named as their field: operation, field, setter. `None` is a field without a setter.
const SETTERS: &[(&str, &str, Option<&str>)] = &[
    ("agentScreenshot", "url", None),
    ("agentScreenshot", "prompt", Some("the argument of `agent_screenshot`")),
    ("agentScreenshot", "height", Some("`size`")),
    ("agentScreenshot", "width", Some("`size`")),
    ("agentScreenshotStream", "prompt", Some("the argument of `agent_screenshot_stream`")),
    ("agentScreenshotStream", "height", Some("`size`")),
    ("agentScreenshotStream", "width", Some("`size`")),
    ("batchRenderTemplate", "csvUrl", Some("`create_from_csv`")),
    ("batchRenderTemplate", "mappings", Some("`map_column`")),
    ("batchRenderTemplate", "variableSets", Some("the argument of `create`")),
    ("captureGif", "selector", None),
    ("captureGif", "waitForSelector", None),
    ("captureGif", "url", Some("the argument of `capture`")),
    ("captureGif", "height", Some("`size`")),
    ("captureGif", "width", Some("`size`")),
    ("completeExperiment", "winnerVariantId", Some("the argument of `complete`")),
    ("createBinding", "dataSource", Some("the arguments of `create`")),
    ("createBinding", "mapping", Some("the arguments of `create`")),
    ("createBinding", "templateId", Some("the arguments of `create`")),
    ("createBinding", "outputConfig", Some("`format`, `quality` or `size`")),
    ("createBinding", "refreshPolicy", Some("`refresh_every` or another setter of the refresh")),
    ("createCanvasImage", "fileExtension", Some("`format`")),
    ("createCanvasImage", "fabricJSData", Some("the argument of `canvas`")),
    ("createCanvasImage", "height", Some("`size`")),
    ("createCanvasImage", "width", Some("`size`")),
    ("createExperiment", "banditConfig", Some("`optimise`")),
    ("createExperiment", "confidenceThreshold", Some("`confidence`")),
    ("createExperiment", "fallbackImageUrl", Some("`fallback_image`")),
    ("createExperiment", "goalConfig", Some("`click_through` or `custom_event`")),
    ("createExperiment", "minimumRunDays", Some("`minimum_days`")),
    ("createExperiment", "outputConfig", Some("`format` or `quality`")),
    ("createExperiment", "fallbackTemplateUid", Some("`fallback_template`")),
    ("createExperiment", "minimumSampleSize", Some("`minimum_sample`")),
    ("createExperiment", "name", Some("the arguments of `create`")),
    ("createExperiment", "slug", Some("the arguments of `create`")),
    ("createExperiment", "type", Some("the arguments of `create`")),
    ("createExperiment", "variants", Some("the arguments of `create`")),
    ("createExperiment", "templateUid", Some("`template`")),
    ("createGif", "html", Some("`Source::html`")),
    ("createGif", "url", Some("`Source::url`")),
    ("createGif", "template", Some("`Source::template`")),
    ("createGif", "variables", Some("`Source::template`")),
    ("createGif", "frameDurationSeconds", None),
    ("createGif", "framesPerSecond", None),
    ("createGif", "selector", None),
    ("createGif", "height", Some("`size`")),
    ("createGif", "width", Some("`size`")),
    ("createImage", "html", Some("`Source::html`")),
    ("createImage", "url", Some("`Source::url`")),
    ("createImage", "template", Some("`Source::template`")),
    ("createImage", "variables", Some("`Source::template`")),
    ("createImage", "fileExtension", Some("`format`")),
    ("createOgImage", "template", Some("the argument of `og_image`")),
    ("createTemplate", "outputFormat", Some("`output`")),
    ("createTemplate", "engine", Some("`TemplateSource`")),
    ("createTemplate", "html", Some("`TemplateSource::html`")),
    ("createTemplate", "fabricJSData", Some("`TemplateSource::canvas`")),
    ("createTemplate", "jsEnabled", Some("`scripts`")),
    ("createTemplate", "layouts", Some("`layout`")),
    ("createTemplate", "name", Some("the argument of `create`")),
    ("createTemplate", "type", Some("`kind`")),
    ("createVideoTemplate", "name", Some("the argument of `create`")),
    ("createVideoTemplate", "kind", Some("`VideoSource`")),
    ("createVideoTemplate", "projectJson", Some("`VideoSource`")),
    ("createVideoTemplate", "tsx", Some("`VideoSource`")),
    ("createVideoTemplate", "height", Some("`size`")),
    ("createVideoTemplate", "width", Some("`size`")),
    ("createWebhookSubscription", "event", Some("the arguments of `create`")),
    ("createWebhookSubscription", "targetUrl", Some("the arguments of `create`")),
    ("createWorkflowHook", "columnMapping", Some("`map_column`")),
    ("createWorkflowHook", "name", Some("the arguments of `create_hook`")),
    ("createWorkflowHook", "templateUid", Some("the arguments of `create_hook`")),
    ("createWorkflowRun", "columnMapping", Some("`map_column`")),
    ("createWorkflowRun", "rows", Some("the arguments of `create`")),
    ("createWorkflowRun", "templateUid", Some("the arguments of `create`")),
    ("generateVideoTemplate", "prompt", Some("the argument of `generate`")),
    ("generateVideoTemplate", "height", Some("`size`")),
    ("generateVideoTemplate", "width", Some("`size`")),
    ("interpolateExpression", "text", Some("the arguments of `interpolate`")),
    ("interpolateExpression", "variables", Some("the arguments of `interpolate`")),
    ("listBindings", "templateId", Some("`template`")),
    ("listExperiments", "type", Some("`kind`")),
    ("listPublicTemplates", "type", Some("`kind`")),
    ("listTemplates", "outputFormat", Some("`output`")),
    ("multiSizeRenderTemplate", "sizes", Some("the arguments of `render_sizes`")),
    ("multiSizeRenderTemplate", "variables", Some("the arguments of `render_sizes`")),
    ("previewTemplate", "fabricJSData", Some("`TemplateSource::canvas`")),
    ("previewTemplate", "html", Some("`TemplateSource::html`")),
    ("previewTemplate", "jsEnabled", Some("`scripts`")),
    ("previewTemplate", "variables", Some("the arguments of `preview`")),
    ("previewWorkflow", "columnMapping", Some("`map_column`")),
    ("previewWorkflow", "row", Some("the arguments of `preview`")),
    ("previewWorkflow", "templateUid", Some("the arguments of `preview`")),
    ("renderBindingUrl", "_t", Some("`cache_key`")),
    ("renderMultiPagePdf", "options", Some("`preset` and the other setters of the page")),
    ("renderMultiPagePdf", "templateUid", Some("the arguments of `render_pages`")),
    ("renderMultiPagePdf", "variableSets", Some("the arguments of `render_pages`")),
    ("renderPdf", "options", Some("`preset` and the other setters of the page")),
    ("renderPdf", "templateUid", Some("the arguments of `render`")),
    ("renderPdf", "variables", Some("the arguments of `render`")),
    ("renderTemplate", "layouts", Some("`render_layouts`")),
    ("renderTemplate", "preset", Some("`pdf_preset`")),
    ("renderTemplate", "variableSets", Some("`render_pages`")),
    ("renderTemplate", "variables", Some("the argument of `render`")),
    ("renderTemplate", "height", Some("`size`")),
    ("renderTemplate", "width", Some("`size`")),
    ("renderTemplateUrl", "token", Some("`url_with_key`")),
    ("searchTemplates", "q", Some("the argument of `search`")),
    ("testExpression", "expression", Some("the arguments of `test`")),
    ("testExpression", "variables", Some("the arguments of `test`")),
    ("updateBinding", "status", Some("`pause` or `resume`")),
    ("updateBinding", "outputConfig", Some("`format`, `quality` or `size`")),
    ("updateBinding", "refreshPolicy", Some("`refresh_every` or another setter of the refresh")),
    ("updateBinding", "dataSource", Some("`source`")),
    ("updateExperiment", "banditConfig", Some("`optimise`")),
    ("updateExperiment", "confidenceThreshold", Some("`confidence`")),
    ("updateExperiment", "fallbackImageUrl", Some("`fallback_image`")),
    ("updateExperiment", "goalConfig", Some("`click_through` or `custom_event`")),
    ("updateExperiment", "minimumRunDays", Some("`minimum_days`")),
    ("updateExperiment", "outputConfig", Some("`format` or `quality`")),
    ("updateTemplate", "outputFormat", Some("`output`")),
    ("updateTemplate", "html", Some("`TemplateSource::html`")),
    ("updateTemplate", "fabricJSData", Some("`TemplateSource::canvas`")),
    ("updateTemplate", "jsEnabled", Some("`scripts`")),
    ("updateTemplate", "layouts", Some("`layout`")),
    ("updateTemplate", "type", Some("`kind`")),
    ("updateVideoTemplate", "projectJson", Some("`source`")),
    ("updateVideoTemplate", "tsx", Some("`source`")),
    ("updateVideoTemplate", "height", Some("`size`")),
    ("updateVideoTemplate", "width", Some("`size`")),
    ("updateWebhookSubscription", "status", Some("`pause` or `resume`")),
    ("validateExpression", "expression", Some("the argument of `validate`")),
];

/// Returns the method that sets a field of the contract, or `None` if no method does.
fn setter(operation: &str, field: &str) -> Option<String> {
    match SETTERS.iter().find(|(id, name, _)| *id == operation && *name == field) {
        Some((_, _, setter)) => setter.map(str::to_owned),
        None => Some(format!("`{}`", snake_case(field))),
    }
}

/// Converts `fileExtension` to `file_extension`.
fn snake_case(field: &str) -> String {
    let mut name = String::with_capacity(field.len() + 4);
    for letter in field.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    /// Returns the text of every source file below a folder.
    fn sources(folder: &Path) -> String {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| if path.is_dir() { sources(&path) } else { fs::read_to_string(path).unwrap() }).collect()
    }

    #[test]
    fn every_named_setter_exists() {
        let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        for operation in pictify_api::operations::ALL {
            for setter in operation.fields.iter().filter_map(|field| setter(operation.id, field)) {
                for name in setter.split('`').skip(1).step_by(2) {
                    let (of_type, name) = name.rsplit_once("::").unwrap_or(("", name));
                    let keyword = if name.starts_with(char::is_uppercase) { "enum" } else { "fn" };
                    let end = if keyword == "enum" { " {" } else { "" };
                    assert!(
                        sources.contains(&format!("pub {keyword} {name}{end}"))
                            && (of_type.is_empty() || sources.contains(&format!("pub enum {of_type} {{"))),
                        "{}: {setter}",
                        operation.id
                    );
                }
            }
        }
        for (id, field, _) in SETTERS {
            let known = pictify_api::operations::ALL.iter().any(|it| it.id == *id && it.fields.contains(field));
            assert!(known, "{id} has no field {field}");
        }
    }

    #[test]
    fn every_field_that_is_not_in_the_table_has_a_setter_of_its_name() {
        assert_eq!(setter("createImage", "selector").as_deref(), Some("`selector`"));
        assert_eq!(setter("createImage", "fileExtension").as_deref(), Some("`format`"));
        assert_eq!(setter("createTemplate", "variableDefinitions").as_deref(), Some("`variable_definitions`"));
        assert_eq!(setter("agentScreenshot", "url"), None);
    }
}
