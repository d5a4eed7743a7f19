//! The account's own templates: list, create, read, change, delete.

use super::{
    Deletion, Template, TemplateEngine, TemplateLayout, TemplateList, TemplateOutput, TemplateOutputFilter,
    TemplatePage, TemplatePdfPreset, TemplateSort, TemplateSource, Templates, VariableDefinition, source::check_source,
};
use crate::{pagination::paged, resources::api_request};
use pictify_api::types::{CreateTemplateRequest, ListTemplatesQuery, SearchTemplatesQuery, UpdateTemplateRequest};

impl<C: Clone> Templates<C> {
    /// Lists the account's templates. `send` reads one page, [`items`](ListTemplatesCall::items) reads all pages.
    ///
    /// `GET /templates`, live; reads only. By default the service returns 12 templates a page, newest first. The
    /// service may omit their sources.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, for a limit outside 1 to 100;
    /// any error of the service.
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
    pub fn list(&self) -> ListTemplatesCall<C> {
        self.call(ListTemplates::default())
    }

    /// Searches the account's templates. `send` reads one page, [`items`](SearchTemplatesCall::items) reads all pages.
    ///
    /// `GET /templates/search`, documented; reads only. By default the service returns 12 templates a page. It does not
    /// publish which fields it searches, and may omit their sources.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, for an empty text or a limit
    /// outside 1 to 100; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// for template in client.templates().search("social").send().await?.templates {
    ///     println!("{} {:?}", template.uid, template.name);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn search(&self, text: impl Into<String>) -> SearchTemplatesCall<C> {
        self.call(SearchTemplates::of(SearchTemplatesQuery::new(text)))
    }

    /// Stores a template. Bills nothing, but the plan limits the number of templates.
    ///
    /// `POST /templates`, live. Variables that the source uses without a
    /// [definition](CreateTemplateCall::variable_definitions) are added as text variables and listed in the response's
    /// `added_variables`.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for an empty name or source, or a source of more than 500 KB;
    /// from the service, `Validation` for an invalid source; `QuotaExceeded` if the plan allows no more templates.
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
    pub fn create(&self, name: impl Into<String>, source: TemplateSource) -> CreateTemplateCall<C> {
        self.call(CreateTemplate::new(name, source))
    }

    /// Reads one template, with its source.
    ///
    /// `GET /templates/{uid}`, live; reads only.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for a uid that cannot be part of a path (empty, `.` or `..`);
    /// `NotFound`, also for a template of another team; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.templates().get("XK4P2M9QZT").send().await?.html);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, uid: impl Into<String>) -> GetTemplateCall<C> {
        self.call(GetTemplate::of(uid.into()))
    }

    /// Changes a template. Fields that are not set stay unchanged; the engine cannot change.
    ///
    /// `PUT /templates/{uid}`, live. Bills nothing.
    ///
    /// # Errors
    /// At `send`: as [`create`](Self::create); also `NotFound`.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.templates().update("XK4P2M9QZT").name("Social card v2").size(1080, 630).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, uid: impl Into<String>) -> UpdateTemplateCall<C> {
        self.call(UpdateTemplate::of(uid.into(), UpdateTemplateRequest::default()))
    }

    /// Deletes a template. Files rendered from it stay.
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
    pub fn delete(&self, uid: impl Into<String>) -> DeleteTemplateCall<C> {
        self.call(DeleteTemplate::of(uid.into()))
    }
}

/// Setters of [`Templates::list`].
impl<C> ListTemplatesCall<C> {
    /// Sets the order. The service's default is newest first.
    pub fn sort(self, sort: TemplateSort) -> Self {
        self.with(|op| op.query.sort = Some(sort))
    }

    /// Returns only templates with this output.
    pub fn output(self, output: TemplateOutputFilter) -> Self {
        self.with(|op| op.query.output_format = Some(output))
    }

    /// Returns only templates with a dynamic link, or only templates without one.
    pub fn has_dynamic_link(self, has: bool) -> Self {
        self.with(|op| op.query.has_dynamic_link = Some(has))
    }
}

