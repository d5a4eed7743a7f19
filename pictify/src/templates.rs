//! Designs with variables, stored and rendered.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! use pictify::templates::{RenderFormat, TemplateSource};
//!
//! #[derive(serde::Serialize)]
//! struct Card { title: &'static str }
//!
//! let source = TemplateSource::html("<h1>{{title}}</h1>");
//! let template = client.templates().create("Social card", source).size(1200, 630).send().await?;
//! let card = client.templates().render(&template.uid, &Card { title: "Rust" })?.format(RenderFormat::Webp).send().await?;
//! client.download(&card).to_file("card.webp").await?;
//! # Ok(()) }
//! ```

pub(crate) mod check;

pub use check::{CheckVariables, JsonType, VariableProblem, VariableProblems};
pub use pictify_api::types::{
    Deletion, LayoutError, MultiSizeRender, PublicTemplateSort, RasterFormat, RenderedLayout, RenderedSize, SizeError,
    SizedRender, Template, TemplateEngine, TemplateLayout, TemplateLayouts, TemplateList, TemplateOutput,
    TemplateOutputFilter, TemplatePage, TemplatePdfPreset, TemplateRender, TemplateRenderFormat as RenderFormat,
    TemplateSort, TemplateVariables, VariableDefinition, VariableType, VariableValidation,
};

use crate::{
    Call, Error, ErrorKind, Result, download::RenderedFile, error::Received, many, many::Many, operation::operation,
    pagination::paged, resources::resource, variables,
};
use pictify_api::{
    Violations,
    types::{
        CreateTemplateRequest, JsonObject, ListPublicTemplatesQuery, ListTemplatesQuery,
        MultiSizeRenderTemplateRequest, RenderSize, RenderTemplateRequest, UpdateTemplateRequest, Variables,
    },
};
use serde::Serialize;

/// How long the source of a template may be, in bytes.
const SOURCE_LIMIT: usize = 500 * 1024;

/// How many layouts a template may have beside its own size.
const LAYOUT_LIMIT: usize = 20;

/// How many pages a PDF may be given in one call.
const PAGE_LIMIT: usize = 100;

/// How many pixels all sizes of one call may have together.
const PIXEL_LIMIT: u64 = 50_000_000;

resource! {
    /// The template operations of a client: [`client.templates()`](crate::Client::templates).
    Templates
}

