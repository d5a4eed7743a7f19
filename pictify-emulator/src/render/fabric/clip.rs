//! Clip paths.

use super::{
    FabricError, FabricErrorKind,
    draw::{Canvas, DrawContext, check_depth},
    json::Object,
    path::Outline,
    shape::Stroke,
    transform::Transform,
};
use kurbo::{BezPath, Rect, Shape};

/// Returns the clip path of an object as CSS, in canvas coordinates.
pub(super) fn css(canvas: &Canvas, object: &Object, context: &DrawContext) -> Result<Option<String>, FabricError> {
    let Some(clip) = object.child("clipPath")? else { return Ok(None) };
    let mut path = BezPath::new();
    outlines(canvas, &clip, context, 0, &mut path)?;
    let is_inverted = clip.flag("inverted", false)?;
    let rule = if is_inverted {
        let everything = context.visible.inflate(1.0, 1.0);
        path.extend(everything.path_elements(0.1));
        "evenodd"
    } else {
        "nonzero"
    };
    if path.is_empty() {
        path.extend(Rect::ZERO.path_elements(0.1));
    }
    Ok(Some(format!("clip-path:path({rule},'{}')", path.to_svg())))
}

/// Adds the outlines of a clip path in canvas coordinates. The outlines of a group are combined.
fn outlines(
    canvas: &Canvas,
    clip: &Object,
    context: &DrawContext,
    depth: usize,
    path: &mut BezPath,
) -> Result<(), FabricError> {
    check_depth(clip, depth)?;
    let kind = clip.kind()?;
    let parent = if clip.flag("absolutePositioned", false)? { canvas.root() } else { context.clone() };
    let transform = Transform::from_object(clip, canvas.is_centered)?;
    let stroke = Stroke::from_object(clip, if kind == "group" { 0.0 } else { 1.0 })?;
    if kind == "group" {
        let size = kurbo::Size::new(clip.length("width", 0.0)?, clip.length("height", 0.0)?);
        let context = parent.transformed(transform.matrix(size, stroke.width, false, None));
        for (index, item) in clip.list("objects")?.iter().enumerate() {
            outlines(canvas, &clip.item("objects", index, item)?, &context, depth + 1, path)?;
        }
        return Ok(());
    }
    let outline = Outline::from_object(&kind, clip, canvas.has_degrees)?.ok_or_else(|| FabricError {
        location: clip.location.clone(),
        kind: FabricErrorKind::UnknownType(format!("{kind} in a clip path")),
    })?;
    let matrix =
        parent.matrix * transform.matrix(outline.size, stroke.width, stroke.is_uniform, outline.implicit_center(clip));
    path.extend((matrix * outline.path).elements().iter().copied());
    Ok(())
}
