//! Handlers for templates. Their renders are in `template_renders.rs`.

use super::{handlers, images::MAX_SIDE, lists::pagination};
use crate::{
    api_error::ApiError,
    context::RequestContext,
    json::read_whole_number,
    render::Page,
    rendering::{
        Output,
        fill::{self, Filled, TEMPLATE},
        render_unbilled,
        template::{format_name, read_output},
    },
    response::ApiResult,
    store::{Filter, Order},
    uid,
};
use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::time::Instant;

handlers! {
    "listTemplates" => sync list,
    "searchTemplates" => sync search,
    "createTemplate" => sync create,
    "previewTemplate" => async preview,
    "getTemplate" => sync get,
    "updateTemplate" => sync update,
    "deleteTemplate" => sync delete,
    "getTemplateVariables" => sync variables,
    "listPublicTemplates" => sync list_public,
    "getPublicTemplate" => sync get_public,
}

/// Page size of the list of templates when the request gives none.
const DEFAULT_PAGE_SIZE: usize = 12;

/// Maximum size of a canvas, in bytes of JSON. The HTML engine has its own limit.
const MAX_CANVAS_BYTES: usize = 500 * 1024;

/// Template fields that a request may set directly.
const SETTABLE_FIELDS: [&str; 13] = [
    "name",
    "html",
    "fabricJSData",
    "width",
    "height",
    "outputFormat",
    "pdfPreset",
    "jsEnabled",
    "strictVariables",
    "type",
    "category",
    "tags",
    "pages",
];

fn list(context: &RequestContext) -> ApiResult {
    let output = context.query_text("outputFormat").filter(|output| *output != "all");
    let dynamic = context.query.get("hasDynamicLink").and_then(Value::as_bool);
    let filter = Filter::default().eq("$.outputFormat", output).eq_bool("$.hasDynamicLink", dynamic);
    let order = match context.query_text("sort") {
        Some("oldest") => Order::Oldest,
        Some("name") => Order::Name,
        _ => Order::Newest,
    };
    context.list_by_page("templates", TEMPLATE, &filter, order, DEFAULT_PAGE_SIZE, to_list_item)
}

/// Returns a template as lists show it, without its source.
fn to_list_item(mut template: Value) -> Value {
    if let Some(object) = template.as_object_mut() {
        for name in ["html", "fabricJSData", "pages"] {
            object.remove(name);
        }
    }
    template
}

/// Lists the templates whose name, type, category or one of whose tags contains a text, in any letter case. The service
/// does not publish which fields it searches.
fn search(context: &RequestContext) -> ApiResult {
    let text = context.query_text("q").unwrap_or_default().to_lowercase();
    let contains = |value: &Value| value.as_str().is_some_and(|value| value.to_lowercase().contains(&text));
    let mut found = context.state.store.all(TEMPLATE, &Filter::default(), Order::Newest)?;
    found.retain(|template| {
        ["name", "type", "category"].into_iter().any(|name| contains(&template[name]))
            || template["tags"].as_array().is_some_and(|tags| tags.iter().any(contains))
    });
    Ok(list_found(context, found).into())
}

/// Returns the page of a list that the request asks for.
fn list_found(context: &RequestContext, found: Vec<Value>) -> Value {
    let number = |name, default| context.query_number(name).unwrap_or(default).max(1);
    let (page, limit, total) = (number("page", 1), number("limit", DEFAULT_PAGE_SIZE), found.len());
    let skipped = (page - 1).saturating_mul(limit);
    let items: Vec<_> = found.into_iter().skip(skipped).take(limit).map(to_list_item).collect();
    json!({"templates": items, "pagination": pagination(page, limit, total)})
}

/// Creates a template from a request, with a new ID. Also returns the variables that its source uses and that have no
/// definition.
fn read_template(body: &Value) -> Result<(Value, Vec<String>), ApiError> {
    let engine = match (body["engine"].as_str(), body["html"].is_string(), body["fabricJSData"].is_object()) {
        (_, true, true) => {
            return Err(ApiError::with_message(StatusCode::BAD_REQUEST, "Send html or fabricJSData, not both"));
        }
        (_, false, false) => {
            return Err(ApiError::with_message(StatusCode::BAD_REQUEST, "html or fabricJSData is required"));
        }
        (Some(engine), ..) => engine,
        (None, true, _) => "html",
        (None, false, _) => "fabric",
    };
    let mut template = json!({"uid": uid::new(10), "name": "Untitled", "engine": engine,
        "outputFormat": "image", "jsEnabled": false, "strictVariables": false, "hasDynamicLink": false});
    let added = apply_request(&mut template, body)?;
    Ok((template, added))
}

/// Renders a design without storing or billing it.
async fn preview(context: RequestContext) -> ApiResult {
    let started = Instant::now();
    let body = &context.body;
    let (template, _) = read_template(body)?;
    let Filled { html, width, height } = fill::fill(&template, None, &body["variables"], None)?;
    let Output { format, quality } = read_output(body);
    let filled_ms = elapsed_ms(started);
    let page = Page { html, width, height, format, quality, ..Page::default() };
    let image = render_unbilled(&context.state, page).await?;
    let total_ms = elapsed_ms(started);
    Ok(json!({
        "dataUrl": format!("data:{};base64,{}", format.content_type(), STANDARD.encode(&image.bytes)),
        "width": image.width,
        "height": image.height,
        "format": format_name(format),
        "renderId": template["uid"],
        "timings": {"fill": filled_ms, "render": total_ms - filled_ms},
        "totalMs": total_ms,
    })
    .into())
}

fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn create(context: &RequestContext) -> ApiResult {
    let (mut template, added) = read_template(&context.body)?;
    let now = context.state.now_text();
    template["createdAt"] = now.clone().into();
    template["updatedAt"] = now.into();
    context.state.store.insert(TEMPLATE, template["uid"].as_str().unwrap_or_default(), &template)?;
    Ok(to_response(template, added).into())
}

fn update(context: &RequestContext) -> ApiResult {
    let changed = context.state.store.update(TEMPLATE, context.parameter("uid"), |template| {
        let added = apply_request(template, &context.body)?;
        template["updatedAt"] = context.state.now_text().into();
        Ok::<_, ApiError>((template.clone(), added))
    })?;
    let (template, added) = changed.ok_or_else(not_found)?;
    Ok(to_response(template, added).into())
}

/// Copies the fields of a request into a template. Returns the variables that the source uses and that have no
/// definition.
fn apply_request(template: &mut Value, body: &Value) -> Result<Vec<String>, ApiError> {
    for name in SETTABLE_FIELDS {
        if !body[name].is_null() {
            template[name] = body[name].clone();
        }
    }
    for name in ["variableDefinitions", "layouts"] {
        if !body[name].is_null() {
            template[name] = body[name].clone();
        }
    }
    for name in ["width", "height"] {
        // To the contract, 1e3 is a whole number; store it as an integer.
        let size = read_whole_number(&template[name]).or_else(|| read_whole_number(&body["fabricJSData"][name]));
        template[name] = size.unwrap_or(1080).clamp(1, MAX_SIDE as usize).into();
    }
    if template["html"].is_null() {
        let size = template["fabricJSData"].to_string().len();
        if size > MAX_CANVAS_BYTES {
            let message = format!("The canvas has {size} bytes; the limit is {MAX_CANVAS_BYTES}");
            return Err(ApiError::with_message(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
    }
    let mut definitions = template["variableDefinitions"].as_array().cloned().unwrap_or_default();
    let is_defined = |name: &String| definitions.iter().any(|definition| definition["name"] == name.as_str());
    let added: Vec<_> = fill::variable_names(template)?.into_iter().filter(|name| !is_defined(name)).collect();
    definitions.extend(added.iter().map(|name| json!({"name": name, "type": "text"})));
    template["variables"] = definitions.iter().map(|definition| definition["name"].clone()).collect();
    template["variableDefinitions"] = definitions.into();
    fill::check(template)?;
    Ok(added)
}

fn to_response(template: Value, added: Vec<String>) -> Value {
    let mut response = Value::from_iter([("template", template)]);
    if !added.is_empty() {
        response["addedVariables"] = added.into();
    }
    response
}

fn get(context: &RequestContext) -> ApiResult {
    Ok(json!({"template": template(context)?}).into())
}

fn delete(context: &RequestContext) -> ApiResult {
    if !context.state.store.remove(TEMPLATE, context.parameter("uid"))? {
        return Err(not_found());
    }
    Ok(json!({"message": "Template deleted successfully"}).into())
}

fn variables(context: &RequestContext) -> ApiResult {
    let mut template = template(context)?;
    Ok(json!({
        "templateUid": template["uid"].take(),
        "templateName": template["name"].take(),
        "variables": template["variableDefinitions"].take(),
    })
    .into())
}

/// Lists public templates: those of this server that have the tag `public`.
fn list_public(context: &RequestContext) -> ApiResult {
    let order = if context.query_text("sort") == Some("oldest") { Order::Oldest } else { Order::Newest };
    let filter = Filter::default()
        .contains("$.tags", Some(PUBLIC_TAG))
        .eq("$.type", context.query_text("type"))
        .eq("$.category", context.query_text("category"))
        .contains("$.tags", context.query_text("tag"));
    let all = context.state.store.all(TEMPLATE, &filter, order)?;
    let search = context.query_text("search").map(str::to_lowercase);
    let found: Vec<_> = all
        .into_iter()
        .filter(|template| {
            let name = template["name"].as_str().unwrap_or_default().to_lowercase();
            search.as_ref().is_none_or(|search| name.contains(search))
        })
        .collect();
    Ok(list_found(context, found).into())
}

fn get_public(context: &RequestContext) -> ApiResult {
    let template = template(context)?;
    let is_public = template["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == PUBLIC_TAG));
    if is_public { Ok(json!({"template": template}).into()) } else { Err(not_found()) }
}

/// Tag that makes a template public.
const PUBLIC_TAG: &str = "public";

fn template(context: &RequestContext) -> Result<Value, ApiError> {
    fill::find(&context.state.store, context.parameter("uid"))?.ok_or_else(not_found)
}

pub(super) fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Template not found")
}
