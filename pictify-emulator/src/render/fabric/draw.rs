//! The walk through the objects.

use super::{
    FabricError, Problem, clip,
    effects::Effects,
    image,
    outline::Outline,
    placement::Placement,
    read::Object,
    shape::{self, Stroke},
    text,
};
use kurbo::{Affine, Rect, Size};
use std::fmt::Write;

/// How many objects a canvas may have, those in groups too.
const OBJECTS: usize = 5_000;

/// How deep groups may lie in each other.
const DEPTH: usize = 30;

/// How many bytes of HTML a canvas may become: as many as the renderer takes.
const BYTES: usize = 8 * 1024 * 1024;

/// A canvas that is being drawn.
#[derive(Debug)]
pub(super) struct Canvas {
    pub(super) html: String,
    pub(super) size: Size,
    /// Whether `left` and `top` mean the middle of an object.
    pub(super) is_centered: bool,
    /// Whether arcs are in degrees and not in radians.
    pub(super) has_degrees: bool,
    objects: usize,
    ids: usize,
}

/// What surrounds an object.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// From the object, or from what holds it, to the canvas.
    pub(super) matrix: Affine,
    /// The part of the canvas that is worth drawing.
    pub(super) reach: Rect,
}

impl Place {
    pub(super) fn inside(&self, matrix: Affine) -> Self {
        Self { matrix: self.matrix * matrix, reach: self.reach }
    }
}

impl Canvas {
    pub(super) fn new(size: Size, version: u32) -> Self {
        Self { html: String::new(), size, is_centered: version >= 7, has_degrees: version >= 5, objects: 0, ids: 0 }
    }

    pub(super) fn root(&self) -> Place {
        Place { matrix: Affine::IDENTITY, reach: self.size.to_rect() }
    }

    pub(super) fn add(&mut self, html: &str) {
        self.html.push_str(html);
    }

    /// An id that the page has once.
    pub(super) fn new_id(&mut self) -> String {
        self.ids += 1;
        format!("p{}", self.ids)
    }

    /// The objects of a list, the first at the back.
    pub(super) fn objects(&mut self, holder: &Object, place: &Place, depth: usize) -> Result<(), FabricError> {
        for (index, item) in holder.list("objects")?.iter().enumerate() {
            self.object(&holder.item("objects", index, item)?, place, depth)?;
        }
        Ok(())
    }

    pub(super) fn object(&mut self, object: &Object, parent: &Place, depth: usize) -> Result<(), FabricError> {
        check_depth(object, depth)?;
        self.objects += 1;
        if self.objects > OBJECTS {
            return Err(FabricError::too_much(&object.place, format!("a canvas may have {OBJECTS} objects")));
        }
        let kind = object.kind()?;
        if !object.flag("visible", true)? {
            return Ok(());
        }
        let placement = Placement::of(object, self.is_centered)?;
        match kind.as_str() {
            "group" | "activeselection" => {
                let size = Size::new(object.length("width", 0.0)?, object.length("height", 0.0)?);
                let stroke = object.length("strokeWidth", 0.0)?;
                let place = parent.inside(placement.matrix(size, stroke, false, None));
                self.with_effects(object, place, |canvas, place| {
                    background(canvas, object, size, place)?;
                    canvas.objects(object, place, depth + 1)
                })
            }
            "image" => {
                let picture = image::RenderedImage::of(object)?;
                let stroke = Stroke::of(object, 0.0)?;
                let place = parent.inside(placement.matrix(picture.size, stroke.width, stroke.is_uniform, None));
                self.with_effects(object, place, |canvas, place| {
                    background(canvas, object, picture.size, place)?;
                    picture.draw(canvas, object, &stroke, place)
                })
            }
            "text" | "itext" | "textbox" => {
                let place = parent.inside(placement.matrix_at_anchor());
                self.with_effects(object, place, |canvas, place| {
                    text::draw(canvas, object, kind == "textbox", &placement, place)
                })
            }
            kind => {
                let outline = Outline::of(kind, object, self.has_degrees)?.ok_or_else(|| FabricError {
                    place: object.place.clone(),
                    problem: Problem::UnknownType(object.text("type").ok().flatten().unwrap_or(kind).to_owned()),
                })?;
                let stroke = Stroke::of(object, 1.0)?;
                let middle = outline.middle_of(object);
                let place = parent.inside(placement.matrix(outline.size, stroke.width, stroke.is_uniform, middle));
                self.with_effects(object, place, |canvas, place| {
                    let size = Size::new(outline.size.width + stroke.width, outline.size.height + stroke.width);
                    background(canvas, object, size, place)?;
                    shape::draw(canvas, object, &outline, &stroke, place)
                })
            }
        }?;
        if self.html.len() <= BYTES {
            return Ok(());
        }
        Err(FabricError::too_much(&object.place, format!("up to here the page has more than {BYTES} bytes")))
    }

    /// Draws inside of what carries the object's opacity and shadow, if it has any.
    pub(super) fn with_effects(
        &mut self,
        object: &Object,
        mut place: Place,
        draw: impl FnOnce(&mut Self, &Place) -> Result<(), FabricError>,
    ) -> Result<(), FabricError> {
        let effects = Effects::of(object, place.matrix, place.reach)?;
        place.reach = effects.reach;
        if effects.css.is_empty() {
            return self.with_clip(object, &place, |canvas| draw(canvas, &place));
        }
        let _ = write!(self.html, r#"<div class="o" style="{}">"#, effects.css);
        self.with_clip(object, &place, |canvas| draw(canvas, &place))?;
        self.html.push_str("</div>");
        Ok(())
    }

    /// Draws inside of the clip path of an object, if it has one.
    pub(super) fn with_clip(
        &mut self,
        object: &Object,
        place: &Place,
        draw: impl FnOnce(&mut Self) -> Result<(), FabricError>,
    ) -> Result<(), FabricError> {
        let Some(css) = clip::css(self, object, place)? else { return draw(self) };
        // A clip path has its coordinates from the box: it is that of the canvas.
        let (width, height) = (self.size.width, self.size.height);
        let _ = write!(self.html, r#"<div class="o" style="width:{width}px;height:{height}px;{css}">"#);
        draw(self)?;
        self.html.push_str("</div>");
        Ok(())
    }
}

/// The colour behind an object.
fn background(canvas: &mut Canvas, object: &Object, size: Size, place: &Place) -> Result<(), FabricError> {
    let Some(text) = object.text("backgroundColor")?.filter(|text| !text.trim().is_empty()) else { return Ok(()) };
    let color = super::paint::color(text).ok_or_else(|| object.wrong("backgroundColor", "a CSS colour"))?;
    shape::plain(canvas, &Outline::of_box(size), &color, place);
    Ok(())
}

pub(super) fn check_depth(object: &Object, depth: usize) -> Result<(), FabricError> {
    if depth <= DEPTH {
        return Ok(());
    }
    Err(FabricError::too_much(&object.place, format!("groups lie more than {DEPTH} deep in each other")))
}
