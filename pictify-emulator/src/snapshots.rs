//! Reset of all data, and snapshots, while the server runs.
//!
//! Background work ends first: batches, workflows and deliveries belong to the data that are replaced. Renders of
//! requests in progress fail when they end, and are neither stored nor billed. The request log, faults, rate limits and
//! the clock are not data, and stay.

use crate::{
    batches,
    context::AppState,
    demo, seed,
    store::{InvalidSnapshotName, MAX_SNAPSHOTS, SnapshotName, StoreError},
    webhooks,
};
use std::{fmt, sync::Arc};

/// Reason why a snapshot cannot be stored or restored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The name is invalid: it has 1 to 64 lower-case letters, digits, `-` and `_`.
    InvalidName,
    /// There is no snapshot with this name.
    NotFound,
    /// There are too many snapshots.
    TooMany,
    /// The templates to start with cannot be used.
    Seed(String),
    /// The data cannot be read or written.
    Store(String),
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidName => InvalidSnapshotName.fmt(f),
            Self::NotFound => f.write_str("there is no snapshot with this name"),
            Self::TooMany => write!(f, "there are {MAX_SNAPSHOTS} snapshots: remove one first"),
            Self::Seed(reason) => write!(f, "the templates to start with cannot be used: {reason}"),
            Self::Store(reason) => write!(f, "the data cannot be read or written: {reason}"),
        }
    }
}

impl std::error::Error for SnapshotError {}

impl From<StoreError> for SnapshotError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<InvalidSnapshotName> for SnapshotError {
    fn from(_: InvalidSnapshotName) -> Self {
        Self::InvalidName
    }
}

/// Inserts the data that a new server has.
pub(crate) fn insert_initial_data(state: &AppState) -> Result<(), SnapshotError> {
    let (store, now) = (&state.store, state.now_text());
    if state.config.demo {
        demo::insert_example(store, &now)?;
    }
    if state.config.demo_samples {
        demo::insert_templates(store, &now)?;
    }
    if let Some(folder) = &state.seed_folder {
        let templates = seed::read_folder(folder).map_err(|error| SnapshotError::Seed(error.to_string()))?;
        seed::store(state, templates).map_err(|error| SnapshotError::Seed(error.message()))?;
    }
    Ok(())
}

/// Deletes all documents and files, except those of a new server. Snapshots stay.
pub(crate) fn reset(state: &AppState) -> Result<(), SnapshotError> {
    state.cancel_background_work();
    state.store.clear()?;
    insert_initial_data(state)
}

/// Stores the current documents and files under a name. An older snapshot with this name is replaced.
pub(crate) fn take(state: &AppState, name: &str) -> Result<(), SnapshotError> {
    let name: SnapshotName = name.parse()?;
    if state.store.snapshot(&name)? { Ok(()) } else { Err(SnapshotError::TooMany) }
}

/// Replaces all documents and files by those of a snapshot, and continues its unfinished batches and deliveries.
pub(crate) fn restore(state: &Arc<AppState>, name: &str) -> Result<(), SnapshotError> {
    let name: SnapshotName = name.parse()?;
    if !state.store.snapshots().contains(&name) {
        return Err(SnapshotError::NotFound);
    }
    state.cancel_background_work();
    if !state.store.restore(&name)? {
        return Err(SnapshotError::NotFound);
    }
    Ok(resume(state)?)
}

/// Deletes a snapshot.
pub(crate) fn remove(state: &AppState, name: &str) -> Result<(), SnapshotError> {
    let name: SnapshotName = name.parse()?;
    if state.store.remove_snapshot(&name)? { Ok(()) } else { Err(SnapshotError::NotFound) }
}

/// Returns the names of all snapshots, in alphabetical order.
pub(crate) fn names(state: &AppState) -> Vec<String> {
    state.store.snapshots().iter().map(ToString::to_string).collect()
}

/// Continues the batches and the deliveries that are unfinished.
pub(crate) fn resume(state: &Arc<AppState>) -> Result<(), StoreError> {
    webhooks::resume(state)?;
    batches::resume(state)
}
