//! Files, and whether the server is there.

use super::handlers;
use crate::{
    answer::{Answer, Refusal},
    renders::RENDER,
    server::Call,
};
use axum::http::StatusCode;
use serde_json::json;

handlers! {
    "deleteMedia" => now delete,
    "healthCheck" => now health,
}

fn delete(call: &Call) -> Answer {
    let (store, uid) = (&call.service.store, call.parameter("mediaUid"));
    let Some(render) = store.get(RENDER, uid)? else {
        return Err(Refusal::message(StatusCode::NOT_FOUND, "Media not found"));
    };
    store.remove(RENDER, uid)?;
    store.remove_file(render["file"].as_str().unwrap_or_default())?;
    Ok(json!({"message": "Media deleted successfully"}).into())
}

fn health(_: &Call) -> Answer {
    Ok(json!({"message": "ok"}).into())
}
