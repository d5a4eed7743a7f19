//! Addresses that answer with a picture.

use super::{handlers, templates::not_found};
use crate::{
    answer::{Answer, Refusal, Reply},
    render::{Format, Page},
    renders::{About, Output},
    server::Call,
    source,
};
use axum::http::{
    StatusCode,
    header::{CACHE_CONTROL, REFERRER_POLICY},
};
use serde_json::{Map, Value};

handlers! {
    "renderTemplateUrl" => later render_template,
}

/// What of a query is no variable.
const NOT_VARIABLES: [&str; 3] = ["layout", "quality", "token"];

async fn render_template(call: Call) -> Answer {
    let template = source::find(&call, call.parameter("templateUid"))?.ok_or_else(not_found)?;
    let layout = match call.text("layout") {
        None | Some("default") => None,
        Some(key) => {
            let layout = template["layouts"].get(key);
            Some(layout.ok_or_else(|| Refusal::message(StatusCode::NOT_FOUND, "Layout not found"))?)
        }
    };
    let variables = call.query.iter().filter(|(name, _)| !NOT_VARIABLES.contains(&name.as_str()));
    let variables = Value::Object(variables.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>());
    let filled = source::fill(&template, layout, &variables, None)?;
    let Output { format, quality } =
        Output::new(Format::named(call.parameter("format")), call.query.get("quality").unwrap_or(&Value::Null));
    let page =
        Page { html: filled.html, width: filled.width, height: filled.height, format, quality, ..Page::default() };
    let about = About { template: template["uid"].as_str().map(str::to_owned), variables: Some(variables) };
    let render = call.render(page, &about).await?;
    let file = call.service.store.file(render.url.rsplit('/').next().unwrap_or_default())?;
    let file = file.ok_or_else(|| Refusal::internal("The file is gone"))?;
    Ok(Reply::bytes(&file.content_type, file.bytes)
        .header(CACHE_CONTROL, "private, max-age=300")
        .header(REFERRER_POLICY, "no-referrer"))
}
