//! Behaviour of a server: its limits, and the choices where the documents of the service disagree.

use clap::ValueEnum;
use serde::Deserialize;

/// Limits and choices. By default nothing is limited.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "independent settings")]
pub(crate) struct Config {
    /// Maximum number of requests per minute and API key.
    pub(crate) requests_per_minute: Option<u32>,
    /// Maximum number of renders per month.
    pub(crate) renders_per_month: Option<u64>,
    /// Maximum number of renders per month that the account allows itself.
    pub(crate) spending_cap: Option<u64>,
    /// Replays responses by idempotency key, as older documents describe.
    pub(crate) idempotency_keys: bool,
    /// Returns errors as problem documents, as older documents describe.
    pub(crate) problem_documents: bool,
    /// Includes the width and the height in images, as older documents describe.
    pub(crate) image_sizes: bool,
    /// Includes the URLs of files in the results of batches.
    pub(crate) include_batch_urls: bool,
    /// Factor by which webhook retries are faster than the published schedule.
    pub(crate) webhook_retry_speedup: f64,
    pub(crate) version_prefix: VersionPrefix,
    /// Adds the template of the examples.
    pub(crate) demo: bool,
    /// Adds templates to look at, and makes samples of everything after the start.
    pub(crate) demo_samples: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            requests_per_minute: None,
            renders_per_month: None,
            spending_cap: None,
            idempotency_keys: false,
            problem_documents: false,
            image_sizes: false,
            include_batch_urls: true,
            webhook_retry_speedup: DEFAULT_WEBHOOK_RETRY_SPEEDUP,
            version_prefix: VersionPrefix::default(),
            demo: false,
            demo_samples: false,
        }
    }
}

/// Default speedup of webhook retries: a minute becomes a second, so that tests do not wait.
pub(crate) const DEFAULT_WEBHOOK_RETRY_SPEEDUP: f64 = 60.0;

/// Behaviour where the documents and the live service disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Profile {
    /// Behaves as observed on the live service: each endpoint has its own error format, and idempotency keys have no
    /// effect.
    #[default]
    Live,
    /// Behaves as the first documents describe: errors are problem documents, idempotency keys are honoured, and images have a
    /// width and a height.
    Documented,
}

/// Rule for the prefix `/v1` of paths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum VersionPrefix {
    /// The prefix is optional.
    #[default]
    Any,
    /// Paths without the prefix are not found.
    Required,
    /// Paths with the prefix are not found.
    Forbidden,
}
