//! PDFs of templates.

use super::{handlers, lists::whole};
use crate::{
    answer::{Answer, Refusal},
    render::{
        Document, RenderError, TIME_LIMIT,
        pdf::{MOST_HTML, MOST_PAGES, Margins, Paper, Preset, Sheet},
    },
    renders::{About, Printed, Render},
    server::Call,
    source::{self, Filled},
};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use std::time::Instant;

handlers! {
    "renderPdf" => later render,
    "renderMultiPagePdf" => later render_pages,
    "getPdfPresets" => now presets,
}

/// The preset of a template that has none.
const DEFAULT: &str = "A4";

/// How templates and their renders spell that a page is turned.
const LANDSCAPE: &str = "_LANDSCAPE";

async fn render(call: Call) -> Answer {
    let variables = call.body["variables"].clone();
    answer(&call, &[variables]).await
}

async fn render_pages(call: Call) -> Answer {
    let sets = sets(&call.body)?;
    answer(&call, &sets).await
}

async fn answer(call: &Call, sets: &[Value]) -> Answer {
    let uid = call.body["templateUid"].as_str().unwrap_or_default();
    let template = source::find(call, uid)?
        .ok_or_else(|| Refusal::rendering(StatusCode::NOT_FOUND, None, format!("Template {uid} not found")))?;
    let options = &call.body["options"];
    let (name, paper) = laid_out(options, &template)?;
    let title = options["title"].as_str();
    let printed = print(call, &template, None, sets, paper, title).await?;
    Ok(json!({
        "success": true,
        "url": printed.url,
        "id": printed.id,
        "pageCount": printed.pages,
        "preset": name,
        "pageSize": {"width": paper.width, "height": paper.height},
        "createdAt": printed.created_at,
    })
    .into())
}

fn presets(_: &Call) -> Answer {
    let preset = |preset: Preset| {
        let Preset { name, width, height } = preset;
        (name.to_owned(), json!({"name": name, "width": width, "height": height}))
    };
    let presets: Map<_, _> = Preset::ALL.into_iter().map(preset).collect();
    Ok(json!({"presets": presets}).into())
}

/// Fills a template in with each set of values, and prints a page of each.
pub(super) async fn print(
    call: &Call,
    template: &Value,
    layout: Option<&Value>,
    sets: &[Value],
    paper: Paper,
    title: Option<&str>,
) -> Result<Printed, Refusal> {
    // Before the work that it would spare.
    paper.check().map_err(bad)?;
    let mut sheets = Vec::with_capacity(sets.len());
    let (started, mut size) = (Instant::now(), 0);
    for set in sets {
        if started.elapsed() > TIME_LIMIT {
            return Err(RenderError::TimedOut.into());
        }
        let Filled { html, width, height } = source::fill(template, layout, set, None)?;
        size += html.len();
        if size > MOST_HTML {
            let message = format!("The pages have more than the {MOST_HTML} bytes of HTML that a PDF may have");
            return Err(Refusal::unprocessable(message));
        }
        let canvas = (template["engine"] != "html").then_some((width, height));
        sheets.push(Sheet { html, canvas });
        // A hundred templates take their time: others have a turn between two of them.
        tokio::task::yield_now().await;
    }
    let about = About {
        template: template["uid"].as_str().map(str::to_owned),
        variables: Some(match sets {
            [set] => set.clone(),
            sets => json!(sets),
        })
        .filter(|variables| !variables.is_null()),
    };
    let title = title.map(str::to_owned);
    call.print(Document { sheets, paper, title }, &about).await
}

/// Prints a template filled in once, on paper of its own.
pub(crate) async fn print_sheet(call: &Call, template: &Value, variables: &Value) -> Result<Render, Refusal> {
    let sets = std::slice::from_ref(variables);
    let Printed { id, url, created_at, paper, .. } =
        print(call, template, None, sets, paper(None, template)?, None).await?;
    let (width, height) = paper.size_in_pixels();
    Ok(Render { id, url, created_at, width, height, motion: None })
}

/// The values of each page: those of all pages with those of its set over them.
pub(super) fn sets(body: &Value) -> Result<Vec<Value>, Refusal> {
    let Some(sets) = body["variableSets"].as_array() else { return Ok(vec![body["variables"].clone()]) };
    if !(1..=MOST_PAGES).contains(&sets.len()) {
        return Err(bad(format!("variableSets holds 1 to {MOST_PAGES} sets, one for each page, not {}", sets.len())));
    }
    let shared = body["variables"].as_object();
    let with_shared = |set: &Value| {
        let own = set.as_object().into_iter().flatten();
        Value::Object(
            shared.into_iter().flatten().chain(own).map(|(name, value)| (name.clone(), value.clone())).collect(),
        )
    };
    Ok(sets.iter().map(with_shared).collect())
}

/// The paper of a preset, else the one of the template's own, else A4.
pub(super) fn paper(preset: Option<&str>, template: &Value) -> Result<Paper, Refusal> {
    let name = preset.or(template["pdfPreset"].as_str()).unwrap_or(DEFAULT);
    let upright = name.strip_suffix(LANDSCAPE);
    let preset = Preset::named(upright.unwrap_or(name)).ok_or_else(|| {
        let names = Preset::ALL.map(|preset| preset.name).join(", ");
        bad(format!("There is no preset {name}, but there are {names}"))
    })?;
    let paper = Paper::from(preset);
    Ok(if upright.is_some() { paper.turned() } else { paper })
}

/// The paper that options ask for, and what it is called.
fn laid_out(options: &Value, template: &Value) -> Result<(String, Paper), Refusal> {
    let preset = options["preset"].as_str();
    let mut paper = if preset == Some("custom") {
        let side = |name: &str| whole(&options["customSize"][name]).and_then(|side| u32::try_from(side).ok());
        let (Some(width), Some(height)) = (side("width"), side("height")) else {
            return Err(bad("The preset custom needs customSize with a width and a height in pixels".to_owned()));
        };
        Paper::in_pixels(width, height)
    } else {
        paper(preset, template)?
    };
    if options["landscape"] == true && paper.width < paper.height {
        paper = paper.turned();
    }
    let margin = |side: &str| options["margins"][side].as_f64().unwrap_or(0.0);
    paper.margins =
        Margins { top: margin("top"), right: margin("right"), bottom: margin("bottom"), left: margin("left") };
    paper.scale = options["scale"].as_f64().unwrap_or(1.0);
    paper.backgrounds = options["printBackground"] != false;
    let name = preset.or(template["pdfPreset"].as_str()).unwrap_or(DEFAULT).to_owned();
    Ok((name, paper))
}

fn bad(error: String) -> Refusal {
    Refusal::rendering(StatusCode::BAD_REQUEST, None, error)
}
