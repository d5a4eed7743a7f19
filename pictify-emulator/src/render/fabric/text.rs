//! Text as HTML text, which wraps and is selectable in a PDF.

use super::{
    FabricError,
    draw::{Canvas, DrawContext},
    escape::{escape, matrix, numbers, svg_uri},
    font,
    json::Object,
    paint::{Paint, color},
    runs::{Run, split_runs},
    transform::Transform,
};
use kurbo::Affine;
use std::fmt::Write;

/// Height of a line in Fabric relative to the font size, before `lineHeight` is applied.
const LINE_RATIO: f64 = 1.13;

/// Part of that height that is below the baseline.
const BELOW_BASELINE_RATIO: f64 = 0.222;

/// Distance of the CSS baseline from the middle of a line, relative to the font size. It is (ascent - descent) / 2, which
/// is 0.34 to 0.36 in common fonts.
const CSS_BASELINE_RATIO: f64 = 0.346;

/// Text object, whose members apply where its `styles` do not override them.
struct TextStyle<'a> {
    object: &'a Object<'a>,
    fill: Paint,
}

/// Draws text. The matrix of `context` leads to the anchor. Only the layout engine knows the size of the text, so the origin
/// is applied as a translation by a percentage of the size.
pub(super) fn draw(
    canvas: &mut Canvas,
    object: &Object,
    wraps: bool,
    transform: &Transform,
    context: &DrawContext,
) -> Result<(), FabricError> {
    let font_size = object.length("fontSize", 40.0)?;
    let line_height = object.length("lineHeight", 1.16)?;
    let runs = split_runs(object)?;
    let style = TextStyle { object, fill: Paint::from_object(object, "fill", "#000000")? };
    let (first, last) = max_font_sizes(&runs, font_size)?;

    // Fabric and CSS context the baseline differently, and Fabric does not include the space below the last line.
    let above_baseline = LINE_RATIO * (1.0 - BELOW_BASELINE_RATIO);
    let up = first * (above_baseline - LINE_RATIO * line_height / 2.0 - CSS_BASELINE_RATIO);
    let trim = last * LINE_RATIO * (line_height - 1.0);
    let mut css = format!(
        "margin:{}px 0 {}px;line-height:{};white-space:{};",
        numbers(&[up]),
        numbers(&[-trim - up]),
        numbers(&[LINE_RATIO * line_height]),
        if wraps { "pre-wrap" } else { "pre" },
    );
    if wraps && object.flag("splitByGrapheme", false)? {
        css.push_str("word-break:break-all;");
    }
    css.push_str(align(object)?);
    if object.keyword("direction", &["ltr", "rtl"], "ltr or rtl")? == "rtl" {
        css.push_str("direction:rtl;");
    }
    font::declare(object, &mut css)?;
    let _ = write!(css, "font-size:{}px;", numbers(&[font_size]));
    css.push_str(&style.color(canvas));

    let stroke = object.length("strokeWidth", 1.0)?;
    let stroke_first = object.keyword("paintFirst", &["fill", "stroke"], "fill or stroke")? == "stroke";
    let mut layers = layer(&css, &style.runs(&runs, true)?);
    if stroke_first && object.get("stroke").is_some() {
        // The engine always paints the stroke over the fill, so a second layer paints the fill over the stroke.
        // The margins of the first layer also move the element that contains both.
        let css = format!("{css}margin:0;position:absolute;left:0;top:0;width:100%");
        let above = layer(&css, &style.runs(&runs, false)?);
        layers = format!(r#"<div style="position:relative">{layers}{above}</div>"#);
    }

    let mut outer = String::new();
    if wraps {
        // `display: table` is never narrower than the longest word, which is also the behaviour of a text box.
        let _ = write!(outer, "width:{}px;", numbers(&[object.length("width", 0.0)? + stroke]));
    }
    if let Some(text) = object.text("backgroundColor")?.filter(|text| !text.trim().is_empty()) {
        let color = color(text).ok_or_else(|| object.invalid("backgroundColor", "a CSS colour"))?;
        let _ = write!(outer, "background:{color};");
    }
    let _ = write!(outer, "transform:{}", css_transform(transform, context.matrix));
    let padding = numbers(&[stroke / 2.0]);
    canvas.add(&format!(
        r#"<div class="o" style="display:table;{outer}"><div style="padding:{padding}px">{layers}</div></div>"#
    ));
    Ok(())
}

fn layer(css: &str, runs: &str) -> String {
    format!(r#"<div style="{css}">{runs}</div>"#)
}

/// Returns the largest font size of the first line and of the last line.
fn max_font_sizes(runs: &[Run], font_size: f64) -> Result<(f64, f64), FabricError> {
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
    let or_default = |height: Option<&f64>| height.copied().filter(|height| *height > 0.0).unwrap_or(font_size);
    Ok((or_default(lines.first()), or_default(lines.last())))
}

fn align(object: &Object) -> Result<&'static str, FabricError> {
    const ALIGNMENTS: [&str; 7] =
        ["left", "center", "right", "justify", "justify-left", "justify-center", "justify-right"];
    Ok(match object.keyword("textAlign", &ALIGNMENTS, "left, center, right or justify")? {
        "left" => "text-align:left;",
        "center" => "text-align:center;",
        "right" => "text-align:right;",
        _ => "text-align:justify;",
    })
}

/// Returns the CSS transformation of the box: a translation from the anchor to the top left corner, then mirroring and
/// skew about the centre.
fn css_transform(transform: &Transform, to_anchor: Affine) -> String {
    let percent = |part: f64| numbers(&[part * 100.0]);
    let (x, y) = (percent(-transform.origin.x), percent(-transform.origin.y));
    let mut css = format!("{} translate({x}%,{y}%)", matrix(to_anchor));
    if transform.skew != Affine::IDENTITY {
        let _ = write!(css, " translate(50%,50%) {} translate(-50%,-50%)", matrix(transform.skew));
    }
    css
}

impl TextStyle<'_> {
    fn color(&self, canvas: &mut Canvas) -> String {
        match &self.fill {
            Paint::None => "color:transparent;".to_owned(),
            Paint::Color(color) => format!("color:{color};"),
            Paint::Gradient(gradient) => {
                let id = canvas.new_id();
                let mut defs = String::new();
                // The size of the box is unknown here, so a relative gradient uses SVG's objectBoundingBox units.
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

    /// Returns the HTML of all runs, each with the CSS of its style.
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
        // An empty last line has a height only if it contains a character.
        if runs.last().is_none_or(|run| run.text.ends_with('\n')) {
            html.push('\u{200b}');
        }
        Ok(html)
    }

    fn run(&self, run: &Run, with_stroke: bool) -> Result<String, FabricError> {
        let mut css = String::new();
        let run_style = run.style.as_ref();
        if let Some(style) = run_style {
            font::declare(style, &mut css)?;
            if let Some(size) = style.number("fontSize")? {
                let _ = write!(css, "font-size:{}px;", numbers(&[size.max(0.0)]));
            }
            match Paint::from_object(style, "fill", "")? {
                Paint::Color(color) => drop(write!(css, "color:{color};")),
                Paint::None if style.members.contains_key("fill") => css.push_str("color:transparent;"),
                Paint::None => {}
                Paint::Gradient(_) => return Err(style.invalid("fill", "a CSS colour")),
            }
            if let Some(raised) = style.number("deltaY")?.filter(|raised| *raised != 0.0) {
                let _ = write!(css, "vertical-align:{}px;", numbers(&[-raised]));
            }
        }
        // For these members the value of the text object is repeated for each run, because CSS cannot undo an inherited
        // value.
        let source = |name: &str| run_style.filter(|style| style.members.contains_key(name)).unwrap_or(self.object);
        let mut lines = Vec::new();
        for (name, line) in [("underline", "underline"), ("linethrough", "line-through"), ("overline", "overline")] {
            if source(name).flag(name, false)? {
                lines.push(line);
            }
        }
        if !lines.is_empty() {
            let _ = write!(css, "text-decoration:{};", lines.join(" "));
        }
        let background = source("textBackgroundColor");
        if let Some(text) = background.text("textBackgroundColor")?.filter(|text| !text.is_empty()) {
            let color = color(text).ok_or_else(|| background.invalid("textBackgroundColor", "a CSS colour"))?;
            let _ = write!(css, "background-color:{color};");
        }
        let spacing = source("charSpacing").number_or("charSpacing", 0.0)?;
        if spacing != 0.0 {
            let _ = write!(css, "letter-spacing:{}em;", numbers(&[spacing / 1000.0]));
        }
        if with_stroke {
            let width = source("strokeWidth").length("strokeWidth", 1.0)?;
            match Paint::from_object(source("stroke"), "stroke", "")? {
                Paint::Color(color) if width > 0.0 => {
                    let _ = write!(css, "-webkit-text-stroke:{}px {color};", numbers(&[width]));
                }
                Paint::Gradient(_) => {
                    return Err(
                        source("stroke").invalid("stroke", "a CSS colour: the stroke of text cannot be a gradient")
                    );
                }
                Paint::Color(_) | Paint::None => {}
            }
        }
        Ok(css)
    }
}