impl<C: Clone> Templates<C> {
    /// Lists the account's templates. `send` reads one page, [`items`](Call::items) all of them.
    ///
    /// `GET /templates`, live; reads only. The service returns 12 templates a page, newest first, unless told otherwise.
    /// Their sources may be left out.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation) for a limit outside 1 to 100 before anything is sent; any
    /// error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::templates::TemplateSort;
    ///
    /// let mut templates = client.templates().list().sort(TemplateSort::Name).limit(100).items();
    /// while let Some(template) = templates.try_next().await? {
    ///     println!("{} {:?}", template.uid, template.name);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> Call<ListTemplates, C> {
        self.call(ListTemplates::default())
    }

    /// Stores a template. Bills nothing, but plans limit how many there may be.
    ///
    /// `POST /templates`, live. Variables that the source uses and that are not
    /// [defined](Call::variable_definitions) are added as texts and listed in the answer's `added_variables`.
    ///
    /// # Errors
    /// At `send`: `Validation` for an empty name or source, or one of more than 500 KB, before anything is sent; from the
    /// service, `Validation` for a source that it does not accept; `QuotaExceeded` when the plan allows no more templates.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::templates::TemplateSource;
    ///
    /// let source = TemplateSource::html("<h1>{{title}}</h1>");
    /// let template = client.templates().create("Social card", source).size(1200, 630).send().await?;
    /// println!("{} {:?}", template.uid, template.added_variables);
    /// # Ok(()) }
    /// ```
    pub fn create(&self, name: impl Into<String>, source: TemplateSource) -> Call<CreateTemplate, C> {
        self.call(CreateTemplate::new(name, source))
    }

    /// Reads one template, with its source.
    ///
    /// `GET /templates/{uid}`, live; reads only.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot stand in a path (empty, `.` or `..`) before anything is sent;
    /// `NotFound`, also for a template of another team; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.templates().get("XK4P2M9QZT").send().await?.html);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, uid: impl Into<String>) -> Call<GetTemplate, C> {
        self.call(GetTemplate { uid: uid.into() })
    }

    /// Changes a template. What is not set stays as it is; the engine cannot change.
    ///
    /// `PUT /templates/{uid}`, live. Bills nothing.
    ///
    /// # Errors
    /// At `send`: as [`create`](Self::create), and `NotFound`.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.templates().update("XK4P2M9QZT").name("Social card v2").size(1080, 630).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, uid: impl Into<String>) -> Call<UpdateTemplate, C> {
        self.call(UpdateTemplate { uid: uid.into(), body: UpdateTemplateRequest::default() })
    }

    /// Deletes a template. What was rendered from it stays.
    ///
    /// `DELETE /templates/{uid}`, live. Bills nothing.
    ///
    /// # Errors
    /// At `send`: as [`get`](Self::get). `NotFound` may mean that an earlier attempt has deleted it.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.templates().delete("XK4P2M9QZT").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, uid: impl Into<String>) -> Call<DeleteTemplate, C> {
        self.call(DeleteTemplate { uid: uid.into() })
    }

    /// Renders a template to one file. Bills one render.
    ///
    /// `POST /templates/{uid}/render`, live. `variables` is anything that serialises to a JSON object; `&()` does not, an
    /// empty struct with braces does. Without setters the file is a PNG of the template's own size. When the service does
    /// not know the [`layout`](Call::layout) it may render the template itself: the answer's `layout` says what it is.
    ///
    /// # Errors
    /// Here: [`Validation`](crate::ErrorKind::Validation) when `variables` does not serialise to a JSON object. At `send`:
    /// `Validation` for a size outside 10 to 4096 pixels, half a size, or a quality outside 0.1 to 1, before anything is
    /// sent; `RenderFailed` when nothing was rendered, also when the service calls that a success; `NotFound`; from the
    /// service, `Validation` for values that the template does not take; `QuotaExceeded`, `RateLimited`, `Server`.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::templates::RenderFormat;
    ///
    /// let values = serde_json::json!({"title": "My post", "showBadge": true});
    /// let card = client.templates().render("XK4P2M9QZT", &values)?.format(RenderFormat::Webp).quality(0.8).send().await?;
    /// client.download(&card).to_file("card.webp").await?;
    /// # Ok(()) }
    /// ```
    pub fn render(&self, uid: impl Into<String>, variables: &impl Serialize) -> Result<Call<RenderTemplate, C>> {
        Ok(self.call(RenderTemplate::new(uid, variables::from(variables)?)))
    }

    /// Renders a template once for each row, with single calls side by side: each picture is in its result, one bad row
    /// sinks no other, and a million rows need no more memory than those under way. Bills one render a row.
    ///
    /// `POST /templates/{uid}/render` for each row, live. See [`Many`] for how many go at once and in which order
    /// results come; [`batches`](crate::batches) leave that to the service.
    ///
    /// # Errors
    /// In the results: as [`render`](Self::render).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::templates::RenderFormat;
    ///
    /// let rows = (1..=10_000).map(|n| serde_json::json!({"title": format!("Badge {n}")}));
    /// let mut badges = client.templates().render_many("XK4P2M9QZT", rows).each(|call| call.format(RenderFormat::Webp));
    /// while let Some(badge) = badges.next().await {
    ///     client.download(&badge.result?).to_file(format!("badge-{}.webp", badge.index)).await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn render_many<'a, R: Serialize + 'a>(
        &self,
        uid: impl Into<String>,
        rows: impl IntoIterator<Item = R, IntoIter: Send + 'a>,
    ) -> Many<'a, RenderTemplate, C>
    where
        C: Send + 'static,
    {
        let (templates, uid) = (self.clone(), uid.into());
        many(rows.into_iter().map(move |row| templates.render(uid.as_str(), &row)))
    }

    /// Renders a template to one PDF with a page for each set of values, 1 to 100. Bills.
    ///
    /// `POST /templates/{uid}/render`, live. [`Pdfs::render_pages`](crate::pdfs::Pdfs::render_pages) knows margins and
    /// titles as well; this one works with keys wherever templates do.
    ///
    /// # Errors
    /// Here: [`Validation`](crate::ErrorKind::Validation) when one of `pages` does not serialise to a JSON object. At
    /// `send`: `Validation` for no page or more than 100, before anything is sent; else as [`render`](Self::render).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::templates::TemplatePdfPreset;
    ///
    /// let pages = [serde_json::json!({"title": "p1"}), serde_json::json!({"title": "p2"})];
    /// let pdf = client.templates().render_pages("XK4P2M9QZT", pages)?.pdf_preset(TemplatePdfPreset::A4).send().await?;
    /// println!("{}", pdf.url);
    /// # Ok(()) }
    /// ```
    pub fn render_pages(
        &self,
        uid: impl Into<String>,
        pages: impl IntoIterator<Item = impl Serialize>,
    ) -> Result<Call<RenderTemplate, C>> {
        let sets = pages.into_iter().map(|page| variables::from(&page)).collect::<Result<Vec<_>>>()?;
        Ok(self.call(RenderTemplate::pages(uid, sets)))
    }

    /// Renders a template in several of its layouts, 1 to 20. Bills one render each.
    ///
    /// `POST /templates/{uid}/render`, live. The layout `default` is the template itself. A layout that fails does not fail
    /// the call: look at the answer's `errors`.
    ///
    /// # Errors
    /// As [`render`](Self::render), except that nothing rendered is no error.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let values = serde_json::json!({"title": "My post"});
    /// let layouts = ["default", "twitter-post"];
    /// let cards = client.templates().render_layouts("XK4P2M9QZT", &values, layouts)?.send().await?;
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
    ) -> Result<Call<RenderTemplateLayouts, C>> {
        let variables = variables::from(variables)?;
        Ok(self.call(RenderTemplateLayouts::new(uid, variables, layouts.into_iter().map(Into::into))))
    }

    /// Renders a template in several sizes, 1 to 20, of at most 50 million pixels together. Bills one render each.
    ///
    /// `POST /templates/{uid}/multi-size-render`, live. A size that fails does not fail the call: look at the answer's
    /// `errors`.
    ///
    /// # Errors
    /// Here: [`Validation`](crate::ErrorKind::Validation) when `variables` does not serialise to a JSON object. At `send`:
    /// `Validation` for sizes that are too few, too many, too large, or outside 10 to 4096 pixels, before anything is sent;
    /// any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::templates::Size;
    ///
    /// let values = serde_json::json!({"title": "Sale"});
    /// let sizes = [Size::preset("instagram-post"), Size::px(728, 90).label("banner")];
    /// let banners = client.templates().render_sizes("XK4P2M9QZT", &values, sizes)?.send().await?;
    /// for banner in &banners.results {
    ///     println!("{:?} {}", banner.size, banner.url);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn render_sizes(
        &self,
        uid: impl Into<String>,
        variables: &impl Serialize,
        sizes: impl IntoIterator<Item = Size>,
    ) -> Result<Call<RenderTemplateSizes, C>> {
        Ok(self.call(RenderTemplateSizes::new(uid, variables::from(variables)?, sizes)))
    }

    /// Reads what variables a template has.
    ///
    /// `GET /templates/{uid}/variables`, live; reads only. [`CheckVariables`] holds values against the answer, and
    /// [`check`](Self::check) does both.
    ///
    /// # Errors
    /// At `send`: as [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::templates::CheckVariables;
    ///
    /// let definitions = client.templates().variables("XK4P2M9QZT").send().await?;
    /// for row in [serde_json::json!({"title": "Ada"}), serde_json::json!({"title": "Grace"})] {
    ///     definitions.check(&row)?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn variables(&self, uid: impl Into<String>) -> Call<GetTemplateVariables, C> {
        self.call(GetTemplateVariables { uid: uid.into() })
    }

    /// Reads what variables a template has and holds values against them, so that mistakes cost no render.
    ///
    /// `GET /templates/{uid}/variables`, live; reads only. Gives back the definitions when all is well. What is looked at
    /// is told by [`CheckVariables`].
    ///
    /// # Errors
    /// Here: [`Validation`](crate::ErrorKind::Validation) when `variables` does not serialise to a JSON object. At `send`:
    /// `Validation` with every problem at once, as [`violations`](Error::violations) and as a
    /// [`VariableProblems`] that is the error's source; else as [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let values = serde_json::json!({"titel": "My post"});
    /// if let Err(error) = client.templates().check("XK4P2M9QZT", &values)?.send().await {
    ///     for violation in error.violations() {
    ///         eprintln!("{}: {}", violation.field, violation.message);
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn check(&self, uid: impl Into<String>, variables: &impl Serialize) -> Result<Call<CheckTemplateVariables, C>> {
        let variables = variables::object(variables, "variables")?.into();
        Ok(self.call(CheckTemplateVariables { uid: uid.into(), variables }))
    }

    /// Lists the templates of the public gallery. `send` reads one page, [`items`](Call::items) all of them.
    ///
    /// `GET /public/templates`, public: needs no key, and one is accepted. Reads only. The service returns 12 templates a
    /// page unless told otherwise.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let page = client.templates().list_public().category("social").search("quote").send().await?;
    /// println!("{} templates", page.templates.len());
    /// # Ok(()) }
    /// ```
    pub fn list_public(&self) -> Call<ListPublicTemplates, C> {
        self.call(ListPublicTemplates::default())
    }

    /// Reads one template of the public gallery.
    ///
    /// `GET /public/templates/{uid}`, public: needs no key, and one is accepted. Reads only.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.templates().get_public("PB11QWERTY").send().await?.name);
    /// # Ok(()) }
    /// ```
    pub fn get_public(&self, uid: impl Into<String>) -> Call<GetPublicTemplate, C> {
        self.call(GetPublicTemplate { uid: uid.into() })
    }
}

