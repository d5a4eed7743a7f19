//! Clip paths: shapes that cut what is drawn.

use super::{
    FabricError, Problem,
    draw::{Canvas, Place, check_depth},
    outline::Outline,
    placement::Placement,
    read::Object,
    shape::Stroke,
};
use kurbo::{BezPath, Rect, Shape};

/// The part of the canvas that an object's clip path leaves, as CSS.
pub(super) fn css(canvas: &Canvas, object: &Object, place: &Place) -> Result<Option<String>, FabricError> {
    let Some(clip) = object.child("clipPath")? else { return Ok(None) };
    let mut path = BezPath::new();
    outlines(canvas, &clip, place, 0, &mut path)?;
    let is_inverted = clip.flag("inverted", false)?;
    let rule = if is_inverted {
        let everything = place.reach.inflate(1.0, 1.0);
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

/// The outlines of a clip path in coordinates of the canvas; those of a group are taken together.
fn outlines(
    canvas: &Canvas,
    clip: &Object,
    place: &Place,
    depth: usize,
    path: &mut BezPath,
) -> Result<(), FabricError> {
    check_depth(clip, depth)?;
    let kind = clip.kind()?;
    let parent = if clip.flag("absolutePositioned", false)? { canvas.root() } else { place.clone() };
    let placement = Placement::of(clip, canvas.is_centered)?;
    let stroke = Stroke::of(clip, if kind == "group" { 0.0 } else { 1.0 })?;
    if kind == "group" {
        let size = kurbo::Size::new(clip.length("width", 0.0)?, clip.length("height", 0.0)?);
        let place = parent.inside(placement.matrix(size, stroke.width, false, None));
        for (index, item) in clip.list("objects")?.iter().enumerate() {
            outlines(canvas, &clip.item("objects", index, item)?, &place, depth + 1, path)?;
        }
        return Ok(());
    }
    let outline = Outline::of(&kind, clip, canvas.has_degrees)?.ok_or_else(|| FabricError {
        place: clip.place.clone(),
        problem: Problem::UnknownType(format!("{kind} in a clip path")),
    })?;
    let matrix =
        parent.matrix * placement.matrix(outline.size, stroke.width, stroke.is_uniform, outline.middle_of(clip));
    path.extend((matrix * outline.path).elements().iter().copied());
    Ok(())
}
