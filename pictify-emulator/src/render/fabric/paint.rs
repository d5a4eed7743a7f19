//! Colours and gradients of fills and strokes.

use super::{FabricError, escape::numbers, json::Object};
use kurbo::{Affine, Rect};
use serde_json::Value;
use std::fmt::Write;
use takumi::prelude::{Color, FromCssStr};

/// Maximum number of colour stops of a gradient.
const MAX_STOPS: usize = 256;

/// Paint of a fill or stroke.
#[derive(Clone, Debug)]
pub(super) enum Paint {
    None,
    /// Colour as `#rrggbb` or `#rrggbbaa`. It is never the original text, which could contain other escape.
    Color(String),
    Gradient(Gradient),
}

/// Gradient with coordinates in pixels, or relative to the bounding box of the object.
#[derive(Clone, Debug)]
pub(super) struct Gradient {
    /// Name of the SVG element, and its coordinates as attributes.
    shape: (&'static str, String),
    stops: String,
    /// `true` if the coordinates are relative to the bounding box.
    is_relative: bool,
    /// Offset in pixels, independent of the units of the coordinates.
    offset: Affine,
    transform: Affine,
}

impl Paint {
    /// Reads a member. A missing member means `default`; null and empty text mean no paint.
    pub(super) fn from_object(object: &Object, name: &str, default: &str) -> Result<Self, FabricError> {
        match object.members.get(name) {
            None if default.is_empty() => Ok(Self::None),
            None => Ok(Self::Color(default.to_owned())),
            Some(Value::Null | Value::Bool(false)) => Ok(Self::None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(Self::None),
            Some(Value::String(text)) => {
                color(text).map(Self::Color).ok_or_else(|| object.invalid(name, "a CSS colour"))
            }
            Some(value @ Value::Object(_)) => {
                Gradient::from_object(&Object::new(object.location_of(name), value)?).map(Self::Gradient)
            }
            Some(_) => Err(object.invalid(name, "a CSS colour or a gradient")),
        }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Returns the value of an SVG `fill` or `stroke` attribute. A gradient is added to `defs`, with `area` as the
    /// bounding box of its coordinates.
    pub(super) fn svg(&self, id: &str, area: Rect, defs: &mut String) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Color(color) => color.clone(),
            Self::Gradient(gradient) => {
                gradient.write(id, area, defs);
                format!("url(#{id})")
            }
        }
    }
}

/// Parses a CSS colour. `alpha` replaces its opacity.
fn color_with_alpha(text: &str, alpha: Option<f64>) -> Option<String> {
    let text = text.trim();
    // The parser ignores text after the first colour, so such text is rejected here.
    let is_plain = text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '#');
    let is_call = text.find('(').is_some_and(|open| text[..open].chars().all(|letter| letter.is_ascii_alphabetic()))
        && text.find(')') == Some(text.len() - 1);
    if !is_plain && !is_call {
        return None;
    }
    let Color([red, green, blue, mut opacity]) = Color::from_css_str(text).ok()?;
    if let Some(alpha) = alpha {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before the cast")]
        let alpha = (alpha.clamp(0.0, 1.0) * 255.0).round() as u8;
        opacity = alpha;
    }
    let mut hex = format!("#{red:02x}{green:02x}{blue:02x}");
    if opacity < 255 {
        write!(hex, "{opacity:02x}").ok()?;
    }
    Some(hex)
}

/// Parses a CSS colour and returns it as `#rrggbb` or `#rrggbbaa`.
pub(super) fn color(text: &str) -> Option<String> {
    color_with_alpha(text, None)
}

impl Gradient {
    fn from_object(object: &Object) -> Result<Self, FabricError> {
        let kind = object.keyword("type", &["linear", "radial"], "linear or radial")?;
        let units = object.keyword("gradientUnits", &["pixels", "percentage"], "pixels or percentage")?;
        let none = serde_json::Map::new();
        let coords =
            object.child("coords")?.unwrap_or(Object { location: object.location_of("coords"), members: &none });
        let at = |name| coords.number_or(name, 0.0);
        let (x1, y1, x2, y2) = (at("x1")?, at("y1")?, at("x2")?, at("y2")?);
        let (r1, r2) = (coords.length("r1", 0.0)?, coords.length("r2", 0.0)?);
        let shape = match kind {
            "linear" => ("linearGradient", attributes(&["x1", "y1", "x2", "y2"], &[x1, y1, x2, y2])),
            // In SVG the outer circle must be the larger one. The order of the colours is reversed below.
            _ if r1 > r2 => ("radialGradient", radial([x2, y2, r2], [x1, y1, r1])),
            _ => ("radialGradient", radial([x1, y1, r1], [x2, y2, r2])),
        };
        Ok(Self {
            shape,
            stops: stops(object, kind == "radial" && r1 > r2)?,
            is_relative: units == "percentage",
            offset: Affine::translate((object.number_or("offsetX", 0.0)?, object.number_or("offsetY", 0.0)?)),
            transform: gradient_transform(object)?,
        })
    }

