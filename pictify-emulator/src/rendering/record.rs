//! Records of rendered files.

use crate::{render::Format, store::Document};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Record of a rendered file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RenderRecord {
    pub(crate) id: String,
    pub(crate) kind: RenderKind,
    /// File extension in capital letters.
    pub(crate) format: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) source: String,
    /// ID of the template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) variables: Option<Value>,
    /// Duration of an animation, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) animation_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) page_count: Option<u32>,
    /// File name.
    pub(crate) file: String,
    pub(crate) created_at: String,
}

impl Document for RenderRecord {
    const KIND: &'static str = "render";
}

/// Kind of a rendered file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RenderKind {
    #[default]
    Image,
    Gif,
    Pdf,
}

impl From<Format> for RenderKind {
    fn from(format: Format) -> Self {
        match format {
            Format::Gif(_) => Self::Gif,
            Format::Png | Format::Jpeg | Format::Webp => Self::Image,
        }
    }
}
