//! Rendering of a page to a file that is stored, listed and billed. Every endpoint that renders uses it.

pub(crate) mod cached;
pub(crate) mod details;
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
use details::{DETAILS, RenderDetails, RenderSource};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Document kind of renders.
pub(crate) const RENDER: &str = "render";

/// Document kind of ledger entries.
pub(crate) const BILLED: &str = "billed";

/// Origin of a render, for its record and its webhook events.
#[derive(Clone, Debug, Default)]
pub(crate) struct RenderMetadata {
    /// ID of the template.
    pub(crate) template: Option<String>,
    /// Variables of the render.
    pub(crate) variables: Option<Value>,
}

/// Output format and quality.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) format: Format,
    /// Quality of lossy formats, 1 to 100.
    pub(crate) quality: Option<u8>,
}

impl Output {
    /// Creates an output from a format and a quality of 0.1 to 1, the scale of template renders.
    pub(crate) fn new(format: Format, share: &Value) -> Self {
        Self { format, quality: quality_percent(&share.as_f64().map_or(Value::Null, |share| (share * 100.0).into())) }
    }
}

/// Converts a quality of 1 to 100, the scale of bindings and experiments.
pub(crate) fn quality_percent(quality: &Value) -> Option<u8> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 100")]
    quality.as_f64().map(|quality| quality.round().clamp(1.0, 100.0) as u8)
}

/// Rendered and stored image.
#[derive(Clone, Debug)]
pub(crate) struct Render {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) created_at: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) animation: Option<AnimationInfo>,
}

/// Rendered and stored PDF.
#[derive(Clone, Debug)]
pub(crate) struct StoredPdf {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) created_at: String,
    pub(crate) pages: u32,
    pub(crate) page_setup: PageSetup,
}

/// Source and time of a render, for its details.
#[derive(Clone, Debug, Default)]
pub(crate) struct RenderOrigin {
    pub(crate) source: RenderSource,
    pub(crate) duration: Duration,
}

/// File to store.
struct NewFile {
    extension: &'static str,
    content_type: &'static str,
    bytes: Vec<u8>,
}

/// ID, URL and time of a stored file.
struct StoredRender {
    id: String,
    url: String,
    created_at: String,
}

impl RequestContext {
    /// Renders a page, stores the file and bills one render.
    pub(crate) async fn render(&self, page: Page, metadata: &RenderMetadata) -> Result<Render, ApiError> {
        self.render_first(vec![page], metadata).await.map(|(_, render)| render)
    }

    /// Renders the first of several pages that has something to show: a page whose selector matches nothing is passed
    /// over, unless it is the last. All have the same HTML and differ in their options only. Returns the position of the
    /// rendered page. Bills one render.
    pub(crate) async fn render_first(
        &self,
        mut pages: Vec<Page>,
        metadata: &RenderMetadata,
    ) -> Result<(usize, Render), ApiError> {
        let reservation = QuotaReservation::reserve(self, 1)?;
        let format = pages.first().map(|page| page.format).unwrap_or_default();
        let sources: Vec<_> = pages.iter().map(RenderSource::of_page).collect();
        if let Some(first) = pages.first_mut() {
            self.inline_resources(first).await;
            let html = first.html.clone();
            for page in pages.iter_mut().skip(1) {
                page.html.clone_from(&html);
            }
        }
        let started = Instant::now();
        let last = pages.len().saturating_sub(1);
        let mut result = Err(RenderError::InvalidInput("There is no page to render".to_owned()));
        let mut position = 0;
        for (index, page) in pages.into_iter().enumerate() {
            (position, result) = (index, self.state.render_pool.render(page).await);
            if index == last || !matches!(result, Err(RenderError::InvalidInput(_))) {
                break;
            }
        }
        let image = result.inspect_err(|error| self.emit_render_error(render_kind(format), metadata, error))?;
        let source = sources.into_iter().nth(position).unwrap_or_default();
        let origin = RenderOrigin { source, duration: started.elapsed() };
        Ok((position, self.store_render(image, format, metadata, reservation, origin)?))
    }

    /// Renders a page without storing or billing it.
    pub(crate) async fn render_unbilled(&self, mut page: Page) -> Result<RenderedImage, RenderError> {
        self.inline_resources(&mut page).await;
        self.state.render_pool.render(page).await
    }

    /// Inlines the resources of a page, if the renderer does not fetch them itself.
    async fn inline_resources(&self, page: &mut Page) {
        if !self.state.render_pool.fetches_resources() {
            let base = page.url.as_deref().and_then(|url| url.parse().ok());
            let html = std::mem::take(&mut page.html);
            page.html = page_loader::inline_resources(&self.state.outbound.pages, html, base.as_ref()).await;
        }
    }

