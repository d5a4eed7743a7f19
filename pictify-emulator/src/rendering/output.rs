//! Output of the images of permanent URLs.

use super::quality_percent;
use crate::json::whole_number;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// Output of the images of a binding or an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct OutputConfig {
    pub(crate) format: String,
    /// Quality of lossy formats, 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole_number")]
    pub(crate) width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole_number")]
    pub(crate) height: Option<u32>,
    /// Members that the contract does not name.
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Default for OutputConfig {
    fn default() -> Self {
        let (format, quality) = ("png".to_owned(), Some(90.into()));
        Self { format, quality, width: None, height: None, extra: Map::new() }
    }
}

impl OutputConfig {
    /// Returns the quality of lossy formats.
    pub(crate) fn quality_percent(&self) -> Option<u8> {
        self.quality.as_ref().and_then(Number::as_f64).map(quality_percent)
    }
}
