//! The public picture of an experiment.

use super::{experiments::not_found, handlers};
use crate::{
    api_error::ApiError,
    experiments::{self, Choice, Visitor, choose},
    render::Format,
    rendering,
    rendering::cached::OutputKind,
    rendering::fill,
    response::{ApiResponse, ApiResult},
    server::RequestContext,
};
use axum::http::{
    StatusCode,
    header::{CACHE_CONTROL, LOCATION},
};
use serde_json::Value;

handlers! {
    "renderExperimentUrl" => async render,
    "resolveExperiment" => sync resolve,
}

/// The next visitor may see another picture, and so may this one.
const NOT_KEPT: &str = "no-store, no-cache, must-revalidate, private";

async fn render(context: RequestContext) -> ApiResult {
    let experiment = experiments::find(&context, context.parameter("slug"))?.ok_or_else(not_found)?;
    let format = Format::from_name(context.parameter("format"));
    let choice = choose(&experiment, &Visitor::of(&context), context.state.now());
    let refusal = match choice {
        Choice::Variant(variant) => {
            let id = variant["id"].as_str().unwrap_or_default();
            let template = variant["templateUid"].as_str().or(experiment["templateUid"].as_str());
            match picture(&context, &experiment, id, template, &variant["variables"], format).await {
                Ok(reply) => {
                    if experiment["status"] == "running" {
                        experiments::count(&context, &experiment, id, "impressions")?;
                    }
                    return Ok(reply);
                }
                Err(refusal) => refusal,
            }
        }
        Choice::Nothing if experiment["status"] == "draft" => {
            ApiError::with_message(StatusCode::NOT_FOUND, "Experiment has not been started")
        }
        Choice::Nothing => ApiError::with_message(StatusCode::NOT_FOUND, "No variant fits this request"),
        Choice::Over => ApiError::with_message(StatusCode::GONE, "Experiment has ended"),
    };
    if let Some(url) = experiment["fallbackImageUrl"].as_str() {
        return Ok(ApiResponse::empty(StatusCode::FOUND).header(LOCATION, url).header(CACHE_CONTROL, NOT_KEPT));
    }
    match experiment["fallbackTemplateUid"].as_str() {
        Some(template) => picture(&context, &experiment, "", Some(template), &Value::Null, format).await,
        None => Err(refusal),
    }
}

async fn picture(
    context: &RequestContext,
    experiment: &Value,
    variant: &str,
    template: Option<&str>,
    variables: &Value,
    format: Format,
) -> ApiResult {
    let uid = template.ok_or_else(|| {
        let message = format!("Template not found: neither the variant {variant} nor the experiment names one");
        ApiError::with_message(StatusCode::NOT_FOUND, message)
    })?;
    let template = fill::find(context, uid)?.ok_or_else(super::templates::not_found)?;
    let owner = experiments::picture_owner(experiment, variant);
    let quality = rendering::percent(&experiment["outputConfig"]["quality"]);
    let kept = context.cached_image(&owner, &template, variables, None, OutputKind::Image(format), quality).await?;
    Ok(ApiResponse::bytes(&kept.content_type, kept.bytes).header(CACHE_CONTROL, NOT_KEPT))
}

fn resolve(context: &RequestContext) -> ApiResult {
    let experiment = experiments::find(context, context.parameter("slug"))?.ok_or_else(not_found)?;
    match choose(&experiment, &Visitor::of(context), context.state.now()) {
        Choice::Variant(variant) => Ok(Value::from_iter([("variantId", variant["id"].clone())]).into()),
        Choice::Nothing => Err(ApiError::with_message(StatusCode::NOT_FOUND, "No variant fits this request")),
        Choice::Over => Err(ApiError::with_message(StatusCode::GONE, "Experiment has ended")),
    }
}