    /// Stores a rendered image and bills one render.
    pub(crate) fn store_render(
        &self,
        image: RenderedImage,
        format: Format,
        metadata: &RenderMetadata,
        reservation: QuotaReservation,
        origin: RenderOrigin,
    ) -> Result<Render, ApiError> {
        let (width, height, animation) = (image.width, image.height, image.animation);
        let mut record = record(render_kind(format), format.extension(), (width, height), metadata);
        if let Some(animation) = animation {
            record["animationLength"] = animation_millis(animation).into();
        }
        let file = NewFile { extension: format.extension(), content_type: format.content_type(), bytes: image.bytes };
        let StoredRender { id, url, created_at } = self.store_file(&file, record, 1, metadata, reservation, origin)?;
        Ok(Render { id, url, created_at, width, height, animation })
    }

    /// Renders a document to a PDF, stores the file and bills one render for each page.
    pub(crate) async fn render_pdf(
        &self,
        mut document: Document,
        metadata: &RenderMetadata,
    ) -> Result<StoredPdf, ApiError> {
        let reservation = QuotaReservation::reserve(self, document.pages.len() as u64)?;
        let page_setup = document.page_setup;
        let source = RenderSource::of_pdf(document.pages.iter().map(|page| page.html.as_str()));
        let inlining = timeout(RENDER_TIMEOUT, async {
            for page in &mut document.pages {
                let html = std::mem::take(&mut page.html);
                page.html = page_loader::inline_resources(&self.state.outbound.pages, html, None).await;
            }
        });
        let inlined = inlining.await;
        let started = Instant::now();
        let result = match inlined {
            Ok(()) => self.state.render_pool.render_pdf(document).await,
            Err(_) => Err(RenderError::TimedOut),
        };
        let pdf = result.inspect_err(|error| self.emit_render_error("pdf", metadata, error))?;
        let mut record = record("pdf", "pdf", page_setup.size_in_pixels(), metadata);
        record["pageCount"] = pdf.pages.into();
        let file = NewFile { extension: "pdf", content_type: "application/pdf", bytes: pdf.bytes };
        let origin = RenderOrigin { source, duration: started.elapsed() };
        let StoredRender { id, url, created_at } =
            self.store_file(&file, record, u64::from(pdf.pages), metadata, reservation, origin)?;
        Ok(StoredPdf { id, url, created_at, pages: pdf.pages, page_setup })
    }

    /// Stores a file and its record, bills it, and emits `render.completed`.
    fn store_file(
        &self,
        file: &NewFile,
        mut record: Value,
        renders: u64,
        metadata: &RenderMetadata,
        reservation: QuotaReservation,
        origin: RenderOrigin,
    ) -> Result<StoredRender, RenderError> {
        let (id, now) = (uid::new(10), self.state.now());
        let name = format!("{}-{}.{}", id.to_ascii_lowercase(), now.as_millisecond(), file.extension);
        let stored = StoredRender { url: self.media_url(&name), created_at: format!("{now:.3}"), id };
        record["id"] = stored.id.as_str().into();
        record["file"] = name.as_str().into();
        record["createdAt"] = stored.created_at.as_str().into();
        let store = &self.state.store;
        let (bill, entry) = (uid::new(16), self.ledger_entry(renders));
        let details = details::to_document(&RenderDetails {
            source: origin.source,
            operation: self.operation.id.clone(),
            request_id: self.request_id.clone(),
            bytes: file.bytes.len() as u64,
            duration_ms: details::milliseconds(origin.duration),
            engine: self.state.render_pool.engine_name().to_owned(),
        });
        store
            .put_file(&name, file.content_type, &file.bytes)
            .and_then(|()| {
                reservation.bill(|| {
                    store.insert_all(&[
                        (RENDER, &stored.id, &record),
                        (DETAILS, &stored.id, &details),
                        (BILLED, &bill, &entry),
                    ])
                })
            })
            .and_then(|()| details::prune(store))
            .and_then(|()| {
                webhooks::emit(&self.state, "render.completed", &completed_event(&stored, &record, file, metadata))
            })
            .map_err(|error| RenderError::Failed(format!("the file cannot be stored: {error}")))?;
        Ok(stored)
    }

    fn emit_render_error(&self, kind: &str, metadata: &RenderMetadata, error: &RenderError) {
        // No render was attempted when the pool was full.
        if *error != RenderError::Overloaded {
            let code = (*error == RenderError::TimedOut).then_some("RENDER_TIMEOUT");
            self.emit_render_failed(kind, metadata, &error.to_string(), code);
        }
    }

