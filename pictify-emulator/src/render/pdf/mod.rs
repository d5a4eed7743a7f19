//! From HTML to PDF: a sheet is a page, and its text stays text.
//!
//! Each sheet is laid out as browsers print: at the width inside the margins, with the rules of `@media print`. A page
//! per sheet is what the contract knows, so what does not fit on it is cut, between two lines where that is possible.
//! A canvas is no text that flows: it is scaled to fit inside the margins, and centred.
//!
//! PDF has no means for `filter: blur()` and `drop-shadow()`: a sheet that has them becomes a picture on its page, which
//! looks the same but has no text to select. A gradient or a picture as the background of `body` covers the box of
//! `body` only, a colour all of the page inside the margins.
//!
//! | file | holds |
//! |---|---|
//! | `paper.rs` | sizes, margins and scale |
//! | `sheet.rs` | a sheet as a PDF of its own, in the size of its content |
//! | `bind.rs` | these put on paper, in one file |

mod bind;
mod paper;
mod sheet;

pub use paper::{Margins, PageSetup, Preset};

use super::RenderError;
use std::time::Instant;

/// How many pages a document has at most.
pub const MAX_PAGES: usize = 100;

/// How many bytes of HTML all sheets have together at most.
pub const MAX_HTML_BYTES: usize = 32 * 1024 * 1024;

/// How many bytes a file has at most.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// What to print.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The pages.
    pub pages: Vec<PdfPage>,
    /// What they are printed on.
    pub page_setup: PageSetup,
    /// What viewers call it.
    pub title: Option<String>,
}

/// What goes on one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PdfPage {
    /// A document or a fragment.
    pub html: String,
    /// The size of what has a fixed one, in pixels. It is scaled to fit; other pages flow into the paper's width.
    pub canvas: Option<(u32, u32)>,
}

/// A PDF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdf {
    /// The file.
    pub bytes: Vec<u8>,
    /// How many pages it has.
    pub pages: u32,
}

pub(super) fn print(document: &Document) -> Result<Pdf, RenderError> {
    document.check()?;
    let started = Instant::now();
    let mut book = bind::Book::new(document.page_setup);
    for sheet in &document.pages {
        // Nobody waits any longer, and the place is needed.
        if started.elapsed() > super::TIME_LIMIT {
            return Err(RenderError::TimedOut);
        }
        book.add(&sheet::print(sheet, &document.page_setup)?)?;
        if book.size() > MOST_BYTES {
            return Err(too_large());
        }
    }
    let pages = u32::try_from(document.pages.len()).unwrap_or(u32::MAX);
    Ok(Pdf { bytes: book.finish(document.title.as_deref())?, pages })
}

impl Document {
    fn check(&self) -> Result<(), RenderError> {
        let (pages, html) = (self.pages.len(), self.pages.iter().map(|sheet| sheet.html.len()).sum::<usize>());
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

fn too_large() -> RenderError {
    RenderError::InvalidInput(format!(
        "The PDF is larger than {MOST_BYTES} bytes: send fewer pages or smaller pictures"
    ))
}
