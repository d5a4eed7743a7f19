//! Rendering of one page to its own PDF, in the size of its content.

use super::{
    super::{
        RenderError, background,
        embedded::{self, AnimationPainter, FONTS, ParsedPage, failed, parse, unreadable_image},
    },
    PageSetup, PdfPage,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use takumi::{
    prelude::{MeasuredNode, NodeKind, OutputFormat, Viewport},
    unstable::base::{layout::tree::RenderNode, viewport::MediaTarget},
};
use takumi_pdf::{PageMargins, PageOptions, PageRange, PdfError, PdfOptions, Tagging, UncoveredText};

/// Style sheet that removes all backgrounds.
const NO_BACKGROUNDS: &str = "* { background-color: transparent !important; background-image: none !important }";

/// Maximum factor by which wide content is shrunk to fit the page, as in browsers. Wider content is cut.
const MAX_SHRINK: f64 = 2.0;

/// Maximum length of the content, in pages. All of it is laid out, although only the first page is printed.
const MAX_LAYOUT_PAGES: f64 = 200.0;

/// Maximum width and height in pixels of a page that is embedded as an image. The image has one pixel per CSS pixel,
/// because at another ratio the engine misplaces elements with `transform: matrix()`.
const MAX_RASTER_SIDE: f64 = 4096.0;

/// Page as a PDF of its own.
pub(super) struct PagePdf {
    /// PDF file with exactly one page.
    pub(super) bytes: Vec<u8>,
    /// Scale of the content on the final page.
    pub(super) scale: f64,
    /// `true` if the content is centred on the final page, `false` if it is at its top left.
    pub(super) is_centred: bool,
}

pub(super) fn render(page: &PdfPage, setup: &PageSetup) -> Result<PagePdf, RenderError> {
    let layout = match page.canvas {
        Some(size) => Layout::fixed(page, size, setup)?,
        None => Layout::flowing(page, setup)?,
    };
    layout.check_images()?;
    let bytes = match layout.draw() {
        Ok(bytes) => bytes,
        Err(PdfError::UnsupportedFilter(_)) => layout.rasterize()?.draw().map_err(draw_error)?,
        Err(error) => return Err(draw_error(error)),
    };
    Ok(PagePdf { bytes, scale: layout.scale, is_centred: layout.is_fixed })
}

/// Page that is laid out.
struct Layout {
    parsed: ParsedPage,
    /// Width in pixels.
    width: f64,
    /// Height in pixels.
    height: f64,
    scale: f64,
    /// `true` for content of a fixed size, `false` for content that flows over pages of which the first is used.
    is_fixed: bool,
    backgrounds: bool,
}

impl Layout {
    fn fixed(page: &PdfPage, size: (u32, u32), setup: &PageSetup) -> Result<Self, RenderError> {
        let (width, height) = (f64::from(size.0), f64::from(size.1));
        let (content_width, content_height) = setup.content_rect().pixels(1.0);
        let fit = (content_width / width).min(content_height / height);
        let (parsed, backgrounds) = (parse_for_print(&page.html, (width, height))?, setup.backgrounds);
        Ok(Self { parsed, width, height, scale: fit * setup.scale, is_fixed: true, backgrounds })
    }

    fn flowing(page: &PdfPage, setup: &PageSetup) -> Result<Self, RenderError> {
        let size = setup.content_rect().pixels(setup.scale);
        let parsed = parse_for_print(&page.html, size)?;
        let (content_width, content_height) = extent(&takumi::measure(parsed.options(&[])).map_err(failed)?);
        if content_height > size.1 * MAX_LAYOUT_PAGES {
            let message = format!(
                "The content of a page is {content_height:.0} pixels long, more than the {MAX_LAYOUT_PAGES} pages of \
                 {:.0} pixels that the emulator lays out",
                size.1
            );
            return Err(RenderError::InvalidInput(message));
        }
        let shrink = (content_width / size.0).clamp(1.0, MAX_SHRINK);
        // A difference below one pixel is a rounding error.
        let shrink = if content_width - size.0 < 1.0 { 1.0 } else { shrink };
        let (width, height) = (size.0 * shrink, size.1 * shrink);
        let parsed = ParsedPage { viewport: viewport((width, height)), ..parsed };
        let (scale, backgrounds) = (setup.scale / shrink, setup.backgrounds);
        Ok(Self { parsed, width, height, scale, is_fixed: false, backgrounds })
    }

    /// Checks that all images can be decoded. The PDF engine would silently leave out an invalid one.
    fn check_images(&self) -> Result<(), RenderError> {
        let tree = self.parsed.tree(&[]);
        let image_error = |node: &RenderNode| match &node.node.as_ref()?.kind {
            NodeKind::Image(image) => image.src.resolve(&node.context).err(),
            _ => None,
        };
        let path = tree.path_where(|node| image_error(node).is_some());
        let error = path.and_then(|path| image_error(tree.node_at_path(&path)?));
        error.map_or(Ok(()), |error| Err(unreadable_image(&error)))
    }

    fn draw(&self) -> Result<Vec<u8>, PdfError> {
        let css: &[&str] = if self.backgrounds { &[] } else { &[NO_BACKGROUNDS] };
        let mut options = PdfOptions::builder()
            .node(self.parsed.node.clone())
            .stylesheet(self.parsed.stylesheet(css))
            .fonts(&FONTS)
            // Tags belong to a whole document and are lost when the pages are merged.
            .tagged(Tagging::Off)
            .uncovered_text(UncoveredText::Placeholder)
            .build();
        options.background_color = background::opaque_color(&self.parsed.tree(css));
        if self.is_fixed {
            options.viewport = Some(self.parsed.viewport);
        } else {
            let margin = PageMargins::uniform(0.0);
            options.page = Some(PageOptions { width: single(self.width), height: single(self.height), margin });
            options.page_ranges = Some(vec![PageRange::single(1)]);
        }
        takumi_pdf::render(options)
    }

    /// Replaces the content by an image of itself.
    fn rasterize(&self) -> Result<Self, RenderError> {
        let (width, height) = (self.width.ceil(), self.height.ceil());
        if width.max(height) > MAX_RASTER_SIDE {
            let message = format!(
                "A page with filter: blur() or drop-shadow() is embedded as an image, and {width} by {height} pixels are \
                 more than the maximum of {MAX_RASTER_SIDE} pixels per side: use a smaller page size, or another effect"
            );
            return Err(RenderError::InvalidInput(message));
        }
        let mut parsed = self.parsed.clone();
        if !self.backgrounds {
            parsed.css.push(NO_BACKGROUNDS.to_owned());
        }
        let (bitmap, mut bytes) = (AnimationPainter::new(&parsed).paint(0)?, Vec::new());
        takumi::write_image(&bitmap, &mut bytes, OutputFormat::Png).map_err(failed)?;
        let html = format!(
            r#"<!doctype html><body style="margin:0"><img style="display:block;width:{width}px;height:{height}px" src="data:image/png;base64,{}">"#,
            STANDARD.encode(bytes)
        );
        let node = embedded::parse_with_defaults(&html)?.node;
        let parsed = ParsedPage { node, css: Vec::new(), viewport: viewport((width, height)) };
        Ok(Self { parsed, width, height, is_fixed: true, backgrounds: true, scale: self.scale })
    }
}

fn parse_for_print(html: &str, size: (f64, f64)) -> Result<ParsedPage, RenderError> {
    let viewport = viewport(size);
    Ok(ParsedPage { viewport, ..parse(html, (0, 0))? })
}

fn viewport((width, height): (f64, f64)) -> Viewport {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no page is negative or that long")]
    let [width, height] = [width, height].map(|side| side.ceil() as u32);
    Viewport::new((width, height)).with_media_target(MediaTarget::Print)
}

/// Returns the rightmost and the lowest coordinate of all boxes of a page.
fn extent(root: &MeasuredNode) -> (f64, f64) {
    let (mut right, mut bottom, mut pending) = (0.0_f64, 0.0_f64, vec![root]);
    while let Some(node) = pending.pop() {
        let (matrix, width, height) = (node.transform.map(f64::from), f64::from(node.width), f64::from(node.height));
        right = right.max(matrix[4] + (matrix[0] * width).max(0.0) + (matrix[2] * height).max(0.0));
        bottom = bottom.max(matrix[5] + (matrix[1] * width).max(0.0) + (matrix[3] * height).max(0.0));
        pending.extend(&node.children);
    }
    (right, bottom)
}

#[allow(clippy::cast_possible_truncation, reason = "the engine uses single precision")]
fn single(number: f64) -> f32 {
    number as f32
}

fn draw_error(error: PdfError) -> RenderError {
    match error {
        PdfError::Render(takumi::prelude::Error::ImageResolveError(error)) => unreadable_image(&error),
        error @ (PdfError::TooManyPages(_)
        | PdfError::UndrawableImage(_)
        | PdfError::UnsupportedFilter(_)
        | PdfError::InvalidPageSize) => {
            RenderError::InvalidInput(format!("The page cannot be rendered as a PDF: {error}"))
        }
        error => failed(error),
    }
}
