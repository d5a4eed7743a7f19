//! From a page to a file that is stored, listed and billed: what every endpoint that renders has in common.

pub(crate) mod cached;
pub(crate) mod fill;

use crate::{
    api_error::ApiError,
    page_loader,
    quota::QuotaReservation,
    render::{AnimationInfo, Document, Format, Page, RENDER_TIMEOUT, RenderError, RenderedImage, pdf::PageSetup},
    server::RequestContext,
    store::{Store, StoreError},
    uid, webhooks,
};
use axum::http::StatusCode;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Value, json};
use tokio::time::timeout;

/// The kind of the documents that this file keeps.
pub(crate) const RENDER: &str = "render";

/// The kind of the ledger's entries.
pub(crate) const BILLED: &str = "billed";

/// What a render is of.
#[derive(Clone, Debug, Default)]
pub(crate) struct RenderMetadata {
    /// The uid of the template.
    pub(crate) template: Option<String>,
    /// The values that were rendered.
    pub(crate) variables: Option<Value>,
}

/// What kind of file is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) format: Format,
    /// The quality of lossy formats, 1 to 100.
    pub(crate) quality: Option<u8>,
}

impl Output {
    /// A format with a quality from 0.1 to 1, as renders of templates have it.
    pub(crate) fn new(format: Format, share: &Value) -> Self {
        Self { format, quality: percent(&share.as_f64().map_or(Value::Null, |share| (share * 100.0).into())) }
    }
}

/// A quality from 1 to 100, as bindings and experiments have it.
pub(crate) fn percent(quality: &Value) -> Option<u8> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 100")]
    quality.as_f64().map(|quality| quality.round().clamp(1.0, 100.0) as u8)
}

/// A rendered file.
#[derive(Clone, Debug)]
pub(crate) struct Render {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) created_at: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) animation: Option<AnimationInfo>,
}

/// A rendered PDF.
#[derive(Clone, Debug)]
pub(crate) struct StoredPdf {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) created_at: String,
    pub(crate) pages: u32,
    pub(crate) page_setup: PageSetup,
}

/// A file that is to be kept.
struct NewFile {
    extension: &'static str,
    content_type: &'static str,
    bytes: Vec<u8>,
}

/// Under which names it is kept.
struct StoredRender {
    id: String,
    url: String,
    created_at: String,
}

impl RequestContext {
    /// Renders a page, keeps the file, and bills one render.
    pub(crate) async fn render(&self, mut page: Page, about: &RenderMetadata) -> Result<Render, ApiError> {
        let reservation = QuotaReservation::reserve(self, 1)?;
        let format = page.format;
        if !self.state.render_pool.fetches_resources() {
            let base = page.url.as_deref().and_then(|url| url.parse().ok());
            page.html = page_loader::complete(&self.state.outbound.pages, page.html, base.as_ref()).await;
        }
        let made = self.state.render_pool.render(page).await;
        let picture = made.inspect_err(|error| self.emit_render_error(kind(format), about, error))?;
        self.store_render(picture, format, about, reservation)
    }

    /// Keeps a picture that was made, and bills one render.
    pub(crate) fn store_render(
        &self,
        picture: RenderedImage,
        format: Format,
        about: &RenderMetadata,
        reservation: QuotaReservation,
    ) -> Result<Render, ApiError> {
        let (width, height, animation) = (picture.width, picture.height, picture.animation);
        let mut record = record(kind(format), format.extension(), (width, height), about);
        if let Some(animation) = animation {
            record["animationLength"] = animation_millis(animation).into();
        }
        let file = NewFile { extension: format.extension(), content_type: format.content_type(), bytes: picture.bytes };
        let StoredRender { id, url, created_at } = self.store_file(&file, record, 1, about, reservation)?;
        Ok(Render { id, url, created_at, width, height, animation })
    }

    /// Renders a document to a PDF, keeps the file, and bills a render for each page.
    pub(crate) async fn render_pdf(
        &self,
        mut document: Document,
        about: &RenderMetadata,
    ) -> Result<StoredPdf, ApiError> {
        let reservation = QuotaReservation::reserve(self, document.pages.len() as u64)?;
        let page_setup = document.page_setup;
        let completed = timeout(RENDER_TIMEOUT, async {
            for sheet in &mut document.pages {
                let html = std::mem::take(&mut sheet.html);
                sheet.html = page_loader::complete(&self.state.outbound.pages, html, None).await;
            }
        });
        let made = match completed.await {
            Ok(()) => self.state.render_pool.render_pdf(document).await,
            Err(_) => Err(RenderError::TimedOut),
        };
        let pdf = made.inspect_err(|error| self.emit_render_error("pdf", about, error))?;
        let mut record = record("pdf", "pdf", page_setup.size_in_pixels(), about);
        record["pageCount"] = pdf.pages.into();
        let file = NewFile { extension: "pdf", content_type: "application/pdf", bytes: pdf.bytes };
        let StoredRender { id, url, created_at } =
            self.store_file(&file, record, u64::from(pdf.pages), about, reservation)?;
        Ok(StoredPdf { id, url, created_at, pages: pdf.pages, page_setup })
    }

