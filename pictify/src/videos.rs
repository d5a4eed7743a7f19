//! Video templates, and renders of them.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! #[derive(serde::Serialize)]
//! struct Welcome { title: &'static str }
//!
//! let video = client.videos().render("VD5R8CW1QJ").variables(&Welcome { title: "Welcome, Maya!" }).send().await?;
//! client.download(&video).to_file("welcome.mp4").await?;
//! # Ok(()) }
//! ```

use crate::Deletion;
use crate::{download::Downloadable, resources::api_request, resources::resource, variables};
use pictify_api::types::{
    CreateVideoTemplateRequest, DuplicateVideoTemplateRequest, GenerateVideoTemplateRequest, JsonObject,
    PreviewVideoTemplateRequest, RenderVideoRequest, UpdateVideoTemplateRequest, VariableDefinition,
};
use serde::Serialize;

pub use pictify_api::types::{
    Video, VideoFormat, VideoPreview, VideoTemplate, VideoTemplateKind, VideoTemplateList, VideoTemplateStatus,
    VideoTemplateVariables,
};

resource! {
    /// The video operations of a client: [`client.videos()`](crate::Client::videos).
    Videos
}

impl<C: Clone> Videos<C> {
    /// Lists the account's video templates, at most 100, without their sources.
    ///
    /// `GET /video/templates`, live; reads only. This list has no pages.
    ///
    /// # Errors
    /// At `send`: any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// for template in client.videos().list().send().await?.templates {
    ///     println!("{} {:?}", template.uid, template.name);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> ListVideoTemplatesCall<C> {
        self.call(ListVideoTemplates::of())
    }

    /// Stores a video template. Bills nothing. The service compiles it first, which may take minutes.
    ///
    /// `POST /video/templates`, live.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for a size outside 16 to 4096 pixels or more than 60 frames
    /// per second; from the service, `Validation` with the compiler's messages in
    /// [`field_errors`](crate::Error::field_errors); `QuotaExceeded` if the plan allows no more templates; any error of
    /// the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::videos::VideoSource;
    ///
    /// let scene = std::fs::read_to_string("scene.tsx").unwrap();
    /// let template = client.videos().create("Launch teaser", VideoSource::tsx(scene)).size(1080, 1080).send().await?;
    /// println!("{}", template.uid);
    /// # Ok(()) }
    /// ```
    pub fn create(&self, name: impl Into<String>, source: VideoSource) -> CreateVideoTemplateCall<C> {
        self.call(CreateVideoTemplate::new(name, source))
    }

    /// Reads one video template with its source.
    ///
    /// `GET /video/templates/{uid}`, live; reads only.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let template = client.videos().get("VD5R8CW1QJ").send().await?;
    /// println!("{:?}", template.duration_in_frames);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, uid: impl Into<String>) -> GetVideoTemplateCall<C> {
        self.call(GetVideoTemplate::of(uid.into()))
    }

    /// Changes a video template. Fields that are not set stay unchanged; the kind cannot change.
    ///
    /// `PUT /video/templates/{uid}`, live; safe to repeat.
    ///
    /// # Errors
    /// At `send`: as [`create`](Self::create); also `NotFound`.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::videos::VideoTemplateStatus;
    ///
    /// client.videos().update("VD5R8CW1QJ").status(VideoTemplateStatus::Published).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, uid: impl Into<String>) -> UpdateVideoTemplateCall<C> {
        self.call(UpdateVideoTemplate::of(uid.into(), UpdateVideoTemplateRequest::default()))
    }

    /// Deletes a video template.
    ///
    /// `DELETE /video/templates/{uid}`, live; safe to repeat.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// client.videos().delete("VD5R8CW1QJ").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, uid: impl Into<String>) -> DeleteVideoTemplateCall<C> {
        self.call(DeleteVideoTemplate::of(uid.into()))
    }

    /// Copies a video template. Bills nothing. The copy is a draft.
    ///
    /// `POST /video/templates/{uid}/duplicate`, live.
    ///
    /// # Errors
    /// At `send`: `NotFound`; `QuotaExceeded` if the plan allows no more templates; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let copy = client.videos().duplicate("VD5R8CW1QJ").name("Launch teaser (winter)").send().await?;
    /// println!("{}", copy.uid);
    /// # Ok(()) }
    /// ```
    pub fn duplicate(&self, uid: impl Into<String>) -> DuplicateVideoTemplateCall<C> {
        self.call(DuplicateVideoTemplate::of(uid.into(), DuplicateVideoTemplateRequest::default()))
    }

    /// Reads the variables of a video template, and which of them its source uses.
    ///
    /// `GET /video/templates/{uid}/variables`, live; reads only.
    ///
    /// # Errors
    /// At `send`: `Validation` for a uid that cannot be part of a path; `NotFound`; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// for variable in client.videos().variables("VD5R8CW1QJ").send().await?.variables {
    ///     println!("{} {:?}", variable.name, variable.type_);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn variables(&self, uid: impl Into<String>) -> GetVideoTemplateVariablesCall<C> {
        self.call(GetVideoTemplateVariables::of(uid.into()))
    }

    /// Renders a video. Bills one render or more, and takes minutes.
    ///
    /// `POST /video/templates/{uid}/render`, live.
    ///
    /// # Errors
    /// At `send`: `Validation` for a missing or invalid variable; `QuotaExceeded`; `NotImplemented` if the service
    /// cannot render this kind of template; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::videos::VideoFormat;
    ///
    /// let video = client.videos().render("VD5R8CW1QJ").format(VideoFormat::Gif).send().await?;
    /// println!("{}", video.url);
    /// # Ok(()) }
    /// ```
    pub fn render(&self, uid: impl Into<String>) -> RenderVideoCall<C> {
        self.call(RenderVideo::of(uid.into(), RenderVideoRequest::default()))
    }

    /// Renders one frame of a video template to a PNG. Bills one image.
    ///
    /// `POST /video/templates/{uid}/preview`, live. Templates of the kind `timeline` have no previews.
    ///
    /// # Errors
    /// At `send`: `NotImplemented` for a timeline; `Validation` with the compiler's messages; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let preview = client.videos().preview("VD5R8CW1QJ").frame(45).send().await?;
    /// client.download(&preview).to_file("frame.png").await?;
    /// # Ok(()) }
    /// ```
    pub fn preview(&self, uid: impl Into<String>) -> PreviewVideoTemplateCall<C> {
        self.call(PreviewVideoTemplate::of(uid.into(), PreviewVideoTemplateRequest::default()))
    }

    /// Generates a video template from a prompt. Bills; sources disagree whether a render or AI credits.
    ///
    /// `POST /video/templates/generate`, live. Takes half a minute to several minutes.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for a prompt of more than 2,000 characters or a duration
    /// outside 1 to 60 seconds; `QuotaExceeded`; `Server` if the AI is not available; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let prompt = "An eight second teaser for a developer tool";
    /// let template = client.videos().generate(prompt).duration_seconds(8.0).send().await?;
    /// println!("{:?}", template.preview_url);
    /// # Ok(()) }
    /// ```
    pub fn generate(&self, prompt: impl Into<String>) -> GenerateVideoTemplateCall<C> {
        self.call(GenerateVideoTemplate::of(GenerateVideoTemplateRequest::new(prompt.into())))
    }
}

