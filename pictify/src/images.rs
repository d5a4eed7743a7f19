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

use crate::{
    Call, Error, Result, download::RenderedFile, operation::operation, pagination::paged, resources::resource,
};
use pictify_api::types::{CreateImageRequest, ListImagesQuery, Variables};
use reqwest::Url;
use serde::Serialize;

pub use pictify_api::types::{Image, ImageFormat, ImageList};

resource! {
    /// The image operations of a client: [`client.images()`](crate::Client::images).
    Images
}

impl<C: Clone> Images<C> {
    /// Renders HTML, a live page or a template to one image. Bills one render.
    ///
    /// `POST /image`, live. Without a [`size`](Call::size) the service renders 1280 by 720 pixels.
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
    pub fn create(&self, source: Source) -> Call<CreateImage, C> {
        self.call(CreateImage::new(source))
    }

    /// Lists the account's images, newest first. `send` reads one page, [`items`](Call::items) all of them.
    ///
    /// `GET /image`, live; reads only. The service returns 30 images unless a [`limit`](Call::limit) is set.
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
    pub fn list(&self) -> Call<ListImages, C> {
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
    pub fn get(&self, uid: impl Into<String>) -> Call<GetImage, C> {
        self.call(GetImage { uid: uid.into() })
    }
}

/// What an image is made from: exactly one thing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// HTML, with its CSS in `<style>` elements or `style` attributes.
    Html(String),
    /// A live page, of which a screenshot is taken.
    Url(Url),
    /// A template with values for its variables.
    Template {
        /// The template's uid.
        uid: String,
        /// The values, by name.
        variables: Variables,
    },
}

impl Source {
    /// HTML. Put its CSS into a `<style>` element in front.
    pub fn html(html: impl Into<String>) -> Self {
        Self::Html(html.into())
    }

    /// A live page: http or https. The service refuses private addresses.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) when `url` is not an absolute http or https URL.
    ///
    /// ```
    /// use pictify::images::Source;
    ///
    /// assert!(Source::url("https://example.com").is_ok());
    /// assert!(Source::url("example.com").is_err());
    /// ```
    pub fn url(url: impl AsRef<str>) -> Result<Self> {
        let url = Url::parse(url.as_ref()).map_err(|error| Error::invalid_field("url", error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::invalid_field("url", format!("must be http or https, is {}", url.scheme())));
        }
        Ok(Self::Url(url))
    }

    /// A template with values for its variables: anything that serialises to a JSON object.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) when `variables` does not serialise, or not to an object.
    ///
    /// ```
    /// use pictify::images::Source;
    ///
    /// #[derive(serde::Serialize)]
    /// struct Card { title: &'static str }
    ///
    /// assert!(Source::template("XK4P2M9QZT", &Card { title: "Rust" }).is_ok());
    /// assert!(Source::template("XK4P2M9QZT", &"not an object").is_err());
    /// ```
    pub fn template(uid: impl Into<String>, variables: &impl Serialize) -> Result<Self> {
        Ok(Self::Template { uid: uid.into(), variables: crate::variables::from(variables)? })
    }
}

operation! {
    /// The request of [`Images::create`] as data.
    #[serde(transparent)]
    CreateImage { body: CreateImageRequest } -> Image = CREATE_IMAGE,
    |op, api| api.create_image(&op.body),
    rules |op, found| {
        let request = &op.body;
        // A request that came out of a queue was not built by `new`.
        let sources = [&request.html, &request.url, &request.template].into_iter().flatten().count();
        if sources != 1 {
            found.push("", format!("exactly one of html, url and template must be set, {sources} are"));
        }
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
impl<C> Call<CreateImage, C> {
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

operation! {
    /// The request of [`Images::list`] as data.
    #[derive(Default)]
    #[serde(transparent)]
    ListImages { query: ListImagesQuery } -> ImageList = LIST_IMAGES,
    |op, api| api.list_images(op.query.limit, op.query.offset)
}

/// Setters of [`Images::list`].
impl<C> Call<ListImages, C> {
    /// How many images to return, 1 to 100. The service's default is 30.
    pub fn limit(self, limit: u64) -> Self {
        self.with(|op| op.query.limit = Some(limit))
    }

    /// How many images to skip.
    pub fn offset(self, offset: u64) -> Self {
        self.with(|op| op.query.offset = Some(offset))
    }
}

paged!(ListImages, images: Image, by offset);

operation! {
    /// The request of [`Images::get`] as data.
    GetImage { uid: String } -> Image = GET_IMAGE,
    |op, api| api.get_image(&op.uid)
}

impl RenderedFile for Image {
    fn url(&self) -> &str {
        &self.url
    }
}
