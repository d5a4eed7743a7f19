//! Stored documents of bindings.

use crate::{
    json::{lenient, whole_number},
    rendering::OutputConfig,
    secret::Secret,
    store::Document,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Default lifetime of data, in seconds.
const DEFAULT_TTL_SECS: u32 = 300;

/// Binding of a template to data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Binding {
    pub(crate) uid: String,
    pub(crate) template_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) data_source: DataSource,
    /// Path of the value of each variable.
    pub(crate) mapping: Map<String, Value>,
    /// Values of variables whose path has none.
    pub(crate) defaults: Map<String, Value>,
    pub(crate) refresh_policy: RefreshPolicy,
    pub(crate) output_config: OutputConfig,
    pub(crate) status: BindingStatus,
    pub(crate) last_fetch_at: Option<String>,
    pub(crate) last_render_at: Option<String>,
    pub(crate) last_error: Option<String>,
    pub(crate) error_count: u64,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    /// Last fetched data. Responses do not contain it.
    #[serde(rename = "own", skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub(crate) cached: Option<CachedData>,
}

impl Document for Binding {
    const KIND: &'static str = "binding";
}

/// Status of a binding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BindingStatus {
    #[default]
    Active,
    Paused,
    /// The last refresh or render has failed.
    Error,
}

/// Fetched data, and the `ETag` of their response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CachedData {
    pub(crate) data: Value,
    #[serde(default)]
    pub(crate) etag: Option<String>,
}

/// Source of the data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DataSource {
    /// `http`, `webhook` or `static`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) headers: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
    /// Credentials. Responses do not contain them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credentials: Option<Credentials>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) static_data: Option<Value>,
    /// Members that the contract does not name.
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// Credentials for a source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Credentials {
    /// `api_key`, `bearer_token`, `basic_auth` or `custom_header`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) header_name: Option<String>,
    /// Members that the contract does not name.
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// Rules for refreshing the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RefreshPolicy {
    /// `ttl`, `etag`, `webhook` or `manual`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "whole_number")]
    pub(crate) ttl_seconds: Option<u32>,
    /// Fallback after a failure: `serve_stale`, `serve_error` or `serve_default`.
    pub(crate) on_error: String,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self {
            kind: "ttl".to_owned(),
            ttl_seconds: Some(DEFAULT_TTL_SECS),
            on_error: "serve_stale".to_owned(),
            extra: Map::new(),
        }
    }
}

impl Binding {
    /// Returns the lifetime of the data, in seconds.
    pub(crate) fn ttl_secs(&self) -> u32 {
        self.refresh_policy.ttl_seconds.unwrap_or(DEFAULT_TTL_SECS)
    }

    /// Returns the cached data, if there are any.
    pub(crate) fn cached_data(&self) -> Option<&Value> {
        self.cached.as_ref().map(|cached| &cached.data)
    }
}