/// Source of a video template.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum VideoSource {
    /// A scene in TSX: one file that exports a `zod` schema and a default component.
    Tsx(String),
    /// A timeline in the editor's format.
    Timeline(JsonObject),
}

impl VideoSource {
    /// Creates a source from a scene in TSX: one file that exports a `zod` schema of flat fields with defaults, and a
    /// default component. It may import `remotion`, `@remotion/*`, `react` and `zod`.
    pub fn tsx(source: impl Into<String>) -> Self {
        Self::Tsx(source.into())
    }

    /// Creates a source from a timeline in the editor's format.
    pub fn timeline(project: impl Into<JsonObject>) -> Self {
        Self::Timeline(project.into())
    }
}

api_request! {
    /// The request of [`Videos::list`] as data.
    ListVideoTemplates / ListVideoTemplatesCall {} -> VideoTemplateList = LIST_VIDEO_TEMPLATES,
    |op, base| requests::list_video_templates(base)
}

api_request! {
    /// The request of [`Videos::create`] as data.
    CreateVideoTemplate / CreateVideoTemplateCall { #[serde(flatten)] body: CreateVideoTemplateRequest } -> VideoTemplate = CREATE_VIDEO_TEMPLATE,
    |op, base| requests::create_video_template(base, &op.body),
    rules |op, found| {
        // A deserialised request was not built by `new`.
        let matches = match op.body.kind {
            VideoTemplateKind::Tsx => op.body.tsx.is_some() && op.body.project_json.is_none(),
            VideoTemplateKind::Timeline => op.body.project_json.is_some() && op.body.tsx.is_none(),
            _ => true,
        };
        if !matches {
            found.push("kind", "must be tsx with tsx only, or timeline with projectJson only");
        }
    }
}

impl CreateVideoTemplate {
    /// Creates a request for a template of the default size and duration.
    #[must_use]
    pub fn new(name: impl Into<String>, source: VideoSource) -> Self {
        let (kind, tsx, project) = match source {
            VideoSource::Tsx(tsx) => (VideoTemplateKind::Tsx, Some(tsx), None),
            VideoSource::Timeline(project) => (VideoTemplateKind::Timeline, None, Some(project)),
        };
        let mut body = CreateVideoTemplateRequest::new(name.into(), kind);
        body.tsx = tsx;
        body.project_json = project;
        Self::of(body)
    }
}

/// Implements the setters that creating and changing have in common.
macro_rules! template_setters {
    ($($operation:ident),*) => {$(
        /// Setters of the template itself.
        impl<C> $operation<C> {
            /// Sets the width and height in pixels, 16 to 4096 each. The service's default is 1080 by 1080.
            pub fn size(self, width: u32, height: u32) -> Self {
                self.with(|op| {
                    op.body.width = Some(width.into());
                    op.body.height = Some(height.into());
                })
            }

            /// Sets the frames per second, 1 to 60. The service's default is 30.
            pub fn fps(self, frames: u32) -> Self {
                self.with(|op| op.body.fps = Some(frames.into()))
            }

            /// Sets the duration in frames, at least 1.
            pub fn duration_in_frames(self, frames: u64) -> Self {
                self.with(|op| op.body.duration_in_frames = Some(frames))
            }

            /// Sets the status: draft, which is the service's default, or published.
            pub fn status(self, status: VideoTemplateStatus) -> Self {
                self.with(|op| op.body.status = Some(status))
            }

            /// Sets the definitions of the variables. A scene in TSX defines its variables in its schema.
            pub fn variable_definitions(self, definitions: impl IntoIterator<Item = VariableDefinition>) -> Self {
                self.with(|op| op.body.variable_definitions = Some(definitions.into_iter().collect()))
            }

            /// Sets the URL of a poster image.
            pub fn poster_url(self, url: impl Into<String>) -> Self {
                self.with(|op| op.body.poster_url = Some(url.into()))
            }
        }
    )*};
}

template_setters!(CreateVideoTemplateCall, UpdateVideoTemplateCall);

api_request! {
    /// The request of [`Videos::get`] as data.
    GetVideoTemplate / GetVideoTemplateCall { uid: String } -> VideoTemplate = GET_VIDEO_TEMPLATE,
    |op, base| requests::get_video_template(base, &op.uid)
}

/// Setters of [`Videos::update`] alone.
impl<C> UpdateVideoTemplateCall<C> {
    /// Sets the name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with(|op| op.body.name = Some(name.into()))
    }

    /// Replaces the source. It must be of the kind that the template already has.
    pub fn source(self, source: VideoSource) -> Self {
        self.with(|op| match source {
            VideoSource::Tsx(tsx) => op.body.tsx = Some(tsx),
            VideoSource::Timeline(project) => op.body.project_json = Some(project),
        })
    }
}

