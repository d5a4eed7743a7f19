//! What goes over a whole object: opacity, shadow, blending.

use super::{FabricError, markup::numbers, paint::color, placement::scale_of, read::Object};
use kurbo::{Affine, Rect, Vec2};
use serde_json::Value;
use std::fmt::Write;

/// How far a shadow may fall or be blurred, in pixels of the picture.
const FARTHEST: f64 = 2_000.0;

/// The ways to blend that canvas and CSS share, after the usual one.
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

/// The effects of an object as CSS.
#[derive(Clone, Debug)]
pub(super) struct Effects {
    pub(super) css: String,
    /// The part of the canvas from which paint may reach what is seen.
    pub(super) reach: Rect,
}

impl Effects {
    /// `total` is the matrix from the object to the picture; `reach` is the part of the canvas that is seen.
    pub(super) fn of(object: &Object, total: Affine, reach: Rect) -> Result<Self, FabricError> {
        let mut effects = Self { css: String::new(), reach };
        let opacity = object.number_or("opacity", 1.0)?.clamp(0.0, 1.0);
        if opacity < 1.0 {
            let _ = write!(effects.css, "opacity:{};", numbers(&[opacity]));
        }
        let blend = object.word("globalCompositeOperation", &BLENDS, "a blend mode of CSS")?;
        if blend != BLENDS[0] {
            let _ = write!(effects.css, "mix-blend-mode:{blend};");
        }
        if let Some(shadow) = Shadow::of(object)? {
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
    fn of(object: &Object) -> Result<Option<Self>, FabricError> {
        match object.get("shadow") {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => {
                Self::parse(text).map(Some).ok_or_else(|| object.wrong("shadow", "such as `#000 5px 5px 10px`"))
            }
            Some(value) => {
                let shadow = Object::new(object.at("shadow"), value)?;
                let text = shadow.text("color")?.unwrap_or("rgb(0,0,0)");
                Ok(Some(Self {
                    color: color(text).ok_or_else(|| shadow.wrong("color", "a CSS colour"))?,
                    offset: Vec2::new(shadow.number_or("offsetX", 0.0)?, shadow.number_or("offsetY", 0.0)?),
                    blur: shadow.length("blur", 0.0)?,
                    is_scaled: !shadow.flag("nonScaling", false)?,
                }))
            }
        }
    }

    /// Fabric's short form: a colour, and lengths for right, down and blur.
    fn parse(text: &str) -> Option<Self> {
        let length = |word: &str| word.trim_end_matches("px").parse::<f64>().ok().filter(|length| length.is_finite());
        // Blanks inside of `rgba(0, 0, 0)` are no ends of words.
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
        // The canvas takes half of its blur for the deviation, which is what CSS means here.
        let deviation = self.blur * f64::midpoint(scale.x, scale.y) / 2.0;
        if offset.x.abs().max(offset.y.abs()).max(deviation) > FARTHEST {
            return Err(FabricError::too_much(object.at("shadow"), format!("it reaches over {FARTHEST} pixels")));
        }
        let [x, y, blur] = [offset.x, offset.y, deviation].map(|value| numbers(&[value]));
        let _ = write!(effects.css, "filter:drop-shadow({x}px {y}px {blur}px {});", self.color);
        let blurred = effects.reach.inflate(deviation * 3.0, deviation * 3.0);
        effects.reach = effects.reach.union(blurred - offset);
        Ok(())
    }
}
