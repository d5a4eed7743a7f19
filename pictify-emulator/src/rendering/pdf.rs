//! PDFs of templates.

use super::{
    Render, RenderMetadata, StoredPdf,
    fill::{self, Filled},
    render_document,
};
use crate::{
    api_error::ApiError,
    context::RenderContext,
    render::{
        Document, RENDER_TIMEOUT, RenderError,
        pdf::{MAX_HTML_BYTES, PageSetup, PdfPage, Preset},
    },
    templates::{Layout, Template},
};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::time::Instant;

/// Preset of templates that name none.
pub(crate) const DEFAULT_PRESET: &str = "A4";

/// Suffix of preset names in templates and renders for landscape orientation.
const LANDSCAPE_SUFFIX: &str = "_LANDSCAPE";

/// Fills a template with each set of variables and renders one PDF page for each set.
pub(crate) async fn render_pages(
    context: &RenderContext,
    template: &Template,
    layout: Option<&Layout>,
    variable_sets: &[Value],
    page_setup: PageSetup,
    title: Option<&str>,
) -> Result<StoredPdf, ApiError> {
    // Check first: it is cheap, and rendering is not.
    page_setup.check().map_err(bad_request)?;
    let mut pages = Vec::with_capacity(variable_sets.len());
    let (started, mut size) = (Instant::now(), 0);
    for set in variable_sets {
        if started.elapsed() > RENDER_TIMEOUT {
            return Err(RenderError::TimedOut.into());
        }
        let Filled { html, width, height } = fill::fill(template, layout, set, None)?;
        size += html.len();
        if size > MAX_HTML_BYTES {
            let message = format!("The pages have more than the {MAX_HTML_BYTES} bytes of HTML that a PDF may have");
            return Err(ApiError::unprocessable(message));
        }
        let canvas = (!template.is_html()).then_some((width, height));
        pages.push(PdfPage { html, canvas });
        // Filling a hundred templates takes time: let other tasks run in between.
        tokio::task::yield_now().await;
    }
    let metadata = match variable_sets {
        [set] => RenderMetadata::of(&template.uid, set),
        variable_sets => RenderMetadata::of(&template.uid, &json!(variable_sets)),
    };
    let title = title.map(str::to_owned);
    render_document(context, Document { pages, page_setup, title }, &metadata).await
}

/// Renders a template to a PDF of one page, with the template's own page setup.
pub(crate) async fn render_page(
    context: &RenderContext,
    template: &Template,
    variables: &Value,
) -> Result<Render, ApiError> {
    let variable_sets = std::slice::from_ref(variables);
    let StoredPdf { id, url, created_at, page_setup, .. } =
        render_pages(context, template, None, variable_sets, page_setup(None, template)?, None).await?;
    let (width, height) = page_setup.size_in_pixels();
    Ok(Render { id, url, created_at, width, height, animation: None })
}

/// Returns the page setup of a preset, else of the template's preset, else A4.
pub(crate) fn page_setup(preset: Option<&str>, template: &Template) -> Result<PageSetup, ApiError> {
    let name = preset.or(template.pdf_preset.as_deref()).unwrap_or(DEFAULT_PRESET);
    let portrait = name.strip_suffix(LANDSCAPE_SUFFIX);
    let preset = Preset::from_name(portrait.unwrap_or(name)).ok_or_else(|| {
        let names = Preset::ALL.map(|preset| preset.name).join(", ");
        bad_request(format!("Unknown preset {name}: use one of {names}"))
    })?;
    let page_setup = PageSetup::from(preset);
    Ok(if portrait.is_some() { page_setup.rotated() } else { page_setup })
}

fn bad_request(error: String) -> ApiError {
    ApiError::rendering(StatusCode::BAD_REQUEST, None, error)
}