/// What a template is written in, and its source.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TemplateSource {
    /// HTML with Handlebars expressions such as `{{title}}`.
    Html(String),
    /// A FabricJS canvas.
    Canvas(JsonObject),
}

impl TemplateSource {
    /// HTML with Handlebars expressions such as `{{title}}`, up to 500 KB.
    pub fn html(html: impl Into<String>) -> Self {
        Self::Html(html.into())
    }

    /// A FabricJS canvas: anything that serialises to a JSON object. Its keys are sent as they are.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) when it does not.
    ///
    /// ```
    /// use pictify::templates::TemplateSource;
    ///
    /// let canvas = serde_json::json!({"version": "5.3.0", "objects": []});
    /// assert!(TemplateSource::canvas(&canvas).is_ok());
    /// assert!(TemplateSource::canvas(&[1, 2]).is_err());
    /// ```
    pub fn canvas(canvas: &impl Serialize) -> Result<Self> {
        Ok(Self::Canvas(variables::object(canvas, "fabricJSData")?.into()))
    }
}

/// A size to render a template in: a preset, or width and height.
#[derive(Clone, Debug, PartialEq)]
pub struct Size(RenderSize);

impl Size {
    /// A size that the service knows by name, for example `og-image` or `instagram-post`.
    pub fn preset(name: impl Into<String>) -> Self {
        Self(RenderSize { preset: Some(name.into()), ..RenderSize::default() })
    }

