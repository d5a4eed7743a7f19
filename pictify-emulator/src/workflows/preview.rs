//! The preview of a video: a job that is asked about.

use super::{DocumentSpec, STOPPED, WORKER, is_alive};
use crate::{api_error::ApiError, server::RequestContext, store::StoreError, uid};
use serde_json::{Value, json};

/// The kind of the documents that this file keeps.
const PREVIEW: &str = "workflow_preview";

/// Begins with the preview of a row, and names the job.
pub(crate) fn start(context: RequestContext, recipe: DocumentSpec, row: Value) -> Result<String, ApiError> {
    let id = format!("job_{}", uid::new(10));
    let job = json!({"status": "queued", WORKER: context.state.name});
    context.state.store.insert(PREVIEW, &id, &job)?;
    let named = id.clone();
    context.state.clone().spawn(async move {
        // A store that fails cannot be told of it; whoever asks will be.
        let _ = note(&context, &named, json!({"status": "rendering"}));
        let done = match recipe.render(&context, &row).await {
            Ok(render) => json!({
                "status": "completed",
                "file": render.url.rsplit('/').next(),
                "width": render.width,
                "height": render.height,
            }),
            Err(refusal) => json!({"status": "failed", "message": refusal.message()}),
        };
        let _ = note(&context, &named, done);
    });
    Ok(id)
}

fn note(context: &RequestContext, id: &str, mut state: Value) -> Result<(), StoreError> {
    state[WORKER] = context.state.name.as_str().into();
    context.state.store.update(PREVIEW, id, |job| {
        *job = state;
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

/// How far a job is, as it is answered.
pub(crate) fn job(context: &RequestContext, id: &str) -> Result<Option<Value>, ApiError> {
    Ok(context.state.store.get(PREVIEW, id)?.map(|job| context.to_public_json(shown(job, &context.state.name))))
}

fn shown(mut job: Value, server: &str) -> Value {
    if job["status"] != "completed" && job["status"] != "failed" && !is_alive(&job, server) {
        job = json!({"status": "failed", "message": STOPPED});
    }
    if let Some(job) = job.as_object_mut() {
        job.remove(WORKER);
    }
    job
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stopped_server_left_has_failed() {
        for (status, worker, expected) in [
            ("rendering", "this", "rendering"),
            ("rendering", "another", "failed"),
            ("queued", "another", "failed"),
            ("completed", "another", "completed"),
        ] {
            let job = shown(json!({"status": status, WORKER: worker}), "this");
            assert_eq!((&job["status"], job.get(WORKER)), (&json!(expected), None), "{status} by {worker}");
        }
    }
}
