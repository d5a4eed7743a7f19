//! The outline of every shape, around its middle.

use super::{FabricError, read::Object};
use kurbo::{Arc, BezPath, Circle, Ellipse, Point, Rect, RoundedRect, Shape, Size, Vec2};
use serde_json::Value;

/// How many points a path or a polygon may have.
const POINTS: usize = 50_000;

/// How far a drawn curve may be from the true one, in pixels before scaling.
const TOLERANCE: f64 = 0.01;

/// A shape, ready to be placed.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    pub(super) path: BezPath,
    /// The size that Fabric reckons with, without the stroke.
    pub(super) size: Size,
    /// Where the middle lies in the coordinates of the shape, which count when neither `left` nor `top` is given.
    middle: Option<Point>,
    /// A line has no inside.
    pub(super) is_open: bool,
}

impl Outline {
    /// The outline of an object of that type; nothing for a type that is no shape.
    pub(super) fn of(kind: &str, object: &Object, degrees: bool) -> Result<Option<Self>, FabricError> {
        let size = |default| Ok(Size::new(object.length("width", default)?, object.length("height", default)?));
        let outline = match kind {
            "rect" => Self::rect(object, size(0.0)?)?,
            "triangle" => {
                let size = size(100.0)?;
                let (x, y) = (size.width / 2.0, size.height / 2.0);
                Self::around_middle(polygon([(-x, y), (0.0, -y), (x, y)].map(Point::from), true), size)
            }
            "circle" => Self::circle(object, degrees)?,
            "ellipse" => {
                let (rx, ry) = (object.length("rx", 0.0)?, object.length("ry", 0.0)?);
                let path = Ellipse::new(Point::ORIGIN, (rx, ry), 0.0).to_path(TOLERANCE);
                Self::around_middle(path, Size::new(rx * 2.0, ry * 2.0))
            }
            "line" => Self::line(object)?,
            "polyline" => Self::moved_to_middle(polygon(points(object)?, false)),
            "polygon" => Self::moved_to_middle(polygon(points(object)?, true)),
            "path" => Self::moved_to_middle(path(object)?),
            _ => return Ok(None),
        };
        Ok(Some(outline))
    }

    /// Where the middle lies, if not where `left` and `top` say.
    pub(super) fn middle_of(&self, object: &Object) -> Option<Point> {
        self.middle.filter(|_| object.get("left").is_none() && object.get("top").is_none())
    }

    /// A plain rectangle.
    pub(super) fn of_box(size: Size) -> Self {
        Self::around_middle(Rect::from_center_size(Point::ORIGIN, size).to_path(TOLERANCE), size)
    }

    fn around_middle(path: BezPath, size: Size) -> Self {
        Self { path, size, middle: None, is_open: false }
    }

    /// What has its coordinates from the canvas.
    fn moved_to_middle(mut path: BezPath) -> Self {
        let bounds = if path.is_empty() { Rect::ZERO } else { path.bounding_box() };
        path.apply_affine(kurbo::Affine::translate(-bounds.center().to_vec2()));
        Self { path, size: bounds.size(), middle: Some(bounds.center()), is_open: false }
    }

    fn rect(object: &Object, size: Size) -> Result<Self, FabricError> {
        let (rx, ry) = (object.length("rx", 0.0)?, object.length("ry", 0.0)?);
        // One radius alone is meant for both directions.
        let (rx, ry) = (if rx > 0.0 { rx } else { ry }, if ry > 0.0 { ry } else { rx });
        let (rx, ry) = (rx.min(size.width / 2.0), ry.min(size.height / 2.0));
        if rx <= 0.0 || ry <= 0.0 {
            return Ok(Self::of_box(size));
        }
        // Circular corners, in a space where the radii are the same.
        let stretch = ry / rx;
        let even = Rect::from_center_size(Point::ORIGIN, (size.width, size.height / stretch));
        let mut path = RoundedRect::from_rect(even, rx).to_path(TOLERANCE);
        path.apply_affine(kurbo::Affine::scale_non_uniform(1.0, stretch));
        Ok(Self::around_middle(path, size))
    }

    fn circle(object: &Object, degrees: bool) -> Result<Self, FabricError> {
        let radius = object.length("radius", 0.0)?;
        let turn = if degrees { 360.0 } else { std::f64::consts::TAU };
        let (start, end) = (object.number_or("startAngle", 0.0)?, object.number_or("endAngle", turn)?);
        let (start, sweep) = (start / turn * std::f64::consts::TAU, (end - start) / turn);
        let path = if sweep >= 0.999 {
            Circle::new(Point::ORIGIN, radius).to_path(TOLERANCE)
        } else {
            // As on a canvas: an end that lies before the start is one turn further.
            let sweep = sweep.rem_euclid(1.0) * std::f64::consts::TAU;
            Arc::new(Point::ORIGIN, (radius, radius), start, sweep, 0.0).to_path(TOLERANCE)
        };
        Ok(Self::around_middle(path, Size::new(radius * 2.0, radius * 2.0)))
    }

    fn line(object: &Object) -> Result<Self, FabricError> {
        let point = |x, y| Ok(Point::new(object.number_or(x, 0.0)?, object.number_or(y, 0.0)?));
        let (from, to) = (point("x1", "y1")?, point("x2", "y2")?);
        let mut line = Self::moved_to_middle(polygon([from, to], false));
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
    at_most_points(object, "points", points.len())?;
    let read = |(index, point)| {
        let point = object.item("points", index, point)?;
        Ok(Point::new(point.number_or("x", 0.0)?, point.number_or("y", 0.0)?))
    };
    points.iter().enumerate().map(read).collect()
}

/// A path is SVG text, or a list of its commands: `[["M", 0, 0], ["L", 9, 9]]`.
fn path(object: &Object) -> Result<BezPath, FabricError> {
    let wrong = || object.wrong("path", "SVG path data");
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
            commands.ok_or_else(wrong)?.join(" ")
        }
        Some(_) => return Err(wrong()),
    };
    // A command takes two bytes at least: this bounds the work before it is done.
    at_most_points(object, "path", text.len() / 2 / 16)?;
    let path = BezPath::from_svg(&text).map_err(|_| wrong())?;
    at_most_points(object, "path", path.elements().len())?;
    let is_sane = |point: Point| point.is_finite() && point.to_vec2().hypot() < 1e7;
    let bounds = if path.is_empty() { Rect::ZERO } else { path.control_box() };
    let corners = [bounds.origin(), bounds.origin() + Vec2::new(bounds.width(), bounds.height())];
    if corners.into_iter().all(is_sane) { Ok(path) } else { Err(wrong()) }
}

fn at_most_points(object: &Object, name: &str, found: usize) -> Result<(), FabricError> {
    if found <= POINTS {
        return Ok(());
    }
    Err(FabricError::too_much(object.at(name), format!("more than the {POINTS} points that the emulator draws")))
}
