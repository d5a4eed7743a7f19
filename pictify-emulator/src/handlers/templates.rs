//! Handlers for templates. Their renders are in `template_renders.rs`.

use super::{handlers, lists::whole};
use crate::{
    api_error::ApiError,
    rendering::fill::{self, TEMPLATE},
    response::ApiResult,
    server::RequestContext,
    store::{Filter, Order},
    uid,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "listTemplates" => sync list,
    "createTemplate" => sync create,
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

fn create(context: &RequestContext) -> ApiResult {
    let body = &context.body;
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
    let uid = uid::new(10);
    let now = context.state.now_text();
    let mut template = json!({"uid": uid, "name": "Untitled", "engine": engine, "width": 1080, "height": 1080,
        "outputFormat": "image", "jsEnabled": false, "strictVariables": false, "hasDynamicLink": false});
    let added = apply_request(&mut template, body)?;
    template["createdAt"] = now.clone().into();
    template["updatedAt"] = now.into();
    context.state.store.insert(TEMPLATE, &uid, &template)?;
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
        template[name] = whole(&template[name]).unwrap_or(1080).into();
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
    let filter =
        Filter::default().eq("$.type", context.query_text("type")).eq("$.category", context.query_text("category"));
    let all = context.state.store.all(TEMPLATE, &filter, order)?;
    let has_tag = |template: &Value, tag: &str| {
        template["tags"].as_array().is_some_and(|tags| tags.iter().any(|found| found == tag))
    };
    let search = context.query_text("search").map(str::to_lowercase);
    let found: Vec<_> = all
        .into_iter()
        .filter(|template| {
            has_tag(template, PUBLIC_TAG) && context.query_text("tag").is_none_or(|tag| has_tag(template, tag))
        })
        .filter(|template| {
            let name = template["name"].as_str().unwrap_or_default().to_lowercase();
            search.as_ref().is_none_or(|search| name.contains(search))
        })
        .map(to_list_item)
        .collect();
    let (page, limit) = (
        context.query_number("page").unwrap_or(1).max(1),
        context.query_number("limit").unwrap_or(DEFAULT_PAGE_SIZE).max(1),
    );
    let page_items: Vec<_> = found.iter().skip((page - 1).saturating_mul(limit)).take(limit).collect();
    Ok(json!({"templates": page_items, "pagination": super::lists::pagination(page, limit, found.len())}).into())
}

fn get_public(context: &RequestContext) -> ApiResult {
    let template = template(context)?;
    let is_public = template["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == PUBLIC_TAG));
    if is_public { Ok(json!({"template": template}).into()) } else { Err(not_found()) }
}

/// Tag that makes a template public.
const PUBLIC_TAG: &str = "public";

fn template(context: &RequestContext) -> Result<Value, ApiError> {
    fill::find(context, context.parameter("uid"))?.ok_or_else(not_found)
}

pub(super) fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Template not found")
}
