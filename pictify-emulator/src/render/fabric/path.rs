//! Outlines of shapes as paths, around their centre.

use super::{FabricError, json::Object};
use kurbo::{Arc, BezPath, Circle, Ellipse, Point, Rect, RoundedRect, Shape, Size, Vec2};
use serde_json::Value;

/// Maximum number of points of a path or polygon.
const MAX_POINTS: usize = 50_000;

/// Maximum deviation of a drawn curve from the exact one, in pixels before scaling.
const TOLERANCE: f64 = 0.01;

/// Outline of a shape.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    pub(super) path: BezPath,
    /// Size that Fabric uses for transform, without the stroke.
    pub(super) size: Size,
    /// Centre in the coordinates of the shape. It is used if the object has neither `left` nor `top`.
    center: Option<Point>,
    /// `true` for a line, which has no fill.
    pub(super) is_open: bool,
}

impl Outline {
    /// Returns the outline of an object of this type, or `None` if the type is not a shape.
    pub(super) fn from_object(kind: &str, object: &Object, degrees: bool) -> Result<Option<Self>, FabricError> {
        let size = |default| Ok(Size::new(object.length("width", default)?, object.length("height", default)?));
        let outline = match kind {
            "rect" => Self::rect(object, size(0.0)?)?,
            "triangle" => {
                let size = size(100.0)?;
                let (x, y) = (size.width / 2.0, size.height / 2.0);
                Self::centered(polygon([(-x, y), (0.0, -y), (x, y)].map(Point::from), true), size)
            }
            "circle" => Self::circle(object, degrees)?,
            "ellipse" => {
                let (rx, ry) = (object.length("rx", 0.0)?, object.length("ry", 0.0)?);
                let path = Ellipse::new(Point::ORIGIN, (rx, ry), 0.0).to_path(TOLERANCE);
                Self::centered(path, Size::new(rx * 2.0, ry * 2.0))
            }
            "line" => Self::line(object)?,
            "polyline" => Self::moved_to_center(polygon(points(object)?, false)),
            "polygon" => Self::moved_to_center(polygon(points(object)?, true)),
            "path" => Self::moved_to_center(path(object)?),
            _ => return Ok(None),
        };
        Ok(Some(outline))
    }

    /// Returns the centre of the shape if the object has neither `left` nor `top`.
    pub(super) fn implicit_center(&self, object: &Object) -> Option<Point> {
        self.center.filter(|_| object.get("left").is_none() && object.get("top").is_none())
    }

    /// Returns a rectangle.
    pub(super) fn rectangle(size: Size) -> Self {
        Self::centered(Rect::from_center_size(Point::ORIGIN, size).to_path(TOLERANCE), size)
    }

    fn centered(path: BezPath, size: Size) -> Self {
        Self { path, size, center: None, is_open: false }
    }

    /// Creates the outline from a path in canvas coordinates.
    fn moved_to_center(mut path: BezPath) -> Self {
        let bounds = if path.is_empty() { Rect::ZERO } else { path.bounding_box() };
        path.apply_affine(kurbo::Affine::translate(-bounds.center().to_vec2()));
        Self { path, size: bounds.size(), center: Some(bounds.center()), is_open: false }
    }

    fn rect(object: &Object, size: Size) -> Result<Self, FabricError> {
        let (rx, ry) = (object.length("rx", 0.0)?, object.length("ry", 0.0)?);
        // A single radius applies to both directions.
        let (rx, ry) = (if rx > 0.0 { rx } else { ry }, if ry > 0.0 { ry } else { rx });
        let (rx, ry) = (rx.min(size.width / 2.0), ry.min(size.height / 2.0));
        if rx <= 0.0 || ry <= 0.0 {
            return Ok(Self::rectangle(size));
        }
        // The corners are circular in a coordinate system in which both radii are equal.
        let stretch = ry / rx;
        let even = Rect::from_center_size(Point::ORIGIN, (size.width, size.height / stretch));
        let mut path = RoundedRect::from_rect(even, rx).to_path(TOLERANCE);
        path.apply_affine(kurbo::Affine::scale_non_uniform(1.0, stretch));
        Ok(Self::centered(path, size))
    }

