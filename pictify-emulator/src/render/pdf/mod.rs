//! PDF files from HTML: one page of the document per HTML page, with selectable text.
//!
//! Each page is laid out as a browser prints: at the width inside the margins, with the rules of `@media print`. In the
//! contract an HTML page is exactly one PDF page, so content that does not fit is cut, between two lines if possible.
//! A FabricJS canvas does not reflow: it is scaled to fit inside the margins, and centred.
//!
//! PDF does not support `filter: blur()` and `drop-shadow()`. A page that uses them is embedded as an image, which looks
//! the same but has no selectable text. A gradient or an image as the background of `body` covers only the box of `body`;
//! a colour covers the whole page inside the margins.
//!
//! | file | contents |
//! |---|---|
//! | `page_setup.rs` | sizes, margins and scale |
//! | `page.rs` | renders one page to its own PDF, in the size of its content |
//! | `merge.rs` | places these on pages of the final size and merges them into one file |
//! | `page_image.rs` | draws a page of a PDF file as an image |

mod merge;
mod page;
mod page_image;
mod page_setup;

pub(crate) use page_image::DrawPdfPage;
pub use page_setup::{Margins, PageSetup, Preset};

use super::RenderError;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Maximum number of pages of a document.
pub const MAX_PAGES: usize = 100;

/// Maximum size of the HTML of all pages together, in bytes.
pub const MAX_HTML_BYTES: usize = 32 * 1024 * 1024;

/// Maximum size of a PDF file, in bytes.
const MAX_PDF_BYTES: usize = 64 * 1024 * 1024;

/// Document to render as a PDF.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Pages in their order.
    pub pages: Vec<PdfPage>,
    /// Size, margins and scale of all pages.
    pub page_setup: PageSetup,
    /// Title in the metadata, which viewers display.
    pub title: Option<String>,
}

/// Page of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PdfPage {
    /// HTML document or fragment.
    pub html: String,
    /// Width and height in pixels of a canvas, which is scaled to fit the page. `None` means that the content flows in the
    /// width of the page.
    pub canvas: Option<(u32, u32)>,
}

/// PDF file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pdf {
    /// Content of the file.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
    /// Number of pages.
    pub pages: u32,
}

pub(super) fn render(document: &Document) -> Result<Pdf, RenderError> {
    document.check()?;
    let started = Instant::now();
    let mut merger = merge::PdfMerger::new(document.page_setup);
    for page in &document.pages {
        // The caller has stopped waiting, and other renders need the permit.
        if started.elapsed() > super::RENDER_TIMEOUT {
            return Err(RenderError::TimedOut);
        }
        merger.add(&page::render(page, &document.page_setup)?)?;
        if merger.size() > MAX_PDF_BYTES {
            return Err(pdf_too_large());
        }
    }
    let pages = u32::try_from(document.pages.len()).unwrap_or(u32::MAX);
    Ok(Pdf { bytes: merger.finish(document.title.as_deref())?, pages })
}

impl Document {
    fn check(&self) -> Result<(), RenderError> {
        let (pages, html) = (self.pages.len(), self.pages.iter().map(|page| page.html.len()).sum::<usize>());
        if !(1..=MAX_PAGES).contains(&pages) {
            return Err(RenderError::InvalidInput(format!("A PDF has 1 to {MAX_PAGES} pages, not {pages}")));
        }
        if html > MAX_HTML_BYTES {
            let message =
                format!("The pages have {html} bytes of HTML, more than the {MAX_HTML_BYTES} that a PDF may have");
            return Err(RenderError::InvalidInput(message));
        }
        self.page_setup.check().map_err(RenderError::InvalidInput)
    }
}

fn pdf_too_large() -> RenderError {
    RenderError::InvalidInput(format!(
        "The PDF is larger than {MAX_PDF_BYTES} bytes: send fewer pages or smaller images"
    ))
}
