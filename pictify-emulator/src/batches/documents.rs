//! Stored documents of batches.

use crate::{
    json::{lenient, whole_number},
    rendering::template::{LayoutRender, OutputRequest},
    store::Document,
    templates::{DEFAULT_LAYOUT, Template},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Batch, as the API returns it without its results.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Batch {
    #[serde(rename = "batchId")]
    pub(crate) id: String,
    pub(crate) template_uid: String,
    pub(crate) status: BatchStatus,
    pub(crate) total_items: usize,
    pub(crate) created_at: String,
    pub(crate) started_at: Option<String>,
    pub(crate) completed_at: Option<String>,
}

impl Document for Batch {
    const KIND: &'static str = "batch";
}

/// Status of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BatchStatus {
    #[default]
    Pending,
    Processing,
    Completed,
    /// Some items were rendered, and some failed.
    Partial,
    Failed,
    Cancelled,
}

impl BatchStatus {
    /// Returns true if the batch can be cancelled.
    pub(crate) fn is_active(self) -> bool {
        matches!(self, Self::Pending | Self::Processing)
    }

    /// Returns the name in responses.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Request of a batch, stored until all items are finished.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct BatchRequest {
    /// Template at the time of the request.
    pub(super) template: Template,
    /// Variables of each item.
    pub(super) sets: Vec<Value>,
    #[serde(flatten)]
    pub(super) options: BatchOptions,
    /// Base URL under which the client knows this server.
    pub(super) base: String,
    pub(super) request_id: String,
    pub(super) idempotency_key: Option<String>,
}

impl Document for BatchRequest {
    const KIND: &'static str = "batch-request";
}

/// Members of a request that apply to all items.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BatchOptions {
    #[serde(flatten)]
    pub(super) output: OutputRequest,
    layout: Option<String>,
    layouts: Option<Vec<String>>,
    #[serde(deserialize_with = "whole_number")]
    pub(super) concurrency: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    webhook_url: Option<String>,
}

impl BatchOptions {
    /// Returns the keys of the layouts to render for each item.
    pub(super) fn layout_keys(&self) -> Vec<&str> {
        match self.layouts.as_deref() {
            Some(keys @ [_, ..]) => keys.iter().map(String::as_str).collect(),
            _ => vec![self.layout.as_deref().unwrap_or(DEFAULT_LAYOUT)],
        }
    }

    /// Returns the URL that is told when the batch has ended.
    pub(crate) fn webhook_url(&self) -> Option<&str> {
        self.webhook_url.as_deref().filter(|url| !url.is_empty())
    }
}

/// Finished item of a batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct BatchItem {
    pub(crate) index: u64,
    pub(crate) success: bool,
    /// Reason why no layout was rendered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// Names of the variables of a rendered item, or the variables of a failed one.
    pub(crate) variables: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) results: Option<Vec<ItemRender>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) errors: Option<Vec<LayoutError>>,
}

impl BatchItem {
    /// Creates an item of which at least one layout was rendered.
    pub(super) fn rendered(index: u64, variables: &Value, results: Vec<ItemRender>, errors: Vec<LayoutError>) -> Self {
        let names = variables.as_object().into_iter().flat_map(|variables| variables.keys().cloned());
        let (variables, results, errors) = (names.collect(), Some(results), Some(errors));
        Self { index, success: true, error: None, variables, results, errors }
    }

    /// Creates an item of which no layout was rendered.
    pub(super) fn failed(index: u64, variables: Value, error: String) -> Self {
        Self { index, success: false, error: Some(error), variables, results: None, errors: None }
    }
}

/// Rendered layout of an item. The file name becomes a URL for each request, because clients can use different host names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ItemRender {
    pub(crate) layout: String,
    pub(crate) name: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) format: String,
    pub(crate) id: String,
    pub(crate) created_at: String,
    pub(crate) file: String,
}

impl From<LayoutRender> for ItemRender {
    fn from(render: LayoutRender) -> Self {
        let file = render.url.rsplit('/').next().unwrap_or_default().to_owned();
        let LayoutRender { layout, name, width, height, format, id, created_at, .. } = render;
        Self { layout, name, width, height, format: format.to_owned(), id, created_at, file }
    }
}

/// Layout of an item that was not rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LayoutError {
    pub(crate) layout: String,
    pub(crate) error: String,
}
