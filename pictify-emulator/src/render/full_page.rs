//! Layout of more than the viewport: the whole height of a page, or an element below the viewport.

use super::{
    MAX_CAPTURE_HEIGHT, RenderError,
    embedded::{ParsedPage, failed},
    selector::{MARKER, Rect},
};
use std::collections::HashSet;
use takumi::{
    prelude::{MeasuredNode, Node, NodeKind, Overflow},
    unstable::base::geometry::Size,
};

/// Maximum number of pixels of a captured page.
pub(super) const MAX_CAPTURE_PIXELS: u32 = 32 * 1024 * 1024;

/// Class that is added to elements that clip their content, for measuring only.
const CLASS: &str = "pictify-clips";

/// Returns the height to capture: at least the viewport, at most the limits.
pub(super) fn capture_height((width, height): (u32, u32), bottom: f32) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before the cast")]
    let bottom = bottom.round().clamp(0.0, 1_000_000.0) as u32;
    bottom.min(MAX_CAPTURE_HEIGHT).min(MAX_CAPTURE_PIXELS / width.max(1)).max(height)
}

/// Extends the area that is painted down to `bottom`. Units such as `vh` still refer to the viewport.
pub(super) fn extend(parsed: &mut ParsedPage, bottom: f32) {
    let size = parsed.viewport.size;
    let (width, height) = (size.width.unwrap_or_default(), size.height.unwrap_or_default());
    #[allow(clippy::cast_precision_loss, reason = "at most 4096")]
    let unit_reference = Size::new(width as f32, height as f32);
    parsed.viewport = parsed.viewport.with_unit_reference(unit_reference);
    parsed.viewport.size.height = Some(capture_height((width, height), bottom));
}

/// Returns the bottom edge of the lowest content. Content that an element clips does not count.
///
/// The engine does not report clipped elements with their positions. Therefore those elements get a class, and the page is
/// measured twice, the second time with that class translated far away: boxes that moved are clipped elements.
pub(super) fn bottom(parsed: &ParsedPage) -> Result<f32, RenderError> {
    let clipped = clipped_elements(parsed);
    let mut marked = parsed.clone();
    add_class(&mut marked.node, &mut 0, &clipped);
    let measure = |distance: f32| {
        let css = format!(".{CLASS} {{ translate: {distance}px 0px !important }}");
        takumi::measure(marked.options(&[&css])).map_err(failed)
    };
    let plain = measure(0.0)?;
    let moved = if clipped.is_empty() { plain.clone() } else { measure(MARKER)? };
    Ok(lowest(&plain, &moved))
}

/// Returns the indices of the elements that clip their content vertically. The page itself scrolls instead.
fn clipped_elements(parsed: &ParsedPage) -> HashSet<usize> {
    let tree = parsed.tree(&[]);
    let (mut clipped, mut pending) = (HashSet::new(), vec![&tree]);
    while let Some(node) = pending.pop() {
        pending.extend(node.children.iter().flatten());
        let tag = node.node.as_ref().and_then(Node::tag_name).unwrap_or_default();
        if node.context.style.base_data.overflow_y != Overflow::Visible && !["html", "body"].contains(&tag) {
            clipped.extend(node.source_order());
        }
    }
    clipped
}

fn add_class(node: &mut Node, index: &mut usize, clipped: &HashSet<usize>) {
    if clipped.contains(index) {
        let class = format!("{} {CLASS}", node.class_name().unwrap_or_default());
        *node = std::mem::take(node).with_class_name(class);
    }
    *index += 1;
    if let NodeKind::Container { children } = &mut node.kind {
        for child in children {
            add_class(child, index, clipped);
        }
    }
}

fn lowest(plain: &MeasuredNode, moved: &MeasuredNode) -> f32 {
    let own = Rect::bounding_box(plain);
    let own = if own.right() > 0.0 { own.bottom() } else { 0.0 };
    if (moved.transform[4] - plain.transform[4]).abs() > MARKER / 2.0 {
        return own;
    }
    plain.children.iter().zip(&moved.children).map(|(plain, moved)| lowest(plain, moved)).fold(own, f32::max)
}
