//! Images from HTML, live pages, templates, canvases and prompts.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! use pictify::images::{ImageFormat, Source};
//!
//! let image = client
//!     .images()
//!     .create(Source::url("https://example.com/pricing")?)
//!     .size(1280, 720)
//!     .selector("#plans")
//!     .format(ImageFormat::Webp)
//!     .send()
//!     .await?;
//! client.download(&image).to_file("plans.webp").await?;
//! # Ok(()) }
//! ```

mod agent_events;

use crate::{
    download::Downloadable, pagination::paged, resources::api_request, resources::resource, source::exactly_one,
    variables,
};
use pictify_api::types::{
    AgentScreenshotRequest, CreateCanvasImageRequest, CreateImageRequest, CreateOgImageRequest, ListImagesQuery,
    VariableDefinition,
};
use serde::Serialize;

pub use crate::source::Source;
pub use agent_events::{AgentScreenshotEvents, AgentScreenshotStream};
pub use pictify_api::types::{
    AgentScreenshot, AgentScreenshotEvent, AgentScreenshotEventType, AgentScreenshotMetadata, AgentScreenshotProgress,
    Image, ImageFormat, ImageList,
};

resource! {
    /// The image operations of a client: [`client.images()`](crate::Client::images).
    Images
}

impl<C: Clone> Images<C> {
    /// Renders HTML, a live page or a template to one image. Bills one render.
    ///
    /// `POST /image`, live. Without a [`size`](CreateImageCall::size) the service renders 1280 by 720 pixels.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, for a size of 0 pixels,
    /// an empty source or a format that is not png, jpg, jpeg or webp; from the service, `Validation` for a
    /// source that cannot be rendered, `NotFound` for a template, `QuotaExceeded`, `RateLimited`, `Server`.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::images::Source;
    ///
    /// let image = client.images().create(Source::html("<h1>Hello</h1>")).size(1200, 630).send().await?;
    /// println!("{}", image.url);
    /// # Ok(()) }
    /// ```
    pub fn create(&self, source: Source) -> CreateImageCall<C> {
        self.call(CreateImage::new(source))
    }

    /// Renders a FabricJS canvas to one image. Bills one render.
    ///
    /// `POST /image/canvas`, documented. Without a [`size`](CreateCanvasImageCall::size) the image has the size of the
    /// canvas.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation) if `canvas` does not serialise to a JSON object; else as
    /// [`create`](Self::create).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let canvas = serde_json::json!({"version": "5.3.0", "objects": [{"type": "textbox", "text": "{{title}}"}]});
    /// let title = serde_json::json!({"title": "Canvas card"});
    /// let image = client.images().canvas(&canvas).variables(&title).size(1200, 630).send().await?;
    /// println!("{}", image.url);
    /// # Ok(()) }
    /// ```
    pub fn canvas(&self, canvas: &impl Serialize) -> CreateCanvasImageCall<C> {
        self.call_with(variables::object(canvas, "canvas"), |canvas| {
            CreateCanvasImage::of(CreateCanvasImageRequest::new(canvas))
        })
    }

    /// Renders a template of the type `og-image`. Bills one render.
    ///
    /// `POST /image/og-image`, documented; the newest document of the service no longer lists it, so it may return 404.
    /// To be independent of it, render the template with the same variables:
    /// [`Templates::render`](crate::templates::Templates::render).
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for an empty uid; `NotFound`; else as
    /// [`create`](Self::create).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let image = client.images().og_image("XK4P2M9QZT").heading("Shipping notes").send().await?;
    /// println!("{}", image.url);
    /// # Ok(()) }
    /// ```
    pub fn og_image(&self, template_uid: impl Into<String>) -> CreateOgImageCall<C> {
        self.call(CreateOgImage::of(CreateOgImageRequest::new(template_uid.into())))
    }

    /// Lets an agent find a page from a prompt and take a screenshot of it. Bills one render. Slow.
    ///
    /// `POST /image/agent-screenshot`, documented; the newest document of the service no longer lists it, so it may
    /// return 404.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for an empty prompt; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let shot = client.images().agent_screenshot("Capture the pricing table on example.com").send().await?;
    /// client.download(&shot).to_file("pricing.png").await?;
    /// # Ok(()) }
    /// ```
    pub fn agent_screenshot(&self, prompt: impl Into<String>) -> CreateAgentScreenshotCall<C> {
        self.call(CreateAgentScreenshot::of(AgentScreenshotRequest::new(prompt.into())))
    }