    /// Width and height in pixels, 10 to 4096 each.
    #[must_use]
    pub fn px(width: u32, height: u32) -> Self {
        Self(RenderSize { width: Some(width.into()), height: Some(height.into()), ..RenderSize::default() })
    }

    /// What to call it in the answer.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.0.label = Some(label.into());
        self
    }
}

operation! {
    /// The request of [`Templates::list`] as data.
    #[derive(Default)]
    #[serde(transparent)]
    ListTemplates { query: ListTemplatesQuery } -> TemplateList = LIST_TEMPLATES,
    |op, api| api.list_templates(
        op.query.has_dynamic_link,
        op.query.limit,
        op.query.output_format.clone(),
        op.query.page,
        op.query.sort.clone(),
    )
}

/// Setters of [`Templates::list`].
impl<C> Call<ListTemplates, C> {
    /// The order. The service's default is the newest first.
    pub fn sort(self, sort: TemplateSort) -> Self {
        self.with(|op| op.query.sort = Some(sort))
    }

    /// Only templates that make this.
    pub fn output(self, output: TemplateOutputFilter) -> Self {
        self.with(|op| op.query.output_format = Some(output))
    }

    /// Only templates with, or without, a dynamic link.
    pub fn has_dynamic_link(self, has: bool) -> Self {
        self.with(|op| op.query.has_dynamic_link = Some(has))
    }
}

paged!(ListTemplates, templates: Template, by page, 12 a page);

