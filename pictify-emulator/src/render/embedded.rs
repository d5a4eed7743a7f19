//! The embedded engine: takumi lays out and paints, without scripts and without a network.

use super::{Format, Page, RenderError, Renderer, fonts, selector};
use std::sync::{Arc, LazyLock};
use takumi::{
    prelude::{
        Bitmap, Fonts, FromHtmlOptions, Node, NodeKind, OutputFormat, Quality, RenderOptions, StyleSheet, Viewport,
    },
    unstable::html::parse_html,
};

/// How many bytes of HTML are taken.
const HTML_LIMIT: usize = 8 * 1024 * 1024;

/// The quality of lossy formats, 0 to 100.
const QUALITY: u8 = 90;

static FONTS: LazyLock<Fonts> = LazyLock::new(fonts::built_in);

/// HTML and CSS to pixels in this process. Scripts do not run; pictures must be `data:` URIs.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Embedded;

impl Embedded {
    /// The engine with the built-in fonts.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

/// A page, parsed.
pub(super) struct Parsed {
    pub(super) node: Node,
    pub(super) css: Vec<String>,
    pub(super) viewport: Viewport,
}

impl Parsed {
    /// The options of a render or a measuring, with `css` behind the page's own.
    pub(super) fn options(&self, css: &[&str]) -> RenderOptions<'static> {
        let sheets = self.css.iter().map(String::as_str).chain(css.iter().copied());
        RenderOptions::builder()
            .viewport(self.viewport)
            .node(self.node.clone())
            .fonts(&FONTS)
            .stylesheet(Arc::new(StyleSheet::parse_list_loosy(sheets)))
            .build()
    }
}

impl Renderer for Embedded {
    fn render(&self, page: &Page) -> Result<Vec<u8>, RenderError> {
        let parsed = parse(page)?;
        let area = page.selector.as_deref().map(|selector| selector::find(&parsed, selector)).transpose()?;
        let bitmap = takumi::render(parsed.options(&[])).map_err(failed)?;
        let bitmap = on_white(bitmap)?;
        let bitmap = match area {
            Some(area) => area.crop(&bitmap)?,
            None => bitmap,
        };
        encode(&bitmap, page.format)
    }
}

fn parse(page: &Page) -> Result<Parsed, RenderError> {
    if page.html.len() > HTML_LIMIT {
        return Err(RenderError::Input(format!("The HTML is larger than {HTML_LIMIT} bytes")));
    }
    // A doctype makes the parser build html and body around a fragment, as a browser does.
    let html = format!("<!doctype html>{}", page.html);
    let parsed =
        parse_html(&html, FromHtmlOptions::default()).map_err(|error| RenderError::Input(error.to_string()))?;
    let mut node = parsed.node;
    let canvas =
        parse_html(CANVAS, FromHtmlOptions::default()).map_err(|error| RenderError::Failed(error.to_string()))?;
    if let Some(body) = find_body(&mut node)
        && let NodeKind::Container { children } = &mut body.kind
    {
        children.push(canvas.node);
    }
    Ok(Parsed { node, css: parsed.css, viewport: Viewport::new((page.width, page.height)) })
}

/// What a browser does with the background of `body`: it paints the whole canvas with it. The engine does not, so a last
/// element of ours inherits it, behind everything.
const CANVAS: &str = r#"<pictify-canvas style="display:block;position:fixed;inset:0;z-index:-1;background:inherit;margin:0;padding:0;border:0"></pictify-canvas>"#;

fn find_body(node: &mut Node) -> Option<&mut Node> {
    if node.tag_name() == Some("body") {
        return Some(node);
    }
    match &mut node.kind {
        NodeKind::Container { children } => children.iter_mut().find_map(find_body),
        _ => None,
    }
}

/// A page is drawn on white paper, also in formats that know transparency: that is what a screenshot shows.
fn on_white(bitmap: Bitmap) -> Result<Bitmap, RenderError> {
    let (width, height) = (bitmap.width(), bitmap.height());
    let mut pixels = bitmap.into_raw();
    for pixel in pixels.chunks_exact_mut(4) {
        let alpha = u16::from(pixel[3]);
        if alpha < 255 {
            for channel in &mut pixel[..3] {
                let blended = (u16::from(*channel) * alpha + 255 * (255 - alpha) + 127) / 255;
                *channel = u8::try_from(blended).unwrap_or(u8::MAX);
            }
            pixel[3] = 255;
        }
    }
    Bitmap::from_raw(width, height, pixels).ok_or_else(|| RenderError::Failed("the picture lost its size".to_owned()))
}

fn encode(bitmap: &Bitmap, format: Format) -> Result<Vec<u8>, RenderError> {
    let quality = Quality::new(QUALITY);
    let format = match format {
        Format::Png => OutputFormat::Png,
        Format::Jpeg => OutputFormat::Jpeg { quality },
        Format::Webp => OutputFormat::WebP { quality },
    };
    let mut bytes = Vec::new();
    takumi::write_image(bitmap, &mut bytes, format).map_err(failed)?;
    Ok(bytes)
}

pub(super) fn failed(error: impl std::fmt::Display) -> RenderError {
    RenderError::Failed(error.to_string())
}