api_request! {
    /// The request of [`Videos::update`] as data.
    UpdateVideoTemplate / UpdateVideoTemplateCall { uid: String, body: UpdateVideoTemplateRequest } -> VideoTemplate = UPDATE_VIDEO_TEMPLATE,
    |op, base| requests::update_video_template(base, &op.uid, &op.body)
}

api_request! {
    /// The request of [`Videos::delete`] as data.
    DeleteVideoTemplate / DeleteVideoTemplateCall { uid: String } -> Deletion = DELETE_VIDEO_TEMPLATE,
    |op, base| requests::delete_video_template(base, &op.uid)
}

/// Setters of [`Videos::duplicate`].
impl<C> DuplicateVideoTemplateCall<C> {
    /// Sets the name of the copy. The service's default is the original name followed by "(copy)".
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with(|op| op.body.name = Some(name.into()))
    }
}

api_request! {
    /// The request of [`Videos::duplicate`] as data.
    DuplicateVideoTemplate / DuplicateVideoTemplateCall { uid: String, body: DuplicateVideoTemplateRequest } -> VideoTemplate
        = DUPLICATE_VIDEO_TEMPLATE,
    |op, base| requests::duplicate_video_template(base, &op.uid, &op.body)
}

api_request! {
    /// The request of [`Videos::variables`] as data.
    GetVideoTemplateVariables / GetVideoTemplateVariablesCall { uid: String } -> VideoTemplateVariables = GET_VIDEO_TEMPLATE_VARIABLES,
    |op, base| requests::get_video_template_variables(base, &op.uid)
}

