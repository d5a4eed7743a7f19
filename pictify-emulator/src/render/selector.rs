//! Position and size of the first element that matches a selector.

use super::{
    RenderError,
    embedded::{ParsedPage, failed},
};
use takumi::{
    prelude::{Bitmap, Length, MeasuredNode, Node, NodeKind, StyleSheet},
    unstable::base::layout::tree::RenderNode,
};

/// Translation in pixels that marks an element. It must not occur in pages.
pub(super) const MARKER: f32 = 1_048_576.0;

/// Class that is added to the found element, for measuring only.
const CLASS: &str = "pictify-selected";

/// Maximum length of a selector, in bytes.
const MAX_SELECTOR_LEN: usize = 10_000;

/// Maximum number of characters of a selector that an error message quotes.
const MAX_QUOTED_CHARS: usize = 200;

/// Rectangle of the page, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

/// Finds the first element in document order that matches the selector and has a box. An element with `display: none` has
/// no box.
///
/// The engine matches selectors, but does not report the matched elements or their positions. Therefore a rule with the
/// selector adds a style to the matched elements that is visible in the styled tree, and the first element with that style
/// gets a class. The page is then measured twice, the second time with that class translated far away: the first box that
/// moved belongs to the element. An inline element has no box of its own; if no box moved, it becomes an inline block and
/// is measured again.
pub(super) fn find(parsed: &ParsedPage, selector: &str) -> Result<Rect, RenderError> {
    let marker_rule = format!("{selector} {{ translate: {MARKER}px 0px !important }}");
    let quoted: String = selector.chars().take(MAX_QUOTED_CHARS).collect();
    if selector.len() > MAX_SELECTOR_LEN {
        let message = format!("The selector {quoted}... is longer than {MAX_SELECTOR_LEN} bytes");
        return Err(RenderError::InvalidInput(message));
    }
    if selector.contains(['{', '}']) || StyleSheet::parse(&marker_rule).is_err() {
        return Err(RenderError::InvalidInput(format!("The selector {quoted} is not valid CSS")));
    }
    let no_match = || RenderError::InvalidInput(format!("No element matches the selector {quoted}"));
    let index = first_marked(&parsed.tree(&[&marker_rule])).ok_or_else(no_match)?;
    let parsed = with_class(parsed, index).ok_or_else(no_match)?;

    let measure = |inline: bool, distance: f32| {
        let display = if inline { "display: inline-block !important;" } else { "" };
        let css = format!(".{CLASS} {{ {display} translate: {distance}px 0px !important }}");
        takumi::measure(parsed.options(&[&css])).map_err(failed)
    };
    for inline in [false, true] {
        // The first measurement also has a translation, of zero: a translated element contains its fixed descendants, and
        // the two layouts must be the same.
        if let Some(rect) = first_moved(&measure(inline, 0.0)?, &measure(inline, MARKER)?) {
            return Ok(rect);
        }
    }
    Err(no_match())
}

/// Returns the index in document order of the first element that has the marker style.
fn first_marked(tree: &RenderNode) -> Option<usize> {
    let path = tree.path_where(|node| {
        node.source_order().is_some() && node.context.style.misc4_data.translate.x == Length::Px(MARKER)
    })?;
    tree.node_at_path(&path)?.source_order()
}

/// Returns the page with [`CLASS`] added to the element at that index.
fn with_class(parsed: &ParsedPage, index: usize) -> Option<ParsedPage> {
    let mut parsed = parsed.clone();
    let node = nth(&mut parsed.node, &mut { index })?;
    let class = format!("{} {CLASS}", node.class_name().unwrap_or_default());
    *node = std::mem::take(node).with_class_name(class);
    Some(parsed)
}

fn nth<'a>(node: &'a mut Node, remaining: &mut usize) -> Option<&'a mut Node> {
    if *remaining == 0 {
        return Some(node);
    }
    *remaining -= 1;
    match &mut node.kind {
        NodeKind::Container { children } => children.iter_mut().find_map(|child| nth(child, remaining)),
        _ => None,
    }
}

fn first_moved(plain: &MeasuredNode, marked: &MeasuredNode) -> Option<Rect> {
    if (marked.transform[4] - plain.transform[4]).abs() > MARKER / 2.0 {
        return Some(Rect::bounding_box(plain));
    }
    plain.children.iter().zip(&marked.children).find_map(|(plain, marked)| first_moved(plain, marked))
}

impl Rect {
    /// Returns the bounding box of a box that may be rotated or scaled.
    pub(super) fn bounding_box(node: &MeasuredNode) -> Self {
        // The unit vectors to the right and down, and the corner, in coordinates of the page.
        let [right_x, right_y, down_x, down_y, x, y] = node.transform;
        let extent = |start: f32, right: f32, down: f32| {
            let (right, down) = (right * node.width, down * node.height);
            (start + right.min(0.0) + down.min(0.0), right.abs() + down.abs())
        };
        let ((x, width), (y, height)) = (extent(x, right_x, down_x), extent(y, right_y, down_y));
        Self { x, y, width, height }
    }

    pub(super) fn right(self) -> f32 {
        self.x + self.width
    }

    pub(super) fn bottom(self) -> f32 {
        self.y + self.height
    }

    /// Returns the part of an image of the page that is inside this rectangle.
    pub(super) fn crop(self, image: &Bitmap) -> Result<Bitmap, RenderError> {
        let clamp = |value: f32, max: u32| {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before the cast")]
            let pixels = value.clamp(0.0, 65_535.0) as u32;
            pixels.min(max)
        };
        let (left, top) = (clamp(self.x.round(), image.width()), clamp(self.y.round(), image.height()));
        let right = clamp((self.x + self.width).round(), image.width());
        let bottom = clamp((self.y + self.height).round(), image.height());
        if left >= right || top >= bottom {
            let message = "The selected element is outside the image or has no size";
            return Err(RenderError::InvalidInput(message.to_owned()));
        }
        let (row, start, length) = (image.width() as usize * 4, left as usize * 4, (right - left) as usize * 4);
        let rows = image.as_raw().chunks_exact(row).skip(top as usize).take((bottom - top) as usize);
        let pixels = rows.flat_map(|pixels| &pixels[start..start + length]).copied().collect();
        Bitmap::from_raw(right - left, bottom - top, pixels).ok_or_else(|| failed("the cropped image has a wrong size"))
    }
}
