//! Handlers for templates. Their renders are in `template_renders.rs`.

use super::handlers;
use crate::{
    api_error::ApiError,
    context::RequestContext,
    render::Page,
    rendering::{
        Output,
        fill::{self, Filled},
        render_unbilled,
        template::{OutputRequest, format_name},
    },
    response::ApiResult,
    store::{Filter, Order},
    templates::{self, PUBLIC_TAG, Template, TemplateRequest},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
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

fn list(context: &RequestContext) -> ApiResult {
    let output = context.query_text("outputFormat").filter(|output| *output != "all");
    let dynamic = context.query.get("hasDynamicLink").and_then(Value::as_bool);
    let filter = Filter::default().eq("$.outputFormat", output).eq_bool("$.hasDynamicLink", dynamic);
    let order = match context.query_text("sort") {
        Some("oldest") => Order::Oldest,
        Some("name") => Order::Name,
        _ => Order::Newest,
    };
    context.list_by_page("templates", &filter, order, DEFAULT_PAGE_SIZE, to_list_item)
}

/// Returns a template as lists show it, without its source.
fn to_list_item(mut template: Template) -> Value {
    (template.source.html, template.source.canvas, template.pages) = (None, None, None);
    json!(template)
}

/// Lists the templates whose name, type, category or one of whose tags contains a text, in any letter case. The service
/// does not publish which fields it searches.
fn search(context: &RequestContext) -> ApiResult {
    let filter = Filter::default().text(context.query_text("q"));
    context.list_by_page("templates", &filter, Order::Newest, DEFAULT_PAGE_SIZE, to_list_item)
}

/// Request for a preview, beside the template.
#[derive(Deserialize)]
struct PreviewRequest {
    #[serde(default)]
    variables: Value,
    #[serde(flatten)]
    output: OutputRequest,
}

/// Renders a design without storing or billing it.
async fn preview(context: RequestContext) -> ApiResult {
    let started = Instant::now();
    let request: PreviewRequest = context.read_body()?;
    let (template, _) = Template::create(context.read_body()?, &context.state.now_text())?;
    let Filled { html, width, height } = fill::fill(&template, None, &request.variables, None)?;
    let Output { format, quality } = request.output.image();
    let filled_ms = elapsed_ms(started);
    let page = Page { html, width, height, format, quality, ..Page::default() };
    let image = render_unbilled(&context.state, page).await?;
    let total_ms = elapsed_ms(started);
    Ok(json!({
        "dataUrl": format!("data:{};base64,{}", format.content_type(), STANDARD.encode(&image.bytes)),
        "width": image.width,
        "height": image.height,
        "format": format_name(format),
        "renderId": template.uid,
        "timings": {"fill": filled_ms, "render": total_ms - filled_ms},
        "totalMs": total_ms,
    })
    .into())
}

fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn create(context: &RequestContext) -> ApiResult {
    let (template, added) = Template::create(context.read_body()?, &context.state.now_text())?;
    context.state.store.create(&template.uid, &template)?;
    Ok(to_response(&template, &added).into())
}

fn update(context: &RequestContext) -> ApiResult {
    let request: TemplateRequest = context.read_body()?;
    let changed = context.state.store.change(context.parameter("uid"), |template: &mut Template| {
        let added = template.apply(request, &context.state.now_text())?;
        Ok::<_, ApiError>((template.clone(), added))
    })?;
    let (template, added) = changed.ok_or_else(templates::not_found)?;
    Ok(to_response(&template, &added).into())
}

fn to_response(template: &Template, added: &[String]) -> Value {
    let mut response = json!({"template": template});
    if !added.is_empty() {
        response["addedVariables"] = json!(added);
    }
    response
}

fn get(context: &RequestContext) -> ApiResult {
    Ok(json!({"template": template(context)?}).into())
}

fn delete(context: &RequestContext) -> ApiResult {
    if !context.state.store.delete::<Template>(context.parameter("uid"))? {
        return Err(templates::not_found());
    }
    Ok(json!({"message": "Template deleted successfully"}).into())
}

fn variables(context: &RequestContext) -> ApiResult {
    let Template { uid, name, variable_definitions, .. } = template(context)?;
    Ok(json!({"templateUid": uid, "templateName": name, "variables": variable_definitions}).into())
}

/// Lists public templates: those of this server that have the tag `public`.
fn list_public(context: &RequestContext) -> ApiResult {
    let order = if context.query_text("sort") == Some("oldest") { Order::Oldest } else { Order::Newest };
    let filter = Filter::default()
        .contains("$.tags", Some(PUBLIC_TAG))
        .eq("$.type", context.query_text("type"))
        .eq("$.category", context.query_text("category"))
        .contains("$.tags", context.query_text("tag"))
        .text(context.query_text("search"));
    context.list_by_page("templates", &filter, order, DEFAULT_PAGE_SIZE, to_list_item)
}

fn get_public(context: &RequestContext) -> ApiResult {
    let template = template(context)?;
    if template.is_public() { Ok(json!({"template": template}).into()) } else { Err(templates::not_found()) }
}

fn template(context: &RequestContext) -> Result<Template, ApiError> {
    templates::find(&context.state.store, context.parameter("uid"))
}
