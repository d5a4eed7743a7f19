//! Frame of all pages: navigation, headers, and the Handlebars engine.

use super::PREFIX;
use crate::{
    api_error::ApiError,
    batches::BATCH,
    bindings::Binding,
    context::AppState,
    experiments::Experiment,
    ledger::billed_renders,
    rendering::RENDER,
    requests::{RequestFilter, without_secrets_of_urls},
    response::{ApiResponse, ApiResult},
    store::{Document as _, Filter, StoreError},
    templates::{Template, VideoTemplate},
    webhooks::DELIVERY,
    workflows::WorkflowRun,
};
use axum::http::{
    HeaderName,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY},
};
use handlebars::{Handlebars, handlebars_helper};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Content security policy: a page loads nothing from other servers, runs no other script, and cannot be embedded,
/// whatever a template name or a request path contains. Previews are `data:` images.
const CONTENT_SECURITY_POLICY_VALUE: &str = "default-src 'none'; img-src 'self' data:; style-src 'self'; \
     script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Partials and views, by name.
const VIEWS: &[(&str, &str)] = &[
    ("layout", include_str!("views/layout.hbs")),
    ("pages", include_str!("views/pages.hbs")),
    ("search", include_str!("views/search.hbs")),
    ("samples", include_str!("views/samples.hbs")),
    ("difference", include_str!("views/difference.hbs")),
    ("error", include_str!("views/error.hbs")),
    ("renders", include_str!("views/renders.hbs")),
    ("render", include_str!("views/render.hbs")),
    ("templates", include_str!("views/templates.hbs")),
    ("editor", include_str!("views/editor.hbs")),
    ("changes", include_str!("views/changes.hbs")),
    ("batches", include_str!("views/batches.hbs")),
    ("batch", include_str!("views/batch.hbs")),
    ("webhooks", include_str!("views/webhooks.hbs")),
    ("delivery", include_str!("views/delivery.hbs")),
    ("bindings", include_str!("views/bindings.hbs")),
    ("binding", include_str!("views/binding.hbs")),
    ("experiments", include_str!("views/experiments.hbs")),
    ("experiment", include_str!("views/experiment.hbs")),
    ("workflows", include_str!("views/workflows.hbs")),
    ("workflow", include_str!("views/workflow.hbs")),
    ("videos", include_str!("views/videos.hbs")),
    ("video", include_str!("views/video.hbs")),
    ("requests", include_str!("views/requests.hbs")),
    ("request", include_str!("views/request.hbs")),
    ("faults", include_str!("views/faults.hbs")),
    ("ledger", include_str!("views/ledger.hbs")),
];

