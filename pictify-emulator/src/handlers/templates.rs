//! Templates: kept and changed. What is rendered of them is in `template_renders.rs`.

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

/// How many templates a page has when the request says nothing.
const LIMIT: usize = 12;

/// How large a canvas may be, in bytes of JSON; the HTML engine has its own limit.
const LARGEST_CANVAS: usize = 500 * 1024;

/// What a request may set of a template beside its name and source.
const SETTABLE: [&str; 13] = [
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
    let output = context.text("outputFormat").filter(|output| *output != "all");
    let dynamic = context.query.get("hasDynamicLink").and_then(Value::as_bool);
    let filter = Filter::default().eq("$.outputFormat", output).eq_bool("$.hasDynamicLink", dynamic);
    let order = match context.text("sort") {
        Some("oldest") => Order::Oldest,
        Some("name") => Order::Name,
        _ => Order::Newest,
    };
    context.list_by_page("templates", TEMPLATE, &filter, order, LIMIT, in_list)
}

/// As lists show it: without its source.
fn in_list(mut template: Value) -> Value {
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
    let added = set(&mut template, body)?;
    template["createdAt"] = now.clone().into();
    template["updatedAt"] = now.into();
    context.state.store.insert(TEMPLATE, &uid, &template)?;
    Ok(with_added(template, added).into())
}

fn update(context: &RequestContext) -> ApiResult {
    let changed = context.state.store.update(TEMPLATE, context.parameter("uid"), |template| {
        let added = set(template, &context.body)?;
        template["updatedAt"] = context.state.now_text().into();
        Ok::<_, ApiError>((template.clone(), added))
    })?;
    let (template, added) = changed.ok_or_else(not_found)?;
    Ok(with_added(template, added).into())
}

/// Puts what a request says into a template, and returns the variables that its source uses and nobody has defined.
fn set(template: &mut Value, body: &Value) -> Result<Vec<String>, ApiError> {
    for name in SETTABLE {
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
        // To the contract 1e3 is a whole number; here it becomes one.
        template[name] = whole(&template[name]).unwrap_or(1080).into();
    }
    if template["html"].is_null() {
        let size = template["fabricJSData"].to_string().len();
        if size > LARGEST_CANVAS {
            let message = format!("The canvas has {size} bytes; the limit is {LARGEST_CANVAS}");
            return Err(ApiError::with_message(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
    }
    let mut definitions = template["variableDefinitions"].as_array().cloned().unwrap_or_default();
    let is_defined = |name: &String| definitions.iter().any(|definition| definition["name"] == name.as_str());
    let added: Vec<_> = fill::names(template)?.into_iter().filter(|name| !is_defined(name)).collect();
    definitions.extend(added.iter().map(|name| json!({"name": name, "type": "text"})));
    template["variables"] = definitions.iter().map(|definition| definition["name"].clone()).collect();
    template["variableDefinitions"] = definitions.into();
    fill::check(template)?;
    Ok(added)
}

fn with_added(template: Value, added: Vec<String>) -> Value {
    let mut answer = Value::from_iter([("template", template)]);
    if !added.is_empty() {
        answer["addedVariables"] = added.into();
    }
    answer
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

/// The gallery of a server of one's own shows what its templates say of themselves: those with the tag `public`.
fn list_public(context: &RequestContext) -> ApiResult {
    let order = if context.text("sort") == Some("oldest") { Order::Oldest } else { Order::Newest };
    let filter = Filter::default().eq("$.type", context.text("type")).eq("$.category", context.text("category"));
    let all = context.state.store.all(TEMPLATE, &filter, order)?;
    let has_tag = |template: &Value, tag: &str| {
        template["tags"].as_array().is_some_and(|tags| tags.iter().any(|found| found == tag))
    };
    let search = context.text("search").map(str::to_lowercase);
    let found: Vec<_> = all
        .into_iter()
        .filter(|template| has_tag(template, PUBLIC) && context.text("tag").is_none_or(|tag| has_tag(template, tag)))
        .filter(|template| {
            let name = template["name"].as_str().unwrap_or_default().to_lowercase();
            search.as_ref().is_none_or(|search| name.contains(search))
        })
        .map(in_list)
        .collect();
    let (page, limit) = (context.number("page").unwrap_or(1).max(1), context.number("limit").unwrap_or(LIMIT).max(1));
    let shown: Vec<_> = found.iter().skip((page - 1).saturating_mul(limit)).take(limit).collect();
    Ok(json!({"templates": shown, "pagination": super::lists::pagination(page, limit, found.len())}).into())
}

fn get_public(context: &RequestContext) -> ApiResult {
    let template = template(context)?;
    let is_public = template["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == PUBLIC));
    if is_public { Ok(json!({"template": template}).into()) } else { Err(not_found()) }
}

/// The tag by which a template is in the gallery.
const PUBLIC: &str = "public";

fn template(context: &RequestContext) -> Result<Value, ApiError> {
    fill::find(context, context.parameter("uid"))?.ok_or_else(not_found)
}

pub(super) fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Template not found")
}
