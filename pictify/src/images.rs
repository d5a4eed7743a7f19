//! One picture from HTML, a live page or a template.
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
    /// At `send`: [`Validation`](crate::ErrorKind::Validation) for a size outside 1 to 4096 pixels, an empty source or a
    /// format that is not png, jpg, jpeg or webp, before anything is sent; from the service, `Validation` for a source
    /// that cannot be rendered, `NotFound` for a template, `QuotaExceeded`, `RateLimited`, `Server`.
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
    /// `POST /image/canvas`, documented. Without a [`size`](CreateCanvasImageCall::size) the picture has the canvas's own.
    ///
    /// # Errors
    /// Here: [`Validation`](crate::ErrorKind::Validation) when `canvas` does not serialise to a JSON object. At `send`: as
    /// [`create`](Self::create).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let canvas = serde_json::json!({"version": "5.3.0", "objects": [{"type": "textbox", "text": "{{title}}"}]});
    /// let title = serde_json::json!({"title": "Canvas card"});
    /// let image = client.images().canvas(&canvas)?.variables(&title)?.size(1200, 630).send().await?;
    /// println!("{}", image.url);
    /// # Ok(()) }
    /// ```
    pub fn canvas(&self, canvas: &impl Serialize) -> CreateCanvasImageCall<C> {
        self.call_with(variables::object(canvas, "canvas"), |canvas| CreateCanvasImage {
            body: CreateCanvasImageRequest::new(canvas),
        })
    }

    /// Renders a template of the type `og-image`. Bills one render.
    ///
    /// `POST /image/og-image`, documented; the newest document no longer has it, so it may answer 404. Rendering the
    /// template with the same variables is the general way.
    ///
    /// # Errors
    /// At `send`: `Validation` for an empty uid before anything is sent; `NotFound`; as [`create`](Self::create).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let image = client.images().og_image("XK4P2M9QZT").heading("Shipping notes").send().await?;
    /// println!("{}", image.url);
    /// # Ok(()) }
    /// ```
    pub fn og_image(&self, template_uid: impl Into<String>) -> CreateOgImageCall<C> {
        self.call(CreateOgImage { body: CreateOgImageRequest::new(template_uid.into()) })
    }

    /// Lets an agent find a page by a prompt, and takes a screenshot of it. Bills one render. Slow.
    ///
    /// `POST /image/agent-screenshot`, documented; the newest document no longer has it, so it may answer 404.
    ///
    /// # Errors
    /// At `send`: `Validation` for an empty prompt before anything is sent; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let shot = client.images().agent_screenshot("Capture the pricing table on example.com").send().await?;
    /// client.download(&shot).to_file("pricing.png").await?;
    /// # Ok(()) }
    /// ```
    pub fn agent_screenshot(&self, prompt: impl Into<String>) -> CreateAgentScreenshotCall<C> {
        self.call(CreateAgentScreenshot { body: AgentScreenshotRequest::new(prompt.into()) })
    }

    /// As [`agent_screenshot`](Self::agent_screenshot), telling what the agent is doing while it does it. Bills one render.
    ///
    /// `POST /image/agent-screenshot-stream`, documented; the newest document no longer has it, so it may answer 404.
    /// [`events`](StreamAgentScreenshotCall::events) reads it. The file is there from the event `saved` on.
    ///
    /// # Errors
    /// At `send`: as [`agent_screenshot`](Self::agent_screenshot). While reading: as [`events`](StreamAgentScreenshotCall::events) says.
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
        self.call(StreamAgentScreenshot { body: AgentScreenshotRequest::new(prompt.into()) })
    }

    /// Lists the account's images, newest first. `send` reads one page, [`items`](ListImagesCall::items) all of them.
    ///
    /// `GET /image`, live; reads only. The service returns 30 images unless a [`limit`](ListImagesCall::limit) is set.
    ///
    /// # Errors
    /// At `send`: `Validation` for a limit outside 1 to 100 before anything is sent; any error of the service.
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
    /// `GET /image/{uid}`, public: needs no key, and one is accepted. Reads only.
    ///
    /// # Errors
    /// At `send`: `Validation` for an id that cannot stand in a path (empty, `.` or `..`) before anything is sent;
    /// `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let image = client.images().get("K3Q9ZT7WXM").send().await?;
    /// println!("{:?}", image.created_at);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, uid: impl Into<String>) -> GetImageCall<C> {
        self.call(GetImage { uid: uid.into() })
    }
}

api_request! {
    /// The request of [`Images::create`] as data.
    #[serde(transparent)]
    CreateImage / CreateImageCall { body: CreateImageRequest } -> Image = CREATE_IMAGE,
    |op, base| requests::create_image(base, &op.body),
    rules |op, found| {
        let request = &op.body;
        exactly_one([&request.html, &request.url, &request.template], found);
        if let Some(ImageFormat::Unknown(format)) = &request.file_extension {
            found.push("fileExtension", format!("must be png, jpg, jpeg or webp, is {format}"));
        }
    }
}

impl CreateImage {
    /// A request for an image of the default size and format.
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
        Self { body }
    }
}

/// Setters of [`Images::create`].
impl<C> CreateImageCall<C> {
    /// Width and height in pixels, 1 to 4096 each.
    pub fn size(self, width: u32, height: u32) -> Self {
        self.width(width).height(height)
    }

