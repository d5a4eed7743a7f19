//! Limits for the size of a page, which bound the time and memory of a render.
//!
//! The engine has its own limits for nesting (512 levels), for each image (64 Mi pixels, read from the header) and for SVG
//! (elements after `use` is resolved, paint commands, text). It does not limit the total size of a page, and its time
//! grows with that size. The limits here allow what it renders within seconds. They do not detect stacked effects, such as
//! a hundred wide blurs on 4096 by 4096 pixels: the timeout and the memory limit of a worker process bound those. A render in a
//! thread has neither.

use super::RenderError;
use data_url::DataUrl;
use std::collections::HashSet;
use takumi::prelude::{ImageData, ImageSourceInput, Node, NodeKind, StyleSheet};

/// Maximum width and height that a request can give, in pixels.
pub(crate) const MAX_SIDE: u32 = 4096;

/// Maximum size of the HTML, including inlined images, in bytes.
const MAX_HTML_BYTES: usize = 8 * 1024 * 1024;

/// Maximum size of all text of a page, in bytes.
const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// Maximum number of elements and text nodes of a page.
const MAX_NODES: usize = 50_000;

/// Maximum number of pixels of all images of a page together. A pixel takes four bytes of memory.
const MAX_IMAGE_PIXELS: usize = 64 * 1024 * 1024;

pub(super) fn check_source(html: &str) -> Result<(), RenderError> {
    check_limit(MAX_HTML_BYTES, html.len(), "bytes of HTML")
}

pub(super) fn check_page(root: &Node, styles: &StyleSheet) -> Result<(), RenderError> {
    let (mut nodes, mut text) = (0, 0);
    let mut images: HashSet<_> = root.image_urls().chain(styles.image_urls()).collect();
    let mut pending = vec![root];
    while let Some(node) = pending.pop() {
        nodes += 1;
        match &node.kind {
            NodeKind::Container { children } => pending.extend(children),
            NodeKind::Text(data) => text += data.text.len(),
            NodeKind::Image(ImageData { src: ImageSourceInput::Url(url), .. }) => drop(images.insert(url)),
            _ => {}
        }
    }
    check_limit(MAX_NODES, nodes, "elements and text nodes")?;
    check_limit(MAX_TEXT_BYTES, text, "bytes of text")?;
    let pixels = images.into_iter().filter_map(pixel_count).fold(0, usize::saturating_add);
    check_limit(MAX_IMAGE_PIXELS, pixels, "pixels in images")
}

/// Returns the number of pixels that the header of an image in a `data:` URI declares.
fn pixel_count(url: &str) -> Option<usize> {
    let (bytes, _) = DataUrl::process(url).ok()?.decode_to_vec().ok()?;
    let size = imagesize::blob_size(&bytes).ok()?;
    Some(size.width.saturating_mul(size.height))
}

fn check_limit(limit: usize, found: usize, unit: &str) -> Result<(), RenderError> {
    if found <= limit {
        return Ok(());
    }
    Err(RenderError::InvalidInput(format!(
        "The page has {found} {unit}, more than the {limit} that the emulator renders"
    )))
}
