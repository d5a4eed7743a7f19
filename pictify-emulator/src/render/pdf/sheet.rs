//! A sheet as a PDF of its own, in the size of its content.

use super::{
    super::{
        RenderError, canvas,
        embedded::{self, FONTS, Parsed, Stage, failed, parse},
    },
    PageSetup, PdfPage,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use takumi::{
    prelude::{MeasuredNode, NodeKind, OutputFormat, Viewport},
    unstable::base::{layout::tree::RenderNode, viewport::MediaTarget},
};
use takumi_pdf::{PageMargins, PageOptions, PageRange, PdfError, PdfOptions, Tagging, UncoveredText};

/// What takes the backgrounds away.
const NO_BACKGROUNDS: &str = "* { background-color: transparent !important; background-image: none !important }";

/// How many times wider than the page content may be to be shrunk to fit, as in browsers. What is wider is cut.
const MOST_SHRUNK: f64 = 2.0;

/// How many pages long the content may be of which the first is printed: all are laid out.
const MOST_LAID_OUT: f64 = 200.0;

/// How many pixels a side a sheet has that becomes a picture. It has one for each of its own, because at another ratio
/// the engine puts what has a `transform: matrix()` in the wrong place.
const LARGEST_PICTURE: f64 = 4096.0;

/// A sheet, drawn.
pub(super) struct Drawn {
    /// A PDF of one page that holds nothing else.
    pub(super) bytes: Vec<u8>,
    /// How much larger it is drawn on the paper.
    pub(super) scale: f64,
    /// Whether it lies in the middle of the paper rather than at its top left.
    pub(super) is_centred: bool,
}

pub(super) fn print(sheet: &PdfPage, page_setup: &PageSetup) -> Result<Drawn, RenderError> {
    let layout = match sheet.canvas {
        Some(size) => Layout::of_canvas(sheet, size, page_setup)?,
        None => Layout::flowing(sheet, page_setup)?,
    };
    layout.check_pictures()?;
    let bytes = match layout.draw() {
        Ok(bytes) => bytes,
        Err(PdfError::UnsupportedFilter(_)) => layout.as_picture()?.draw().map_err(wrong)?,
        Err(error) => return Err(wrong(error)),
    };
    Ok(Drawn { bytes, scale: layout.scale, is_centred: layout.is_fixed })
}

/// A sheet that is ready to be drawn.
struct Layout {
    parsed: Parsed,
    /// In pixels.
    width: f64,
    /// In pixels.
    height: f64,
    scale: f64,
    /// Whether it is as large as it is, rather than flowing over pages of which the first is kept.
    is_fixed: bool,
    backgrounds: bool,
}

impl Layout {
    fn of_canvas(sheet: &PdfPage, size: (u32, u32), page_setup: &PageSetup) -> Result<Self, RenderError> {
        let (width, height) = (f64::from(size.0), f64::from(size.1));
        let (inside_width, inside_height) = page_setup.inside().pixels(1.0);
        let fits = (inside_width / width).min(inside_height / height);
        let (parsed, backgrounds) = (printed(&sheet.html, (width, height))?, page_setup.backgrounds);
        Ok(Self { parsed, width, height, scale: fits * page_setup.scale, is_fixed: true, backgrounds })
    }

    fn flowing(sheet: &PdfPage, page_setup: &PageSetup) -> Result<Self, RenderError> {
        let size = page_setup.inside().pixels(page_setup.scale);
        let parsed = printed(&sheet.html, size)?;
        let (widest, longest) = extent(&takumi::measure(parsed.options(&[])).map_err(failed)?);
        if longest > size.1 * MOST_LAID_OUT {
            let message = format!(
                "The content of a page is {longest:.0} pixels long, more than the {MOST_LAID_OUT} times {:.0} that are \
                 laid out to print the first",
                size.1
            );
            return Err(RenderError::InvalidInput(message));
        }
        let shrunk = (widest / size.0).clamp(1.0, MOST_SHRUNK);
        // Less than a pixel is rounding.
        let shrunk = if widest - size.0 < 1.0 { 1.0 } else { shrunk };
        let (width, height) = (size.0 * shrunk, size.1 * shrunk);
        let parsed = Parsed { viewport: viewport((width, height)), ..parsed };
        let (scale, backgrounds) = (page_setup.scale / shrunk, page_setup.backgrounds);
        Ok(Self { parsed, width, height, scale, is_fixed: false, backgrounds })
    }

    /// Looks for a picture that is broken: on the page it would be a hole, and no error.
    fn check_pictures(&self) -> Result<(), RenderError> {
        let tree = self.parsed.tree(&[]);
        let broken = |node: &RenderNode| match &node.node.as_ref()?.kind {
            NodeKind::Image(image) => image.src.resolve(&node.context).err(),
            _ => None,
        };
        let found = tree.path_where(|node| broken(node).is_some()).and_then(|path| broken(tree.node_at_path(&path)?));
        found.map_or(Ok(()), |error| Err(unreadable(&error)))
    }

    fn draw(&self) -> Result<Vec<u8>, PdfError> {
        let css: &[&str] = if self.backgrounds { &[] } else { &[NO_BACKGROUNDS] };
        let mut options = PdfOptions::builder()
            .node(self.parsed.node.clone())
            .stylesheet(self.parsed.sheet(css))
            .fonts(&FONTS)
            // What belongs to a whole document does not survive the binding.
            .tagged(Tagging::Off)
            .uncovered_text(UncoveredText::Placeholder)
            .build();
        options.background_color = canvas::color(&self.parsed.tree(css));
        if self.is_fixed {
            options.viewport = Some(self.parsed.viewport);
        } else {
            let margin = PageMargins::uniform(0.0);
            options.page = Some(PageOptions { width: single(self.width), height: single(self.height), margin });
            options.page_ranges = Some(vec![PageRange::single(1)]);
        }
        takumi_pdf::render(options)
    }

    /// The sheet as a picture of itself.
    fn as_picture(&self) -> Result<Self, RenderError> {
        let (width, height) = (self.width.ceil(), self.height.ceil());
        if width.max(height) > LARGEST_PICTURE {
            let message = format!(
                "A page with filter: blur() or drop-shadow() becomes a picture, and {width} by {height} pixels are more \
                 than the {LARGEST_PICTURE} a side that one has: take smaller paper, or another effect"
            );
            return Err(RenderError::InvalidInput(message));
        }
        let mut parsed = self.parsed.clone();
        if !self.backgrounds {
            parsed.css.push(NO_BACKGROUNDS.to_owned());
        }
        let (bitmap, mut bytes) = (Stage::new(&parsed).paint(0)?, Vec::new());
        takumi::write_image(&bitmap, &mut bytes, OutputFormat::Png).map_err(failed)?;
        let html = format!(
            r#"<!doctype html><body style="margin:0"><img style="display:block;width:{width}px;height:{height}px" src="data:image/png;base64,{}">"#,
            STANDARD.encode(bytes)
        );
        let node = embedded::parse_with_defaults(&html)?.node;
        let parsed = Parsed { node, css: Vec::new(), viewport: viewport((width, height)) };
        Ok(Self { parsed, width, height, is_fixed: true, backgrounds: true, scale: self.scale })
    }
}

fn printed(html: &str, size: (f64, f64)) -> Result<Parsed, RenderError> {
    let viewport = viewport(size);
    Ok(Parsed { viewport, ..parse(html, (0, 0))? })
}

fn viewport((width, height): (f64, f64)) -> Viewport {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no page is negative or that long")]
    let [width, height] = [width, height].map(|side| side.ceil() as u32);
    Viewport::new((width, height)).with_media_target(MediaTarget::Print)
}

/// How far to the right and how far down the boxes of a page reach.
fn extent(root: &MeasuredNode) -> (f64, f64) {
    let (mut right, mut bottom, mut open) = (0.0_f64, 0.0_f64, vec![root]);
    while let Some(node) = open.pop() {
        let (matrix, width, height) = (node.transform.map(f64::from), f64::from(node.width), f64::from(node.height));
        right = right.max(matrix[4] + (matrix[0] * width).max(0.0) + (matrix[2] * height).max(0.0));
        bottom = bottom.max(matrix[5] + (matrix[1] * width).max(0.0) + (matrix[3] * height).max(0.0));
        open.extend(&node.children);
    }
    (right, bottom)
}

#[allow(clippy::cast_possible_truncation, reason = "the engine counts in single precision")]
fn single(number: f64) -> f32 {
    number as f32
}

fn unreadable(error: &impl std::fmt::Display) -> RenderError {
    RenderError::InvalidInput(format!("A picture in the page cannot be read: {error}"))
}

fn wrong(error: PdfError) -> RenderError {
    match error {
        PdfError::Render(takumi::prelude::Error::ImageResolveError(error)) => unreadable(&error),
        error @ (PdfError::TooManyPages(_)
        | PdfError::UndrawableImage(_)
        | PdfError::UnsupportedFilter(_)
        | PdfError::InvalidPageSize) => RenderError::InvalidInput(format!("The page cannot become a PDF: {error}")),
        error => failed(error),
    }
}
