//! Propagation of the page background to the CSS canvas. In a browser the background of `html`, or of `body` if `html` has
//! none, covers the whole viewport, not only the box of the element.
//!
//! The engine paints only the box. The page therefore gets an additional last element behind all others, to which the
//! background is moved.

use takumi::{
    prelude::{BackgroundImage, Color, ComputedStyle},
    unstable::base::{context::RenderContext, layout::tree::RenderNode},
};

/// Tag name of the additional element. It must not occur in pages.
const TAG_NAME: &str = "pictify-canvas";

/// HTML of the additional element. `all: unset` and `!important` keep rules such as `* { border: 1px solid }` from applying
/// to it.
pub(super) const ELEMENT: &str = r#"<pictify-canvas style="all:unset!important;display:block!important;position:fixed!important;inset:0!important;z-index:-1!important"></pictify-canvas>"#;

/// Moves the background of `html`, or of `body` if `html` has none, to the canvas element.
pub(super) fn propagate_background(page: &mut RenderNode) {
    let [Some(html), Some(body), Some(canvas)] = ["html", "body", TAG_NAME].map(|name| find_path(page, name)) else {
        return;
    };
    let source = if page.node_at_path(&html).is_some_and(has_background) { html } else { body };
    let Some(source) = page.node_at_path_mut(&source) else { return };
    let background = source.context.style.background_data.clone();
    let color = source.context.current_color;
    // A translucent background that is painted twice would be too dark, so it is removed here.
    change_style(&mut source.context, |style| style.background_data = ComputedStyle::default().background_data);
    if let Some(canvas) = page.node_at_path_mut(&canvas) {
        canvas.context.current_color = color;
        change_style(&mut canvas.context, |style| style.background_data = background);
    }
}

/// Returns the background colour of the page, if it is opaque.
pub(super) fn opaque_color(page: &RenderNode) -> Option<Color> {
    let [html, body] = ["html", "body"].map(|name| page.node_at_path(&find_path(page, name)?));
    let source = html.filter(|html| has_background(html)).or(body)?;
    let color = source.context.style.background_data.background_color.resolve(source.context.current_color);
    (color.0[3] == u8::MAX).then_some(color)
}

fn find_path(page: &RenderNode, name: &str) -> Option<Vec<usize>> {
    page.path_where(|node| node.node.as_ref().is_some_and(|node| node.tag_name() == Some(name)))
}

fn has_background(node: &RenderNode) -> bool {
    let background = &node.context.style.background_data;
    let images = background.background_image.iter().flatten();
    let [.., alpha] = background.background_color.resolve(node.context.current_color).0;
    alpha > 0 || images.into_iter().any(|image| !matches!(image, BackgroundImage::None))
}

fn change_style(context: &mut RenderContext, change: impl FnOnce(&mut ComputedStyle)) {
    change(std::rc::Rc::make_mut(&mut context.style));
}