api_request! {
    /// The request of [`Templates::list`] as data.
    #[derive(Default)]
    ListTemplates / ListTemplatesCall { #[serde(flatten)] query: ListTemplatesQuery } -> TemplateList = LIST_TEMPLATES,
    |op, base| requests::list_templates(base,
        op.query.has_dynamic_link,
        op.query.limit,
        op.query.output_format.clone(),
        op.query.page,
        op.query.sort.clone(),
    )
}

paged!(ListTemplates / ListTemplatesCall, templates: Template, id in uid, by page, 12 a page);

api_request! {
    /// The request of [`Templates::search`] as data.
    SearchTemplates / SearchTemplatesCall { #[serde(flatten)] query: SearchTemplatesQuery } -> TemplateList = SEARCH_TEMPLATES,
    |op, base| requests::search_templates(base, op.query.limit, op.query.page, &op.query.q)
}

paged!(SearchTemplates / SearchTemplatesCall, templates: Template, id in uid, by page, 12 a page);

/// Setters of [`Templates::create`] alone.
impl<C> CreateTemplateCall<C> {
    /// Sets the description. Documented, but not confirmed.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.with(|op| op.body.description = Some(text.into()))
    }
}

api_request! {
    /// The request of [`Templates::create`] as data.
    CreateTemplate / CreateTemplateCall { #[serde(flatten)] body: CreateTemplateRequest } -> Template = CREATE_TEMPLATE,
    |op, base| requests::create_template(base, &op.body),
    rules |op, found| {
        let body = &op.body;
        if body.html.is_none() && body.fabric_js_data.is_none() && body.pages.as_ref().is_none_or(Vec::is_empty) {
            found.push("", "one of html, fabricJSData and pages must be set");
        }
        check_source(body.html.as_deref(), body.fabric_js_data.as_ref(), body.layouts.as_ref(), found);
    }
}

impl CreateTemplate {
    /// Creates a request for a template with this name and source.
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
        Self::of(body)
    }
}

api_request! {
    /// The request of [`Templates::get`] as data.
    GetTemplate / GetTemplateCall { uid: String } -> Template = GET_TEMPLATE,
    |op, base| requests::get_template(base, &op.uid)
}

/// Setters of [`Templates::update`] alone.
impl<C> UpdateTemplateCall<C> {
    /// Sets the name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with(|op| op.body.name = Some(name.into()))
    }

    /// Replaces the source. It must be of the kind that the template already has.
    pub fn source(self, source: TemplateSource) -> Self {
        self.with(|op| {
            (op.body.html, op.body.fabric_js_data) = match source {
                TemplateSource::Html(html) => (Some(html), None),
                TemplateSource::Canvas(canvas) => (None, Some(canvas)),
            };
        })
    }
}

api_request! {
    /// The request of [`Templates::update`] as data.
    UpdateTemplate / UpdateTemplateCall { uid: String, body: UpdateTemplateRequest } -> Template = UPDATE_TEMPLATE,
    |op, base| requests::update_template(base, &op.uid, &op.body),
    rules |op, found| {
        let body = &op.body;
        check_source(body.html.as_deref(), body.fabric_js_data.as_ref(), body.layouts.as_ref(), found);
    }
}

/// Implements the setters that creating and changing have in common.
macro_rules! template_setters {
    ($($operation:ident),*) => {$(
        /// Setters of the template itself.
        impl<C> $operation<C> {
            /// Sets the width and height in pixels.
            pub fn size(self, width: u32, height: u32) -> Self {
                self.width(width).height(height)
            }

            /// Sets the width in pixels.
            pub fn width(self, pixels: u32) -> Self {
                self.with(|op| op.body.width = Some(pixels.into()))
            }

            /// Sets the height in pixels.
            pub fn height(self, pixels: u32) -> Self {
                self.with(|op| op.body.height = Some(pixels.into()))
            }

            /// Sets the definitions of the variables.
            pub fn variable_definitions(self, definitions: impl IntoIterator<Item = VariableDefinition>) -> Self {
                self.with(|op| op.body.variable_definitions = Some(definitions.into_iter().collect()))
            }

            /// Sets the output, such as images or PDF. The service's default is images.
            pub fn output(self, output: TemplateOutput) -> Self {
                self.with(|op| op.body.output_format = Some(output))
            }

            /// Sets the page size of PDFs. The service's default is A4.
            pub fn pdf_preset(self, preset: TemplatePdfPreset) -> Self {
                self.with(|op| op.body.pdf_preset = Some(preset))
            }

            /// Allows the scripts of the HTML to run. Off by default at the service.
            pub fn scripts(self, enabled: bool) -> Self {
                self.with(|op| op.body.js_enabled = Some(enabled))
            }

            /// Makes a render of an HTML template fail if a variable is missing. Off by default at the service.
            pub fn strict_variables(self, strict: bool) -> Self {
                self.with(|op| op.body.strict_variables = Some(strict))
            }

            /// Sets the purpose in free text, for example `og-image`: the field `type`.
            pub fn kind(self, kind: impl Into<String>) -> Self {
                self.with(|op| op.body.type_ = Some(kind.into()))
            }

            /// Sets the category, in free text.
            pub fn category(self, category: impl Into<String>) -> Self {
                self.with(|op| op.body.category = Some(category.into()))
            }

            /// Sets the tags.
            pub fn tags(self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.with(|op| op.body.tags = Some(tags.into_iter().map(Into::into).collect()))
            }

            /// Sets the pages of a canvas with several pages.
            pub fn pages(self, pages: impl IntoIterator<Item = TemplatePage>) -> Self {
                self.with(|op| op.body.pages = Some(pages.into_iter().collect()))
            }

            /// Adds a layout: another size with its own design. The key consists of 1 to 64 lower-case letters, digits
            /// and hyphens; at most 20 layouts. An update must contain all layouts of the template.
            pub fn layout(self, key: impl Into<String>, layout: TemplateLayout) -> Self {
                self.with(|op| {
                    op.body.layouts.get_or_insert_default().0.insert(key.into(), layout);
                })
            }
        }
    )*};
}

template_setters!(CreateTemplateCall, UpdateTemplateCall);

api_request! {
    /// The request of [`Templates::delete`] as data.
    DeleteTemplate / DeleteTemplateCall { uid: String } -> Deletion = DELETE_TEMPLATE,
    |op, base| requests::delete_template(base, &op.uid)
}
