//! Workflows: one document for each row of a table.
//!
//! Documents are rendered in the background. The emulator sends no documents: their delivery stays `queued`.

mod document_spec;
mod preview;
mod run;

pub(crate) use document_spec::{DocumentSource, DocumentSpec};
pub(crate) use preview::{find_job, start as start_preview};
#[cfg(test)]
pub(crate) use run::WorkflowItem;
pub(crate) use run::{WorkflowRun, item_to_json, items, requeue, start};

use crate::{
    api_error::ApiError,
    json::lenient,
    secret::Secret,
    store::{Document, Store},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Members of a request that are stored with a run or a hook.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WorkflowSpec {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pack_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    name: Option<String>,
    pub(crate) template_uid: String,
    /// Column of the value of each variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    column_mapping: Option<Map<String, Value>>,
    /// Delivery of the documents. Its schema is not published.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<Value>,
}

impl WorkflowSpec {
    /// Finds the template. The default format is one that the emulator can render.
    pub(crate) fn document(&self, store: &Store, format: Option<&str>) -> Result<DocumentSpec, ApiError> {
        let source = DocumentSource::find(store, &self.template_uid, format)?;
        Ok(DocumentSpec { source, mapping: self.column_mapping.clone().unwrap_or_default() })
    }
}

/// Hook: a URL that starts a run of one row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WorkflowHook {
    #[serde(flatten)]
    pub(crate) spec: WorkflowSpec,
    pub(crate) uid: String,
    /// Last segment of the URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<Secret>,
    pub(crate) created_at: String,
}

impl Document for WorkflowHook {
    const KIND: &'static str = "workflow_hook";
}

/// Error message for work that was interrupted by a stop of the server.
const INTERRUPTED: &str = "The server was stopped before this was rendered";
