//! Recorded requests: what clients sent and received, for the admin API and the dashboard.
//!
//! A request is recorded with its secrets, so that it can be sent again. They stay in memory: `redaction.rs` removes
//! them from everything that leaves this module.

mod filter;
mod log;
mod recorded;
mod redaction;

pub use filter::RequestFilter;
pub(crate) use log::{LogLimits, LoggedRequest, RequestBody, RequestLog};
pub use recorded::{RecordedBody, RecordedRequest};
pub(crate) use redaction::{without_hook_secrets, without_secrets_of_urls, without_url_secrets};
