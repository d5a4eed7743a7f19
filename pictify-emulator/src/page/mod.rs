//! The page for people, at `/`: what was made, what it cost, and what was asked.
//!
//! It is one document without a build chain: a Handlebars template, a style and a small script, all in this folder.

use crate::{
    answer::{Answer, Refusal, Reply},
    render::{Format, Page},
    renders::{BILLED, RENDER},
    server::{Service, query_pairs},
    source::{self, TEMPLATE},
    store::{Filter, Order},
};
use axum::http::{
    HeaderName, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY},
};
use handlebars::Handlebars;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// Where previews of templates are.
pub(crate) const PREVIEW: &str = "/_emulator/preview/";

/// How many things of a kind are shown.
const SHOWN: usize = 24;

/// Nothing but what this server sends may run or load, whatever a template's name or a request's path holds.
const POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; script-src 'self'";

/// Where the script is.
pub(crate) const SCRIPT: &str = "/_emulator/page.js";

static ENGINE: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut engine = Handlebars::new();
    engine.register_template_string("page", include_str!("page.hbs")).expect("the page compiles");
    engine.register_partial("style", include_str!("style.css")).expect("the style compiles");
    engine
});

/// The page.
pub(crate) fn page(service: &Service) -> Answer {
    let store = &service.store;
    let newest = |kind| store.page(kind, &Filter::default(), Order::Newest, 0, SHOWN);
    let (renders, total) = newest(RENDER)?;
    let (templates, template_count) = newest(TEMPLATE)?;
    let data = json!({
        "url": service.url(),
        "renders": renders,
        "total": total,
        "billed": store.sum(BILLED, "$.renders", "$.at", "")?,
        "templates": templates,
        "templateCount": template_count,
        "requests": service.log.latest(SHOWN),
    });
    let html = ENGINE.render("page", &data).map_err(|error| Refusal::internal(error.to_string()))?;
    Ok(Reply::bytes("text/html; charset=utf-8", html)
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .header(CACHE_CONTROL, "no-store")
        .header(HeaderName::from_static("x-content-type-options"), "nosniff"))
}

/// The script of the page.
pub(crate) fn script() -> Reply {
    Reply::bytes("text/javascript; charset=utf-8", include_str!("page.js")).header(CACHE_CONTROL, "no-cache")
}

/// A template with values, as a PNG that is neither kept nor billed.
pub(crate) async fn preview(service: &Service, name: &str, query: &str) -> Answer {
    let uid = name.strip_suffix(".png").unwrap_or(name);
    let template = service.store.get(TEMPLATE, uid)?;
    let template = template.ok_or_else(|| Refusal::message(StatusCode::NOT_FOUND, "Template not found"))?;
    // What is still empty takes its default, as if it were not there.
    let values = query_pairs(query).filter(|(_, value)| !value.is_empty());
    let values: Map<String, Value> = values.map(|(name, value)| (name, value.into())).collect();
    let filled = source::fill(&template, None, &Value::Object(values), None)?;
    let page =
        Page { html: filled.html, width: filled.width, height: filled.height, format: Format::Png, ..Page::default() };
    let picture = service.worker.render(page).await?;
    Ok(Reply::bytes("image/png", picture.bytes).header(CACHE_CONTROL, "no-store"))
}
