//! Handlers for the public image of an experiment.

use super::{experiments::not_found, handlers};
use crate::{
    api_error::ApiError,
    context::RequestContext,
    experiments::{self, Assignment, Visitor, assign},
    render::Format,
    rendering::{
        self,
        cached::{OutputKind, cached_image},
        fill,
    },
    response::{ApiResponse, ApiResult},
};
use axum::http::{
    StatusCode,
    header::{CACHE_CONTROL, LOCATION},
};
use jiff::tz::TimeZone;
use serde_json::Value;

handlers! {
    "renderExperimentUrl" => async render,
    "resolveExperiment" => sync resolve,
}

/// `Cache-Control` value of these images: every request may get another variant.
const NO_STORE: &str = "no-store, no-cache, must-revalidate, private";

async fn render(context: RequestContext) -> ApiResult {
    let experiment = experiments::find(&context.state.store, context.parameter("slug"))?.ok_or_else(not_found)?;
    let format = Format::from_name(context.parameter("format"));
    let choice = assign(&experiment, &visitor(&context), context.state.now());
    let error = match choice {
        Assignment::Variant(variant) => {
            let id = variant["id"].as_str().unwrap_or_default();
            let template = variant["templateUid"].as_str().or(experiment["templateUid"].as_str());
            match render_variant(&context, &experiment, id, template, &variant["variables"], format).await {
                Ok(response) => {
                    if experiment["status"] == "running" {
                        experiments::increment(&context.state.store, &experiment, id, "impressions")?;
                    }
                    return Ok(response);
                }
                Err(error) => error,
            }
        }
        Assignment::Fallback if experiment["status"] == "draft" => {
            ApiError::with_message(StatusCode::NOT_FOUND, "Experiment has not been started")
        }
        Assignment::Fallback => ApiError::with_message(StatusCode::NOT_FOUND, "No variant matches this request"),
        Assignment::Ended => ApiError::with_message(StatusCode::GONE, "Experiment has ended"),
    };
    if let Some(url) = experiment["fallbackImageUrl"].as_str() {
        return Ok(ApiResponse::empty(StatusCode::FOUND).header(LOCATION, url).header(CACHE_CONTROL, NO_STORE));
    }
    match experiment["fallbackTemplateUid"].as_str() {
        Some(template) => render_variant(&context, &experiment, "", Some(template), &Value::Null, format).await,
        None => Err(error),
    }
}

async fn render_variant(
    context: &RequestContext,
    experiment: &Value,
    variant: &str,
    template: Option<&str>,
    variables: &Value,
    format: Format,
) -> ApiResult {
    let uid = template.ok_or_else(|| {
        let message = format!("Template not found: neither the variant {variant} nor the experiment has a template");
        ApiError::with_message(StatusCode::NOT_FOUND, message)
    })?;
    let template = fill::find(&context.state.store, uid)?.ok_or_else(super::templates::not_found)?;
    let owner = experiments::image_owner(experiment, variant);
    let quality = rendering::quality_percent(&experiment["outputConfig"]["quality"]);
    let cached =
        cached_image(&context.render, &owner, &template, variables, None, OutputKind::Image(format), quality).await?;
    Ok(ApiResponse::bytes(&cached.content_type, cached.bytes).header(CACHE_CONTROL, NO_STORE))
}

fn resolve(context: &RequestContext) -> ApiResult {
    let experiment = experiments::find(&context.state.store, context.parameter("slug"))?.ok_or_else(not_found)?;
    match assign(&experiment, &visitor(context), context.state.now()) {
        Assignment::Variant(variant) => Ok(Value::from_iter([("variantId", variant["id"].clone())]).into()),
        Assignment::Fallback => Err(ApiError::with_message(StatusCode::NOT_FOUND, "No variant matches this request")),
        Assignment::Ended => Err(ApiError::with_message(StatusCode::GONE, "Experiment has ended")),
    }
}

/// Returns the attributes of the visitor who sent a request.
pub(super) fn visitor(context: &RequestContext) -> Visitor {
    let now = context.state.now().to_zoned_datetime(TimeZone::UTC);
    let text = |name| context.header(name).unwrap_or_default().to_owned();
    let parameters = context.query.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    Visitor {
        parameters: parameters.collect(),
        user_agent: text("user-agent"),
        languages: text("accept-language"),
        referrer: text("referer"),
        country: context.header("cf-ipcountry").map(str::to_owned),
        time: (now.hour(), now.weekday().to_sunday_zero_offset()),
    }
}
