//! Renders of a template: one file, one file for each row, a PDF with several pages, layouts.

use super::{LayoutError, RenderFormat, RenderedLayout, TemplatePdfPreset, TemplateRender, Templates};
use crate::{
    Error, ErrorKind, Result,
    download::Downloadable,
    resources::api_request,
    send_all::{SendAll, send_all},
    variables,
};
use pictify_api::{
    ValidationErrors,
    types::{RenderTemplateRequest, Variables},
};
use serde::Serialize;

/// Maximum number of pages of a PDF in one call.
const MAX_PAGES: usize = 100;

impl<C: Clone> Templates<C> {
    /// Renders a template to one file. Bills one render.
    ///
    /// `POST /templates/{uid}/render`, live. `variables` is any value that serialises to a JSON object, such as an
    /// empty struct with braces; `&()` does not. Without setters the file is a PNG of the template's own size. If the
    /// template does not have the [`layout`](RenderTemplateCall::layout), the service may render the template itself:
    /// the response's `layout` names the rendered one.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, if `variables` does not
    /// serialise to a JSON object, for a size outside 10 to 4096 pixels, a width without a height, or a quality outside
    /// 0.1 to 1; `RenderFailed` if nothing was rendered, even if the status is a success; `NotFound`; from the service,
    /// `Validation` for values that the template does not accept; `QuotaExceeded`, `RateLimited`, `Server`.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::templates::RenderFormat;
    ///
    /// let values = serde_json::json!({"title": "My post", "showBadge": true});
    /// let card = client.templates().render("XK4P2M9QZT", &values).format(RenderFormat::Webp).quality(0.8).send().await?;
    /// client.download(&card).to_file("card.webp").await?;
    /// # Ok(()) }
    /// ```
    pub fn render(&self, uid: impl Into<String>, variables: &impl Serialize) -> RenderTemplateCall<C> {
        self.call_with(variables::from(variables), |variables| RenderTemplate::new(uid, variables))
    }

    /// Renders a template once for each row, with concurrent single calls. Each result contains the image or the error
    /// of its row: a failed row does not affect the others. A million rows need no more memory than the calls in
    /// flight. Bills one render for each row.
    ///
    /// `POST /templates/{uid}/render` for each row, live. See [`SendAll`] for the concurrency and the order of the
    /// results. [`batches`](crate::batches) render the rows at the service instead.
    ///
    /// # Errors
    /// In the results: as [`render`](Self::render).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::templates::RenderFormat;
    ///
    /// let rows = (1..=10_000).map(|n| serde_json::json!({"title": format!("Badge {n}")}));
    /// let jobs = client.templates().render_many("XK4P2M9QZT", rows);
    /// let mut badges = jobs.map_call(|call| call.format(RenderFormat::Webp));
    /// while let Some(badge) = badges.next().await {
    ///     client.download(&badge.result?).to_file(format!("badge-{}.webp", badge.index)).await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn render_many<'a, R: Serialize + 'a>(
        &self,
        uid: impl Into<String>,
        rows: impl IntoIterator<Item = R, IntoIter: Send + 'a>,
    ) -> SendAll<'a, RenderTemplate, C>
    where
        C: Send + 'static,
    {
        let (templates, uid) = (self.clone(), uid.into());
        send_all(rows.into_iter().map(move |row| templates.render(uid.as_str(), &row)))
    }

    /// Renders a template to one PDF with a page for each set of values, 1 to 100 pages. Billed.
    ///
    /// `POST /templates/{uid}/render`, live. [`Pdfs::render_pages`](crate::pdfs::Pdfs::render_pages) can also set
    /// margins and a title, but may not accept API keys.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, if one of `pages` does not
    /// serialise to a JSON object, or there is no page or more than 100; else as [`render`](Self::render).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::templates::TemplatePdfPreset;
    ///
    /// let pages = [serde_json::json!({"title": "p1"}), serde_json::json!({"title": "p2"})];
    /// let pdf = client.templates().render_pages("XK4P2M9QZT", pages).pdf_preset(TemplatePdfPreset::A4).send().await?;
    /// println!("{}", pdf.url);
    /// # Ok(()) }
    /// ```
    pub fn render_pages(
        &self,
        uid: impl Into<String>,
        pages: impl IntoIterator<Item = impl Serialize>,
    ) -> RenderTemplateCall<C> {
        let sets = variables::sets(pages);
        self.call_with(sets, |sets| RenderTemplate::pages(uid, sets))
    }

    /// Renders a template in several of its layouts, 1 to 20. Bills one render for each.
    ///
    /// `POST /templates/{uid}/render`, live. The layout `default` is the template itself. A layout that fails does not
    /// fail the call: check the response's `errors`.
    ///
    /// # Errors
    /// As [`render`](Self::render), but an empty result is not an error.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let values = serde_json::json!({"title": "My post"});
    /// let layouts = ["default", "twitter-post"];
    /// let cards = client.templates().render_layouts("XK4P2M9QZT", &values, layouts).send().await?;
    /// for card in &cards.results {
    ///     println!("{:?} {}", card.layout, card.url);
    /// }
    /// for failed in &cards.errors {
    ///     eprintln!("{:?} {:?}", failed.layout, failed.error);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn render_layouts(
        &self,
        uid: impl Into<String>,
        variables: &impl Serialize,
        layouts: impl IntoIterator<Item = impl Into<String>>,
    ) -> RenderTemplateLayoutsCall<C> {
        let layouts = layouts.into_iter().map(Into::into);
        self.call_with(variables::from(variables), |variables| RenderTemplateLayouts::new(uid, variables, layouts))
    }
}