/// Icons by name: the contents of an SVG of 24 by 24 units, drawn with lines.
const ICONS: &[(&str, &str)] = &[
    (
        "renders",
        r#"<rect x="3" y="4" width="18" height="16" rx="2.5"/><circle cx="9" cy="10" r="1.8"/><path d="m4 18 5-4 3.5 2.5L16.5 12 20 15.5"/>"#,
    ),
    (
        "templates",
        r#"<rect x="3" y="3" width="18" height="6" rx="1.8"/><rect x="3" y="13" width="8" height="8" rx="1.8"/><rect x="15" y="13" width="6" height="8" rx="1.8"/>"#,
    ),
    ("batches", r#"<path d="m12 3 9 4.5-9 4.5-9-4.5zM3.5 12l8.5 4.2 8.5-4.2M3.5 16.3l8.5 4.2 8.5-4.2"/>"#),
    ("webhooks", r#"<path d="M4 12h12M11 7l5 5-5 5M20 4v16"/>"#),
    (
        "bindings",
        r#"<path d="M9.5 14.5 14.5 9.5M8 11l-2.5 2.500a3.6 3.6 0 0 0 5 5L13 16M16 13l2.500-2.500a3.600 3.600 0 0 0-5-5L11 8"/>"#,
    ),
    ("experiments", r#"<path d="M9 3h6M10 3v6l-5 9a2 2 0 0 0 1.800 3h10.400a2 2 0 0 0 1.800-3l-5-9V3M7.500 15h9"/>"#),
    (
        "workflows",
        r#"<rect x="3" y="3" width="7" height="6" rx="1.500"/><rect x="14" y="15" width="7" height="6" rx="1.500"/><path d="M6.500 9v6.500a2.500 2.500 0 0 0 2.500 2.500h5"/>"#,
    ),
    ("videos", r#"<rect x="3" y="5" width="13" height="14" rx="2.500"/><path d="m16 10.500 5-3v9l-5-3"/>"#),
    ("requests", r#"<path d="M7 4v16M3.500 7.500 7 4l3.500 3.500M17 20V4M13.500 16.500 17 20l3.500-3.500"/>"#),
    ("faults", r#"<path d="M13 3 5 13.500h6L10 21l9-11.500h-6.500z"/>"#),
    ("ledger", r#"<path d="M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6"/>"#),
    ("search", r#"<circle cx="11" cy="11" r="6.500"/><path d="m16 16 5 5"/>"#),
    ("theme", r#"<path d="M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z"/>"#),
    (
        "keyboard",
        r#"<rect x="2.500" y="6" width="19" height="12" rx="2"/><path d="M6.500 10h.01M10 10h.01M14 10h.01M17.500 10h.01M8 14h8"/>"#,
    ),
    ("file", r#"<path d="M6 3h8l5 5v13H6zM14 3v5h5M9 13h7M9 17h7"/>"#),
];

handlebars_helper!(icon: |name: str| {
    let paths = ICONS.iter().find(|(known, _)| *known == name).map_or("", |(_, paths)| paths);
    format!("<svg class=\"icon\" viewBox=\"0 0 24 24\" aria-hidden=\"true\" focusable=\"false\">{paths}</svg>")
});

handlebars_helper!(bytes: |size: Json| {
    #[allow(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let kilobytes = size.as_u64().unwrap_or_default() as f64 / 1000.0;
    match kilobytes {
        ..1.0 => format!("{} B", size.as_u64().unwrap_or_default()),
        ..1000.0 => format!("{kilobytes:.1} kB"),
        _ => format!("{:.1} MB", kilobytes / 1000.0),
    }
});

handlebars_helper!(query: |value: Json| {
    form_urlencoded::byte_serialize(value.as_str().unwrap_or_default().as_bytes()).collect::<String>()
});

static ENGINE: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut engine = Handlebars::new();
    for (name, view) in VIEWS {
        engine.register_template_string(name, view).expect("the views compile");
    }
    engine.register_helper("icon", Box::new(icon));
    engine.register_helper("bytes", Box::new(bytes));
    engine.register_helper("query", Box::new(query));
    engine
});

/// Areas of the navigation: name, title, and the kind of the documents that are counted.
const AREAS: &[(&str, &str, Option<&str>)] = &[
    ("renders", "Renders", Some(RENDER)),
    ("templates", "Templates", Some(Template::KIND)),
    ("batches", "Batches", Some(BATCH)),
    ("webhooks", "Webhooks", Some(DELIVERY)),
    ("bindings", "Bindings", Some(Binding::KIND)),
    ("experiments", "Experiments", Some(Experiment::KIND)),
    ("workflows", "Workflows", Some(WorkflowRun::KIND)),
    ("videos", "Videos", Some(VideoTemplate::KIND)),
];

/// Areas of the second part of the navigation, which show the server from the inside.
const INSIDE: &[(&str, &str)] = &[("requests", "Requests"), ("faults", "Faults"), ("ledger", "Ledger")];

/// Renders a page of an area.
pub(super) fn page(state: &AppState, area: &str, view: &str, title: &str, mut data: Value) -> ApiResult {
    data["page"] = json!({
        "area": area,
        "title": title,
        "url": state.url(),
        "version": env!("CARGO_PKG_VERSION"),
        "areas": areas(state, area)?,
        "inside": inside(state, area)?,
    });
    data["view"] = view.into();
    Ok(html_response(render("layout", &data)?))
}

/// Renders a part of a page, for a script.
pub(super) fn fragment(view: &str, data: &Value) -> ApiResult {
    Ok(html_response(render(view, data)?))
}

/// Renders the page for a failure.
pub(super) fn error_page(state: &AppState, error: &ApiError) -> ApiResult {
    let status = error.status();
    let data = json!({"status": status.as_u16(), "message": error.message()});
    page(state, "", "error", status.canonical_reason().unwrap_or("Error"), data).map(|page| page.with_status(status))
}

fn render(view: &str, data: &Value) -> Result<String, ApiError> {
    ENGINE.render(view, data).map_err(|error| ApiError::internal(error.to_string()))
}

fn html_response(html: String) -> ApiResponse {
    ApiResponse::bytes("text/html; charset=utf-8", html)
        .header(CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_VALUE)
        .header(CACHE_CONTROL, "no-store")
        // Without a referrer a form would have no origin either, and the server rejects it.
        .header(REFERRER_POLICY, "same-origin")
        .header(HeaderName::from_static("x-content-type-options"), "nosniff")
}

fn areas(state: &AppState, current: &str) -> Result<Value, StoreError> {
    let mut areas = Vec::with_capacity(AREAS.len());
    for (area, title, kind) in AREAS {
        let count = kind.map(|kind| state.store.count(kind, &Filter::default())).transpose()?;
        areas.push(json!({"name": area, "title": title, "path": path(area), "count": count,
            "isCurrent": *area == current}));
    }
    Ok(areas.into())
}

fn inside(state: &AppState, current: &str) -> Result<Value, StoreError> {
    let mut areas = Vec::with_capacity(INSIDE.len());
    for (area, title) in INSIDE {
        let count: Value = match *area {
            "requests" => state.requests.count(&RequestFilter::default()).into(),
            "faults" => match state.faults.list().len() {
                0 => "off".into(),
                count => count.into(),
            },
            _ => billed_renders(&state.store)?.into(),
        };
        areas.push(json!({"name": area, "title": title, "path": path(area), "count": count,
            "isCurrent": *area == current}));
    }
    Ok(areas.into())
}

/// Returns the path of an area.
pub(super) fn path(area: &str) -> String {
    if area == "renders" { "/".to_owned() } else { format!("{PREFIX}{area}") }
}

/// Returns a URL, or a message with a URL, without its secrets.
pub(super) fn shown_url(text: &Value) -> String {
    without_secrets_of_urls(text.as_str().unwrap_or_default().to_owned())
}
