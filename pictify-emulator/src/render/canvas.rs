//! What a browser does with the background of `html`, or else of `body`: it covers the whole canvas, not only the box.
//!
//! The engine paints the box alone. So the page gets a last element behind everything, which takes the background over.

use takumi::{
    prelude::{BackgroundImage, Color, ComputedStyle},
    unstable::base::{context::RenderContext, layout::tree::RenderNode},
};

/// The name of the element, which no page has.
const NAME: &str = "pictify-canvas";

/// The element. `all: unset` and the weights keep rules such as `* { border: 1px solid }` away from it.
pub(super) const ELEMENT: &str = r#"<pictify-canvas style="all:unset!important;display:block!important;position:fixed!important;inset:0!important;z-index:-1!important"></pictify-canvas>"#;

/// Moves the background of `html`, or of `body` where `html` has none, to the canvas.
pub(super) fn spread_background(page: &mut RenderNode) {
    let [Some(html), Some(body), Some(canvas)] = ["html", "body", NAME].map(|name| path(page, name)) else { return };
    let source = if page.node_at_path(&html).is_some_and(has_background) { html } else { body };
    let Some(source) = page.node_at_path_mut(&source) else { return };
    let background = source.context.style.background_data.clone();
    let color = source.context.current_color;
    // Painted twice, what is half transparent would be too dark.
    change(&mut source.context, |style| style.background_data = ComputedStyle::default().background_data);
    if let Some(canvas) = page.node_at_path_mut(&canvas) {
        canvas.context.current_color = color;
        change(&mut canvas.context, |style| style.background_data = background);
    }
}

/// The colour of that background, if it covers what is under it.
pub(super) fn color(page: &RenderNode) -> Option<Color> {
    let [html, body] = ["html", "body"].map(|name| page.node_at_path(&path(page, name)?));
    let source = html.filter(|html| has_background(html)).or(body)?;
    let color = source.context.style.background_data.background_color.resolve(source.context.current_color);
    (color.0[3] == u8::MAX).then_some(color)
}

fn path(page: &RenderNode, name: &str) -> Option<Vec<usize>> {
    page.path_where(|node| node.node.as_ref().is_some_and(|node| node.tag_name() == Some(name)))
}

fn has_background(node: &RenderNode) -> bool {
    let background = &node.context.style.background_data;
    let images = background.background_image.iter().flatten();
    let [.., alpha] = background.background_color.resolve(node.context.current_color).0;
    alpha > 0 || images.into_iter().any(|image| !matches!(image, BackgroundImage::None))
}

fn change(context: &mut RenderContext, change: impl FnOnce(&mut ComputedStyle)) {
    change(std::rc::Rc::make_mut(&mut context.style));
}