/// Setters of [`Templates::render`] alone.
impl<C> RenderTemplateCall<C> {
    /// Sets the key of the layout to render. The service's default is the template itself.
    pub fn layout(self, key: impl Into<String>) -> Self {
        self.with(|op| op.body.layout = Some(key.into()))
    }
}

api_request! {
    /// The request of [`Templates::render`] and [`Templates::render_pages`] as data.
    RenderTemplate / RenderTemplateCall { uid: String, body: RenderTemplateRequest } -> RenderedLayout = RENDER_TEMPLATE,
    |op, base| requests::render_template(base, &op.uid, &op.body),
    read |render, response| only_layout(render).map_err(|error| error.with_received(response.to_received())),
    rules |op, found| {
        check_render(&op.body, found);
        if op.body.layouts.is_some() {
            found.push("layouts", "must not be set: this request renders one file");
        }
        if let Some(sets) = &op.body.variable_sets {
            found.check_length("variableSets", "sets", sets.len(), Some(1), Some(MAX_PAGES));
        }
    },
    renders |op| op.body.variable_sets.as_ref().map_or(1, Vec::len) as u64
}

impl RenderTemplate {
    /// Creates a request for one file with these values.
    #[must_use]
    pub fn new(uid: impl Into<String>, variables: Variables) -> Self {
        let body = RenderTemplateRequest { variables: Some(variables), ..RenderTemplateRequest::default() };
        Self::of(uid.into(), body)
    }

    /// Creates a request for one PDF with a page for each set of values.
    #[must_use]
    pub fn pages(uid: impl Into<String>, sets: Vec<Variables>) -> Self {
        let body = RenderTemplateRequest {
            variable_sets: Some(sets),
            format: Some(RenderFormat::Pdf),
            ..RenderTemplateRequest::default()
        };
        Self::of(uid.into(), body)
    }
}

api_request! {
    /// The request of [`Templates::render_layouts`] as data.
    RenderTemplateLayouts / RenderTemplateLayoutsCall { uid: String, body: RenderTemplateRequest } -> TemplateRender = RENDER_TEMPLATE,
    |op, base| requests::render_template(base, &op.uid, &op.body),
    read |render, response| {
        let mut render = with_results(render);
        response.keep_files("results", &mut render.results)?;
        Ok(render)
    },
    rules |op, found| {
        check_render(&op.body, found);
        if op.body.layout.is_some() {
            found.push("layout", "must not be set together with layouts");
        }
        if op.body.variable_sets.is_some() {
            found.push("variableSets", "must not be set together with layouts");
        }
        found.check_length("layouts", "layouts", op.body.layouts.as_ref().map_or(0, Vec::len), Some(1), None);
    },
    renders |op| op.body.layouts.as_ref().map_or(0, Vec::len) as u64
}