operation! {
    /// The request of [`Templates::create`] as data.
    #[serde(transparent)]
    CreateTemplate { body: CreateTemplateRequest } -> Template = CREATE_TEMPLATE,
    |op, api| api.create_template(&op.body),
    rules |op, found| {
        let body = &op.body;
        if body.html.is_none() && body.fabric_js_data.is_none() && body.pages.as_ref().is_none_or(Vec::is_empty) {
            found.push("", "one of html, fabricJSData and pages must be set");
        }
        check_source(body.html.as_deref(), body.fabric_js_data.as_ref(), body.layouts.as_ref(), found);
    }
}

impl CreateTemplate {
    /// A request for a template with this name and source.
    #[must_use]
    pub fn new(name: impl Into<String>, source: TemplateSource) -> Self {
        let mut body = CreateTemplateRequest::new(name);
        match source {
            TemplateSource::Html(html) => {
                body.engine = Some(TemplateEngine::Html);
                body.html = Some(html);
            }
            TemplateSource::Canvas(canvas) => {
                body.engine = Some(TemplateEngine::Fabric);
                body.fabric_js_data = Some(canvas);
            }
        }
        Self { body }
    }
}

/// Setters of [`Templates::create`] alone.
impl<C> Call<CreateTemplate, C> {
    /// What it is for. Documented; not confirmed.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.with(|op| op.body.description = Some(text.into()))
    }
}

operation! {
    /// The request of [`Templates::get`] as data.
    GetTemplate { uid: String } -> Template = GET_TEMPLATE,
    |op, api| api.get_template(&op.uid)
}

operation! {
    /// The request of [`Templates::update`] as data.
    UpdateTemplate { uid: String, body: UpdateTemplateRequest } -> Template = UPDATE_TEMPLATE,
    |op, api| api.update_template(&op.uid, &op.body),
    rules |op, found| {
        let body = &op.body;
        check_source(body.html.as_deref(), body.fabric_js_data.as_ref(), body.layouts.as_ref(), found);
    }
}

/// Setters of [`Templates::update`] alone.
impl<C> Call<UpdateTemplate, C> {
    /// What it is called.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with(|op| op.body.name = Some(name.into()))
    }

    /// The source, in what the template is already written in.
    pub fn source(self, source: TemplateSource) -> Self {
        self.with(|op| {
            (op.body.html, op.body.fabric_js_data) = match source {
                TemplateSource::Html(html) => (Some(html), None),
                TemplateSource::Canvas(canvas) => (None, Some(canvas)),
            };
        })
    }
}

/// Rules that creating and changing share.
fn check_source(
    html: Option<&str>,
    canvas: Option<&JsonObject>,
    layouts: Option<&TemplateLayouts>,
    found: &mut Violations,
) {
    if html.is_some() && canvas.is_some() {
        found.push("", "only one of html and fabricJSData may be set");
    }
    found.length("html", "bytes", html.map_or(1, str::len), None, Some(SOURCE_LIMIT));
    let Some(layouts) = layouts else { return };
    found.length("layouts", "layouts", layouts.len(), None, Some(LAYOUT_LIMIT));
    for key in layouts.keys() {
        let fits = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
        if key.is_empty() || key.len() > 64 || !key.bytes().all(fits) {
            found.push("layouts", format!("the key {key:?} must be 1 to 64 small letters, digits and hyphens"));
        }
    }
}