    /// Keeps a file and its record, bills it, and tells of it.
    fn store_file(
        &self,
        made: &NewFile,
        mut record: Value,
        renders: u64,
        about: &RenderMetadata,
        reservation: QuotaReservation,
    ) -> Result<StoredRender, RenderError> {
        let (id, now) = (uid::new(10), self.state.now());
        let file = format!("{}-{}.{}", id.to_ascii_lowercase(), now.as_millisecond(), made.extension);
        let kept = StoredRender { url: self.media_url(&file), created_at: format!("{now:.3}"), id };
        record["id"] = kept.id.as_str().into();
        record["file"] = file.as_str().into();
        record["createdAt"] = kept.created_at.as_str().into();
        let store = &self.state.store;
        let (bill, entry) = (uid::new(16), self.ledger_entry(renders));
        store
            .put_file(&file, made.content_type, &made.bytes)
            .and_then(|()| {
                reservation.bill(|| store.insert_all(&[(RENDER, &kept.id, &record), (BILLED, &bill, &entry)]))
            })
            .and_then(|()| webhooks::emit(&self.state, "render.completed", &event(&kept, &record, made, about)))
            .map_err(|error| RenderError::Failed(format!("the file cannot be kept: {error}")))?;
        Ok(kept)
    }

    fn emit_render_error(&self, kind: &str, about: &RenderMetadata, error: &RenderError) {
        // Nothing was tried where there was no room.
        if *error != RenderError::Overloaded {
            let code = (*error == RenderError::TimedOut).then_some("RENDER_TIMEOUT");
            self.emit_render_failed(kind, about, &error.to_string(), code);
        }
    }

    /// Tells that a render failed.
    pub(crate) fn emit_render_failed(&self, kind: &str, about: &RenderMetadata, error: &str, code: Option<&str>) {
        let mut data = json!({"type": kind, "source": "api", "error": error});
        about.add_to(&mut data);
        if let Some(code) = code {
            data["errorCode"] = code.into();
        }
        // The answer tells of the failure in any case.
        let _ = webhooks::emit(&self.state, "render.failed", &data);
    }

    /// What the ledger says of renders that are billed to this request.
    fn ledger_entry(&self, renders: u64) -> Value {
        json!({
            "requestId": self.request_id,
            "operation": self.operation.id,
            "renders": renders,
            "at": self.state.now_text(),
            "idempotencyKey": self.header("idempotency-key"),
        })
    }

    /// A stored document as it is answered: the name of its file as an address that the client can reach.
    pub(crate) fn to_public_json(&self, mut document: Value) -> Value {
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

/// What kind of file a format is.
pub(crate) fn kind(format: Format) -> &'static str {
    match format {
        Format::Gif(_) => "gif",
        Format::Png | Format::Jpeg | Format::Webp => "image",
    }
}

impl RenderMetadata {
    /// Tells a subscriber what it was.
    fn add_to(&self, data: &mut Value) {
        if let Some(template) = &self.template {
            data["templateId"] = template.as_str().into();
        }
        if let Some(variables) = &self.variables {
            data["variables"] = variables.clone();
        }
    }
}

/// What subscribers are told of a render.
fn event(kept: &StoredRender, record: &Value, made: &NewFile, about: &RenderMetadata) -> Value {
    let mut data = json!({
        "type": record["kind"],
        "source": "api",
        "imageId": kept.id,
        "url": kept.url,
        "width": record["width"],
        "height": record["height"],
        "format": made.extension,
        "renderedAt": kept.created_at,
    });
    about.add_to(&mut data);
    data
}

/// What is kept of a render beside its file.
fn record(kind: &str, extension: &str, (width, height): (u32, u32), about: &RenderMetadata) -> Value {
    let mut record = json!({
        "kind": kind,
        "format": extension.to_ascii_uppercase(),
        "width": width,
        "height": height,
        "source": "api",
    });
    if let Some(template) = &about.template {
        record["template"] = template.as_str().into();
    }
    if let Some(variables) = &about.variables {
        record["variables"] = variables.clone();
    }
    record
}

/// How long a moving picture is, in milliseconds, as the newest evidence has it.
pub(crate) fn animation_millis(animation: AnimationInfo) -> u64 {
    u64::try_from(animation.duration.as_millis()).unwrap_or(u64::MAX)
}

/// How the rendering endpoints say that there is no picture.
impl From<RenderError> for ApiError {
    fn from(error: RenderError) -> Self {
        let (status, code) = match error {
            RenderError::InvalidInput(_) => (StatusCode::UNPROCESSABLE_ENTITY, "render_failed"),
            RenderError::NoAnimation => (StatusCode::UNPROCESSABLE_ENTITY, "NO_FRAMES_CAPTURED"),
            RenderError::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "render_timeout"),
            RenderError::Overloaded => return Self::overloaded(error.to_string()),
            RenderError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "render_failed"),
        };
        Self::rendering(status, Some(code), error.to_string())
    }
}