    /// Width in pixels, 1 to 4096. The service's default is 1280.
    pub fn width(self, pixels: u32) -> Self {
        self.with(|op| op.body.width = Some(pixels.into()))
    }

    /// Height in pixels, 1 to 4096. The service's default is 720.
    pub fn height(self, pixels: u32) -> Self {
        self.with(|op| op.body.height = Some(pixels.into()))
    }

    /// A CSS selector: the picture is cropped to the first element that it matches.
    pub fn selector(self, selector: impl Into<String>) -> Self {
        self.with(|op| op.body.selector = Some(selector.into()))
    }

    /// The file format. The service's default is png.
    pub fn format(self, format: ImageFormat) -> Self {
        self.with(|op| op.body.file_extension = Some(format))
    }
}

api_request! {
    /// The request of [`Images::canvas`] as data.
    #[serde(transparent)]
    CreateCanvasImage / CreateCanvasImageCall { body: CreateCanvasImageRequest } -> Image = CREATE_CANVAS_IMAGE,
    |op, base| requests::create_canvas_image(base, &op.body),
    rules |op, found| {
        if let Some(ImageFormat::Unknown(format)) = &op.body.file_extension {
            found.push("fileExtension", format!("must be png, jpg, jpeg or webp, is {format}"));
        }
    }
}

/// Setters of [`Images::canvas`].
impl<C> CreateCanvasImageCall<C> {
    /// Values for the canvas's variables: anything that serialises to a JSON object.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) when it does not.
    pub fn variables(self, variables: &impl Serialize) -> Self {
        self.try_with(variables::from(variables), |op, variables| op.body.variables = Some(variables))
    }

    /// What the canvas's variables are.
    pub fn variable_definitions(self, definitions: impl IntoIterator<Item = VariableDefinition>) -> Self {
        self.with(|op| op.body.variable_definitions = Some(definitions.into_iter().collect()))
    }

    /// Width and height in pixels, 1 to 4096 each.
    pub fn size(self, width: u32, height: u32) -> Self {
        self.with(|op| {
            op.body.width = Some(width.into());
            op.body.height = Some(height.into());
        })
    }

    /// The file format. The service's default is png.
    pub fn format(self, format: ImageFormat) -> Self {
        self.with(|op| op.body.file_extension = Some(format))
    }
}

api_request! {
    /// The request of [`Images::og_image`] as data.
    #[serde(transparent)]
    CreateOgImage / CreateOgImageCall { body: CreateOgImageRequest } -> Image = CREATE_OG_IMAGE,
    |op, base| requests::create_og_image(base, &op.body)
}

/// Setters of [`Images::og_image`].
impl<C> CreateOgImageCall<C> {
    /// The main line.
    pub fn heading(self, text: impl Into<String>) -> Self {
        self.with(|op| op.body.heading = Some(text.into()))
    }

    /// The line below.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.with(|op| op.body.description = Some(text.into()))
    }

    /// The URL of a logo.
    pub fn logo(self, url: impl Into<String>) -> Self {
        self.with(|op| op.body.logo = Some(url.into()))
    }
}

api_request! {
    /// The request of [`Images::agent_screenshot`] as data.
    #[serde(transparent)]
    CreateAgentScreenshot / CreateAgentScreenshotCall { body: AgentScreenshotRequest } -> AgentScreenshot = AGENT_SCREENSHOT,
    |op, base| requests::agent_screenshot(base, &op.body)
}

/// Setters of [`Images::agent_screenshot`].
impl<C> CreateAgentScreenshotCall<C> {
    /// Width and height in pixels, 1 to 4096 each. Documented; not confirmed.
    pub fn size(self, width: u32, height: u32) -> Self {
        self.with(|op| {
            op.body.width = Some(width.into());
            op.body.height = Some(height.into());
        })
    }
}

api_request! {
    /// The request of [`Images::agent_screenshot_stream`] as data.
    #[serde(transparent)]
    StreamAgentScreenshot / StreamAgentScreenshotCall { body: AgentScreenshotRequest } -> AgentScreenshotStream = AGENT_SCREENSHOT_STREAM,
    |op, base| requests::agent_screenshot_stream(base, &op.body),
    read |_value, response| Ok(AgentScreenshotStream::new(
        std::mem::take(&mut response.body),
        (response.status, response.headers.clone()),
    ))
}

/// Setters of [`Images::agent_screenshot_stream`].
impl<C> StreamAgentScreenshotCall<C> {
    /// The page to start from. Only one document has it; the prompt is sent in any case.
    pub fn url(self, url: impl Into<String>) -> Self {
        self.with(|op| op.body.url = Some(url.into()))
    }

    /// Width and height in pixels, 1 to 4096 each. Documented; not confirmed.
    pub fn size(self, width: u32, height: u32) -> Self {
        self.with(|op| {
            op.body.width = Some(width.into());
            op.body.height = Some(height.into());
        })
    }
}

impl Downloadable for AgentScreenshot {
    fn url(&self) -> &str {
        &self.url
    }
}

api_request! {
    /// The request of [`Images::list`] as data.
    #[derive(Default)]
    #[serde(transparent)]
    ListImages / ListImagesCall { query: ListImagesQuery } -> ImageList = LIST_IMAGES,
    |op, base| requests::list_images(base, op.query.limit, op.query.offset)
}

paged!(ListImages / ListImagesCall, images: Image, by offset, 30 a page);

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
