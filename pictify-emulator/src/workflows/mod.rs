//! Workflows: one document for each row of a table.
//!
//! Documents are rendered in the background. The emulator sends no documents: their delivery stays `queued`.

mod document_spec;
mod preview;
mod run;

pub(crate) use document_spec::{DocumentSource, DocumentSpec};
pub(crate) use preview::{find_job, start as start_preview};
pub(crate) use run::{HOOK, RUN, items, requeue, start, to_public_run};

use serde_json::Value;

/// Internal member with the name of the server process that renders a document. Responses do not contain it.
const WORKER: &str = "_worker";

/// Returns true if a document is still rendered by this server process.
fn is_alive(document: &Value, server: &str) -> bool {
    document[WORKER] == server
}

/// Error message for work that was interrupted by a stop of the server.
const INTERRUPTED: &str = "The server was stopped before this was rendered";
