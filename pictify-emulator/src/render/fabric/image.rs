//! Pictures, cropped and scaled.

use super::{
    FabricError,
    draw::{Canvas, Place},
    markup::{escape, matrix, numbers},
    outline::Outline,
    read::Object,
    shape::{self, Stroke},
};
use data_url::DataUrl;
use kurbo::{Affine, Size, Vec2};

/// A picture on the canvas.
#[derive(Debug)]
pub(super) struct RenderedImage<'a> {
    source: Option<&'a str>,
    /// How large the part is that is shown.
    pub(super) size: Size,
    /// Where that part begins in the picture.
    crop: Vec2,
    /// How large the whole picture is.
    whole: Size,
}

impl<'a> RenderedImage<'a> {
    pub(super) fn of(object: &Object<'a>) -> Result<Self, FabricError> {
        let source = object.text("src")?.map(str::trim).filter(|source| !source.is_empty());
        let is_known = |source: &str| {
            ["data:", "http://", "https://"]
                .iter()
                .any(|scheme| source.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
        };
        if source.is_some_and(|source| !is_known(source)) {
            return Err(object.wrong("src", "a data: or https: address"));
        }
        let crop = Vec2::new(object.length("cropX", 0.0)?, object.length("cropY", 0.0)?);
        let natural = source.and_then(natural_size);
        let shown = |name, natural: Option<f64>, crop: f64| match (object.number(name)?, natural) {
            (Some(_), _) => object.length(name, 0.0),
            (None, Some(natural)) => Ok((natural - crop).max(0.0)),
            (None, None) if source.is_none() => Ok(0.0),
            (None, None) => Err(object.wrong(name, "a number, because the picture does not say its size")),
        };
        let size = Size::new(
            shown("width", natural.map(|size| size.width), crop.x)?,
            shown("height", natural.map(|size| size.height), crop.y)?,
        );
        // What does not say its size is as large as what is shown of it.
        let whole = natural.unwrap_or_else(|| Size::new(crop.x + size.width, crop.y + size.height));
        Ok(Self { source, size, crop, whole })
    }

    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        object: &Object,
        stroke: &Stroke,
        place: &Place,
    ) -> Result<(), FabricError> {
        if let Some(source) = self.source.filter(|_| self.size.width > 0.0 && self.size.height > 0.0) {
            let corner = place.matrix * Affine::translate((-self.size.width / 2.0, -self.size.height / 2.0));
            let px = |value| format!("{}px", numbers(&[value]));
            canvas.add(&format!(
                r#"<div class="o" style="overflow:hidden;width:{};height:{};transform:{}"><img class="o" alt="" style="left:{};top:{};width:{};height:{}" src="{}"></div>"#,
                px(self.size.width),
                px(self.size.height),
                matrix(corner),
                px(-self.crop.x),
                px(-self.crop.y),
                px(self.whole.width),
                px(self.whole.height),
                escape(source),
            ));
        }
        if stroke.is_seen() {
            let mut outline = Outline::of_box(self.size);
            // It has no inside: the picture is there.
            outline.is_open = true;
            shape::draw(canvas, object, &outline, stroke, place)?;
        }
        Ok(())
    }
}

/// What the header of a picture in a `data:` URI says.
fn natural_size(source: &str) -> Option<Size> {
    let (bytes, _) = DataUrl::process(source).ok()?.decode_to_vec().ok()?;
    let size = imagesize::blob_size(&bytes).ok()?;
    let pixels = |count: usize| u32::try_from(count).ok().map(f64::from);
    Some(Size::new(pixels(size.width)?, pixels(size.height)?))
}
