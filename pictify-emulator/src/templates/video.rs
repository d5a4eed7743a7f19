//! Video templates: the stored documents, and requests that change them.

use crate::{json::whole_number, store::Document, variables::VariableDefinition};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Video template, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VideoTemplate {
    pub(crate) uid: String,
    pub(crate) name: String,
    /// `tsx` or `timeline`.
    pub(crate) kind: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) fps: u32,
    pub(crate) duration_in_frames: u32,
    pub(crate) poster_url: Option<String>,
    pub(crate) status: String,
    pub(crate) variable_definitions: Vec<Value>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    /// Code, for the kind `tsx`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tsx: Option<String>,
    /// Project, for the kind `timeline`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project_json: Option<Value>,
    /// Names of the variables that the template uses. Only `getVideoTemplateVariables` returns it.
    #[serde(rename = "_used", skip_serializing_if = "Option::is_none")]
    pub(crate) used_variables: Option<Vec<String>>,
}

impl Document for VideoTemplate {
    const KIND: &'static str = "video_template";
}

/// Members of a video template that a request gives, without its body.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VideoTemplateRequest {
    name: Option<String>,
    status: Option<String>,
    poster_url: Option<String>,
    #[serde(deserialize_with = "whole_number")]
    width: Option<u32>,
    #[serde(deserialize_with = "whole_number")]
    height: Option<u32>,
    #[serde(deserialize_with = "whole_number")]
    pub(crate) fps: Option<u32>,
    #[serde(deserialize_with = "whole_number")]
    duration_in_frames: Option<u32>,
}

impl VideoTemplate {
    /// Returns the definitions of the variables.
    pub(crate) fn definitions(&self) -> Vec<VariableDefinition> {
        self.variable_definitions.iter().filter_map(VariableDefinition::read).collect()
    }

    /// Applies a request.
    pub(crate) fn apply(&mut self, request: VideoTemplateRequest) {
        let VideoTemplateRequest { name, status, poster_url, width, height, fps, duration_in_frames } = request;
        let replace = |text: &mut String, given: Option<String>| {
            if let Some(given) = given {
                *text = given;
            }
        };
        replace(&mut self.name, name);
        replace(&mut self.status, status);
        self.poster_url = poster_url.or(self.poster_url.take());
        self.width = width.unwrap_or(self.width);
        self.height = height.unwrap_or(self.height);
        self.fps = fps.unwrap_or(self.fps);
        self.duration_in_frames = duration_in_frames.unwrap_or(self.duration_in_frames);
    }
}