/// Gives the setters that creating and changing share to both.
macro_rules! template_setters {
    ($($operation:ident),*) => {$(
        /// Setters of the template itself.
        impl<C> Call<$operation, C> {
            /// Width and height in pixels.
            pub fn size(self, width: u32, height: u32) -> Self {
                self.width(width).height(height)
            }

            /// Width in pixels.
            pub fn width(self, pixels: u32) -> Self {
                self.with(|op| op.body.width = Some(pixels.into()))
            }

            /// Height in pixels.
            pub fn height(self, pixels: u32) -> Self {
                self.with(|op| op.body.height = Some(pixels.into()))
            }

            /// Its variables.
            pub fn variable_definitions(self, definitions: impl IntoIterator<Item = VariableDefinition>) -> Self {
                self.with(|op| op.body.variable_definitions = Some(definitions.into_iter().collect()))
            }

            /// What it makes. The service's default is images.
            pub fn output(self, output: TemplateOutput) -> Self {
                self.with(|op| op.body.output_format = Some(output))
            }

            /// The page size of its PDFs. The service's default is A4.
            pub fn pdf_preset(self, preset: TemplatePdfPreset) -> Self {
                self.with(|op| op.body.pdf_preset = Some(preset))
            }

            /// Whether the scripts of its HTML run. The service's default is that they do not.
            pub fn scripts(self, run: bool) -> Self {
                self.with(|op| op.body.js_enabled = Some(run))
            }

            /// Whether a missing variable fails a render, if it is HTML. The service's default is that it does not.
            pub fn strict_variables(self, strict: bool) -> Self {
                self.with(|op| op.body.strict_variables = Some(strict))
            }

            /// What it is for, in free text, for example `og-image`: the field `type`.
            pub fn kind(self, kind: impl Into<String>) -> Self {
                self.with(|op| op.body.type_ = Some(kind.into()))
            }

            /// The category, in free text.
            pub fn category(self, category: impl Into<String>) -> Self {
                self.with(|op| op.body.category = Some(category.into()))
            }

            /// The tags.
            pub fn tags(self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.with(|op| op.body.tags = Some(tags.into_iter().map(Into::into).collect()))
            }

            /// The pages of a canvas with several.
            pub fn pages(self, pages: impl IntoIterator<Item = TemplatePage>) -> Self {
                self.with(|op| op.body.pages = Some(pages.into_iter().collect()))
            }

            /// Adds a further size with a design of its own. The key is 1 to 64 small letters, digits and hyphens; there
            /// may be 20. When a template is changed, all its layouts must be given.
            pub fn layout(self, key: impl Into<String>, layout: TemplateLayout) -> Self {
                self.with(|op| {
                    op.body.layouts.get_or_insert_default().0.insert(key.into(), layout);
                })
            }
        }
    )*};
}

template_setters!(CreateTemplate, UpdateTemplate);

operation! {
    /// The request of [`Templates::delete`] as data.
    DeleteTemplate { uid: String } -> Deletion = DELETE_TEMPLATE,
    |op, api| api.delete_template(&op.uid)
}

operation! {
    /// The request of [`Templates::render`] and [`Templates::render_pages`] as data.
    RenderTemplate { uid: String, body: RenderTemplateRequest } -> RenderedLayout = RENDER_TEMPLATE,
    |op, api| async {
        let answer = api.render_template(&op.uid, &op.body).await?;
        let received = Received { status: answer.status, headers: answer.headers.clone(), body: answer.body.clone() };
        answer.try_map(|render| only_layout(render).map_err(|error| error.with_received(received)))
    },
    rules |op, found| {
        check_render(&op.body, found);
        if op.body.layouts.is_some() {
            found.push("layouts", "must not be set: what comes out is one file");
        }
        if let Some(sets) = &op.body.variable_sets {
            found.length("variableSets", "sets", sets.len(), Some(1), Some(PAGE_LIMIT));
        }
    },
    renders |op| op.body.variable_sets.as_ref().map_or(1, Vec::len) as u64
}

impl RenderTemplate {
    /// A request for one file with these values.
    #[must_use]
    pub fn new(uid: impl Into<String>, variables: Variables) -> Self {
        let body = RenderTemplateRequest { variables: Some(variables), ..RenderTemplateRequest::default() };
        Self { uid: uid.into(), body }
    }

    /// A request for one PDF with a page for each set of values.
    #[must_use]
    pub fn pages(uid: impl Into<String>, sets: Vec<Variables>) -> Self {
        let body = RenderTemplateRequest {
            variable_sets: Some(sets),
            format: Some(RenderFormat::Pdf),
            ..RenderTemplateRequest::default()
        };
        Self { uid: uid.into(), body }
    }
}

/// Setters of [`Templates::render`] alone.
impl<C> Call<RenderTemplate, C> {
    /// The key of the layout to render. The service's default is the template itself.
    pub fn layout(self, key: impl Into<String>) -> Self {
        self.with(|op| op.body.layout = Some(key.into()))
    }
}

