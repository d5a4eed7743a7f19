//! A Fabric.js canvas as a page that every engine can render.
//!
//! Shapes become inline SVG in coordinates of the canvas, text becomes HTML text, pictures `<img>`. Where Fabric has a
//! default, it is Fabric's: an object without a stroke has a `strokeWidth` of 1 nevertheless, which moves it by half a
//! pixel. Left out are the filters of pictures, text along a path, and patterns as paint (an error); text is drawn in
//! the fonts that the engine has, so that it may be wider than Fabric's.
//!
//! | file | holds |
//! |---|---|
//! | `draw.rs` | the walk through the objects, with its bounds |
//! | `placement.rs` | origin, angle, scale and skew as a matrix |
//! | `outline.rs`, `shape.rs` | the shapes, and how they are painted |
//! | `paint.rs`, `effects.rs`, `clip.rs` | colours and gradients; opacity and shadow; clip paths |
//! | `text.rs`, `runs.rs`, `font.rs` | text |
//! | `image.rs` | pictures |
//! | `variables.rs` | the values of `{{...}}` and `_if`, before all this |
//! | `read.rs`, `markup.rs`, `error.rs` | reading JSON, writing HTML, saying what is wrong |

mod clip;
mod draw;
mod effects;
mod error;
mod font;
mod image;
mod markup;
mod outline;
mod paint;
mod placement;
mod read;
mod runs;
mod shape;
mod text;
mod variables;

pub use error::{FabricError, Problem};
pub use variables::{VariableError, fill_in};

use draw::{Canvas, Place};
use kurbo::{Rect, Size};
use paint::Paint;
use read::Object;
use serde_json::{Value, json};

/// The size of a canvas that names none.
const DEFAULT_SIZE: (u32, u32) = (1280, 720);

/// How wide and how high a canvas may be.
const LARGEST: u32 = 4096;

/// A canvas, ready to be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FabricPage {
    /// A document of that size.
    pub html: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// Turns the JSON export of a canvas into a page. The size is `size`, else the canvas's own `width` and `height`, else
/// 1280 by 720; it changes no object.
///
/// # Errors
/// An object of an unknown type, a value that is none, or more than the emulator draws; each with its place.
pub fn page(data: &Value, size: Option<(u32, u32)>) -> Result<FabricPage, FabricError> {
    let root = Object::new(String::new(), data)?;
    let (width, height) = match size {
        Some(size) => size,
        None => (side(&root, "width", DEFAULT_SIZE.0)?, side(&root, "height", DEFAULT_SIZE.1)?),
    };
    if !(1..=LARGEST).contains(&width) || !(1..=LARGEST).contains(&height) {
        return Err(FabricError::too_much(
            "",
            format!("a canvas has 1 to {LARGEST} pixels a side, not {width} by {height}"),
        ));
    }
    let mut canvas = Canvas::new(Size::new(f64::from(width), f64::from(height)), version(&root)?);
    let place = canvas.root();
    color(&mut canvas, &root, &["background", "backgroundColor"])?;
    picture(&mut canvas, &root, "backgroundImage", &place)?;
    canvas.with_clip(&root, &place, |canvas| canvas.objects(&root, &place, 0))?;
    color(&mut canvas, &root, &["overlay", "overlayColor"])?;
    picture(&mut canvas, &root, "overlayImage", &place)?;
    let content = canvas.html;
    let html = format!(
        r#"<!doctype html><html><head><meta charset="utf-8"><style>html,body{{margin:0}}.c{{position:relative;overflow:hidden;width:{width}px;height:{height}px}}.o{{position:absolute;left:0;top:0;margin:0;max-width:none;transform-origin:0 0}}</style></head><body><div class="c">{content}</div></body></html>"#
    );
    Ok(FabricPage { html, width, height })
}

fn side(root: &Object, name: &str, default: u32) -> Result<u32, FabricError> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "neither negative nor over a million")]
    root.length(name, f64::from(default)).map(|side| side.round() as u32)
}

/// The first part of a version such as `5.3.0`. What does not say is as version 5 was.
fn version(root: &Object) -> Result<u32, FabricError> {
    let Some(text) = root.text("version")? else { return Ok(5) };
    Ok(text.split('.').next().and_then(|major| major.trim().parse().ok()).unwrap_or(5))
}

/// Paints the whole canvas with the first of these members that is there.
fn color(canvas: &mut Canvas, root: &Object, names: &[&str]) -> Result<(), FabricError> {
    let Some(name) = names.iter().find(|name| root.get(name).is_some()) else { return Ok(()) };
    let paint = Paint::of(root, name, "")?;
    if paint.is_none() {
        return Ok(());
    }
    let area: Rect = canvas.size.to_rect();
    let (id, mut defs) = (canvas.new_id(), String::new());
    let fill = paint.svg(&id, area, &mut defs);
    let (width, height) = (area.width(), area.height());
    shape::svg(canvas, area, &defs, &format!(r#"<rect width="{width}" height="{height}" fill="{fill}"/>"#));
    Ok(())
}

/// Draws a picture of the canvas itself: an object, or in old exports only its address.
fn picture(canvas: &mut Canvas, root: &Object, name: &str, place: &Place) -> Result<(), FabricError> {
    match root.get(name) {
        None => Ok(()),
        Some(Value::String(source)) if source.is_empty() => Ok(()),
        Some(Value::String(source)) => {
            let value = json!({"type": "image", "src": source, "originX": "left", "originY": "top"});
            canvas.object(&Object::new(name.to_owned(), &value)?, place, 0)
        }
        Some(value) => canvas.object(&Object::new(name.to_owned(), value)?, place, 0),
    }
}
