//! Details of renders for the pages: the source and the costs. They are stored beside the record of a render, because
//! they are larger and lists do not need them.

use crate::{
    render::Page,
    store::{Document, Store, StoreError},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// Maximum number of renders with details. The details of older renders are deleted.
const MAX_DETAILS: usize = 1000;

/// Maximum size of a stored source, in bytes. Larger ones are left out.
const MAX_SOURCE_BYTES: usize = 64 * 1024;

/// Source of a render.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RenderSource {
    /// HTML of each page, with all variables replaced. Empty if it is too large or not known.
    #[serde(default)]
    pub(crate) html: Vec<String>,
    /// Address of a live page, which was rendered instead of HTML of the request.
    #[serde(default)]
    pub(crate) url: Option<String>,
    /// Width of the page in pixels, before a selector has cut out a part.
    #[serde(default)]
    pub(crate) width: u32,
    #[serde(default)]
    pub(crate) height: u32,
    #[serde(default)]
    pub(crate) selector: Option<String>,
    /// Quality of lossy formats, 1 to 100.
    #[serde(default)]
    pub(crate) quality: Option<u8>,
    #[serde(default)]
    pub(crate) full_page: bool,
}

/// Details of a render.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RenderDetails {
    #[serde(flatten)]
    pub(crate) source: RenderSource,
    /// Operation of the request.
    #[serde(default)]
    pub(crate) operation: String,
    #[serde(default)]
    pub(crate) request_id: String,
    /// Size of the file in bytes.
    #[serde(default)]
    pub(crate) bytes: u64,
    /// Time of the render in milliseconds, from the filled page to the file.
    #[serde(default)]
    pub(crate) duration_ms: f64,
    /// Name of the engine.
    #[serde(default)]
    pub(crate) engine: String,
}

impl Document for RenderDetails {
    const KIND: &'static str = "render-details";
}

impl RenderSource {
    /// Describes a page before its resources are inlined.
    pub(crate) fn of_page(page: &Page) -> Self {
        Self {
            html: bounded(std::iter::once(page.html.as_str())),
            url: page.url.clone(),
            width: page.width,
            height: page.height,
            selector: page.selector.clone(),
            quality: page.quality,
            full_page: page.full_page,
        }
    }

    /// Describes the pages of a PDF.
    pub(crate) fn of_pdf<'a>(pages: impl Iterator<Item = &'a str>) -> Self {
        Self { html: bounded(pages), ..Self::default() }
    }
}

/// Copies the pages, unless they are too large together.
fn bounded<'a>(pages: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut total = 0;
    let mut copies = Vec::new();
    for page in pages {
        total += page.len();
        if total > MAX_SOURCE_BYTES {
            return Vec::new();
        }
        copies.push(page.to_owned());
    }
    copies
}

/// Returns a duration in milliseconds, with one decimal.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

/// Returns the size of the file and the time of a render, for lists.
pub(crate) fn costs(store: &Store, id: &str) -> Result<Option<Value>, StoreError> {
    let found = store.find::<RenderDetails>(id)?;
    Ok(found.map(|details| json!({"bytes": details.bytes, "durationMs": details.duration_ms})))
}

/// Deletes the details of old renders.
pub(crate) fn prune(store: &Store) -> Result<(), StoreError> {
    store.keep_newest(RenderDetails::KIND, MAX_DETAILS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_sources_are_left_out() {
        for (sizes, kept) in [
            (&[MAX_SOURCE_BYTES][..], 1),
            (&[MAX_SOURCE_BYTES + 1], 0),
            (&[MAX_SOURCE_BYTES / 2, MAX_SOURCE_BYTES / 2], 2),
            (&[MAX_SOURCE_BYTES / 2, MAX_SOURCE_BYTES / 2, 1], 0),
        ] {
            let pages: Vec<_> = sizes.iter().map(|size| "x".repeat(*size)).collect();
            assert_eq!(RenderSource::of_pdf(pages.iter().map(String::as_str)).html.len(), kept, "{sizes:?}");
        }
    }
}