operation! {
    /// The request of [`Templates::render_layouts`] as data.
    RenderTemplateLayouts { uid: String, body: RenderTemplateRequest } -> TemplateRender = RENDER_TEMPLATE,
    |op, api| async {
        let answer = api.render_template(&op.uid, &op.body).await?;
        answer.try_map(|render| Ok::<_, Error>(with_results(render)))
    },
    rules |op, found| {
        check_render(&op.body, found);
        if op.body.layout.is_some() {
            found.push("layout", "must not be set beside layouts");
        }
        if op.body.variable_sets.is_some() {
            found.push("variableSets", "must not be set: a PDF of several pages has one layout");
        }
        found.length("layouts", "layouts", op.body.layouts.as_ref().map_or(0, Vec::len), Some(1), None);
    },
    renders |op| op.body.layouts.as_ref().map_or(0, Vec::len) as u64
}

impl RenderTemplateLayouts {
    /// A request for a file for each layout, with these values.
    #[must_use]
    pub fn new(uid: impl Into<String>, variables: Variables, layouts: impl IntoIterator<Item = String>) -> Self {
        let body = RenderTemplateRequest {
            variables: Some(variables),
            layouts: Some(layouts.into_iter().collect()),
            ..RenderTemplateRequest::default()
        };
        Self { uid: uid.into(), body }
    }
}

/// Rules that both kinds of renders share.
fn check_render(body: &RenderTemplateRequest, found: &mut Violations) {
    if body.width.is_some() != body.height.is_some() {
        found.push("", "width and height must be set both or not at all");
    }
    if let Some(RenderFormat::Unknown(format)) = &body.format {
        found.push("format", format!("must be png, jpeg, webp, gif or pdf, is {format}"));
    }
    if body.format != Some(RenderFormat::Pdf) && (body.variable_sets.is_some() || body.preset.is_some()) {
        found.push("format", "must be pdf when pages or their size are set");
    }
}

/// Gives the setters that both kinds of renders share to both.
macro_rules! render_setters {
    ($($operation:ident),*) => {$(
        /// Setters of what comes out.
        impl<C> Call<$operation, C> {
            /// The file format. The service's default is png.
            pub fn format(self, format: RenderFormat) -> Self {
                self.with(|op| op.body.format = Some(format))
            }

            /// The quality of lossy formats, 0.1 to 1. The service's default is 0.9.
            pub fn quality(self, quality: f64) -> Self {
                self.with(|op| op.body.quality = Some(quality))
            }

            /// Width and height in pixels, 10 to 4096 each. The service's default is the template's own size.
            pub fn size(self, width: u32, height: u32) -> Self {
                self.with(|op| {
                    op.body.width = Some(width.into());
                    op.body.height = Some(height.into());
                })
            }

            /// The page size; sets the format pdf.
            pub fn pdf_preset(self, preset: TemplatePdfPreset) -> Self {
                self.with(|op| {
                    op.body.format = Some(RenderFormat::Pdf);
                    op.body.preset = Some(preset);
                })
            }
        }
    )*};
}

render_setters!(RenderTemplate, RenderTemplateLayouts);

/// Makes the results of an answer in the older flat form, which has one and does not call it so.
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

/// The one file of an answer. The service answers 200 even when it has rendered nothing.
fn only_layout(render: TemplateRender) -> Result<RenderedLayout> {
    let render = with_results(render);
    let Some(layout) = render.results.into_iter().next() else {
        let why: Vec<_> = render.errors.iter().map(describe).collect();
        return Err(if why.is_empty() {
            Error::new(ErrorKind::Decode, "the answer has neither a result nor an error")
        } else {
            Error::new(ErrorKind::RenderFailed, why.join("; "))
        });
    };
    Ok(layout)
}

fn describe(error: &LayoutError) -> String {
    let why = error.error.as_deref().unwrap_or("the service does not say why");
    error.layout.as_ref().map_or_else(|| why.to_owned(), |layout| format!("layout {layout}: {why}"))
}

