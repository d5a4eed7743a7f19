//! Traversal of the objects of a canvas.

use super::{
    FabricError, FabricErrorKind, clip,
    effects::Effects,
    image::CanvasImage,
    json::Object,
    path::Outline,
    shape::{self, Stroke},
    text,
    transform::Transform,
};
use kurbo::{Affine, Rect, Size};
use std::fmt::Write;

/// Maximum number of objects of a canvas, including those in groups.
const MAX_OBJECTS: usize = 5_000;

/// Maximum depth of nested groups.
const MAX_DEPTH: usize = 30;

/// Maximum size of the HTML of a canvas, in bytes. It equals the limit of the renderer.
const MAX_HTML_BYTES: usize = 8 * 1024 * 1024;

/// Canvas during its conversion, with the HTML written so far.
#[derive(Debug)]
pub(super) struct Canvas {
    pub(super) html: String,
    pub(super) size: Size,
    /// `true` if `left` and `top` refer to the centre of an object by default.
    pub(super) is_centered: bool,
    /// `true` if the angles of arcs are in degrees, `false` if they are in radians.
    pub(super) has_degrees: bool,
    objects: usize,
    ids: usize,
}

/// Coordinate system and visible part of the canvas, for drawing an object or the content of a group.
#[derive(Clone, Debug)]
pub(super) struct DrawContext {
    /// Transformation from the coordinates of the object or group to those of the canvas.
    pub(super) matrix: Affine,
    /// Part of the canvas in which drawing has a visible effect.
    pub(super) visible: Rect,
}

impl DrawContext {
    pub(super) fn transformed(&self, matrix: Affine) -> Self {
        Self { matrix: self.matrix * matrix, visible: self.visible }
    }
}

impl Canvas {
    pub(super) fn new(size: Size, version: u32) -> Self {
        Self { html: String::new(), size, is_centered: version >= 7, has_degrees: version >= 5, objects: 0, ids: 0 }
    }

    pub(super) fn root(&self) -> DrawContext {
        DrawContext { matrix: Affine::IDENTITY, visible: self.size.to_rect() }
    }

    pub(super) fn add(&mut self, html: &str) {
        self.html.push_str(html);
    }

    /// Returns an ID that is unique in the page.
    pub(super) fn new_id(&mut self) -> String {
        self.ids += 1;
        format!("p{}", self.ids)
    }

    /// Draws the objects of a list, the first one at the back.
    pub(super) fn objects(&mut self, holder: &Object, context: &DrawContext, depth: usize) -> Result<(), FabricError> {
        for (index, item) in holder.list("objects")?.iter().enumerate() {
            self.object(&holder.item("objects", index, item)?, context, depth)?;
        }
        Ok(())
    }

    pub(super) fn object(&mut self, object: &Object, parent: &DrawContext, depth: usize) -> Result<(), FabricError> {
        check_depth(object, depth)?;
        self.objects += 1;
        if self.objects > MAX_OBJECTS {
            let message = format!("a canvas may have at most {MAX_OBJECTS} objects");
            return Err(FabricError::limit_exceeded(&object.location, message));
        }
        let kind = object.kind()?;
        if !object.flag("visible", true)? {
            return Ok(());
        }
        let transform = Transform::from_object(object, self.is_centered)?;
        match kind.as_str() {
            "group" | "activeselection" => {
                let size = Size::new(object.length("width", 0.0)?, object.length("height", 0.0)?);
                let stroke = object.length("strokeWidth", 0.0)?;
                let context = parent.transformed(transform.matrix(size, stroke, false, None));
                self.with_effects(object, context, |canvas, context| {
                    background(canvas, object, size, context)?;
                    canvas.objects(object, context, depth + 1)
                })
            }
            "image" => {
                let image = CanvasImage::from_object(object)?;
                let stroke = Stroke::from_object(object, 0.0)?;
                let context = parent.transformed(transform.matrix(image.size, stroke.width, stroke.is_uniform, None));
                self.with_effects(object, context, |canvas, context| {
                    background(canvas, object, image.size, context)?;
                    image.draw(canvas, object, &stroke, context)
                })
            }
            "text" | "itext" | "textbox" => {
                let context = parent.transformed(transform.matrix_at_anchor());
                self.with_effects(object, context, |canvas, context| {
                    text::draw(canvas, object, kind == "textbox", &transform, context)
                })
            }
            kind => {
                let outline = Outline::from_object(kind, object, self.has_degrees)?.ok_or_else(|| FabricError {
                    location: object.location.clone(),
                    kind: FabricErrorKind::UnknownType(object.text("type").ok().flatten().unwrap_or(kind).to_owned()),
                })?;
                let stroke = Stroke::from_object(object, 1.0)?;
                let center = outline.implicit_center(object);
                let context =
                    parent.transformed(transform.matrix(outline.size, stroke.width, stroke.is_uniform, center));
                self.with_effects(object, context, |canvas, context| {
                    let size = Size::new(outline.size.width + stroke.width, outline.size.height + stroke.width);
                    background(canvas, object, size, context)?;
                    shape::draw(canvas, object, &outline, &stroke, context)
                })
            }
        }?;
        if self.html.len() <= MAX_HTML_BYTES {
            return Ok(());
        }
        let message = format!("with this object the page has more than {MAX_HTML_BYTES} bytes of HTML");
        Err(FabricError::limit_exceeded(&object.location, message))
    }

    /// Calls `draw`, inside an element with the opacity and shadow of the object if it has any.
    pub(super) fn with_effects(
        &mut self,
        object: &Object,
        mut context: DrawContext,
        draw: impl FnOnce(&mut Self, &DrawContext) -> Result<(), FabricError>,
    ) -> Result<(), FabricError> {
        let effects = Effects::from_object(object, context.matrix, context.visible)?;
        context.visible = effects.visible;
        if effects.css.is_empty() {
            return self.with_clip(object, &context, |canvas| draw(canvas, &context));
        }
        let _ = write!(self.html, r#"<div class="o" style="{}">"#, effects.css);
        self.with_clip(object, &context, |canvas| draw(canvas, &context))?;
        self.html.push_str("</div>");
        Ok(())
    }

    /// Calls `draw`, inside an element with the clip path of the object if it has one.
    pub(super) fn with_clip(
        &mut self,
        object: &Object,
        context: &DrawContext,
        draw: impl FnOnce(&mut Self) -> Result<(), FabricError>,
    ) -> Result<(), FabricError> {
        let Some(css) = clip::css(self, object, context)? else { return draw(self) };
        // The coordinates of a CSS clip path are relative to the box, so the box has the size of the canvas.
        let (width, height) = (self.size.width, self.size.height);
        let _ = write!(self.html, r#"<div class="o" style="width:{width}px;height:{height}px;{css}">"#);
        draw(self)?;
        self.html.push_str("</div>");
        Ok(())
    }
}

/// Draws the background colour of an object.
fn background(canvas: &mut Canvas, object: &Object, size: Size, context: &DrawContext) -> Result<(), FabricError> {
    let Some(text) = object.text("backgroundColor")?.filter(|text| !text.trim().is_empty()) else { return Ok(()) };
    let color = super::paint::color(text).ok_or_else(|| object.invalid("backgroundColor", "a CSS colour"))?;
    shape::plain(canvas, &Outline::rectangle(size), &color, context);
    Ok(())
}

pub(super) fn check_depth(object: &Object, depth: usize) -> Result<(), FabricError> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    Err(FabricError::limit_exceeded(&object.location, format!("groups are nested more than {MAX_DEPTH} levels deep")))
}