    fn circle(object: &Object, degrees: bool) -> Result<Self, FabricError> {
        let radius = object.length("radius", 0.0)?;
        let full_circle = if degrees { 360.0 } else { std::f64::consts::TAU };
        let (start, end) = (object.number_or("startAngle", 0.0)?, object.number_or("endAngle", full_circle)?);
        let (start, sweep) = (start / full_circle * std::f64::consts::TAU, (end - start) / full_circle);
        let path = if sweep >= 0.999 {
            Circle::new(Point::ORIGIN, radius).to_path(TOLERANCE)
        } else {
            // As on a canvas, an end before the start means that the arc continues into the next full circle.
            let sweep = sweep.rem_euclid(1.0) * std::f64::consts::TAU;
            Arc::new(Point::ORIGIN, (radius, radius), start, sweep, 0.0).to_path(TOLERANCE)
        };
        Ok(Self::centered(path, Size::new(radius * 2.0, radius * 2.0)))
    }

    fn line(object: &Object) -> Result<Self, FabricError> {
        let point = |x, y| Ok(Point::new(object.number_or(x, 0.0)?, object.number_or(y, 0.0)?));
        let (from, to) = (point("x1", "y1")?, point("x2", "y2")?);
        let mut line = Self::moved_to_center(polygon([from, to], false));
        line.is_open = true;
        Ok(line)
    }
}

fn polygon(points: impl IntoIterator<Item = Point>, close: bool) -> BezPath {
    let mut path = BezPath::new();
    for point in points {
        if path.elements().is_empty() {
            path.move_to(point);
        } else {
            path.line_to(point);
        }
    }
    if close && !path.elements().is_empty() {
        path.close_path();
    }
    path
}

fn points(object: &Object) -> Result<Vec<Point>, FabricError> {
    let points = object.list("points")?;
    check_point_count(object, "points", points.len())?;
    let read = |(index, point)| {
        let point = object.item("points", index, point)?;
        Ok(Point::new(point.number_or("x", 0.0)?, point.number_or("y", 0.0)?))
    };
    points.iter().enumerate().map(read).collect()
}

/// Reads a path from SVG path data, or from a list of commands: `[["M", 0, 0], ["L", 9, 9]]`.
fn path(object: &Object) -> Result<BezPath, FabricError> {
    let invalid = || object.invalid("path", "SVG path data");
    let text = match object.get("path") {
        None => return Ok(BezPath::new()),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(commands)) => {
            let part = |part: &Value| match part {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            let command = |command: &Value| -> Option<String> {
                let parts: Option<Vec<_>> = command.as_array()?.iter().map(part).collect();
                Some(parts?.join(" "))
            };
            let commands: Option<Vec<_>> = commands.iter().map(command).collect();
            commands.ok_or_else(invalid)?.join(" ")
        }
        Some(_) => return Err(invalid()),
    };
    // Bounds the length of the text before it is parsed; the number of elements is checked afterwards.
    check_point_count(object, "path", text.len() / 2 / 16)?;
    let path = BezPath::from_svg(&text).map_err(|_| invalid())?;
    check_point_count(object, "path", path.elements().len())?;
    let is_in_range = |point: Point| point.is_finite() && point.to_vec2().hypot() < 1e7;
    let bounds = if path.is_empty() { Rect::ZERO } else { path.control_box() };
    let corners = [bounds.origin(), bounds.origin() + Vec2::new(bounds.width(), bounds.height())];
    if corners.into_iter().all(is_in_range) { Ok(path) } else { Err(invalid()) }
}

fn check_point_count(object: &Object, name: &str, count: usize) -> Result<(), FabricError> {
    if count <= MAX_POINTS {
        return Ok(());
    }
    Err(FabricError::limit_exceeded(
        object.location_of(name),
        format!("more than the {MAX_POINTS} points that the emulator draws"),
    ))
}
