//! Transformation of an object: Fabric's origin, angle, scale and skew as one matrix.

use super::{FabricError, json::Object};
use kurbo::{Affine, Point, Size, Vec2};
use serde_json::Value;

/// Transformation of an object relative to its canvas or group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transform {
    /// Point at `left` and `top`.
    pub(super) anchor: Point,
    /// Position of the anchor in the bounding box: (0, 0) is the top left corner, (1, 1) the bottom right corner.
    pub(super) origin: Vec2,
    pub(super) rotation: Affine,
    /// Absolute scale, without mirroring.
    pub(super) scale: Vec2,
    /// Mirroring and skew.
    pub(super) skew: Affine,
}

impl Transform {
    /// Reads the transformation of an object. `is_centered` means that the default origin is the centre, as since Fabric
    /// 7; otherwise it is the top left corner.
    pub(super) fn from_object(object: &Object, is_centered: bool) -> Result<Self, FabricError> {
        let default = if is_centered { 0.5 } else { 0.0 };
        let scale = Vec2::new(object.number_or("scaleX", 1.0)?, object.number_or("scaleY", 1.0)?);
        let mirror = |name, scale: f64| {
            let is_flipped = object.flag(name, false)?;
            Ok(if is_flipped == (scale < 0.0) { 1.0 } else { -1.0 })
        };
        let mirror = Affine::scale_non_uniform(mirror("flipX", scale.x)?, mirror("flipY", scale.y)?);
        let tangent = |name| {
            let angle = object.number_or(name, 0.0)?;
            if (angle.rem_euclid(180.0) - 90.0).abs() < 0.1 {
                Err(object.invalid(name, "less than 90 degrees"))
            } else {
                Ok(angle.to_radians().tan())
            }
        };
        let skew = Affine::skew(tangent("skewX")?, 0.0) * Affine::skew(0.0, tangent("skewY")?);
        Ok(Self {
            anchor: Point::new(object.number_or("left", 0.0)?, object.number_or("top", 0.0)?),
            origin: Vec2::new(
                origin(object, "originX", ["left", "right"], default)?,
                origin(object, "originY", ["top", "bottom"], default)?,
            ),
            rotation: Affine::rotate(object.number_or("angle", 0.0)?.to_radians()),
            scale: Vec2::new(scale.x.abs(), scale.y.abs()),
            skew: mirror * skew,
        })
    }

    fn scaling(&self) -> Affine {
        Affine::scale_non_uniform(self.scale.x, self.scale.y)
    }

    /// Returns the matrix from coordinates around the centre of an object to those of its canvas or group. The width of
    /// the stroke is part of the size; the width of a uniform stroke is added after scaling.
    pub(super) fn matrix(&self, size: Size, stroke: f64, is_stroke_uniform: bool, center: Option<Point>) -> Affine {
        let shape = self.scaling() * self.skew;
        let (inner, outer) = if is_stroke_uniform { (0.0, stroke) } else { (stroke, 0.0) };
        let [a, b, c, d, ..] = shape.as_coeffs();
        let (width, height) = (size.width + inner, size.height + inner);
        let extent = Vec2::new(a.abs() * width + c.abs() * height + outer, b.abs() * width + d.abs() * height + outer);
        let from_anchor = Vec2::new((0.5 - self.origin.x) * extent.x, (0.5 - self.origin.y) * extent.y);
        let center = center.unwrap_or_else(|| self.anchor + (self.rotation * from_anchor.to_point()).to_vec2());
        Affine::translate(center.to_vec2()) * self.rotation * shape
    }

    /// Returns the matrix from coordinates around the anchor, without the skew. It is used for text, whose size is
    /// determined by the layout engine.
    pub(super) fn matrix_at_anchor(&self) -> Affine {
        Affine::translate(self.anchor.to_vec2()) * self.rotation * self.scaling()
    }
}

/// Reads a position in the bounding box, from 0 to 1, from a keyword or a number.
fn origin(object: &Object, name: &str, ends: [&str; 2], default: f64) -> Result<f64, FabricError> {
    match object.get(name) {
        None => Ok(default),
        Some(Value::String(word)) if word == ends[0] => Ok(0.0),
        Some(Value::String(word)) if word == "center" => Ok(0.5),
        Some(Value::String(word)) if word == ends[1] => Ok(1.0),
        Some(Value::Number(_)) => object.number_or(name, default),
        Some(_) => Err(object.invalid(name, "left, top, center, right or bottom")),
    }
}

/// Returns the scale factors of a matrix along its two axes.
pub(super) fn scale_of(matrix: Affine) -> Vec2 {
    let [a, b, ..] = matrix.as_coeffs();
    let along = a.hypot(b);
    Vec2::new(along, if along > 0.0 { (matrix.determinant() / along).abs() } else { 0.0 })
}
