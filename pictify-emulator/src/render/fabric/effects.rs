//! Effects on whole objects: opacity, shadow, blend mode.

use super::{FabricError, escape::numbers, json::Object, paint::color, transform::scale_of};
use kurbo::{Affine, Rect, Vec2};
use serde_json::Value;
use std::fmt::Write;

/// Maximum offset and blur radius of a shadow, in pixels of the image.
const MAX_SHADOW_PIXELS: f64 = 2_000.0;

/// Blend modes that canvas and CSS have in common. The first one is the default.
const BLENDS: [&str; 16] = [
    "source-over",
    "multiply",
    "screen",
    "overlay",
    "darken",
    "lighten",
    "color-dodge",
    "color-burn",
    "hard-light",
    "soft-light",
    "difference",
    "exclusion",
    "hue",
    "saturation",
    "color",
    "luminosity",
];

/// Effects of an object as CSS.
#[derive(Clone, Debug)]
pub(super) struct Effects {
    pub(super) css: String,
    /// Part of the canvas in which drawing has a visible effect, including the source of a visible shadow.
    pub(super) visible: Rect,
}

impl Effects {
    /// Reads the effects of an object. `total` is the matrix from the object to the image; `visible` is the visible part of
    /// the canvas.
    pub(super) fn from_object(object: &Object, total: Affine, visible: Rect) -> Result<Self, FabricError> {
        let mut effects = Self { css: String::new(), visible };
        let opacity = object.number_or("opacity", 1.0)?.clamp(0.0, 1.0);
        if opacity < 1.0 {
            let _ = write!(effects.css, "opacity:{};", numbers(&[opacity]));
        }
        let blend = object.keyword("globalCompositeOperation", &BLENDS, "a blend mode of CSS")?;
        if blend != BLENDS[0] {
            let _ = write!(effects.css, "mix-blend-mode:{blend};");
        }
        if let Some(shadow) = Shadow::from_object(object)? {
            shadow.add_to(&mut effects, total, object)?;
        }
        Ok(effects)
    }
}

#[derive(Clone, Debug)]
struct Shadow {
    color: String,
    offset: Vec2,
    blur: f64,
    is_scaled: bool,
}

impl Shadow {
    fn from_object(object: &Object) -> Result<Option<Self>, FabricError> {
        match object.get("shadow") {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => {
                Self::parse(text).map(Some).ok_or_else(|| object.invalid("shadow", "such as `#000 5px 5px 10px`"))
            }
            Some(value) => {
                let shadow = Object::new(object.location_of("shadow"), value)?;
                let text = shadow.text("color")?.unwrap_or("rgb(0,0,0)");
                Ok(Some(Self {
                    color: color(text).ok_or_else(|| shadow.invalid("color", "a CSS colour"))?,
                    offset: Vec2::new(shadow.number_or("offsetX", 0.0)?, shadow.number_or("offsetY", 0.0)?),
                    blur: shadow.length("blur", 0.0)?,
                    is_scaled: !shadow.flag("nonScaling", false)?,
                }))
            }
        }
    }

    /// Parses Fabric's short form: a colour, and lengths for the offset to the right, the offset down and the blur.
    fn parse(text: &str) -> Option<Self> {
        let length = |word: &str| word.trim_end_matches("px").parse::<f64>().ok().filter(|length| length.is_finite());
        // Spaces inside `rgba(0, 0, 0)` do not separate words.
        let mut depth = 0_u32;
        let words = text.split(|character| {
            match character {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && char::is_whitespace(character)
        });
        let (lengths, colors): (Vec<_>, Vec<_>) =
            words.filter(|word| !word.is_empty()).partition(|word| length(word).is_some());
        let lengths: Vec<_> = lengths.into_iter().filter_map(length).collect();
        let at = |index| lengths.get(index).copied().unwrap_or_default();
        let color = match colors[..] {
            [] => "#000000".to_owned(),
            [text] => color(text)?,
            _ => return None,
        };
        Some(Self { color, offset: Vec2::new(at(0), at(1)), blur: at(2).max(0.0), is_scaled: true })
    }

    fn add_to(&self, effects: &mut Effects, total: Affine, object: &Object) -> Result<(), FabricError> {
        let scale = if self.is_scaled { scale_of(total) } else { Vec2::new(1.0, 1.0) };
        let offset = Vec2::new(self.offset.x * scale.x, self.offset.y * scale.y);
        // The CSS value is the standard deviation. A canvas uses half of the blur as the standard deviation.
        let deviation = self.blur * f64::midpoint(scale.x, scale.y) / 2.0;
        if offset.x.abs().max(offset.y.abs()).max(deviation) > MAX_SHADOW_PIXELS {
            let message = format!("the offset or blur is more than {MAX_SHADOW_PIXELS} pixels");
            return Err(FabricError::limit_exceeded(object.location_of("shadow"), message));
        }
        let [x, y, blur] = [offset.x, offset.y, deviation].map(|value| numbers(&[value]));
        let _ = write!(effects.css, "filter:drop-shadow({x}px {y}px {blur}px {});", self.color);
        let blurred = effects.visible.inflate(deviation * 3.0, deviation * 3.0);
        effects.visible = effects.visible.union(blurred - offset);
        Ok(())
    }
}
