//! State of the server: reset, snapshots, seed.

use super::{AdminError, AdminResult, JsonBody, parse_body};
use crate::{
    context::AppState,
    seed::{self, SeedTemplate},
    snapshots::{self, SnapshotError},
};
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// Parts of the server to reset; all of them if none is named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {
    documents: Option<bool>,
    requests: Option<bool>,
    faults: Option<bool>,
    clock: Option<bool>,
}

/// Templates to store; those of the seed folder if none is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    templates: Option<Vec<SeedTemplate>>,
}

impl From<SnapshotError> for AdminError {
    fn from(error: SnapshotError) -> Self {
        let status = match error {
            SnapshotError::InvalidName => StatusCode::BAD_REQUEST,
            SnapshotError::NotFound => StatusCode::NOT_FOUND,
            SnapshotError::TooMany => StatusCode::CONFLICT,
            SnapshotError::Seed(_) => StatusCode::UNPROCESSABLE_ENTITY,
            SnapshotError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

pub(super) async fn reset(State(state): State<Arc<AppState>>, body: Bytes) -> AdminResult {
    let Reset { documents, requests, faults, clock } = parse_body(&body)?;
    let parts = [("documents", documents), ("requests", requests), ("faults", faults), ("clock", clock)];
    let is_everything = parts.iter().all(|(_, wanted)| wanted.is_none());
    let wanted: Vec<_> =
        parts.into_iter().filter(|(_, wanted)| wanted.unwrap_or(is_everything)).map(|(part, _)| part).collect();
    for part in &wanted {
        match *part {
            "documents" => snapshots::reset(&state)?,
            "requests" => state.requests.clear(),
            "faults" => state.faults.reset(),
            _ => state.clock.resume(),
        }
    }
    state.events.emit("state", state.now(), json!({"change": "reset"}));
    Ok(JsonBody(json!({"reset": wanted})))
}

pub(super) async fn seed(State(state): State<Arc<AppState>>, body: Bytes) -> AdminResult {
    let Seed { templates } = parse_body(&body)?;
    let from_folder = || {
        let folder = state.seed_folder.as_ref();
        let folder = folder.ok_or_else(|| AdminError::bad_request("Give templates: the server has no seed folder"))?;
        seed::read_folder(folder).map_err(|error| AdminError::bad_request(error.to_string()))
    };
    let templates = templates.map_or_else(from_folder, Ok)?;
    let stored = seed::store(&state, templates)?;
    let templates: Vec<_> = stored.iter().map(|template| json!({"uid": template.uid, "name": template.name})).collect();
    Ok(JsonBody(json!({"templates": templates})))
}

pub(super) async fn list_snapshots(State(state): State<Arc<AppState>>) -> JsonBody {
    let names = snapshots::names(&state);
    JsonBody(json!({"snapshots": names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()}))
}

pub(super) async fn save_snapshot(State(state): State<Arc<AppState>>, Path(name): Path<String>) -> AdminResult {
    snapshots::take(&state, &name)?;
    Ok(JsonBody(json!({"name": name})))
}

pub(super) async fn delete_snapshot(State(state): State<Arc<AppState>>, Path(name): Path<String>) -> AdminResult {
    snapshots::remove(&state, &name)?;
    Ok(JsonBody(json!({"deleted": true})))
}

pub(super) async fn restore_snapshot(State(state): State<Arc<AppState>>, Path(name): Path<String>) -> AdminResult {
    snapshots::restore(&state, &name)?;
    state.events.emit("state", state.now(), json!({"change": "restored"}));
    Ok(JsonBody(json!({"name": name})))
}