    /// Takes a screenshot as [`agent_screenshot`](Self::agent_screenshot), and streams the agent's progress. Bills one
    /// render.
    ///
    /// `POST /image/agent-screenshot-stream`, documented; the newest document of the service no longer lists it, so it
    /// may return 404. Read the progress with [`events`](StreamAgentScreenshotCall::events). The image exists once the
    /// event `saved` has arrived.
    ///
    /// # Errors
    /// At `send`: as [`agent_screenshot`](Self::agent_screenshot). While reading: as
    /// [`events`](StreamAgentScreenshotCall::events).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::images::AgentScreenshotEventType;
    ///
    /// let mut events = client.images().agent_screenshot_stream("Capture the hero of example.com").events();
    /// while let Some(event) = events.try_next().await? {
    ///     let progress = event.data.unwrap_or_default();
    ///     match (event.type_, progress.url) {
    ///         (Some(AgentScreenshotEventType::Saved), Some(url)) => _ = client.download(&url).to_file("hero.png").await?,
    ///         (kind, _) => println!("{kind:?}: {:?}", progress.message),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn agent_screenshot_stream(&self, prompt: impl Into<String>) -> StreamAgentScreenshotCall<C> {
        self.call(StreamAgentScreenshot::of(AgentScreenshotRequest::new(prompt.into())))
    }

    /// Lists the account's images, newest first. `send` reads one page, [`items`](ListImagesCall::items) reads all
    /// pages.
    ///
    /// `GET /image`, live; reads only. The service returns 30 images a page unless a [`limit`](ListImagesCall::limit)
    /// is set.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for a limit outside 1 to 100; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let mut images = client.images().list().limit(100).items();
    /// while let Some(image) = images.try_next().await? {
    ///     println!("{:?} {}", image.id, image.url);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> ListImagesCall<C> {
        self.call(ListImages::default())
    }

    /// Reads one image.
    ///
    /// `GET /image/{uid}`, public: needs no API key, but accepts one. Reads only.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for an ID that cannot be part of a path (empty, `.` or `..`);
    /// `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let image = client.images().get("K3Q9ZT7WXM").send().await?;
    /// println!("{:?}", image.created_at);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, uid: impl Into<String>) -> GetImageCall<C> {
        self.call(GetImage::of(uid.into()))
    }
}

/// Setters of [`Images::create`].
impl<C> CreateImageCall<C> {
    /// Sets the width and height in pixels, from 1. The service silently reduces a value above 4096 to 4096.
    pub fn size(self, width: u32, height: u32) -> Self {
        self.width(width).height(height)
    }

    /// Sets the width in pixels, from 1. The service's default is 1280; it silently reduces a value above 4096 to 4096.
    pub fn width(self, pixels: u32) -> Self {
        self.with(|op| op.body.width = Some(pixels.into()))
    }

    /// Sets the height in pixels, from 1. The service's default is 720; it silently reduces a value above 4096 to 4096.
    pub fn height(self, pixels: u32) -> Self {
        self.with(|op| op.body.height = Some(pixels.into()))
    }

    /// Sets a CSS selector. The image is cropped to the first element that matches.
    pub fn selector(self, selector: impl Into<String>) -> Self {
        self.with(|op| op.body.selector = Some(selector.into()))
    }

    /// Sets the file format. The service's default is PNG.
    pub fn format(self, format: ImageFormat) -> Self {
        self.with(|op| op.body.file_extension = Some(format))
    }

    /// Sets if the screenshot of a live page shows all of it (true), however long it is, or the part that fits into the
    /// size (false, the service's default). Only an early document of the service describes it.
    ///
    /// `send` fails with [`Validation`](crate::ErrorKind::Validation) if the source is not a URL and `full` is true.
    pub fn full_page(self, full: bool) -> Self {
        self.with(|op| op.body.full_page = Some(full))
    }
}

