//! Preview of a video: an asynchronous job with a status.

use super::{DocumentSpec, INTERRUPTED};
use crate::{
    api_error::ApiError,
    context::RenderContext,
    store::{Document, StoreError},
    uid,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Preview job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct PreviewJob {
    status: JobStatus,
    /// File name.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    /// Reason of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// ID of the server process that renders the preview.
    #[serde(rename = "_worker")]
    worker: String,
}

impl Document for PreviewJob {
    const KIND: &'static str = "workflow_preview";
}

/// Status of a preview job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum JobStatus {
    #[default]
    Queued,
    Rendering,
    Completed,
    Failed,
}

/// Starts the preview of a row, and returns the id of the job.
pub(crate) fn start(context: RenderContext, spec: DocumentSpec, row: Value) -> Result<String, ApiError> {
    let id = format!("job_{}", uid::new(10));
    let queued = PreviewJob { worker: context.state.instance_id.clone(), ..PreviewJob::default() };
    context.state.store.create(&id, &queued)?;
    let job_id = id.clone();
    context.state.clone().spawn(async move {
        // If the store fails, the state cannot be saved. Requests for the job then report the error of the store.
        let _ = save(&context, &job_id, PreviewJob { status: JobStatus::Rendering, ..queued.clone() });
        let result = match spec.render(&context, &row).await {
            Ok(render) => PreviewJob {
                status: JobStatus::Completed,
                file: Some(render.file_name().to_owned()),
                width: Some(render.width),
                height: Some(render.height),
                ..queued
            },
            Err(error) => PreviewJob { status: JobStatus::Failed, message: Some(error.message()), ..queued },
        };
        let _ = save(&context, &job_id, result);
    });
    Ok(id)
}

/// Saves the state of a job.
fn save(context: &RenderContext, id: &str, state: PreviewJob) -> Result<(), StoreError> {
    context.state.store.change(id, |job| {
        *job = state;
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

/// Returns the public status of a job.
pub(crate) fn find_job(context: &RenderContext, id: &str) -> Result<Option<Value>, ApiError> {
    let job: Option<PreviewJob> = context.state.store.find(id)?;
    Ok(job.map(|job| to_json(context, &job.observed_by(&context.state.instance_id))))
}

impl PreviewJob {
    /// Returns the job as this server process sees it: an unfinished job of another process has failed.
    fn observed_by(self, server: &str) -> Self {
        let is_finished = matches!(self.status, JobStatus::Completed | JobStatus::Failed);
        if is_finished || self.worker == server {
            return self;
        }
        Self { status: JobStatus::Failed, message: Some(INTERRUPTED.to_owned()), ..Self::default() }
    }
}

fn to_json(context: &RenderContext, job: &PreviewJob) -> Value {
    let mut response = json!({"status": job.status});
    if let Some(file) = &job.file {
        response["url"] = context.media_url(file).into();
    }
    if let Some((width, height)) = job.width.zip(job.height) {
        (response["width"], response["height"]) = (width.into(), height.into());
    }
    if let Some(message) = &job.message {
        response["message"] = message.as_str().into();
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_jobs_of_a_stopped_server_have_failed() {
        for (status, worker, expected) in [
            (JobStatus::Rendering, "this", JobStatus::Rendering),
            (JobStatus::Rendering, "another", JobStatus::Failed),
            (JobStatus::Queued, "another", JobStatus::Failed),
            (JobStatus::Completed, "another", JobStatus::Completed),
        ] {
            let job = PreviewJob { status, worker: worker.to_owned(), ..PreviewJob::default() };
            assert_eq!(job.observed_by("this").status, expected, "{status:?} by {worker}");
        }
    }
}
