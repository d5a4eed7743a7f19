//! Rendering of a page to a file that is stored, listed and billed. Every endpoint that renders uses it.
//!
//! `template.rs`, `pdf.rs` and `video.rs` render templates, `fill.rs` fills them, and `cached.rs` keeps the images of
//! permanent URLs. `details.rs` keeps the sources and costs of renders for the dashboard.

pub(crate) mod cached;
pub(crate) mod details;
pub(crate) mod fill;
pub(crate) mod pdf;
pub(crate) mod template;
pub(crate) mod video;

use crate::{
    api_error::ApiError,
    context::{AppState, RenderContext},
    ledger::{BILLED, LedgerEntry},
    page_loader,
    quota::QuotaReservation,
    render::{AnimationInfo, Document, Format, Page, RENDER_TIMEOUT, RenderError, RenderedImage, pdf::PageSetup},
    uid, webhooks,
};
use axum::http::StatusCode;
use details::{DETAILS, RenderDetails, RenderSource};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// Document kind of renders.
pub(crate) const RENDER: &str = "render";

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
struct RenderOrigin {
    source: RenderSource,
    duration: Duration,
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

/// Renders a page, stores the file and bills one render.
pub(crate) async fn render(context: &RenderContext, page: Page, metadata: &RenderMetadata) -> Result<Render, ApiError> {
    render_first(context, vec![page], metadata).await.map(|(_, render)| render)
}

/// Renders the first of several pages that has something to show: a page whose selector matches nothing is passed over,
/// unless it is the last. All have the same HTML and differ in their options only. Returns the position of the rendered
/// page. Bills one render.
pub(crate) async fn render_first(
    context: &RenderContext,
    mut pages: Vec<Page>,
    metadata: &RenderMetadata,
) -> Result<(usize, Render), ApiError> {
    let reservation = context.reserve_renders(1)?;
    let sources: Vec<_> = pages.iter().map(RenderSource::of_page).collect();
    let format = pages.first().map(|page| page.format).unwrap_or_default();
    if let Some(first) = pages.first_mut() {
        inline_resources(&context.state, first).await;
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
        (position, result) = (index, context.state.render_pool.render(page).await);
        if index == last || !matches!(result, Err(RenderError::InvalidInput(_))) {
            break;
        }
    }
    let image = result.inspect_err(|error| emit_render_error(&context.state, render_kind(format), metadata, error))?;
    let source = sources.into_iter().nth(position).unwrap_or_default();
    let origin = RenderOrigin { source, duration: started.elapsed() };
    Ok((position, store_render(context, image, format, metadata, reservation, origin)?))
}

/// Renders a page without storing or billing it.
pub(crate) async fn render_unbilled(state: &AppState, mut page: Page) -> Result<RenderedImage, RenderError> {
    inline_resources(state, &mut page).await;
    state.render_pool.render(page).await
}

/// Inlines the resources of a page, if the renderer does not fetch them itself.
async fn inline_resources(state: &AppState, page: &mut Page) {
    if !state.render_pool.fetches_resources() {
        let base = page.url.as_deref().and_then(|url| url.parse().ok());
        let html = std::mem::take(&mut page.html);
        page.html = page_loader::inline_resources(&state.outbound.pages, html, base.as_ref()).await;
    }
}

/// Stores a rendered image and bills one render.
fn store_render(
    context: &RenderContext,
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
    let StoredRender { id, url, created_at } = store_file(context, file, record, 1, metadata, reservation, origin)?;
    Ok(Render { id, url, created_at, width, height, animation })
}

/// Renders a document to a PDF, stores the file and bills one render for each page.
async fn render_document(
    context: &RenderContext,
    mut document: Document,
    metadata: &RenderMetadata,
) -> Result<StoredPdf, ApiError> {
    let state = &context.state;
    let reservation = context.reserve_renders(document.pages.len() as u64)?;
    let page_setup = document.page_setup;
    let source = RenderSource::of_pdf(document.pages.iter().map(|page| page.html.as_str()));
    let inlining = timeout(RENDER_TIMEOUT, async {
        for page in &mut document.pages {
            let html = std::mem::take(&mut page.html);
            page.html = page_loader::inline_resources(&state.outbound.pages, html, None).await;
        }
    });
    let inlined = inlining.await;
    let started = Instant::now();
    let result = match inlined {
        Ok(()) => state.render_pool.render_pdf(document).await,
        Err(_) => Err(RenderError::TimedOut),
    };
    let pdf = result.inspect_err(|error| emit_render_error(state, "pdf", metadata, error))?;
    let mut record = record("pdf", "pdf", page_setup.size_in_pixels(), metadata);
    record["pageCount"] = pdf.pages.into();
    let file = NewFile { extension: "pdf", content_type: "application/pdf", bytes: pdf.bytes };
    let origin = RenderOrigin { source, duration: started.elapsed() };
    let StoredRender { id, url, created_at } =
        store_file(context, file, record, u64::from(pdf.pages), metadata, reservation, origin)?;
    Ok(StoredPdf { id, url, created_at, pages: pdf.pages, page_setup })
}

/// Stores a file and its record, bills it, and emits `render.completed`.
fn store_file(
    context: &RenderContext,
    file: NewFile,
    mut record: Value,
    renders: u64,
    metadata: &RenderMetadata,
    reservation: QuotaReservation,
    origin: RenderOrigin,
) -> Result<StoredRender, RenderError> {
    let (id, now) = (uid::new(10), context.state.now());
    let name = format!("{}-{}.{}", id.to_ascii_lowercase(), now.as_millisecond(), file.extension);
    let stored = StoredRender { url: context.media_url(&name), created_at: format!("{now:.3}"), id };
    record["id"] = stored.id.as_str().into();
    record["file"] = name.as_str().into();
    record["createdAt"] = stored.created_at.as_str().into();
    let store = &context.state.store;
    let (bill, entry) = (uid::new(16), ledger_entry(context, renders).to_json());
    let details = RenderDetails {
        source: origin.source,
        operation: context.operation.id.clone(),
        request_id: context.request_id.clone(),
        bytes: file.bytes.len() as u64,
        duration_ms: details::milliseconds(origin.duration),
        engine: context.state.render_pool.engine_name().to_owned(),
    };
    let details = details::to_document(&details);
    store
        .write_file(&name, file.content_type, file.bytes.into_boxed_slice())
        .and_then(|new_file| {
            let documents =
                [(RENDER, &*stored.id, &record), (DETAILS, &*stored.id, &details), (BILLED, &*bill, &entry)];
            reservation.bill(|epoch| store.insert_with_file(epoch, new_file, &documents))
        })
        .and_then(|()| details::prune(store))
        .and_then(|()| {
            let event = completed_event(&stored, &record, file.extension, metadata);
            webhooks::emit(&context.state, "render.completed", &event)
        })
        .map_err(|error| RenderError::Failed(format!("the file cannot be stored: {error}")))?;
    Ok(stored)
}

/// Returns the ledger entry for renders of this origin.
fn ledger_entry(context: &RenderContext, renders: u64) -> LedgerEntry<'_> {
    LedgerEntry {
        request_id: &context.request_id,
        operation: &context.operation.id,
        renders,
        at: context.state.now_text(),
        idempotency_key: context.idempotency_key.as_deref(),
    }
}

