//! Rendering of a page to a file that is stored, listed and billed. Every endpoint that renders uses it.
//!
//! `template.rs`, `pdf.rs` and `video.rs` render templates, `fill.rs` fills them, and `cached.rs` keeps the images of
//! permanent URLs. `details.rs` keeps the sources and costs of renders for the dashboard.

pub(crate) mod cached;
pub(crate) mod details;
pub(crate) mod fill;
mod output;
pub(crate) mod pdf;
mod record;
pub(crate) mod template;
pub(crate) mod video;

pub(crate) use output::OutputConfig;
pub(crate) use record::{RenderKind, RenderRecord};

use crate::{
    api_error::ApiError,
    context::{AppState, RenderContext},
    ledger::LedgerEntry,
    page_loader,
    quota::QuotaReservation,
    render::{AnimationInfo, Document, Format, Page, RENDER_TIMEOUT, RenderError, RenderedImage, pdf::PageSetup},
    store::{Document as _, StoreError, to_json},
    uid, webhooks,
};
use axum::http::StatusCode;
use details::{RenderDetails, RenderSource};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// Document kind of renders.
pub(crate) const RENDER: &str = RenderRecord::KIND;

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
    pub(crate) fn new(format: Format, share: Option<f64>) -> Self {
        Self { format, quality: share.map(|share| quality_percent(share * 100.0)) }
    }
}

/// Converts a quality of 1 to 100.
fn quality_percent(quality: f64) -> u8 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 100")]
    let percent = quality.round().clamp(1.0, 100.0) as u8;
    percent
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

impl Render {
    /// Returns the name of the stored file.
    pub(crate) fn file_name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }
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
    let image = result.inspect_err(|error| emit_render_error(&context.state, format.into(), metadata, error))?;
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
    let record = RenderRecord {
        kind: format.into(),
        width,
        height,
        animation_length: animation.map(animation_millis),
        ..RenderRecord::default()
    };
    let (extension, content_type) = (format.extension(), format.content_type());
    let file = NewFile { extension, content_type, bytes: image.bytes };
    let RenderRecord { id, file, created_at, .. } = store_file(context, file, &record, metadata, reservation, origin)?;
    Ok(Render { id, url: context.media_url(&file), created_at, width, height, animation })
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
    let pdf = result.inspect_err(|error| emit_render_error(state, RenderKind::Pdf, metadata, error))?;
    let (width, height) = page_setup.size_in_pixels();
    let (kind, page_count) = (RenderKind::Pdf, Some(pdf.pages));
    let record = RenderRecord { kind, width, height, page_count, ..RenderRecord::default() };
    let file = NewFile { extension: "pdf", content_type: "application/pdf", bytes: pdf.bytes };
    let origin = RenderOrigin { source, duration: started.elapsed() };
    let RenderRecord { id, file, created_at, .. } = store_file(context, file, &record, metadata, reservation, origin)?;
    Ok(StoredPdf { id, url: context.media_url(&file), created_at, pages: pdf.pages, page_setup })
}