api_request! {
    /// The request of [`Images::create`] as data.
    CreateImage / CreateImageCall { #[serde(flatten)] body: CreateImageRequest } -> Image = CREATE_IMAGE,
    |op, base| requests::create_image(base, &op.body),
    rules |op, found| {
        let request = &op.body;
        exactly_one([&request.html, &request.url, &request.template], found);
        if let Some(ImageFormat::Unknown(format)) = &request.file_extension {
            found.push("fileExtension", format!("must be png, jpg, jpeg or webp, is {format}"));
        }
        if request.full_page == Some(true) && request.url.is_none() {
            found.push("fullPage", "needs url: only a live page can be longer than the size");
        }
    }
}

impl CreateImage {
    /// Creates a request for an image of the default size and format.
    #[must_use]
    pub fn new(source: Source) -> Self {
        let mut body = CreateImageRequest::default();
        match source {
            Source::Html(html) => body.html = Some(html),
            Source::Url(url) => body.url = Some(url.into()),
            Source::Template { uid, variables } => {
                body.template = Some(uid);
                body.variables = Some(variables);
            }
        }
        Self::of(body)
    }
}

/// Setters of [`Images::canvas`].
impl<C> CreateCanvasImageCall<C> {
    /// Sets the values of the canvas's variables: any value that serialises to a JSON object.
    ///
    /// `send` fails with [`Validation`](crate::ErrorKind::Validation) if it does not.
    pub fn variables(self, variables: &impl Serialize) -> Self {
        self.try_with(variables::from(variables), |op, variables| op.body.variables = Some(variables))
    }

    /// Sets the definitions of the canvas's variables.
    pub fn variable_definitions(self, definitions: impl IntoIterator<Item = VariableDefinition>) -> Self {
        self.with(|op| op.body.variable_definitions = Some(definitions.into_iter().collect()))
    }

    /// Sets the width and height in pixels, from 1. The service silently reduces a value above 4096 to 4096.
    pub fn size(self, width: u32, height: u32) -> Self {
        self.with(|op| {
            op.body.width = Some(width.into());
            op.body.height = Some(height.into());
        })
    }

    /// Sets the file format. The service's default is PNG.
    pub fn format(self, format: ImageFormat) -> Self {
        self.with(|op| op.body.file_extension = Some(format))
    }
}

api_request! {
    /// The request of [`Images::canvas`] as data.
    CreateCanvasImage / CreateCanvasImageCall { #[serde(flatten)] body: CreateCanvasImageRequest } -> Image = CREATE_CANVAS_IMAGE,
    |op, base| requests::create_canvas_image(base, &op.body),
    rules |op, found| {
        if let Some(ImageFormat::Unknown(format)) = &op.body.file_extension {
            found.push("fileExtension", format!("must be png, jpg, jpeg or webp, is {format}"));
        }
    }
}

/// Setters of [`Images::og_image`].
impl<C> CreateOgImageCall<C> {
    /// Sets the heading.
    pub fn heading(self, text: impl Into<String>) -> Self {
        self.with(|op| op.body.heading = Some(text.into()))
    }

    /// Sets the description, the text below the heading.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.with(|op| op.body.description = Some(text.into()))
    }

    /// Sets the URL of a logo.
    pub fn logo(self, url: impl Into<String>) -> Self {
        self.with(|op| op.body.logo = Some(url.into()))
    }
}

api_request! {
    /// The request of [`Images::og_image`] as data.
    CreateOgImage / CreateOgImageCall { #[serde(flatten)] body: CreateOgImageRequest } -> Image = CREATE_OG_IMAGE,
    |op, base| requests::create_og_image(base, &op.body)
}

/// Setters of [`Images::agent_screenshot`].
impl<C> CreateAgentScreenshotCall<C> {
    /// Sets the width and height in pixels, from 1. Documented, but not confirmed. The service reduces a value above 4096.
    pub fn size(self, width: u32, height: u32) -> Self {
        self.with(|op| {
            op.body.width = Some(width.into());
            op.body.height = Some(height.into());
        })
    }
}

api_request! {
    /// The request of [`Images::agent_screenshot`] as data.
    CreateAgentScreenshot / CreateAgentScreenshotCall { #[serde(flatten)] body: AgentScreenshotRequest } -> AgentScreenshot = AGENT_SCREENSHOT,
    |op, base| requests::agent_screenshot(base, &op.body)
}

/// Setters of [`Images::agent_screenshot_stream`].
impl<C> StreamAgentScreenshotCall<C> {
    /// Sets the URL of the page to start from. Only one document of the service describes it; the prompt is always
    /// sent.
    pub fn url(self, url: impl Into<String>) -> Self {
        self.with(|op| op.body.url = Some(url.into()))
    }

    /// Sets the width and height in pixels, from 1. Documented, but not confirmed. The service reduces a value above 4096.
    pub fn size(self, width: u32, height: u32) -> Self {
        self.with(|op| {
            op.body.width = Some(width.into());
            op.body.height = Some(height.into());
        })
    }
}

api_request! {
    /// The request of [`Images::agent_screenshot_stream`] as data.
    StreamAgentScreenshot / StreamAgentScreenshotCall { #[serde(flatten)] body: AgentScreenshotRequest } -> AgentScreenshotStream = AGENT_SCREENSHOT_STREAM,
    |op, base| requests::agent_screenshot_stream(base, &op.body),
    read |_value, response| Ok(AgentScreenshotStream::new(
        std::mem::take(&mut response.body),
        (response.status, response.headers.clone()),
        response.redaction.clone(),
    ))
}

impl Downloadable for AgentScreenshot {
    fn url(&self) -> &str {
        &self.url
    }
}

api_request! {
    /// The request of [`Images::list`] as data.
    #[derive(Default)]
    ListImages / ListImagesCall { #[serde(flatten)] query: ListImagesQuery } -> ImageList = LIST_IMAGES,
    |op, base| requests::list_images(base, op.query.limit, op.query.offset)
}

paged!(ListImages / ListImagesCall, images: Image, id in id, by offset, 30 a page);

api_request! {
    /// The request of [`Images::get`] as data.
    GetImage / GetImageCall { uid: String } -> Image = GET_IMAGE,
    |op, base| requests::get_image(base, &op.uid)
}

impl Downloadable for Image {
    fn url(&self) -> &str {
        &self.url
    }
}
