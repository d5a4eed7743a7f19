//! Pages of PDF files as images, for the dashboard. Browsers show PDFs in a frame of their own, which its policy does not
//! allow.

use crate::render::{Job, Renderer};
use hayro::{
    RenderSettings, hayro_interpret::InterpreterSettings, hayro_syntax::Pdf, render,
    vello_cpu::color::palette::css::WHITE,
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::sync::Arc;

/// Maximum width and height of an image, in pixels.
const MAX_SIZE: (f32, f32) = (1000.0, 2000.0);

/// Job that draws a page of a PDF file as a PNG. The output is `None` if there is no such page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DrawPdfPage {
    #[serde(with = "serde_bytes")]
    pub(crate) pdf: Vec<u8>,
    /// Number of the page, counted from 0.
    pub(crate) index: usize,
}

impl Job for DrawPdfPage {
    const NAME: &'static str = "pdf-page";

    type Output = Option<ByteBuf>;

    fn run(self, _renderer: &dyn Renderer) -> Self::Output {
        draw(self.pdf, self.index).map(ByteBuf::from)
    }
}

/// Draws a page of a PDF, counted from 0, as a PNG. Returns `None` if there is no such page.
fn draw(pdf: Vec<u8>, index: usize) -> Option<Vec<u8>> {
    let pdf = Pdf::new(Arc::new(pdf)).ok()?;
    let page = pdf.pages().get(index)?;
    let (width, height) = page.render_dimensions();
    let scale = (MAX_SIZE.0 / width.max(1.0)).min(MAX_SIZE.1 / height.max(1.0));
    let settings = RenderSettings { x_scale: scale, y_scale: scale, bg_color: WHITE, ..RenderSettings::default() };
    render(page, &InterpreterSettings::default(), &settings).into_png().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_pdf_has_no_pages() {
        assert_eq!(draw(b"%PDF-1.7\nnothing".to_vec(), 0), None);
        assert_eq!(draw(Vec::new(), 0), None);
    }
}
