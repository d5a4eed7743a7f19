//! PDF files from templates, with one page or many.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! use pictify::pdfs::PdfPreset;
//!
//! #[derive(serde::Serialize)]
//! struct Invoice { number: &'static str, total: f64 }
//!
//! let invoice = Invoice { number: "INV-001", total: 99.0 };
//! let pdf = client.pdfs().render("XK4P2M9QZT", &invoice).preset(PdfPreset::A4).margins_px(40.0).send().await?;
//! client.download(&pdf).to_file("invoice.pdf").await?;
//! # Ok(()) }
//! ```

use crate::{download::Downloadable, resources::api_request, resources::resource, variables};
use pictify_api::types::{PdfMargins, PixelSize, RenderMultiPagePdfRequest, RenderPdfRequest};
use serde::Serialize;

pub use pictify_api::types::{Pdf, PdfPreset, PdfPresets, PointSize};

resource! {
    /// The PDF operations of a client: [`client.pdfs()`](crate::Client::pdfs).
    Pdfs
}

impl<C: Clone> Pdfs<C> {
    /// Renders a template to a PDF of one page. Bills one render.
    ///
    /// `POST /pdf/render`, documented. Sources disagree whether it accepts API keys.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, if `variables` does not
    /// serialise to a JSON object, for a scale outside 0.1 to 2, or for a page size without the custom preset;
    /// `Authentication` if the service does not accept API keys for it; `NotFound` for the template; any error of the
    /// service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let pdf = client.pdfs().render("XK4P2M9QZT", &serde_json::json!({"number": "INV-001"})).send().await?;
    /// println!("{:?} pages", pdf.page_count);
    /// # Ok(()) }
    /// ```
    pub fn render(&self, template_uid: impl Into<String>, variables: &impl Serialize) -> RenderPdfCall<C> {
        self.call_with(variables::from(variables), |variables| {
            let mut body = RenderPdfRequest::new(template_uid.into());
            body.variables = Some(variables);
            RenderPdf::of(body)
        })
    }

    /// Renders a template to a PDF with one page for each set of variables. Bills one render for each page.
    ///
    /// `POST /pdf/multi-page`, documented: up to 100 pages. Sources disagree whether it accepts API keys.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, if `pages` is empty or a set
    /// does not serialise to a JSON object; else as [`render`](Self::render).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let pages = ["Introduction", "Analysis"].map(|title| serde_json::json!({"pageTitle": title}));
    /// let pdf = client.pdfs().render_pages("XK4P2M9QZT", pages).landscape(true).send().await?;
    /// println!("{}", pdf.url);
    /// # Ok(()) }
    /// ```
    pub fn render_pages(
        &self,
        template_uid: impl Into<String>,
        pages: impl IntoIterator<Item = impl Serialize>,
    ) -> RenderMultiPagePdfCall<C> {
        let sets = variables::sets(pages);
        self.call_with(sets, |sets| {
            let body = RenderMultiPagePdfRequest::new(template_uid.into(), sets);
            RenderMultiPagePdf::of(body)
        })
    }

    /// Lists the page sizes.
    ///
    /// `GET /pdf/presets`, documented; reads only. The response format is unpublished, so the value is raw JSON.
    ///
    /// # Errors
    /// At `send`: any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.pdfs().presets().send().await?.presets);
    /// # Ok(()) }
    /// ```
    pub fn presets(&self) -> GetPdfPresetsCall<C> {
        self.call(GetPdfPresets::of())
    }
}

api_request! {
    /// The request of [`Pdfs::render`] as data.
    RenderPdf / RenderPdfCall { #[serde(flatten)] body: RenderPdfRequest } -> Pdf = RENDER_PDF,
    |op, base| requests::render_pdf(base, &op.body)
}

api_request! {
    /// The request of [`Pdfs::render_pages`] as data.
    RenderMultiPagePdf / RenderMultiPagePdfCall { #[serde(flatten)] body: RenderMultiPagePdfRequest } -> Pdf = RENDER_MULTI_PAGE_PDF,
    |op, base| requests::render_multi_page_pdf(base, &op.body),
    renders |op| op.body.variable_sets.len() as u64
}

api_request! {
    /// The request of [`Pdfs::presets`] as data.
    GetPdfPresets / GetPdfPresetsCall {} -> PdfPresets = GET_PDF_PRESETS,
    |op, base| requests::get_pdf_presets(base)
}

/// Implements the setters of pages for both renders.
macro_rules! page_setters {
    ($($operation:ident),*) => {$(
        /// Setters of the pages.
        impl<C> $operation<C> {
            /// Sets the page size. The service's default is A4.
            pub fn preset(self, preset: PdfPreset) -> Self {
                self.with(|op| op.body.options.get_or_insert_default().preset = Some(preset))
            }

            /// Sets a custom page size in pixels, and the preset `custom`.
            pub fn size_px(self, width: u32, height: u32) -> Self {
                self.with(|op| {
                    let options = op.body.options.get_or_insert_default();
                    options.preset = Some(PdfPreset::Custom);
                    options.custom_size = Some(PixelSize::new(width.into(), height.into()));
                })
            }

            /// Sets the same margin on all four sides, in pixels. The service's default is none.
            pub fn margins_px(self, all: f64) -> Self {
                self.margins_each_px(all, all, all, all)
            }

            /// Sets the margins in pixels. The service's default is none.
            pub fn margins_each_px(self, top: f64, right: f64, bottom: f64, left: f64) -> Self {
                self.with(|op| {
                    let mut margins = PdfMargins::default();
                    (margins.top, margins.right) = (Some(top), Some(right));
                    (margins.bottom, margins.left) = (Some(bottom), Some(left));
                    op.body.options.get_or_insert_default().margins = Some(margins);
                })
            }

            /// Sets the title of the document.
            pub fn title(self, title: impl Into<String>) -> Self {
                self.with(|op| op.body.options.get_or_insert_default().title = Some(title.into()))
            }

            /// Sets landscape (true) or portrait (false) orientation. Only an early document of the service describes
            /// it.
            pub fn landscape(self, landscape: bool) -> Self {
                self.with(|op| op.body.options.get_or_insert_default().landscape = Some(landscape))
            }

            /// Sets the scale, 0.1 to 2. The service's default is 1. Only an early document of the service describes
            /// it.
            pub fn scale(self, scale: f64) -> Self {
                self.with(|op| op.body.options.get_or_insert_default().scale = Some(scale))
            }
        }
    )*};
}

page_setters!(RenderPdfCall, RenderMultiPagePdfCall);

impl Downloadable for Pdf {
    fn url(&self) -> &str {
        &self.url
    }
}
