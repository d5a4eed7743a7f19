//! A document of a row: a template with the values of the row's columns.

use crate::{
    answer::Refusal,
    render::{Format, Pace, Page},
    renders::{About, Render},
    server::Call,
    source::{self, TEMPLATE},
};
use axum::http::StatusCode;
use serde_json::{Map, Value};

/// What documents are made of.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Template(Value),
}

/// What is made of it, and how a row fills it in.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) source: Source,
    pub(crate) format: Format,
    /// For each variable the column that holds its value.
    pub(crate) mapping: Value,
}

impl Source {
    /// The template of this uid, of whatever kind.
    pub(crate) fn find(call: &Call, uid: &str) -> Result<Self, Refusal> {
        let template = call.service.store.get(TEMPLATE, uid)?.map(Self::Template);
        template.ok_or_else(|| Refusal::message(StatusCode::NOT_FOUND, "Template not found"))
    }

    /// Whether a preview is made by a job that is asked about.
    pub(crate) fn is_video(&self) -> bool {
        match self {
            Self::Template(_) => false,
        }
    }

    fn template(&self) -> &Value {
        match self {
            Self::Template(template) => template,
        }
    }

    /// The format of this name, or the usual one, if the template can have it.
    pub(crate) fn format(&self, name: Option<&str>) -> Result<Format, Refusal> {
        let output = self.template()["outputFormat"].as_str().unwrap_or("image");
        let (usual, known): (&str, &[&str]) = match output {
            "pdf" => ("pdf", &["pdf"]),
            "gif" => ("gif", &["gif"]),
            _ => ("png", &["png", "jpg", "jpeg", "webp"]),
        };
        let name = name.unwrap_or(usual);
        if !known.contains(&name) {
            let message = format!("A template for {output} cannot give {name}: use {}", known.join(", "));
            return Err(Refusal::message_code(StatusCode::BAD_REQUEST, "output_format_mismatch", message));
        }
        match name {
            "pdf" => {
                let message = "The emulator cannot render workflows as PDF yet: use a template for images";
                Err(Refusal::message(StatusCode::NOT_IMPLEMENTED, message))
            }
            "gif" => Ok(Format::Gif(Pace::MEDIUM)),
            name => Ok(Format::named(name)),
        }
    }

    /// The values of a row for the variables of the template. A variable without a column takes that of its own name.
    fn variables(&self, row: &Value, mapping: &Value) -> Value {
        let names = self.template()["variableDefinitions"].as_array().into_iter().flatten();
        let names = names.filter_map(|definition| definition["name"].as_str());
        let values = names.filter_map(|name| {
            let value = row.get(mapping[name].as_str().unwrap_or(name))?;
            Some((name.to_owned(), value.clone()))
        });
        Value::Object(values.collect::<Map<_, _>>())
    }
}

impl Recipe {
    /// Renders the document of a row, and bills it.
    pub(crate) async fn render(&self, call: &Call, row: &Value) -> Result<Render, Refusal> {
        let variables = self.source.variables(row, &self.mapping);
        match &self.source {
            Source::Template(template) => {
                let filled = source::fill(template, None, &variables, None)?;
                let page = Page {
                    html: filled.html,
                    width: filled.width,
                    height: filled.height,
                    format: self.format,
                    selector: None,
                };
                let template = template["uid"].as_str().map(str::to_owned);
                Ok(call.render(page, &About { template, variables: Some(variables) }).await?)
            }
        }
    }
}
