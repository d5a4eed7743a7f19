//! The embedded engine: takumi lays out and paints, without scripts and without a network.

use super::{
    Document, Format, Page, Pdf, RenderError, RenderedImage, Renderer, canvas, fonts, gif, keyframes, limits, pdf,
    selector,
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

/// How many bytes of decoded pictures are kept from one frame to the next.
const CACHE: u64 = 128 * 1024 * 1024;

/// What a page looks like before it says anything.
const BROWSER: &str = include_str!("browser.css");

pub(super) static FONTS: LazyLock<Fonts> = LazyLock::new(fonts::built_in);

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
#[derive(Clone)]
pub(super) struct Parsed {
    pub(super) node: Node,
    pub(super) css: Vec<String>,
    pub(super) viewport: Viewport,
}

impl Parsed {
    /// The options of a measuring, with `css` behind the page's own.
    pub(super) fn options(&self, css: &[&str]) -> RenderOptions<'static> {
        self.options_at(self.sheet(css), 0, None)
    }

    /// The page with its styles resolved.
    pub(super) fn tree(&self, css: &[&str]) -> RenderNode {
        RenderNode::from_node(&self.options(css).take_render_context(), self.node.clone())
    }

    pub(super) fn sheet(&self, css: &[&str]) -> Arc<StyleSheet> {
        let sheets = self.css.iter().map(String::as_str).chain(css.iter().copied());
        Arc::new(StyleSheet::parse_list_loosy(sheets))
    }

    fn options_at(&self, sheet: Arc<StyleSheet>, time: u64, cache: Option<ResourceCache>) -> RenderOptions<'static> {
        let options = RenderOptions::builder()
            .viewport(self.viewport)
            .node(self.node.clone())
            .fonts(&FONTS)
            .stylesheet(sheet)
            .time_ms(time);
        match cache {
            Some(cache) => options.resource_cache(cache).build(),
            None => options.build(),
        }
    }
}

/// A page that can be painted at any time of its animations.
pub(super) struct Stage<'a> {
    parsed: &'a Parsed,
    sheet: Arc<StyleSheet>,
    cache: ResourceCache,
}

impl<'a> Stage<'a> {
    pub(super) fn new(parsed: &'a Parsed) -> Self {
        Self { parsed, sheet: parsed.sheet(&[]), cache: ResourceCache::new(CACHE) }
    }

    /// The page with its styles resolved, so many milliseconds after it was opened.
    pub(super) fn tree(&self, time: u64) -> RenderNode {
        let mut options = self.parsed.options_at(self.sheet.clone(), time, Some(self.cache.clone()));
        RenderNode::from_node(&options.take_render_context(), self.parsed.node.clone())
    }

    pub(super) fn paint(&self, time: u64) -> Result<Bitmap, RenderError> {
        let mut tree = self.tree(time);
        canvas::spread_background(&mut tree);
        let scene = Scene::lay_out(tree, self.parsed.viewport, true).map_err(failed)?;
        on_white(render_scene(&scene).map_err(unpainted)?)
    }
}

impl Renderer for Embedded {
    fn render(&self, page: &Page) -> Result<RenderedImage, RenderError> {
        let parsed = parse(&page.html, (page.width, page.height))?;
        let area = page.selector.as_deref().map(|selector| selector::find(&parsed, selector)).transpose()?;
        let format = match page.format {
            Format::Gif(speed) => return gif::render(&parsed, area, speed),
            Format::Png => OutputFormat::Png,
            Format::Jpeg => OutputFormat::Jpeg { quality: Quality::new(page.quality()) },
            Format::Webp => OutputFormat::WebP { quality: Quality::new(page.quality()) },
        };
        let bitmap = Stage::new(&parsed).paint(0)?;
        let bitmap = match area {
            Some(area) => area.crop(&bitmap)?,
            None => bitmap,
        };
        let mut bytes = Vec::new();
        takumi::write_image(&bitmap, &mut bytes, format).map_err(failed)?;
        Ok(RenderedImage { bytes, width: bitmap.width(), height: bitmap.height(), animation: None })
    }

    fn print(&self, document: &Document) -> Result<Pdf, RenderError> {
        pdf::print(document)
    }
}

pub(super) fn parse(html: &str, size: (u32, u32)) -> Result<Parsed, RenderError> {
    limits::check_source(html)?;
    // A doctype makes the parser build html and body around a fragment, as a browser does.
    let ParsedHtml { mut node, css } = parse_with_defaults(&format!("<!doctype html>{html}"))?;
    limits::check_page(&node, &StyleSheet::parse_list_loosy(&css))?;
    let css = std::iter::once(BROWSER.to_owned()).chain(css.iter().map(|sheet| keyframes::repaired(sheet))).collect();
    let canvas = parse_with_defaults(canvas::ELEMENT)?.node;
    if let NodeKind::Container { children } = &mut node.kind {
        children.push(canvas);
    }
    Ok(Parsed { node, css, viewport: Viewport::new(size) })
}

pub(super) fn parse_with_defaults(html: &str) -> Result<ParsedHtml, RenderError> {
    parse_html(html, FromHtmlOptions::default()).map_err(|error| RenderError::InvalidInput(error.to_string()))
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

/// A picture is decoded when it is painted: only then does it show that it is broken.
fn unpainted(error: takumi::prelude::Error) -> RenderError {
    match error {
        takumi::prelude::Error::ImageResolveError(error) => {
            RenderError::InvalidInput(format!("A picture in the page cannot be read: {error}"))
        }
        error => failed(error),
    }
}

pub(super) fn failed(error: impl std::fmt::Display) -> RenderError {
    RenderError::Failed(error.to_string())
}