fn emit_render_error(state: &Arc<AppState>, kind: &str, metadata: &RenderMetadata, error: &RenderError) {
    // No render was attempted when the pool was full.
    if *error != RenderError::Overloaded {
        let code = (*error == RenderError::TimedOut).then_some("RENDER_TIMEOUT");
        emit_render_failed(state, kind, metadata, &error.to_string(), code);
    }
}

/// Emits `render.failed`.
fn emit_render_failed(state: &Arc<AppState>, kind: &str, metadata: &RenderMetadata, error: &str, code: Option<&str>) {
    let mut data = json!({"type": kind, "source": "api", "error": error});
    metadata.add_to(&mut data);
    if let Some(code) = code {
        data["errorCode"] = code.into();
    }
    // The response reports the failure even if the event cannot be stored.
    let _ = webhooks::emit(state, "render.failed", &data);
}

/// Returns the kind of render for a format: `image` or `gif`.
fn render_kind(format: Format) -> &'static str {
    match format {
        Format::Gif(_) => "gif",
        Format::Png | Format::Jpeg | Format::Webp => "image",
    }
}

impl RenderMetadata {
    /// Creates the metadata of a render of a stored template.
    pub(crate) fn of(template: &Value, variables: &Value) -> Self {
        Self {
            template: template["uid"].as_str().map(str::to_owned),
            variables: Some(variables.clone()).filter(|variables| !variables.is_null()),
        }
    }

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
fn completed_event(stored: &StoredRender, record: &Value, extension: &str, metadata: &RenderMetadata) -> Value {
    let mut data = json!({
        "type": record["kind"],
        "source": "api",
        "imageId": stored.id,
        "url": stored.url,
        "width": record["width"],
        "height": record["height"],
        "format": extension,
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
