//! Where the first element that matches a selector lies.

use super::{
    RenderError,
    embedded::{Parsed, failed},
};
use takumi::{
    prelude::{Bitmap, Length, MeasuredNode, Node, NodeKind, StyleSheet},
    unstable::base::layout::tree::RenderNode,
};

/// A displacement that no page has.
const MARK: f32 = 1_048_576.0;

/// The class that the found element gets, for measuring only.
const CLASS: &str = "pictify-selected";

/// How many bytes a selector may have.
const LONGEST: usize = 10_000;

/// How many characters of a selector a message quotes.
const SHOWN: usize = 200;

/// A rectangle of the page, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

/// Finds the first element, in the order of the document, that has a box. What `display: none` hides has none.
///
/// The engine matches selectors but does not say what they match or where that lies. So the selector gives what it
/// matches a style that shows in the styled tree; the first element that has it gets a class. Then the page is measured
/// twice, the second time with that class moved far away: the first box that moved is the element's. What is inline has
/// no box of its own, so that where nothing moved it is made one and measured again.
pub(super) fn find(parsed: &Parsed, selector: &str) -> Result<Area, RenderError> {
    let mark = format!("{selector} {{ translate: {MARK}px 0px !important }}");
    let shown: String = selector.chars().take(SHOWN).collect();
    if selector.len() > LONGEST {
        return Err(RenderError::InvalidInput(format!("The selector {shown}... is longer than {LONGEST} bytes")));
    }
    if selector.contains(['{', '}']) || StyleSheet::parse(&mark).is_err() {
        return Err(RenderError::InvalidInput(format!("The selector {shown} is not valid CSS")));
    }
    let nothing = || RenderError::InvalidInput(format!("No element matches the selector {shown}"));
    let place = first_marked(&parsed.tree(&[&mark])).ok_or_else(nothing)?;
    let parsed = with_class(parsed, place).ok_or_else(nothing)?;

    let measure = |inline: bool, distance: f32| {
        let display = if inline { "display: inline-block !important;" } else { "" };
        let css = format!(".{CLASS} {{ {display} translate: {distance}px 0px !important }}");
        takumi::measure(parsed.options(&[&css])).map_err(failed)
    };
    for inline in [false, true] {
        // Also the first is moved, by nothing: what is moved holds its fixed descendants, and the two must be alike.
        if let Some(area) = first_moved(&measure(inline, 0.0)?, &measure(inline, MARK)?) {
            return Ok(area);
        }
    }
    Err(nothing())
}

/// The place in the document of the first element that the mark moves.
fn first_marked(tree: &RenderNode) -> Option<usize> {
    let path = tree.path_where(|node| {
        node.source_order().is_some() && node.context.style.misc4_data.translate.x == Length::Px(MARK)
    })?;
    tree.node_at_path(&path)?.source_order()
}

/// The page with [`CLASS`] on the element at that place.
fn with_class(parsed: &Parsed, place: usize) -> Option<Parsed> {
    let mut parsed = parsed.clone();
    let node = nth(&mut parsed.node, &mut { place })?;
    let class = format!("{} {CLASS}", node.class_name().unwrap_or_default());
    *node = std::mem::take(node).with_class_name(class);
    Some(parsed)
}

fn nth<'a>(node: &'a mut Node, left: &mut usize) -> Option<&'a mut Node> {
    if *left == 0 {
        return Some(node);
    }
    *left -= 1;
    match &mut node.kind {
        NodeKind::Container { children } => children.iter_mut().find_map(|child| nth(child, left)),
        _ => None,
    }
}

fn first_moved(plain: &MeasuredNode, marked: &MeasuredNode) -> Option<Area> {
    if (marked.transform[4] - plain.transform[4]).abs() > MARK / 2.0 {
        return Some(Area::around(plain));
    }
    plain.children.iter().zip(&marked.children).find_map(|(plain, marked)| first_moved(plain, marked))
}

impl Area {
    /// The smallest area that holds a box, which may be rotated or scaled.
    fn around(node: &MeasuredNode) -> Self {
        // Where the box's right and down go, and where its corner lies.
        let [right_x, right_y, down_x, down_y, x, y] = node.transform;
        let reach = |start: f32, right: f32, down: f32| {
            let (right, down) = (right * node.width, down * node.height);
            (start + right.min(0.0) + down.min(0.0), right.abs() + down.abs())
        };
        let ((x, width), (y, height)) = (reach(x, right_x, down_x), reach(y, right_y, down_y));
        Self { x, y, width, height }
    }

    /// The part of a picture of the page that lies in this area.
    pub(super) fn crop(self, picture: &Bitmap) -> Result<Bitmap, RenderError> {
        let clamp = |value: f32, most: u32| {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
            let pixels = value.clamp(0.0, 65_535.0) as u32;
            pixels.min(most)
        };
        let (left, top) = (clamp(self.x.round(), picture.width()), clamp(self.y.round(), picture.height()));
        let right = clamp((self.x + self.width).round(), picture.width());
        let bottom = clamp((self.y + self.height).round(), picture.height());
        if left >= right || top >= bottom {
            return Err(RenderError::InvalidInput(
                "The selected element lies outside the picture or has no size".to_owned(),
            ));
        }
        let (row, start, length) = (picture.width() as usize * 4, left as usize * 4, (right - left) as usize * 4);
        let rows = picture.as_raw().chunks_exact(row).skip(top as usize).take((bottom - top) as usize);
        let pixels = rows.flat_map(|pixels| &pixels[start..start + length]).copied().collect();
        Bitmap::from_raw(right - left, bottom - top, pixels).ok_or_else(|| failed("the crop lost its size"))
    }
}
