//! Preview of a video: an asynchronous job with a status.

use super::{DocumentSpec, INTERRUPTED, WORKER, is_alive};
use crate::{api_error::ApiError, context::RenderContext, store::StoreError, uid};
use serde_json::{Value, json};

/// Document kind of preview jobs.
const PREVIEW: &str = "workflow_preview";

/// Starts the preview of a row, and returns the id of the job.
pub(crate) fn start(context: RenderContext, spec: DocumentSpec, row: Value) -> Result<String, ApiError> {
    let id = format!("job_{}", uid::new(10));
    let job = json!({"status": "queued", WORKER: context.state.instance_id});
    context.state.store.insert(PREVIEW, &id, &job)?;
    let job_id = id.clone();
    context.state.clone().spawn(async move {
        // If the store fails, the state cannot be saved. Requests for the job then report the error of the store.
        let _ = save_state(&context, &job_id, json!({"status": "rendering"}));
        let result = match spec.render(&context, &row).await {
            Ok(render) => json!({
                "status": "completed",
                "file": render.url.rsplit('/').next(),
                "width": render.width,
                "height": render.height,
            }),
            Err(error) => json!({"status": "failed", "message": error.message()}),
        };
        let _ = save_state(&context, &job_id, result);
    });
    Ok(id)
}

/// Saves the state of a job.
fn save_state(context: &RenderContext, id: &str, mut state: Value) -> Result<(), StoreError> {
    state[WORKER] = context.state.instance_id.as_str().into();
    context.state.store.update(PREVIEW, id, |job| {
        *job = state;
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

/// Returns the public status of a job.
pub(crate) fn find_job(context: &RenderContext, id: &str) -> Result<Option<Value>, ApiError> {
    Ok(context
        .state
        .store
        .get(PREVIEW, id)?
        .map(|job| context.to_public_json(to_public_job(job, &context.state.instance_id))))
}

/// Removes internal members. An unfinished job of another server process has failed.
fn to_public_job(mut job: Value, server: &str) -> Value {
    if job["status"] != "completed" && job["status"] != "failed" && !is_alive(&job, server) {
        job = json!({"status": "failed", "message": INTERRUPTED});
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
    fn unfinished_jobs_of_a_stopped_server_have_failed() {
        for (status, worker, expected) in [
            ("rendering", "this", "rendering"),
            ("rendering", "another", "failed"),
            ("queued", "another", "failed"),
            ("completed", "another", "completed"),
        ] {
            let job = to_public_job(json!({"status": status, WORKER: worker}), "this");
            assert_eq!((&job["status"], job.get(WORKER)), (&json!(expected), None), "{status} by {worker}");
        }
    }
}
