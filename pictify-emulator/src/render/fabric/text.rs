//! Text as HTML text: it wraps and is selectable in a PDF.

use super::{
    FabricError,
    draw::{Canvas, Place},
    font,
    markup::{escape, matrix, numbers, svg_uri},
    paint::{Paint, color},
    placement::Placement,
    read::Object,
    runs::{self, Run},
};
use kurbo::Affine;
use std::fmt::Write;

/// How much higher than its font a line is in Fabric, before the line height counts.
const LINE: f64 = 1.13;

/// How much of that lies below the baseline.
const BELOW: f64 = 0.222;

/// How far below the middle of a line CSS puts the baseline, for a font of size 1. It is half of ascent less descent,
/// which is 0.34 to 0.36 in the fonts that are common.
const CSS_BASELINE: f64 = 0.346;

/// How the text of an object looks where its `styles` say nothing else.
struct Look<'a> {
    object: &'a Object<'a>,
    fill: Paint,
}

/// Draws text; `place` leads to its anchor. Its size is known to the layout only, so that it is moved by parts of it.
pub(super) fn draw(
    canvas: &mut Canvas,
    object: &Object,
    wraps: bool,
    placement: &Placement,
    place: &Place,
) -> Result<(), FabricError> {
    let font_size = object.length("fontSize", 40.0)?;
    let line_height = object.length("lineHeight", 1.16)?;
    let runs = runs::of(object)?;
    let look = Look { object, fill: Paint::of(object, "fill", "#000000")? };
    let (first, last) = heights(&runs, font_size)?;

    // Fabric puts the baseline elsewhere than CSS, and does not count the space below the last line.
    let up = first * (LINE * (1.0 - BELOW) - LINE * line_height / 2.0 - CSS_BASELINE);
    let trim = last * LINE * (line_height - 1.0);
    let mut css = format!(
        "margin:{}px 0 {}px;line-height:{};white-space:{};",
        numbers(&[up]),
        numbers(&[-trim - up]),
        numbers(&[LINE * line_height]),
        if wraps { "pre-wrap" } else { "pre" },
    );
    if wraps && object.flag("splitByGrapheme", false)? {
        css.push_str("word-break:break-all;");
    }
    css.push_str(align(object)?);
    if object.word("direction", &["ltr", "rtl"], "ltr or rtl")? == "rtl" {
        css.push_str("direction:rtl;");
    }
    font::declare(object, &mut css)?;
    let _ = write!(css, "font-size:{}px;", numbers(&[font_size]));
    css.push_str(&look.color(canvas));

    let stroke = object.length("strokeWidth", 1.0)?;
    let stroke_first = object.word("paintFirst", &["fill", "stroke"], "fill or stroke")? == "stroke";
    let mut layers = layer(&css, &look.runs(&runs, true)?);
    if stroke_first && object.get("stroke").is_some() {
        // The engine strokes over what it fills: so the fill is drawn once more.
        // The margins of the first layer move what holds both.
        let css = format!("{css}margin:0;position:absolute;left:0;top:0;width:100%");
        let above = layer(&css, &look.runs(&runs, false)?);
        layers = format!(r#"<div style="position:relative">{layers}{above}</div>"#);
    }

    let mut outer = String::new();
    if wraps {
        // A table is never narrower than its longest word, and neither is a text box.
        let _ = write!(outer, "width:{}px;", numbers(&[object.length("width", 0.0)? + stroke]));
    }
    if let Some(text) = object.text("backgroundColor")?.filter(|text| !text.trim().is_empty()) {
        let color = color(text).ok_or_else(|| object.wrong("backgroundColor", "a CSS colour"))?;
        let _ = write!(outer, "background:{color};");
    }
    let _ = write!(outer, "transform:{}", transform(placement, place.matrix));
    let padding = numbers(&[stroke / 2.0]);
    canvas.add(&format!(
        r#"<div class="o" style="display:table;{outer}"><div style="padding:{padding}px">{layers}</div></div>"#
    ));
    Ok(())
}

fn layer(css: &str, runs: &str) -> String {
    format!(r#"<div style="{css}">{runs}</div>"#)
}

/// The largest font in the first line and in the last.
fn heights(runs: &[Run], font_size: f64) -> Result<(f64, f64), FabricError> {
    let mut lines = vec![0.0_f64];
    for run in runs {
        let size = run.style.as_ref().map_or(Ok(font_size), |style| style.length("fontSize", font_size))?;
        for (index, line) in run.text.split('\n').enumerate() {
            if index > 0 {
                lines.push(0.0);
            }
            if let Some(height) = lines.last_mut().filter(|_| !line.is_empty()) {
                *height = height.max(size);
            }
        }
    }
    let or_own = |height: Option<&f64>| height.copied().filter(|height| *height > 0.0).unwrap_or(font_size);
    Ok((or_own(lines.first()), or_own(lines.last())))
}

fn align(object: &Object) -> Result<&'static str, FabricError> {
    const ALIGNMENTS: [&str; 7] =
        ["left", "center", "right", "justify", "justify-left", "justify-center", "justify-right"];
    Ok(match object.word("textAlign", &ALIGNMENTS, "left, center, right or justify")? {
        "left" => "text-align:left;",
        "center" => "text-align:center;",
        "right" => "text-align:right;",
        _ => "text-align:justify;",
    })
}

/// From the anchor to the box: back by the part of the box where the origin lies; mirrored and skewed about its middle.
fn transform(placement: &Placement, to_anchor: Affine) -> String {
    let percent = |part: f64| numbers(&[part * 100.0]);
    let (x, y) = (percent(-placement.origin.x), percent(-placement.origin.y));
    let mut transform = format!("{} translate({x}%,{y}%)", matrix(to_anchor));
    if placement.skew != Affine::IDENTITY {
        let _ = write!(transform, " translate(50%,50%) {} translate(-50%,-50%)", matrix(placement.skew));
    }
    transform
}

impl Look<'_> {
    fn color(&self, canvas: &mut Canvas) -> String {
        match &self.fill {
            Paint::None => "color:transparent;".to_owned(),
            Paint::Color(color) => format!("color:{color};"),
            Paint::Gradient(gradient) => {
                let id = canvas.new_id();
                let mut defs = String::new();
                // The box has its size from the layout: its own units serve where the gradient asks for them.
                let paint = gradient.svg_in_box(&id, &mut defs);
                let svg = format!(
                    r#"<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%"><defs>{defs}</defs><rect width="100%" height="100%" fill="{paint}"/></svg>"#
                );
                let uri = svg_uri(&svg);
                format!(
                    "color:transparent;background:url({uri}) 0 0/100% 100%;-webkit-background-clip:text;background-clip:text;"
                )
            }
        }
    }

    /// The pieces of the text, each with what it has of its own.
    fn runs(&self, runs: &[Run], with_stroke: bool) -> Result<String, FabricError> {
        let mut html = String::new();
        for run in runs {
            let css = self.run(run, with_stroke)?;
            if css.is_empty() {
                html.push_str(&escape(&run.text));
            } else {
                let _ = write!(html, r#"<span style="{css}">{}</span>"#, escape(&run.text));
            }
        }
        // A last line that is empty takes its place only when there is something in it.
        if runs.last().is_none_or(|run| run.text.ends_with('\n')) {
            html.push('\u{200b}');
        }
        Ok(html)
    }

    fn run(&self, run: &Run, with_stroke: bool) -> Result<String, FabricError> {
        let mut css = String::new();
        let own = run.style.as_ref();
        if let Some(style) = own {
            font::declare(style, &mut css)?;
            if let Some(size) = style.number("fontSize")? {
                let _ = write!(css, "font-size:{}px;", numbers(&[size.max(0.0)]));
            }
            match Paint::of(style, "fill", "")? {
                Paint::Color(color) => drop(write!(css, "color:{color};")),
                Paint::None if style.members.contains_key("fill") => css.push_str("color:transparent;"),
                Paint::None => {}
                Paint::Gradient(_) => return Err(style.wrong("fill", "a CSS colour")),
            }
            if let Some(raised) = style.number("deltaY")?.filter(|raised| *raised != 0.0) {
                let _ = write!(css, "vertical-align:{}px;", numbers(&[-raised]));
            }
        }
        // From here on the text's own members count where the style has none: CSS could not take them back.
        let of = |name: &str| own.filter(|style| style.members.contains_key(name)).unwrap_or(self.object);
        let mut lines = Vec::new();
        for (name, line) in [("underline", "underline"), ("linethrough", "line-through"), ("overline", "overline")] {
            if of(name).flag(name, false)? {
                lines.push(line);
            }
        }
        if !lines.is_empty() {
            let _ = write!(css, "text-decoration:{};", lines.join(" "));
        }
        if let Some(text) = of("textBackgroundColor").text("textBackgroundColor")?.filter(|text| !text.is_empty()) {
            let color =
                color(text).ok_or_else(|| of("textBackgroundColor").wrong("textBackgroundColor", "a CSS colour"))?;
            let _ = write!(css, "background-color:{color};");
        }
        let spacing = of("charSpacing").number_or("charSpacing", 0.0)?;
        if spacing != 0.0 {
            let _ = write!(css, "letter-spacing:{}em;", numbers(&[spacing / 1000.0]));
        }
        if with_stroke {
            let width = of("strokeWidth").length("strokeWidth", 1.0)?;
            match Paint::of(of("stroke"), "stroke", "")? {
                Paint::Color(color) if width > 0.0 => {
                    let _ = write!(css, "-webkit-text-stroke:{}px {color};", numbers(&[width]));
                }
                Paint::Gradient(_) => {
                    return Err(of("stroke").wrong("stroke", "a CSS colour: text has no other stroke"));
                }
                Paint::Color(_) | Paint::None => {}
            }
        }
        Ok(css)
    }
}