    /// Does the same as [`Paint::svg`] for a box whose size is determined by the layout engine.
    pub(super) fn svg_in_box(&self, id: &str, defs: &mut String) -> String {
        if self.is_relative {
            self.write_in(id, "objectBoundingBox", Rect::new(0.0, 0.0, 1.0, 1.0), defs);
        } else {
            self.write_in(id, "userSpaceOnUse", Rect::ZERO, defs);
        }
        format!("url(#{id})")
    }

    fn write(&self, id: &str, area: Rect, defs: &mut String) {
        self.write_in(id, "userSpaceOnUse", area, defs);
    }

    fn write_in(&self, id: &str, units: &str, area: Rect, defs: &mut String) {
        let (name, coords) = &self.shape;
        let mut transform = Affine::translate(area.origin().to_vec2()) * self.offset;
        if self.is_relative {
            transform *= Affine::scale_non_uniform(area.width(), area.height());
        }
        transform *= self.transform;
        let transform = numbers(&transform.as_coeffs());
        let stops = &self.stops;
        let _ = write!(
            defs,
            r#"<{name} id="{id}" gradientUnits="{units}"{coords} gradientTransform="matrix({transform})">{stops}</{name}>"#
        );
    }
}

fn radial(inner: [f64; 3], outer: [f64; 3]) -> String {
    attributes(&["fx", "fy", "fr"], &inner) + &attributes(&["cx", "cy", "r"], &outer)
}

fn attributes(names: &[&str], values: &[f64]) -> String {
    let attribute = |(name, value): (&&str, &f64)| format!(r#" {name}="{}""#, numbers(&[*value]));
    names.iter().zip(values).map(attribute).collect::<Vec<_>>().concat()
}

fn gradient_transform(object: &Object) -> Result<Affine, FabricError> {
    let values = object.list("gradientTransform")?;
    if values.is_empty() {
        return Ok(Affine::IDENTITY);
    }
    let values: Option<Vec<_>> = values.iter().map(|value| value.as_f64().filter(|value| value.abs() < 1e6)).collect();
    let values = values.and_then(|values| <[f64; 6]>::try_from(values).ok());
    values.map(Affine::new).ok_or_else(|| object.invalid("gradientTransform", "six numbers"))
}

fn stops(object: &Object, reversed: bool) -> Result<String, FabricError> {
    let items = object.list("colorStops")?;
    if items.len() > MAX_STOPS {
        return Err(FabricError::limit_exceeded(
            object.location_of("colorStops"),
            format!("more than {MAX_STOPS} colour stops"),
        ));
    }
    let mut stops = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let stop = object.item("colorStops", index, item)?;
        let offset = stop.number_or("offset", 0.0)?.clamp(0.0, 1.0);
        let offset = if reversed { 1.0 - offset } else { offset };
        let text = stop.text("color")?.unwrap_or("#000");
        let color =
            color_with_alpha(text, stop.number("opacity")?).ok_or_else(|| stop.invalid("color", "a CSS colour"))?;
        stops.push((offset, color));
    }
    stops.sort_by(|one, other| one.0.total_cmp(&other.0));
    let stop =
        |(offset, color): &(f64, String)| format!(r#"<stop offset="{}" stop-color="{color}"/>"#, numbers(&[*offset]));
    Ok(stops.iter().map(stop).collect::<Vec<_>>().concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_color_is_normalized_and_other_text_is_rejected() {
        for (text, expected) in [
            ("red", Some("#ff0000")),
            (" #abc ", Some("#aabbcc")),
            ("rgb(1, 2, 3)", Some("#010203")),
            ("rgba(255,0,0,0.5)", Some("#ff000080")),
            ("hsl(120, 100%, 50%)", Some("#00ff00")),
            ("transparent", Some("#00000000")),
            ("currentColor", None),
            ("no color", None),
            ("red blue", None),
            ("red\"/><script>", None),
            ("red;}", None),
            ("rgb(1,2,3) rgb(1,2,3)", None),
            ("url(x)", None),
            ("", None),
        ] {
            assert_eq!(color(text).as_deref(), expected, "{text}");
        }
    }
}