/// Setters of [`Videos::render`].
impl<C> RenderVideoCall<C> {
    /// Sets the values of the template's variables: any value that serialises to a JSON object.
    ///
    /// `send` fails with [`Validation`](crate::ErrorKind::Validation) if it does not.
    pub fn variables(self, variables: &impl Serialize) -> Self {
        self.try_with(variables::from(variables), |op, variables| op.body.variables = Some(variables))
    }

    /// Sets the file format. The service's default is MP4.
    pub fn format(self, format: VideoFormat) -> Self {
        self.with(|op| op.body.format = Some(format))
    }
}

api_request! {
    /// The request of [`Videos::render`] as data.
    RenderVideo / RenderVideoCall { uid: String, body: RenderVideoRequest } -> Video = RENDER_VIDEO,
    |op, base| requests::render_video(base, &op.uid, &op.body)
}

/// Setters of [`Videos::preview`].
impl<C> PreviewVideoTemplateCall<C> {
    /// Sets the values of the template's variables: any value that serialises to a JSON object.
    ///
    /// `send` fails with [`Validation`](crate::ErrorKind::Validation) if it does not.
    pub fn variables(self, variables: &impl Serialize) -> Self {
        self.try_with(variables::from(variables), |op, variables| op.body.variables = Some(variables))
    }

    /// Sets the number of the frame, from 0.
    pub fn frame(self, number: u64) -> Self {
        self.with(|op| op.body.frame = Some(number))
    }
}

api_request! {
    /// The request of [`Videos::preview`] as data.
    PreviewVideoTemplate / PreviewVideoTemplateCall { uid: String, body: PreviewVideoTemplateRequest } -> VideoPreview = PREVIEW_VIDEO_TEMPLATE,
    |op, base| requests::preview_video_template(base, &op.uid, &op.body)
}

/// Setters of [`Videos::generate`].
impl<C> GenerateVideoTemplateCall<C> {
    /// Sets the width and height in pixels. The service's default is 1080 by 1080.
    pub fn size(self, width: u32, height: u32) -> Self {
        self.with(|op| {
            op.body.width = Some(width.into());
            op.body.height = Some(height.into());
        })
    }

    /// Sets the duration in seconds, 1 to 60. The service's default is 8; one source says 5.
    pub fn duration_seconds(self, seconds: f64) -> Self {
        self.with(|op| op.body.duration_seconds = Some(seconds))
    }

    /// Sets a brand colour in hexadecimal, for example `#00ff41`; at most 32 characters.
    pub fn brand_color(self, color: impl Into<String>) -> Self {
        self.with(|op| op.body.brand_color = Some(color.into()))
    }
}

api_request! {
    /// The request of [`Videos::generate`] as data.
    GenerateVideoTemplate / GenerateVideoTemplateCall { #[serde(flatten)] body: GenerateVideoTemplateRequest } -> VideoTemplate = GENERATE_VIDEO_TEMPLATE,
    |op, base| requests::generate_video_template(base, &op.body)
}

impl Downloadable for Video {
    fn url(&self) -> &str {
        &self.url
    }
}

impl Downloadable for VideoPreview {
    fn url(&self) -> &str {
        &self.url
    }
}
