//! From a page to a file that is stored, listed and billed: what every endpoint that renders has in common.

use crate::{
    answer::Refusal,
    render::{Format, Motion, Page, Picture, RenderError},
    server::Call,
    store::{Store, StoreError},
    uid,
};
use axum::http::StatusCode;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Value, json};

/// The kind of the documents that this file keeps.
pub(crate) const RENDER: &str = "render";

/// The kind of the ledger's entries.
pub(crate) const BILLED: &str = "billed";

/// What a render is of.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// The uid of the template.
    pub(crate) template: Option<String>,
    /// The values that were rendered.
    pub(crate) variables: Option<Value>,
}

/// A rendered file.
#[derive(Clone, Debug)]
pub(crate) struct Render {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) created_at: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) format: Format,
    pub(crate) motion: Option<Motion>,
}

impl Call {
    /// Renders a page, keeps the file, and bills one render.
    pub(crate) async fn render(&self, page: Page, about: &About) -> Result<Render, RenderError> {
        let format = page.format;
        let picture = self.service.worker.render(page).await?;
        self.keep(&picture, format, about)
    }

    /// Keeps a picture that was made, and bills one render.
    pub(crate) fn keep(&self, picture: &Picture, format: Format, about: &About) -> Result<Render, RenderError> {
        let id = uid::new(10);
        let now = self.service.now();
        let file = format!("{}-{}.{}", id.to_ascii_lowercase(), now.as_millisecond(), format.extension());
        let render = Render {
            url: self.media_url(&file),
            created_at: format!("{now:.3}"),
            width: picture.width,
            height: picture.height,
            format,
            motion: picture.motion,
            id,
        };
        let store = &self.service.store;
        let kept = store
            .put_file(&file, format.content_type(), &picture.bytes)
            .and_then(|()| store.insert(RENDER, &render.id, &record(&render, &file, about)))
            .and_then(|_| self.bill(1));
        match kept {
            Ok(()) => Ok(render),
            Err(error) => Err(RenderError::Failed(format!("the file cannot be kept: {error}"))),
        }
    }

    /// Writes down that renders were billed to this request.
    pub(crate) fn bill(&self, renders: u64) -> Result<(), StoreError> {
        let entry = json!({
            "requestId": self.request_id,
            "operation": self.operation.id,
            "renders": renders,
            "at": self.service.now_text(),
            "idempotencyKey": self.header("idempotency-key"),
        });
        self.service.store.insert(BILLED, &uid::new(16), &entry).map(|_| ())
    }

    /// A stored document as it is answered: the name of its file as an address that the client can reach.
    pub(crate) fn public(&self, mut document: Value) -> Value {
        if let Some(object) = document.as_object_mut()
            && let Some(file) = object.remove("file")
        {
            let url = self.media_url(file.as_str().unwrap_or_default());
            object.insert("url".to_owned(), url.into());
        }
        document
    }
}

/// How many renders this month has cost so far.
pub(crate) fn billed_this_month(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let since = month(now).map_or_else(|_| String::new(), |(start, _)| format!("{start:.3}"));
    store.sum(BILLED, "$.renders", "$.at", &since)
}

/// When the month of a time began, and when the next begins.
pub(crate) fn month(now: Timestamp) -> Result<(Timestamp, Timestamp), jiff::Error> {
    let start = now.to_zoned_datetime(TimeZone::UTC).first_of_month()?.start_of_day()?;
    Ok((start.timestamp(), start.checked_add(1.month())?.timestamp()))
}

/// What is kept of a render beside its file.
fn record(render: &Render, file: &str, about: &About) -> Value {
    let kind = match render.format {
        Format::Gif(_) => "gif",
        Format::Png | Format::Jpeg | Format::Webp => "image",
    };
    let mut record = json!({
        "id": render.id,
        "file": file,
        "kind": kind,
        "format": render.format.extension().to_ascii_uppercase(),
        "width": render.width,
        "height": render.height,
        "source": "api",
        "createdAt": render.created_at,
    });
    if let Some(motion) = render.motion {
        record["animationLength"] = motion_length(motion).into();
    }
    if let Some(template) = &about.template {
        record["template"] = template.as_str().into();
    }
    if let Some(variables) = &about.variables {
        record["variables"] = variables.clone();
    }
    record
}

/// How long a moving picture is, in milliseconds, as the newest evidence has it.
pub(crate) fn motion_length(motion: Motion) -> u64 {
    u64::try_from(motion.duration.as_millis()).unwrap_or(u64::MAX)
}

/// How the rendering endpoints say that there is no picture.
impl From<RenderError> for Refusal {
    fn from(error: RenderError) -> Self {
        let (status, code) = match error {
            RenderError::Input(_) => (StatusCode::UNPROCESSABLE_ENTITY, "render_failed"),
            RenderError::Motionless => (StatusCode::UNPROCESSABLE_ENTITY, "NO_FRAMES_CAPTURED"),
            RenderError::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "render_timeout"),
            RenderError::Busy => return Self::busy(error.to_string()),
            RenderError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "render_failed"),
        };
        Self::rendering(status, Some(code), error.to_string())
    }
}
