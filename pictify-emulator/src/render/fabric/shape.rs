//! Shapes as inline SVG in canvas coordinates, which the engine paints sharply at any angle and size.

use super::{
    FabricError,
    draw::{Canvas, DrawContext},
    escape::{matrix, numbers},
    json::Object,
    paint::Paint,
    path::Outline,
    transform::scale_of,
};
use kurbo::{Rect, Shape};
use std::fmt::Write;

/// Maximum number of entries of a dash pattern.
const MAX_DASHES: usize = 64;

/// Stroke of a shape.
#[derive(Clone, Debug)]
pub(super) struct Stroke {
    pub(super) paint: Paint,
    pub(super) width: f64,
    /// `true` if the width does not change when the object is scaled.
    pub(super) is_uniform: bool,
    attributes: String,
    /// Maximum distance of a corner of the stroke from the outline, in half stroke widths.
    miter: f64,
}

impl Stroke {
    pub(super) fn from_object(object: &Object, default_width: f64) -> Result<Self, FabricError> {
        let cap = object.keyword("strokeLineCap", &["butt", "round", "square"], "butt, round or square")?;
        let join = object.keyword("strokeLineJoin", &["miter", "round", "bevel"], "miter, round or bevel")?;
        let limit = object.length("strokeMiterLimit", 4.0)?.clamp(1.0, 100.0);
        let mut attributes = format!(r#" stroke-linecap="{cap}" stroke-linejoin="{join}""#);
        let _ = write!(attributes, r#" stroke-miterlimit="{}""#, numbers(&[limit]));
        let dashes = object.list("strokeDashArray")?;
        if dashes.len() > MAX_DASHES {
            let message = format!("more than {MAX_DASHES} dashes");
            return Err(FabricError::limit_exceeded(object.location_of("strokeDashArray"), message));
        }
        let dashes: Option<Vec<_>> =
            dashes.iter().map(|dash| dash.as_f64().filter(|dash| (0.0..1e6).contains(dash))).collect();
        let dashes = dashes.ok_or_else(|| object.invalid("strokeDashArray", "a list of lengths"))?;
        if dashes.iter().sum::<f64>() > 0.0 {
            let offset = numbers(&[object.number_or("strokeDashOffset", 0.0)?]);
            let _ = write!(attributes, r#" stroke-dasharray="{}" stroke-dashoffset="{offset}""#, numbers(&dashes));
        }
        Ok(Self {
            paint: Paint::from_object(object, "stroke", "")?,
            width: object.length("strokeWidth", default_width)?,
            is_uniform: object.flag("strokeUniform", false)?,
            attributes,
            miter: if join == "miter" { limit } else { 1.5 },
        })
    }

    pub(super) fn is_visible(&self) -> bool {
        self.width > 0.0 && !self.paint.is_none()
    }
}

/// Draws a shape with the fill and stroke of its object.
pub(super) fn draw(
    canvas: &mut Canvas,
    object: &Object,
    outline: &Outline,
    stroke: &Stroke,
    context: &DrawContext,
) -> Result<(), FabricError> {
    let fill = if outline.is_open { Paint::None } else { Paint::from_object(object, "fill", "#000000")? };
    let rule = object.keyword("fillRule", &["nonzero", "evenodd"], "nonzero or evenodd")?;
    let area = Rect::from_center_size(kurbo::Point::ORIGIN, outline.size);
    let (fill_id, stroke_id) = (canvas.new_id(), canvas.new_id());
    let mut defs = String::new();
    let fill_attributes = format!(r#" fill="{}" fill-rule="{rule}""#, fill.svg(&fill_id, area, &mut defs));
    let mut stroke_attributes = String::new();
    let mut overhang = 0.0;
    if stroke.is_visible() {
        let width = numbers(&[stroke.width]);
        let paint = stroke.paint.svg(&stroke_id, area, &mut defs);
        stroke_attributes = format!(r#" stroke="{paint}" stroke-width="{width}"{}"#, stroke.attributes);
        if stroke.is_uniform {
            stroke_attributes.push_str(r#" vector-effect="non-scaling-stroke""#);
        }
        let scale = if stroke.is_uniform { 1.0 } else { scale_of(context.matrix).x.max(scale_of(context.matrix).y) };
        overhang = stroke.width / 2.0 * stroke.miter * scale;
    }
    if fill.is_none() && stroke_attributes.is_empty() || outline.path.is_empty() {
        return Ok(());
    }
    if object.keyword("paintFirst", &["fill", "stroke"], "fill or stroke")? == "stroke" {
        stroke_attributes.push_str(r#" paint-order="stroke""#);
    }
    let (data, transform) = (outline.path.to_svg(), matrix(context.matrix));
    let shape = format!(r#"<path d="{data}" transform="{transform}"{fill_attributes}{stroke_attributes}/>"#);
    let bounds = context.matrix.transform_rect_bbox(outline.path.bounding_box());
    let bounds = bounds.inflate(overhang + 1.0, overhang + 1.0);
    svg(canvas, bounds.intersect(context.visible), &defs, &shape);
    Ok(())
}

/// Adds an SVG element that covers the given part of the canvas.
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

/// Draws a shape filled with one colour.
pub(super) fn plain(canvas: &mut Canvas, outline: &Outline, color: &str, context: &DrawContext) {
    let shape =
        format!(r#"<path d="{}" transform="{}" fill="{color}"/>"#, outline.path.to_svg(), matrix(context.matrix));
    let bounds = context.matrix.transform_rect_bbox(outline.path.bounding_box()).inflate(1.0, 1.0);
    svg(canvas, bounds.intersect(context.visible), "", &shape);
}
