//! Shapes as inline SVG, placed by coordinates of the canvas: the engine paints them sharp at any angle and size.

use super::{
    FabricError,
    draw::{Canvas, Place},
    markup::{matrix, numbers},
    outline::Outline,
    paint::Paint,
    placement::scale_of,
    read::Object,
};
use kurbo::{Rect, Shape};
use std::fmt::Write;

/// How many dashes a pattern may have.
const DASHES: usize = 64;

/// The line around a shape.
#[derive(Clone, Debug)]
pub(super) struct Stroke {
    pub(super) paint: Paint,
    pub(super) width: f64,
    /// Whether the width stays what it is when the object is scaled.
    pub(super) is_uniform: bool,
    attributes: String,
    /// How many half widths a sharp corner may stick out.
    miter: f64,
}

impl Stroke {
    pub(super) fn of(object: &Object, default_width: f64) -> Result<Self, FabricError> {
        let cap = object.word("strokeLineCap", &["butt", "round", "square"], "butt, round or square")?;
        let join = object.word("strokeLineJoin", &["miter", "round", "bevel"], "miter, round or bevel")?;
        let limit = object.length("strokeMiterLimit", 4.0)?.clamp(1.0, 100.0);
        let mut attributes = format!(r#" stroke-linecap="{cap}" stroke-linejoin="{join}""#);
        let _ = write!(attributes, r#" stroke-miterlimit="{}""#, numbers(&[limit]));
        let dashes = object.list("strokeDashArray")?;
        if dashes.len() > DASHES {
            return Err(FabricError::too_much(object.at("strokeDashArray"), format!("more than {DASHES} dashes")));
        }
        let dashes: Option<Vec<_>> =
            dashes.iter().map(|dash| dash.as_f64().filter(|dash| (0.0..1e6).contains(dash))).collect();
        let dashes = dashes.ok_or_else(|| object.wrong("strokeDashArray", "a list of lengths"))?;
        if dashes.iter().sum::<f64>() > 0.0 {
            let offset = numbers(&[object.number_or("strokeDashOffset", 0.0)?]);
            let _ = write!(attributes, r#" stroke-dasharray="{}" stroke-dashoffset="{offset}""#, numbers(&dashes));
        }
        Ok(Self {
            paint: Paint::of(object, "stroke", "")?,
            width: object.length("strokeWidth", default_width)?,
            is_uniform: object.flag("strokeUniform", false)?,
            attributes,
            miter: if join == "miter" { limit } else { 1.5 },
        })
    }

    pub(super) fn is_seen(&self) -> bool {
        self.width > 0.0 && !self.paint.is_none()
    }
}

/// Draws a shape with the paints of its object.
pub(super) fn draw(
    canvas: &mut Canvas,
    object: &Object,
    outline: &Outline,
    stroke: &Stroke,
    place: &Place,
) -> Result<(), FabricError> {
    let fill = if outline.is_open { Paint::None } else { Paint::of(object, "fill", "#000000")? };
    let rule = object.word("fillRule", &["nonzero", "evenodd"], "nonzero or evenodd")?;
    let area = Rect::from_center_size(kurbo::Point::ORIGIN, outline.size);
    let (fill_id, stroke_id) = (canvas.new_id(), canvas.new_id());
    let mut defs = String::new();
    let inside = format!(r#" fill="{}" fill-rule="{rule}""#, fill.svg(&fill_id, area, &mut defs));
    let mut around = String::new();
    let mut reach = 0.0;
    if stroke.is_seen() {
        let width = numbers(&[stroke.width]);
        let paint = stroke.paint.svg(&stroke_id, area, &mut defs);
        around = format!(r#" stroke="{paint}" stroke-width="{width}"{}"#, stroke.attributes);
        if stroke.is_uniform {
            around.push_str(r#" vector-effect="non-scaling-stroke""#);
        }
        let scale = if stroke.is_uniform { 1.0 } else { scale_of(place.matrix).x.max(scale_of(place.matrix).y) };
        reach = stroke.width / 2.0 * stroke.miter * scale;
    }
    if fill.is_none() && around.is_empty() || outline.path.is_empty() {
        return Ok(());
    }
    if object.word("paintFirst", &["fill", "stroke"], "fill or stroke")? == "stroke" {
        around.push_str(r#" paint-order="stroke""#);
    }
    let data = outline.path.to_svg();
    let shape = format!(r#"<path d="{data}" transform="{}"{inside}{around}/>"#, matrix(place.matrix));
    let bounds = place.matrix.transform_rect_bbox(outline.path.bounding_box()).inflate(reach + 1.0, reach + 1.0);
    svg(canvas, bounds.intersect(place.reach), &defs, &shape);
    Ok(())
}

/// Adds an SVG element that shows that part of the canvas.
pub(super) fn svg(canvas: &mut Canvas, bounds: Rect, defs: &str, content: &str) {
    let bounds = bounds.expand();
    if bounds.width() <= 0.0 || bounds.height() <= 0.0 {
        return;
    }
    let [x, y, width, height] = [bounds.x0, bounds.y0, bounds.width(), bounds.height()].map(|value| numbers(&[value]));
    let defs = if defs.is_empty() { String::new() } else { format!("<defs>{defs}</defs>") };
    canvas.add(&format!(
        r#"<svg class="o" style="left:{x}px;top:{y}px" width="{width}" height="{height}" viewBox="{x} {y} {width} {height}">{defs}{content}</svg>"#
    ));
}

/// Draws a shape in one colour.
pub(super) fn plain(canvas: &mut Canvas, outline: &Outline, color: &str, place: &Place) {
    let shape = format!(r#"<path d="{}" transform="{}" fill="{color}"/>"#, outline.path.to_svg(), matrix(place.matrix));
    let bounds = place.matrix.transform_rect_bbox(outline.path.bounding_box()).inflate(1.0, 1.0);
    svg(canvas, bounds.intersect(place.reach), "", &shape);
}