operation! {
    /// The request of [`Templates::render_sizes`] as data.
    RenderTemplateSizes {
        uid: String,
        body: MultiSizeRenderTemplateRequest,
    } -> MultiSizeRender = MULTI_SIZE_RENDER_TEMPLATE,
    |op, api| api.multi_size_render_template(&op.uid, &op.body),
    rules |op, found| {
        found.each("sizes", &op.body.sizes, |size, found| {
            // A request that came out of a queue was not built from `Size`.
            let (preset, pixels) = (size.preset.is_some(), [size.width, size.height].iter().flatten().count());
            if !matches!((preset, pixels), (true, 0) | (false, 2)) {
                found.push("", "must be either a preset or both width and height");
            }
        });
        let pixels = op.body.sizes.iter().filter_map(|size| size.width?.checked_mul(size.height?));
        let pixels = pixels.fold(0, u64::saturating_add);
        if pixels > PIXEL_LIMIT {
            found.push("sizes", format!("must have at most {PIXEL_LIMIT} pixels together, have {pixels}"));
        }
        if let Some(RasterFormat::Unknown(format)) = &op.body.format {
            found.push("format", format!("must be png, jpeg, webp or gif, is {format}"));
        }
    },
    renders |op| op.body.sizes.len() as u64
}

impl RenderTemplateSizes {
    /// A request for a file for each size, with these values.
    #[must_use]
    pub fn new(uid: impl Into<String>, variables: Variables, sizes: impl IntoIterator<Item = Size>) -> Self {
        let sizes: Vec<_> = sizes.into_iter().map(|Size(size)| size).collect();
        let mut body = MultiSizeRenderTemplateRequest::new(sizes);
        body.variables = Some(variables);
        Self { uid: uid.into(), body }
    }
}

/// Setters of [`Templates::render_sizes`].
impl<C> Call<RenderTemplateSizes, C> {
    /// The file format. The service's default is png.
    pub fn format(self, format: RasterFormat) -> Self {
        self.with(|op| op.body.format = Some(format))
    }

    /// The quality of lossy formats, 0.1 to 1. The service's default is 0.9.
    pub fn quality(self, quality: f64) -> Self {
        self.with(|op| op.body.quality = Some(quality))
    }
}

operation! {
    /// The request of [`Templates::variables`] as data.
    GetTemplateVariables { uid: String } -> TemplateVariables = GET_TEMPLATE_VARIABLES,
    |op, api| api.get_template_variables(&op.uid)
}

operation! {
    /// The request of [`Templates::check`] as data.
    CheckTemplateVariables { uid: String, variables: JsonObject } -> TemplateVariables = GET_TEMPLATE_VARIABLES,
    |op, api| async {
        let answer = api.get_template_variables(&op.uid).await?;
        answer.try_map(|definitions| definitions.check(&op.variables).map(|()| definitions).map_err(Error::from))
    }
}

operation! {
    /// The request of [`Templates::list_public`] as data.
    #[derive(Default)]
    #[serde(transparent)]
    ListPublicTemplates { query: ListPublicTemplatesQuery } -> TemplateList = LIST_PUBLIC_TEMPLATES,
    |op, api| api.list_public_templates(
        op.query.category.as_deref(),
        op.query.limit,
        op.query.page,
        op.query.search.as_deref(),
        op.query.sort.clone(),
        op.query.tag.as_deref(),
        op.query.type_.as_deref(),
    )
}

/// Setters of [`Templates::list_public`].
impl<C> Call<ListPublicTemplates, C> {
    /// The order.
    pub fn sort(self, sort: PublicTemplateSort) -> Self {
        self.with(|op| op.query.sort = Some(sort))
    }

    /// Only templates of this category.
    pub fn category(self, category: impl Into<String>) -> Self {
        self.with(|op| op.query.category = Some(category.into()))
    }

    /// Only templates for this, for example `og-image`: the parameter `type`.
    pub fn kind(self, kind: impl Into<String>) -> Self {
        self.with(|op| op.query.type_ = Some(kind.into()))
    }

    /// Only templates with this tag.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        self.with(|op| op.query.tag = Some(tag.into()))
    }

    /// Only templates that match this text.
    pub fn search(self, text: impl Into<String>) -> Self {
        self.with(|op| op.query.search = Some(text.into()))
    }
}

paged!(ListPublicTemplates, templates: Template, by page, 12 a page);

operation! {
    /// The request of [`Templates::get_public`] as data.
    GetPublicTemplate { uid: String } -> Template = GET_PUBLIC_TEMPLATE,
    |op, api| api.get_public_template(&op.uid)
}

impl RenderedFile for RenderedLayout {
    fn url(&self) -> &str {
        &self.url
    }
}

impl RenderedFile for SizedRender {
    fn url(&self) -> &str {
        &self.url
    }
}
