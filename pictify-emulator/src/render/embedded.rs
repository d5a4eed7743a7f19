//! Embedded engine: layout and painting by takumi, without scripts and without network access.

use super::{
    Document, Format, Page, Pdf, RenderError, RenderedImage, Renderer, background, fonts, full_page, gif, limits, pdf,
    selector, takumi_workarounds,
};
use std::sync::{Arc, LazyLock};
use takumi::{
    prelude::{
        Bitmap, Fonts, FromHtmlOptions, Node, NodeKind, OutputFormat, Quality, RenderOptions, StyleSheet, Viewport,
    },
    unstable::{
        base::{layout::tree::RenderNode, resources::image::ResourceCache, scene::Scene},
        html::{ParsedHtml, parse_html},
        raster::render_scene,
    },
};

/// Maximum size of the cache of decoded images that the frames of an animation share, in bytes.
const MAX_IMAGE_CACHE_BYTES: u64 = 128 * 1024 * 1024;

/// Default style sheet of pages, in place of a browser's.
const BROWSER_STYLESHEET: &str = include_str!("browser.css");

pub(super) static FONTS: LazyLock<Fonts> = LazyLock::new(fonts::built_in);

/// Engine that renders HTML and CSS in this process. Scripts do not run; images must be `data:` URIs.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Embedded;

impl Embedded {
    /// Creates the engine with the built-in fonts.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

/// Parsed page with its style sheets.
#[derive(Clone)]
pub(super) struct ParsedPage {
    pub(super) node: Node,
    pub(super) css: Vec<String>,
    pub(super) viewport: Viewport,
}

impl ParsedPage {
    /// Returns the options for measuring the page, with `css` after its own style sheets.
    pub(super) fn options(&self, css: &[&str]) -> RenderOptions<'static> {
        self.options_at(self.stylesheet(css), 0, None)
    }

    /// Returns the tree of the page with resolved styles, with `css` after its own style sheets.
    pub(super) fn tree(&self, css: &[&str]) -> RenderNode {
        RenderNode::from_node(&self.options(css).take_render_context(), self.node.clone())
    }

    pub(super) fn stylesheet(&self, css: &[&str]) -> Arc<StyleSheet> {
        let stylesheets = self.css.iter().map(String::as_str).chain(css.iter().copied());
        Arc::new(StyleSheet::parse_list_loosy(stylesheets))
    }

    fn options_at(
        &self,
        stylesheet: Arc<StyleSheet>,
        time: u64,
        cache: Option<ResourceCache>,
    ) -> RenderOptions<'static> {
        let options = RenderOptions::builder()
            .viewport(self.viewport)
            .node(self.node.clone())
            .fonts(&FONTS)
            .stylesheet(stylesheet)
            .time_ms(time);
        match cache {
            Some(cache) => options.resource_cache(cache).build(),
            None => options.build(),
        }
    }
}

/// Paints a page at any time of its animations.
pub(super) struct AnimationPainter<'a> {
    parsed: &'a ParsedPage,
    stylesheet: Arc<StyleSheet>,
    cache: ResourceCache,
}

impl<'a> AnimationPainter<'a> {
    pub(super) fn new(parsed: &'a ParsedPage) -> Self {
        Self { parsed, stylesheet: parsed.stylesheet(&[]), cache: ResourceCache::new(MAX_IMAGE_CACHE_BYTES) }
    }

    /// Returns the tree with resolved styles, `time` milliseconds after the page was opened.
    pub(super) fn tree(&self, time: u64) -> RenderNode {
        let mut options = self.parsed.options_at(self.stylesheet.clone(), time, Some(self.cache.clone()));
        RenderNode::from_node(&options.take_render_context(), self.parsed.node.clone())
    }

    /// Paints the page, `time` milliseconds after it was opened.
    pub(super) fn paint(&self, time: u64) -> Result<Bitmap, RenderError> {
        let mut tree = self.tree(time);
        background::propagate_background(&mut tree);
        let scene = Scene::lay_out(tree, self.parsed.viewport, true).map_err(failed)?;
        blend_on_white(render_scene(&scene).map_err(paint_error)?)
    }
}

