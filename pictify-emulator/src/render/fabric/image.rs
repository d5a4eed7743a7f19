//! Images, cropped and scaled.

use super::{
    FabricError,
    draw::{Canvas, DrawContext},
    escape::{escape, matrix, numbers},
    json::Object,
    path::Outline,
    shape::{self, Stroke},
};
use data_url::DataUrl;
use kurbo::{Affine, Size, Vec2};

/// Image on the canvas.
#[derive(Debug)]
pub(super) struct CanvasImage<'a> {
    source: Option<&'a str>,
    /// Size of the visible part.
    pub(super) size: Size,
    /// Position of the visible part in the image.
    crop: Vec2,
    /// Size of the whole image.
    full_size: Size,
}

impl<'a> CanvasImage<'a> {
    pub(super) fn from_object(object: &Object<'a>) -> Result<Self, FabricError> {
        let source = object.text("src")?.map(str::trim).filter(|source| !source.is_empty());
        let is_supported = |source: &str| {
            ["data:", "http://", "https://"]
                .iter()
                .any(|scheme| source.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
        };
        if source.is_some_and(|source| !is_supported(source)) {
            return Err(object.invalid("src", "a data: or https: URL"));
        }
        let crop = Vec2::new(object.length("cropX", 0.0)?, object.length("cropY", 0.0)?);
        let natural = source.and_then(natural_size);
        let visible = |name, natural: Option<f64>, crop: f64| match (object.number(name)?, natural) {
            (Some(_), _) => object.length(name, 0.0),
            (None, Some(natural)) => Ok((natural - crop).max(0.0)),
            (None, None) if source.is_none() => Ok(0.0),
            (None, None) => Err(object.invalid(name, "a number, because the size of the image is unknown")),
        };
        let size = Size::new(
            visible("width", natural.map(|size| size.width), crop.x)?,
            visible("height", natural.map(|size| size.height), crop.y)?,
        );
        // An image of unknown size is assumed to end where its visible part ends.
        let full_size = natural.unwrap_or_else(|| Size::new(crop.x + size.width, crop.y + size.height));
        Ok(Self { source, size, crop, full_size })
    }

    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        object: &Object,
        stroke: &Stroke,
        context: &DrawContext,
    ) -> Result<(), FabricError> {
        if let Some(source) = self.source.filter(|_| self.size.width > 0.0 && self.size.height > 0.0) {
            let corner = context.matrix * Affine::translate((-self.size.width / 2.0, -self.size.height / 2.0));
            let px = |value| format!("{}px", numbers(&[value]));
            canvas.add(&format!(
                r#"<div class="o" style="overflow:hidden;width:{};height:{};transform:{}"><img class="o" alt="" style="left:{};top:{};width:{};height:{}" src="{}"></div>"#,
                px(self.size.width),
                px(self.size.height),
                matrix(corner),
                px(-self.crop.x),
                px(-self.crop.y),
                px(self.full_size.width),
                px(self.full_size.height),
                escape(source),
            ));
        }
        if stroke.is_visible() {
            let mut outline = Outline::rectangle(self.size);
            // The image takes the context of the fill.
            outline.is_open = true;
            shape::draw(canvas, object, &outline, stroke, context)?;
        }
        Ok(())
    }
}

/// Returns the size in the header of an image in a `data:` URI.
fn natural_size(source: &str) -> Option<Size> {
    let (bytes, _) = DataUrl::process(source).ok()?.decode_to_vec().ok()?;
    let size = imagesize::blob_size(&bytes).ok()?;
    let pixels = |count: usize| u32::try_from(count).ok().map(f64::from);
    Some(Size::new(pixels(size.width)?, pixels(size.height)?))
}
