//! What a page may hold, so that none renders for ever or takes all memory.
//!
//! The engine has bounds of its own: nesting (512 levels), pictures (64 Mi pixels each, by their header), SVG (elements
//! after `use` is followed, painted commands, text). It has none for how much a page holds, and its time grows with
//! that: these are below what it handles within seconds. What no bound here catches is stacked effects, such as a
//! hundred wide blurs over 4096 by 4096 pixels: the time limit of the server does, though not their memory.

use super::RenderError;
use data_url::DataUrl;
use std::collections::HashSet;
use takumi::prelude::{ImageData, ImageSourceInput, Node, NodeKind, StyleSheet};

/// How many bytes of HTML are taken, with the pictures inside.
const SOURCE: usize = 8 * 1024 * 1024;

/// How many bytes of text are laid out.
const TEXT: usize = 1024 * 1024;

/// How many elements and texts are laid out.
const NODES: usize = 50_000;

/// How many pixels all pictures have together: each takes four bytes.
const PIXELS: usize = 64 * 1024 * 1024;

pub(super) fn check_source(html: &str) -> Result<(), RenderError> {
    at_most(SOURCE, html.len(), "bytes of HTML")
}

pub(super) fn check_page(root: &Node, styles: &StyleSheet) -> Result<(), RenderError> {
    let (mut nodes, mut text) = (0, 0);
    let mut pictures: HashSet<_> = root.image_urls().chain(styles.image_urls()).collect();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        nodes += 1;
        match &node.kind {
            NodeKind::Container { children } => open.extend(children),
            NodeKind::Text(data) => text += data.text.len(),
            NodeKind::Image(ImageData { src: ImageSourceInput::Url(url), .. }) => drop(pictures.insert(url)),
            _ => {}
        }
    }
    at_most(NODES, nodes, "elements and texts")?;
    at_most(TEXT, text, "bytes of text")?;
    at_most(PIXELS, pictures.into_iter().filter_map(pixels).fold(0, usize::saturating_add), "pixels in pictures")
}

/// How many pixels the header of a picture in a `data:` URI claims.
fn pixels(url: &str) -> Option<usize> {
    let (bytes, _) = DataUrl::process(url).ok()?.decode_to_vec().ok()?;
    let size = imagesize::blob_size(&bytes).ok()?;
    Some(size.width.saturating_mul(size.height))
}

fn at_most(limit: usize, found: usize, what: &str) -> Result<(), RenderError> {
    if found <= limit {
        return Ok(());
    }
    Err(RenderError::InvalidInput(format!(
        "The page has {found} {what}, more than the {limit} that the emulator renders"
    )))
}