    /// Emits `render.failed`.
    pub(crate) fn emit_render_failed(&self, kind: &str, metadata: &RenderMetadata, error: &str, code: Option<&str>) {
        let mut data = json!({"type": kind, "source": "api", "error": error});
        metadata.add_to(&mut data);
        if let Some(code) = code {
            data["errorCode"] = code.into();
        }
        // The response reports the failure even if the event cannot be stored.
        let _ = webhooks::emit(&self.state, "render.failed", &data);
    }

    /// Returns the ledger entry for renders that are billed to this request.
    fn ledger_entry(&self, renders: u64) -> Value {
        json!({
            "requestId": self.request_id,
            "operation": self.operation.id,
            "renders": renders,
            "at": self.state.now_text(),
            "idempotencyKey": self.header("idempotency-key"),
        })
    }

    /// Converts a stored document to its public form: the file name becomes a URL that the client can reach.
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

/// Returns the number of renders billed in the current month.
pub(crate) fn billed_this_month(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let since = month_bounds(now).map_or_else(|_| String::new(), |(start, _)| format!("{start:.3}"));
    store.sum(BILLED, "$.renders", "$.at", &since)
}

/// Returns the start of the month of a time, and the start of the next month, in UTC.
pub(crate) fn month_bounds(now: Timestamp) -> Result<(Timestamp, Timestamp), jiff::Error> {
    let start = now.to_zoned_datetime(TimeZone::UTC).first_of_month()?.start_of_day()?;
    Ok((start.timestamp(), start.checked_add(1.month())?.timestamp()))
}

/// Returns the kind of render for a format: `image` or `gif`.
pub(crate) fn render_kind(format: Format) -> &'static str {
    match format {
        Format::Gif(_) => "gif",
        Format::Png | Format::Jpeg | Format::Webp => "image",
    }
}

impl RenderMetadata {
    /// Adds the template and the variables to the data of an event.
    fn add_to(&self, data: &mut Value) {
        if let Some(template) = &self.template {
            data["templateId"] = template.as_str().into();
        }
        if let Some(variables) = &self.variables {
            data["variables"] = variables.clone();
        }
    }
}

/// Returns the data of the event `render.completed`.
fn completed_event(stored: &StoredRender, record: &Value, file: &NewFile, metadata: &RenderMetadata) -> Value {
    let mut data = json!({
        "type": record["kind"],
        "source": "api",
        "imageId": stored.id,
        "url": stored.url,
        "width": record["width"],
        "height": record["height"],
        "format": file.extension,
        "renderedAt": stored.created_at,
    });
    metadata.add_to(&mut data);
    data
}

/// Returns the record that is stored beside a rendered file.
fn record(kind: &str, extension: &str, (width, height): (u32, u32), metadata: &RenderMetadata) -> Value {
    let mut record = json!({
        "kind": kind,
        "format": extension.to_ascii_uppercase(),
        "width": width,
        "height": height,
        "source": "api",
    });
    if let Some(template) = &metadata.template {
        record["template"] = template.as_str().into();
    }
    if let Some(variables) = &metadata.variables {
        record["variables"] = variables.clone();
    }
    record
}

/// Returns the duration of an animation in milliseconds, the unit of the newest evidence.
pub(crate) fn animation_millis(animation: AnimationInfo) -> u64 {
    u64::try_from(animation.duration.as_millis()).unwrap_or(u64::MAX)
}

/// Maps failed renders to the errors of the rendering endpoints.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_is_renewed_at_the_start_of_a_month() {
        let store = Store::in_memory().unwrap();
        for (uid, at, renders) in [
            ("a", "2026-07-31T23:59:59.999Z", 1),
            ("b", "2026-08-01T00:00:00.000Z", 2),
            ("c", "2026-08-31T23:59:59.999Z", 4),
        ] {
            assert!(store.insert(BILLED, uid, &json!({"renders": renders, "at": at})).unwrap());
        }
        for (now, expected) in [
            ("2026-07-31T23:59:59.999Z", 7),
            ("2026-08-01T00:00:00Z", 6),
            ("2026-08-31T23:59:59.999Z", 6),
            ("2026-09-01T00:00:00Z", 0),
            ("2027-08-15T12:00:00Z", 0),
        ] {
            assert_eq!(billed_this_month(&store, now.parse().unwrap()).unwrap(), expected, "{now}");
        }
    }
}
