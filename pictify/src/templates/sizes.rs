//! Renders of one template in several sizes.

use super::{MultiSizeRender, RasterFormat, SizedRender, Templates};
use crate::{download::Downloadable, resources::api_request, variables};
use pictify_api::types::{MultiSizeRenderTemplateRequest, RenderSize, Variables};
use serde::Serialize;

/// Maximum number of pixels of all sizes of one call together.
const MAX_PIXELS: u64 = 50_000_000;

impl<C: Clone> Templates<C> {
    /// Renders a template in several sizes, 1 to 20, of at most 50 million pixels together. Bills one render for each.
    ///
    /// `POST /templates/{uid}/multi-size-render`, live. A size that fails does not fail the call: check the response's
    /// `errors`.
    ///
    /// # Errors
    /// At `send`: [`Validation`](crate::ErrorKind::Validation), before anything is sent, if `variables` does not
    /// serialise to a JSON object, or the sizes are too few, too many, too large together, or outside 10 to 4096
    /// pixels; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// use pictify::templates::Size;
    ///
    /// let values = serde_json::json!({"title": "Sale"});
    /// let sizes = [Size::preset("instagram-post"), Size::px(728, 90).label("banner")];
    /// let banners = client.templates().render_sizes("XK4P2M9QZT", &values, sizes).send().await?;
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
    ) -> RenderTemplateSizesCall<C> {
        self.call_with(variables::from(variables), |variables| RenderTemplateSizes::new(uid, variables, sizes))
    }
}

/// Size to render a template in: a preset, or a width and height.
#[derive(Clone, Debug, PartialEq)]
pub struct Size(RenderSize);

impl Size {
    /// Selects a named size of the service, for example `og-image` or `instagram-post`.
    pub fn preset(name: impl Into<String>) -> Self {
        Self(RenderSize { preset: Some(name.into()), ..RenderSize::default() })
    }

    /// Sets the width and height in pixels, 10 to 4096 each.
    #[must_use]
    pub fn px(width: u32, height: u32) -> Self {
        Self(RenderSize { width: Some(width.into()), height: Some(height.into()), ..RenderSize::default() })
    }

    /// Sets the label of this size in the response.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.0.label = Some(label.into());
        self
    }
}

/// Setters of [`Templates::render_sizes`].
impl<C> RenderTemplateSizesCall<C> {
    /// Sets the file format. The service's default is PNG.
    pub fn format(self, format: RasterFormat) -> Self {
        self.with(|op| op.body.format = Some(format))
    }

    /// Sets the quality of lossy formats, 0.1 to 1. The service's default is 0.9.
    pub fn quality(self, quality: f64) -> Self {
        self.with(|op| op.body.quality = Some(quality))
    }
}

api_request! {
    /// The request of [`Templates::render_sizes`] as data.
    RenderTemplateSizes / RenderTemplateSizesCall {
        uid: String,
        body: MultiSizeRenderTemplateRequest,
    } -> MultiSizeRender = MULTI_SIZE_RENDER_TEMPLATE,
    |op, base| requests::multi_size_render_template(base, &op.uid, &op.body),
    read |render, response| {
        let mut render = render;
        response.keep_files("results", &mut render.results)?;
        Ok(render)
    },
    rules |op, found| {
        found.each("sizes", &op.body.sizes, |size, found| {
            // A deserialised request was not built from `Size`.
            let (preset, pixels) = (size.preset.is_some(), [size.width, size.height].iter().flatten().count());
            if !matches!((preset, pixels), (true, 0) | (false, 2)) {
                found.push("", "must be either a preset or both width and height");
            }
        });
        let pixels = op.body.sizes.iter().filter_map(|size| size.width?.checked_mul(size.height?));
        let pixels = pixels.fold(0, u64::saturating_add);
        if pixels > MAX_PIXELS {
            found.push("sizes", format!("must have at most {MAX_PIXELS} pixels together, have {pixels}"));
        }
        if let Some(RasterFormat::Unknown(format)) = &op.body.format {
            found.push("format", format!("must be png, jpeg, webp or gif, is {format}"));
        }
    },
    renders |op| op.body.sizes.len() as u64
}

impl RenderTemplateSizes {
    /// Creates a request for one file for each size, with these values.
    #[must_use]
    pub fn new(uid: impl Into<String>, variables: Variables, sizes: impl IntoIterator<Item = Size>) -> Self {
        let sizes: Vec<_> = sizes.into_iter().map(|Size(size)| size).collect();
        let mut body = MultiSizeRenderTemplateRequest::new(sizes);
        body.variables = Some(variables);
        Self::of(uid.into(), body)
    }
}

impl Downloadable for SizedRender {
    fn url(&self) -> &str {
        &self.url
    }
}
