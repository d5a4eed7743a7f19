//! Animated GIFs from HTML, a live page or a template.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! use pictify::gifs::GifQuality;
//! use pictify::images::Source;
//!
//! let html = "<style>@keyframes f { 50% { opacity: .2 } } p { animation: f 2s infinite }</style><p>Now</p>";
//! let gif = client.gifs().create(Source::html(html)).size(400, 400).quality(GifQuality::High).send().await?;
//! client.download(&gif).to_file("now.gif").await?;
//! # Ok(()) }
//! ```

use crate::images::Source;
use crate::{
    download::Downloadable,
    pagination::paged,
    resources::api_request,
    resources::resource,
    source::{exactly_one, web_url},
};
use pictify_api::types::{CaptureGifRequest, CreateGifRequest, ListGifsQuery};

pub use pictify_api::types::{Gif, GifList, GifMetadata, GifQuality, GifTiming};

resource! {
    /// The GIF operations of a client: [`client.gifs()`](crate::Client::gifs).
    Gifs
}

impl<C: Clone> Gifs<C> {
    /// Renders animated HTML, a live page or a template to a GIF. Bills one render.
    ///
    /// `POST /gif`, live. The source must contain an animation. Without a [`size`](CreateGifCall::size) the service
    /// renders 800 by 600 pixels.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for a size outside 1 to 2000 pixels or an empty source;
    /// `RenderFailed` if nothing is animated; `QuotaExceeded`, `RateLimited`, `Server`.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::images::Source;
    ///
    /// let gif = client.gifs().create(Source::url("https://example.com/animated")?).send().await?;
    /// println!("{}", gif.url);
    /// # Ok(()) }
    /// ```
    pub fn create(&self, source: Source) -> CreateGifCall<C> {
        self.call(CreateGif::new(source))
    }

    /// Captures an animated live page. Bills one render; an older server billed one and a half.
    ///
    /// `POST /gif/capture`, live.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation) if `url` is not an absolute http or https URL; else as
    /// [`create`](Self::create).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let gif = client.gifs().capture("https://example.com/animated").size(800, 600).send().await?;
    /// println!("{}", gif.url);
    /// # Ok(()) }
    /// ```
    pub fn capture(&self, url: impl AsRef<str>) -> CaptureGifCall<C> {
        let url = web_url("url", url.as_ref()).map(String::from);
        self.call_with(url, |url| CaptureGif::of(CaptureGifRequest::new(url)))
    }

    /// Lists the account's GIFs, newest first. `send` reads one page, [`items`](ListGifsCall::items) reads all pages.
    ///
    /// `GET /gif`, live; reads only. The service returns 30 GIFs a page unless a [`limit`](ListGifsCall::limit) is set.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for a limit outside 1 to 100; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let mut gifs = client.gifs().list().items();
    /// while let Some(gif) = gifs.try_next().await? {
    ///     println!("{}", gif.url);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> ListGifsCall<C> {
        self.call(ListGifs::default())
    }

    /// Reads one GIF.
    ///
    /// `GET /gif/{uid}`, public: needs no API key, but accepts one. Reads only.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{}", client.gifs().get("G77ABKLMNP").send().await?.url);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, uid: impl Into<String>) -> GetGifCall<C> {
        self.call(GetGif::of(uid.into()))
    }
}

api_request! {
    /// The request of [`Gifs::create`] as data.
    CreateGif / CreateGifCall { #[serde(flatten)] body: CreateGifRequest } -> Gif = CREATE_GIF,
    |op, base| requests::create_gif(base, &op.body),
    rules |op, found| {
        exactly_one([&op.body.html, &op.body.url, &op.body.template], found);
    }
}

impl CreateGif {
    /// Creates a request for a GIF of the default size and quality.
    #[must_use]
    pub fn new(source: Source) -> Self {
        let mut body = CreateGifRequest::default();
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

/// Setters of [`Gifs::capture`] alone.
impl<C> CaptureGifCall<C> {
    /// Sets a duration of 1 to 30 seconds. It is documented as the length of the recording; an older server used it as
    /// the time that each frame is shown.
    pub fn frame_duration_seconds(self, seconds: f64) -> Self {
        self.with(|op| op.body.frame_duration_seconds = Some(seconds))
    }
}

api_request! {
    /// The request of [`Gifs::capture`] as data.
    CaptureGif / CaptureGifCall { #[serde(flatten)] body: CaptureGifRequest } -> Gif = CAPTURE_GIF,
    |op, base| requests::capture_gif(base, &op.body)
}

/// Implements the setters that creating and capturing have in common.
macro_rules! animation_setters {
    ($($operation:ident),*) => {$(
        /// Setters of the animation.
        impl<C> $operation<C> {
            /// Sets the width and height in pixels, 1 to 2000 each. The service's default is 800 by 600.
            pub fn size(self, width: u32, height: u32) -> Self {
                self.with(|op| {
                    op.body.width = Some(width.into());
                    op.body.height = Some(height.into());
                })
            }

            /// Sets the quality: frame rate and maximum duration. The service's default is medium.
            pub fn quality(self, quality: GifQuality) -> Self {
                self.with(|op| op.body.quality = Some(quality))
            }
        }
    )*};
}

animation_setters!(CreateGifCall, CaptureGifCall);

api_request! {
    /// The request of [`Gifs::list`] as data.
    #[derive(Default)]
    ListGifs / ListGifsCall { #[serde(flatten)] query: ListGifsQuery } -> GifList = LIST_GIFS,
    |op, base| requests::list_gifs(base, op.query.limit, op.query.offset)
}

paged!(ListGifs / ListGifsCall, gifs: Gif, id in uid, by offset, 30 a page);

api_request! {
    /// The request of [`Gifs::get`] as data.
    GetGif / GetGifCall { uid: String } -> Gif = GET_GIF,
    |op, base| requests::get_gif(base, &op.uid)
}

impl Downloadable for Gif {
    fn url(&self) -> &str {
        &self.url
    }
}
