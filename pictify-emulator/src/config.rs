//! Settings of a server: limits, and the switches between the dialects of the documents.

use clap::ValueEnum;
use serde::Deserialize;

/// What is allowed. Nothing is limited unless it is said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Config {
    /// Requests a minute and key.
    pub(crate) requests_per_minute: Option<u32>,
    /// Renders a month.
    pub(crate) renders_per_month: Option<u64>,
    /// Whether an answer is given again to the same idempotency key, as documents of old have it.
    pub(crate) idempotency_keys: bool,
    /// Whether refusals are problem documents, as older documents have it.
    pub(crate) problem_documents: bool,
    /// Whether the results of batches have addresses of files.
    pub(crate) include_batch_urls: bool,
    /// How many times as fast as published failed deliveries are tried again.
    pub(crate) webhook_retry_speedup: f64,
    pub(crate) version_prefix: VersionPrefix,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            requests_per_minute: None,
            renders_per_month: None,
            idempotency_keys: false,
            problem_documents: false,
            include_batch_urls: true,
            webhook_retry_speedup: DEFAULT_WEBHOOK_RETRY_SPEEDUP,
            version_prefix: VersionPrefix::default(),
        }
    }
}

/// A minute is a second: nobody waits for a local server as long as for a real one.
pub(crate) const DEFAULT_WEBHOOK_RETRY_SPEEDUP: f64 = 60.0;

/// Whose word counts where the documents and the live service disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Profile {
    /// What the live service was seen to do: each area refuses in its own words, and idempotency keys do nothing.
    #[default]
    Live,
    /// What the first documents say: refusals are problem documents, and idempotency keys are honoured.
    Documented,
}

/// Whether the paths of operations begin with `/v1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum VersionPrefix {
    /// As the client likes.
    #[default]
    Any,
    /// They do; others are not found.
    Required,
    /// They do not; those that do are not found.
    Forbidden,
}
