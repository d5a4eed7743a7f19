//! Workflows: a document for each row of a table.
//!
//! Documents are rendered here, in the background. Nothing is sent to anybody: what is to be delivered stays `queued`.

mod document_spec;
mod preview;
mod run;

pub(crate) use document_spec::{DocumentSpec, Source};
pub(crate) use preview::{job, start as start_preview};
pub(crate) use run::{HOOK, RUN, items, requeue, shown, start};

use serde_json::Value;

/// The member that holds the name of the server that works on a document. No answer has it.
const WORKER: &str = "_worker";

/// Whether this server may still work on a document.
fn is_alive(document: &Value, server: &str) -> bool {
    document[WORKER] == server
}

/// What is said of work that ended with its server.
const STOPPED: &str = "The server was stopped before this was rendered";
