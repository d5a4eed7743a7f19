//! HTTP server.
//!
//! | file | content |
//! |---|---|
//! | `connections.rs` | accepts connections and limits their number |
//! | `routes.rs` | router with the operations of the contract, rendered files, the page and the admin API |
//! | `observe.rs` | request IDs and the log of requests |
//! | `access.rs` | hosts and origins that requests may have |
//! | `headers.rs` | headers that protect the responses in a browser |
//! | `body.rs`, `unread.rs` | limits of request bodies, and bodies that no handler reads |
//! | `pipeline.rs` | a request for an operation: rate limit, faults, API key, idempotency, quota, handler |
//! | `extract.rs` | query string and body |
//! | `fault_injection.rs`, `idempotency.rs` | faults, and replay of stored responses |
//! | `files.rs` | rendered files |
//! | `isolation.rs` | a state for each API key, if the server isolates keys |

mod access;
mod body;
pub(crate) mod connections;
mod extract;
mod fault_injection;
mod files;
mod headers;
mod idempotency;
mod isolation;
mod observe;
mod pipeline;
mod routes;
mod unread;

pub(crate) use access::AccessPolicy;
pub(crate) use isolation::{IsolatedStates, router as isolating_router};
pub(crate) use routes::router;

use crate::context::AppState;
use body::BodyBudgets;
use observe::RequestId;
use std::sync::Arc;

/// State of the HTTP server.
#[derive(Clone)]
pub(crate) struct ServerState {
    app: Arc<AppState>,
    access: Arc<AccessPolicy>,
    bodies: Arc<BodyBudgets>,
}

impl ServerState {
    pub(crate) fn new(app: Arc<AppState>, access: AccessPolicy) -> Self {
        Self { app, access: Arc::new(access), bodies: Arc::default() }
    }

    /// Returns the server for another state.
    fn with_app(&self, app: Arc<AppState>) -> Self {
        Self { app, ..self.clone() }
    }
}
