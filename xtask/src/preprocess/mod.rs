//! Passes over the document before progenitor reads it.
//!
//! Each pass takes a tree, returns a tree, and reports its changes. A construct that progenitor cannot represent is an
//! error with the place: a pass never removes meaning silently.

#![allow(clippy::unnecessary_wraps, reason = "passes share a signature, and most can fail")]

mod constraints;
mod downgrade;
mod empty_requests;
mod envelopes;
mod hoist;
mod names;
mod prune;
mod request_lists;
pub mod responses;
pub mod rust_types;
mod webhooks;

pub use envelopes::success_schemas;

use anyhow::{Context, Result};
use serde_json::Value;

/// A change made by a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// JSON pointer of the change.
    pub at: String,
    /// Description of the change.
    pub what: String,
}

/// Changes made by a pass.
pub type Notes = Vec<Note>;

fn note(at: &str, what: impl Into<String>) -> Note {
    Note { at: at.to_owned(), what: what.into() }
}

/// A pass: changes the document and reports its changes.
type Pass = fn(&mut Value) -> Result<Notes>;

/// Passes, in the order in which they must run.
const PASSES: [(&str, Pass); 11] = [
    ("downgrade", downgrade::run),
    ("hoist", hoist::run),
    ("envelopes", envelopes::run),
    ("responses", responses::run),
    ("prune", prune::run),
    ("webhooks", webhooks::run),
    ("request lists", request_lists::run),
    ("empty requests", empty_requests::run),
    ("rust types", rust_types::run),
    ("constraints", constraints::run),
    ("names", names::run),
];

/// Runs all passes. Each note has the name of its pass.
pub fn run(document: &mut Value) -> Result<Vec<(&'static str, Note)>> {
    let mut all = Vec::new();
    for (name, pass) in PASSES {
        let notes = pass(document).with_context(|| format!("pass `{name}` failed"))?;
        all.extend(notes.into_iter().map(|note| (name, note)));
    }
    Ok(all)
}

/// Runs `pass` on a copy of `document`, for tests.
#[cfg(test)]
fn apply_pass(pass: Pass, document: &Value) -> Result<Value> {
    let mut copy = document.clone();
    pass(&mut copy)?;
    Ok(copy)
}