impl Renderer for Embedded {
    fn name(&self) -> &'static str {
        "embedded"
    }

    fn render(&self, page: &Page) -> Result<RenderedImage, RenderError> {
        let mut parsed = parse(&page.html, (page.width, page.height))?;
        let crop = match &page.selector {
            Some(selector) => Some(find(&mut parsed, selector)?),
            None => None,
        };
        if crop.is_none() && page.full_page && !matches!(page.format, Format::Gif(_)) {
            let bottom = full_page::bottom(&parsed)?;
            full_page::extend(&mut parsed, bottom);
        }
        let format = match page.format {
            Format::Gif(settings) => return gif::render(&parsed, crop, settings),
            Format::Png => OutputFormat::Png,
            Format::Jpeg => OutputFormat::Jpeg { quality: Quality::new(page.quality()) },
            Format::Webp => OutputFormat::WebP { quality: Quality::new(page.quality()) },
        };
        let bitmap = AnimationPainter::new(&parsed).paint(0)?;
        let bitmap = match crop {
            Some(rect) => rect.crop(&bitmap)?,
            None => bitmap,
        };
        let mut bytes = Vec::new();
        takumi::write_image(&bitmap, &mut bytes, format).map_err(failed)?;
        Ok(RenderedImage { bytes, width: bitmap.width(), height: bitmap.height(), animation: None })
    }

    fn render_pdf(&self, document: &Document) -> Result<Pdf, RenderError> {
        pdf::render(document)
    }
}

/// Finds the element that matches a selector. The painted area is extended if the element is below the viewport.
fn find(parsed: &mut ParsedPage, selector: &str) -> Result<selector::Rect, RenderError> {
    let rect = selector::find(parsed, selector)?;
    #[allow(clippy::cast_precision_loss, reason = "at most 4096")]
    let height = parsed.viewport.size.height.unwrap_or_default() as f32;
    if rect.bottom() <= height {
        return Ok(rect);
    }
    full_page::extend(parsed, rect.bottom());
    selector::find(parsed, selector)
}

pub(super) fn parse(html: &str, size: (u32, u32)) -> Result<ParsedPage, RenderError> {
    limits::check_source(html)?;
    // With a doctype the parser adds html and body around a fragment, as a browser does.
    let ParsedHtml { mut node, css } = parse_with_defaults(&format!("<!doctype html>{html}"))?;
    limits::check_page(&node, &StyleSheet::parse_list_loosy(&css))?;
    let own = css.iter().map(|stylesheet| takumi_workarounds::fix_keyframes(stylesheet));
    let css = std::iter::once(BROWSER_STYLESHEET.to_owned()).chain(own).collect();
    let canvas = parse_with_defaults(background::ELEMENT)?.node;
    if let NodeKind::Container { children } = &mut node.kind {
        children.push(canvas);
    }
    Ok(ParsedPage { node, css, viewport: Viewport::new(size) })
}

pub(super) fn parse_with_defaults(html: &str) -> Result<ParsedHtml, RenderError> {
    parse_html(html, FromHtmlOptions::default()).map_err(|error| RenderError::InvalidInput(error.to_string()))
}

/// Blends the bitmap on a white background, also for formats that support transparency: a screenshot is opaque.
fn blend_on_white(bitmap: Bitmap) -> Result<Bitmap, RenderError> {
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
    Bitmap::from_raw(width, height, pixels).ok_or_else(|| failed("the blended image has a wrong size"))
}

/// Converts an error of painting. Images are decoded during painting, so an invalid image is detected only there.
fn paint_error(error: takumi::prelude::Error) -> RenderError {
    match error {
        takumi::prelude::Error::ImageResolveError(error) => unreadable_image(&error),
        error => failed(error),
    }
}

pub(super) fn unreadable_image(error: &impl std::fmt::Display) -> RenderError {
    RenderError::InvalidInput(format!("An image in the page cannot be read: {error}"))
}

pub(super) fn failed(error: impl std::fmt::Display) -> RenderError {
    RenderError::Failed(error.to_string())
}