/// Stores a file and completes its record, bills a render for each page, and emits `render.completed`. Returns the record.
fn store_file(
    context: &RenderContext,
    file: NewFile,
    record: &RenderRecord,
    metadata: &RenderMetadata,
    reservation: QuotaReservation,
    origin: RenderOrigin,
) -> Result<RenderRecord, RenderError> {
    let (id, now) = (uid::new(10), context.state.now());
    let record = RenderRecord {
        format: file.extension.to_ascii_uppercase(),
        source: "api".to_owned(),
        template: metadata.template.clone(),
        variables: metadata.variables.clone(),
        file: format!("{}-{}.{}", id.to_ascii_lowercase(), now.as_millisecond(), file.extension),
        created_at: format!("{now:.3}"),
        id,
        ..*record
    };
    let (store, bill) = (&context.state.store, uid::new(16));
    let stored = to_json(&record).map_err(not_stored)?;
    let entry = to_json(&ledger_entry(context, record.page_count.unwrap_or(1).into())).map_err(not_stored)?;
    let details = RenderDetails {
        source: origin.source,
        operation: context.operation.id.clone(),
        request_id: context.request_id.clone(),
        bytes: file.bytes.len() as u64,
        duration_ms: details::milliseconds(origin.duration),
        engine: context.state.render_pool.engine_name().to_owned(),
    };
    let details = to_json(&details).map_err(not_stored)?;
    store
        .write_file(&record.file, file.content_type, file.bytes.into_boxed_slice())
        .and_then(|new_file| {
            let documents = [
                (RenderRecord::KIND, &*record.id, &stored),
                (RenderDetails::KIND, &*record.id, &details),
                (LedgerEntry::KIND, &*bill, &entry),
            ];
            reservation.bill(|epoch| store.insert_with_file(epoch, new_file, &documents))
        })
        .and_then(|()| details::prune(store))
        .and_then(|()| {
            webhooks::emit(&context.state, "render.completed", &completed_event(context, &record, file.extension))
        })
        .map_err(not_stored)?;
    Ok(record)
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn not_stored(error: StoreError) -> RenderError {
    RenderError::Failed(format!("the file cannot be stored: {error}"))
}

/// Returns the ledger entry for renders of this origin.
fn ledger_entry(context: &RenderContext, renders: u64) -> LedgerEntry {
    LedgerEntry {
        request_id: context.request_id.clone(),
        operation: context.operation.id.clone(),
        renders,
        at: context.state.now_text(),
        idempotency_key: context.idempotency_key.clone(),
    }
}

fn emit_render_error(state: &Arc<AppState>, kind: RenderKind, metadata: &RenderMetadata, error: &RenderError) {
    // No render was attempted when the pool was full.
    if *error != RenderError::Overloaded {
        let code = (*error == RenderError::TimedOut).then_some("RENDER_TIMEOUT");
        emit_render_failed(state, kind, metadata, &error.to_string(), code);
    }
}

/// Emits `render.failed`.
fn emit_render_failed(
    state: &Arc<AppState>,
    kind: RenderKind,
    metadata: &RenderMetadata,
    error: &str,
    code: Option<&str>,
) {
    let mut data = json!({"type": kind, "source": "api", "error": error});
    add_origin(&mut data, metadata.template.as_deref(), metadata.variables.as_ref());
    if let Some(code) = code {
        data["errorCode"] = code.into();
    }
    // The response reports the failure even if the event cannot be stored.
    let _ = webhooks::emit(state, "render.failed", &data);
}

impl RenderMetadata {
    /// Creates the metadata of a render of a stored template.
    pub(crate) fn of(template: &str, variables: &Value) -> Self {
        let variables = Some(variables.clone()).filter(|variables| !variables.is_null());
        Self { template: Some(template.to_owned()), variables }
    }
}

/// Returns the data of the event `render.completed`.
fn completed_event(context: &RenderContext, record: &RenderRecord, extension: &str) -> Value {
    let mut data = json!({
        "type": record.kind,
        "source": record.source,
        "imageId": record.id,
        "url": context.media_url(&record.file),
        "width": record.width,
        "height": record.height,
        "format": extension,
        "renderedAt": record.created_at,
    });
    add_origin(&mut data, record.template.as_deref(), record.variables.as_ref());
    data
}

/// Adds the template and the variables of a render to the data of an event.
fn add_origin(data: &mut Value, template: Option<&str>, variables: Option<&Value>) {
    if let Some(template) = template {
        data["templateId"] = template.into();
    }
    if let Some(variables) = variables {
        data["variables"] = variables.clone();
    }
}

/// Returns the duration of an animation in milliseconds, the unit of the newest evidence.
pub(crate) fn animation_millis(animation: AnimationInfo) -> u64 {
    u64::try_from(animation.duration.as_millis()).unwrap_or(u64::MAX)
}

/// Maps failed renders to the errors of the rendering endpoints.
impl From<RenderError> for ApiError {
    fn from(error: RenderError) -> Self {
        let (status, code) = match error {
            RenderError::InvalidInput(_) | RenderError::OutOfMemory { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "render_failed")
            }
            RenderError::NoAnimation => (StatusCode::UNPROCESSABLE_ENTITY, "NO_FRAMES_CAPTURED"),
            RenderError::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "render_timeout"),
            RenderError::Overloaded => return Self::overloaded(error.to_string()),
            RenderError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "render_failed"),
        };
        Self::rendering(status, Some(code), error.to_string())
    }
}
