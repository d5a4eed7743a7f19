//! Where the first element that matches a selector lies.

use super::{
    RenderError,
    embedded::{Parsed, failed},
};
use takumi::prelude::{Bitmap, MeasuredNode, StyleSheet};

/// A displacement that no page has.
const MARK: f32 = 1_048_576.0;

/// A rectangle of the page, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

/// Finds the first element in the order of the document.
///
/// The engine matches selectors but does not say what they match. So the page is measured twice, the second time with
/// everything that matches moved far away, which changes nothing else; the first box that moved is the one. What is
/// inline has no box of its own, so that where nothing moved the elements that match are made boxes and measured again.
/// A page that sets `translate` on the element with more weight than the selector has hides it from this.
pub(super) fn find(parsed: &Parsed, selector: &str) -> Result<Area, RenderError> {
    let mark = format!("{selector} {{ translate: {MARK}px }}");
    if selector.contains(['{', '}']) || StyleSheet::parse(&mark).is_err() {
        return Err(RenderError::Input(format!("The selector {selector} is not valid CSS")));
    }
    let measure = |css: &[&str]| takumi::measure(parsed.options(css)).map_err(failed);
    let boxed = format!("{selector} {{ display: inline-block }}");
    let area = match first_moved(&measure(&[])?, &measure(&[&mark])?) {
        Some(area) => Some(area),
        None => first_moved(&measure(&[&boxed])?, &measure(&[&boxed, &mark])?),
    };
    area.ok_or_else(|| RenderError::Input(format!("No element matches the selector {selector}")))
}

fn first_moved(plain: &MeasuredNode, marked: &MeasuredNode) -> Option<Area> {
    let [_, _, _, _, x, y] = plain.transform;
    if (marked.transform[4] - x).abs() > MARK / 2.0 {
        return Some(Area { x, y, width: plain.width, height: plain.height });
    }
    plain.children.iter().zip(&marked.children).find_map(|(plain, marked)| first_moved(plain, marked))
}

impl Area {
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
            return Err(RenderError::Input("The selected element lies outside the picture or has no size".to_owned()));
        }
        let (row, start, length) = (picture.width() as usize * 4, left as usize * 4, (right - left) as usize * 4);
        let rows = picture.as_raw().chunks_exact(row).skip(top as usize).take((bottom - top) as usize);
        let pixels = rows.flat_map(|pixels| &pixels[start..start + length]).copied().collect();
        Bitmap::from_raw(right - left, bottom - top, pixels).ok_or_else(|| failed("the crop lost its size"))
    }
}
