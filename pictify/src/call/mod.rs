//! A call: a request, the options of this one call, and the client that sends it.
//!
//! The path of a call is one line: [`retry_loop::send`] checks and builds the request, [`coalesce`] may join an identical
//! call, [`retry_loop`] repeats what [`attempt`] does once, and [`finish`] decodes the response.

mod attempt;
mod coalesce;
mod context;
mod finish;
mod options;
mod response;
mod retry_loop;

pub(crate) use context::ClientInner;
pub(crate) use options::CallOptions;
pub use response::{Response, ResponseMeta};
pub(crate) use retry_loop::send;

use std::fmt;

/// A request that is bound to a client, with the options of this one call.
///
/// Each operation has a builder of its own with the setters of its fields, such as
/// [`CreateImageCall`](crate::images::CreateImageCall); this is what all of them hold, for code that handles calls of any
/// operation. `R` is the request as data, `C` the client: [`Client`](crate::Client) or `blocking::Client`.
#[derive(Clone)]
#[must_use = "a call does nothing before it is sent"]
pub struct Call<R, C> {
    pub(crate) client: C,
    pub(crate) request: R,
    pub(crate) options: CallOptions,
}

impl<R, C> Call<R, C> {
    pub(crate) fn new(client: C, request: R) -> Self {
        Self { client, request, options: CallOptions::default() }
    }

    /// Returns the request as data.
    pub fn request(&self) -> &R {
        &self.request
    }

    /// Returns the request, to be stored or sent elsewhere. The options are dropped.
    pub fn into_request(self) -> R {
        self.request
    }

    /// Moves the call to another client.
    #[cfg(feature = "blocking")]
    pub(crate) fn with_client<D>(self, client: D) -> (C, Call<R, D>) {
        (self.client, Call { client, request: self.request, options: self.options })
    }
}

impl<R: fmt::Debug, C> fmt::Debug for Call<R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("request", &self.request).finish_non_exhaustive()
    }
}