impl RenderTemplateLayouts {
    /// Creates a request for one file for each layout, with these values.
    #[must_use]
    pub fn new(uid: impl Into<String>, variables: Variables, layouts: impl IntoIterator<Item = String>) -> Self {
        let body = RenderTemplateRequest {
            variables: Some(variables),
            layouts: Some(layouts.into_iter().collect()),
            ..RenderTemplateRequest::default()
        };
        Self::of(uid.into(), body)
    }
}

/// Checks the rules that both kinds of renders have in common.
fn check_render(body: &RenderTemplateRequest, found: &mut ValidationErrors) {
    if body.width.is_some() != body.height.is_some() {
        found.push("", "width and height must be set together");
    }
    if let Some(RenderFormat::Unknown(format)) = &body.format {
        found.push("format", format!("must be png, jpeg, webp, gif or pdf, is {format}"));
    }
    if body.format != Some(RenderFormat::Pdf) && (body.variable_sets.is_some() || body.preset.is_some()) {
        found.push("format", "must be pdf when pages or their size are set");
    }
}

/// Implements the setters that both kinds of renders have in common.
macro_rules! render_setters {
    ($($operation:ident),*) => {$(
        /// Setters of the output.
        impl<C> $operation<C> {
            /// Sets the file format. The service's default is PNG.
            pub fn format(self, format: RenderFormat) -> Self {
                self.with(|op| op.body.format = Some(format))
            }

            /// Sets the quality of lossy formats, 0.1 to 1. The service's default is 0.9.
            pub fn quality(self, quality: f64) -> Self {
                self.with(|op| op.body.quality = Some(quality))
            }

            /// Sets the width and height in pixels, 10 to 4096 each. The service's default is the template's own size.
            pub fn size(self, width: u32, height: u32) -> Self {
                self.with(|op| {
                    op.body.width = Some(width.into());
                    op.body.height = Some(height.into());
                })
            }

            /// Sets the page size, and the format PDF. Another [`format`](Self::format) is then an error at `send`.
            pub fn pdf_preset(self, preset: TemplatePdfPreset) -> Self {
                self.with(|op| {
                    op.body.format.get_or_insert(RenderFormat::Pdf);
                    op.body.preset = Some(preset);
                })
            }
        }
    )*};
}

render_setters!(RenderTemplateCall, RenderTemplateLayoutsCall);

/// Converts the older flat form of a response, with one render, to the form with `results`.
fn with_results(mut render: TemplateRender) -> TemplateRender {
    let Some(url) = render.url.as_ref().filter(|_| render.results.is_empty()) else { return render };
    let mut layout = RenderedLayout::new(url.as_str());
    layout.layout = Some("default".to_owned());
    layout.id.clone_from(&render.id);
    (layout.width, layout.height) = (render.width, render.height);
    layout.format.clone_from(&render.format);
    layout.created_at.clone_from(&render.created_at);
    layout.user_storage_url.clone_from(&render.user_storage_url);
    render.results.push(layout);
    render
}

/// Returns the only file of a response. The service may return 200 even if it has rendered nothing.
fn only_layout(render: TemplateRender) -> Result<RenderedLayout> {
    let render = with_results(render);
    let Some(layout) = render.results.into_iter().next() else {
        let reasons: Vec<_> = render.errors.iter().map(describe).collect();
        return Err(if reasons.is_empty() {
            Error::new(ErrorKind::Decode, "the response has neither a result nor an error")
        } else {
            Error::new(ErrorKind::RenderFailed, reasons.join("; "))
        });
    };
    Ok(layout)
}

fn describe(error: &LayoutError) -> String {
    let reason = error.error.as_deref().unwrap_or("the service does not report a reason");
    error.layout.as_ref().map_or_else(|| reason.to_owned(), |layout| format!("layout {layout}: {reason}"))
}

impl Downloadable for RenderedLayout {
    fn url(&self) -> &str {
        &self.url
    }
}
