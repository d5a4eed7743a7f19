//! Workflows: a document for each row of a table.
//!
//! Documents are rendered here, in the background. Nothing is sent to anybody: what is to be delivered stays `queued`.

mod document;
mod preview;
mod run;

pub(crate) use document::{Recipe, Source};
pub(crate) use preview::{job, start as start_preview};
pub(crate) use run::{HOOK, RUN, items, requeue, shown, start};

use crate::uid;
use serde_json::Value;
use std::sync::LazyLock;

/// Names this process, so that another one that reads its documents knows that nobody works on them any more.
static PROCESS: LazyLock<String> = LazyLock::new(|| uid::new(16));

/// The member that holds the name of the process that works on a document. No answer has it.
const WORKER: &str = "_worker";

/// Whether somebody may still work on a document.
fn is_alive(document: &Value) -> bool {
    document[WORKER] == PROCESS.as_str()
}

/// What is said of work that ended with its process.
const STOPPED: &str = "The server was stopped before this was rendered";
