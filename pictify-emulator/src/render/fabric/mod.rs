//! Conversion of a Fabric.js canvas to an HTML page that every engine can render.
//!
//! Shapes become inline SVG in canvas coordinates, text becomes HTML text, images become `<img>` elements. Default values
//! are those of Fabric: for example, an object without a stroke still has a `strokeWidth` of 1, which moves it by half a
//! pixel. Not supported are filters of images, text along a path, and patterns as paint (an error). Text uses the fonts of
//! the engine, so it may be wider than in Fabric.
//!
//! | file | contents |
//! |---|---|
//! | `draw.rs` | traversal of the objects, with its limits |
//! | `transform.rs` | origin, angle, scale and skew as a matrix |
//! | `path.rs`, `shape.rs` | outlines of shapes, and their painting |
//! | `paint.rs`, `effects.rs`, `clip.rs` | colours and gradients; opacity and shadow; clip paths |
//! | `text.rs`, `runs.rs`, `font.rs` | text |
//! | `image.rs` | images |
//! | `variables.rs` | evaluation of `{{...}}` and `_if`, before the conversion |
//! | `json.rs`, `escape.rs`, `error.rs` | reading JSON, writing HTML, error messages |

mod clip;
mod draw;
mod effects;
mod error;
mod escape;
mod font;
mod image;
mod json;
mod paint;
mod path;
mod runs;
mod shape;
mod text;
mod transform;
mod variables;

pub use error::{FabricError, FabricErrorKind};
pub use variables::{VariableError, fill_in};

use draw::{Canvas, DrawContext};
use json::Object;
use kurbo::{Rect, Size};
use paint::Paint;
use serde_json::{Value, json};

/// Default width and height of a canvas.
const DEFAULT_SIZE: (u32, u32) = (1280, 720);

/// Maximum width and height of a canvas, in pixels.
const MAX_SIDE: u32 = 4096;

/// HTML page that shows a canvas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FabricPage {
    /// HTML document.
    pub html: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Converts the JSON export of a canvas to a page. The size is `size`, otherwise `width` and `height` of the canvas,
/// otherwise 1280 by 720. It does not scale the objects.
///
/// # Errors
/// An object of an unknown type, an invalid value, or an exceeded limit; each with its location.
pub fn page(data: &Value, size: Option<(u32, u32)>) -> Result<FabricPage, FabricError> {
    let root = Object::new(String::new(), data)?;
    let (width, height) = match size {
        Some(size) => size,
        None => (side(&root, "width", DEFAULT_SIZE.0)?, side(&root, "height", DEFAULT_SIZE.1)?),
    };
    if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
        return Err(FabricError::limit_exceeded(
            "",
            format!("a canvas must have 1 to {MAX_SIDE} pixels per side, not {width} by {height}"),
        ));
    }
    let mut canvas = Canvas::new(Size::new(f64::from(width), f64::from(height)), version(&root)?);
    let context = canvas.root();
    fill(&mut canvas, &root, &["background", "backgroundColor"])?;
    image(&mut canvas, &root, "backgroundImage", &context)?;
    canvas.with_clip(&root, &context, |canvas| canvas.objects(&root, &context, 0))?;
    fill(&mut canvas, &root, &["overlay", "overlayColor"])?;
    image(&mut canvas, &root, "overlayImage", &context)?;
    let body = canvas.html;
    let html = format!(
        r#"<!doctype html><html><head><meta charset="utf-8"><style>html,body{{margin:0}}.c{{position:relative;overflow:hidden;width:{width}px;height:{height}px}}.o{{position:absolute;left:0;top:0;margin:0;max-width:none;transform-origin:0 0}}</style></head><body><div class="c">{body}</div></body></html>"#
    );
    Ok(FabricPage { html, width, height })
}

fn side(root: &Object, name: &str, default: u32) -> Result<u32, FabricError> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "neither negative nor over a million")]
    root.length(name, f64::from(default)).map(|side| side.round() as u32)
}

/// Returns the major version of a version such as `5.3.0`. The default is 5.
fn version(root: &Object) -> Result<u32, FabricError> {
    let Some(text) = root.text("version")? else { return Ok(5) };
    Ok(text.split('.').next().and_then(|major| major.trim().parse().ok()).unwrap_or(5))
}

/// Paints the whole canvas with the first of these members that is present.
fn fill(canvas: &mut Canvas, root: &Object, names: &[&str]) -> Result<(), FabricError> {
    let Some(name) = names.iter().find(|name| root.get(name).is_some()) else { return Ok(()) };
    let paint = Paint::from_object(root, name, "")?;
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

/// Draws the background or overlay image of the canvas: an image object, or in old exports only its URL.
fn image(canvas: &mut Canvas, root: &Object, name: &str, context: &DrawContext) -> Result<(), FabricError> {
    match root.get(name) {
        None => Ok(()),
        Some(Value::String(source)) if source.is_empty() => Ok(()),
        Some(Value::String(source)) => {
            let value = json!({"type": "image", "src": source, "originX": "left", "originY": "top"});
            canvas.object(&Object::new(name.to_owned(), &value)?, context, 0)
        }
        Some(value) => canvas.object(&Object::new(name.to_owned(), value)?, context, 0),
    }
}
