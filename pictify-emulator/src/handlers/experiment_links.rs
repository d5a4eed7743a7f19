//! Handlers for the public image of an experiment.

use super::{experiments::not_found, handlers};
use crate::{
    api_error::ApiError,
    context::RequestContext,
    experiments::{self, Assignment, Counter, Experiment, ExperimentStatus, Visitor, assign},
    render::Format,
    rendering::cached::{OutputKind, cached_image},
    response::{ApiResponse, ApiResult},
    templates,
};
use axum::http::{
    StatusCode,
    header::{CACHE_CONTROL, LOCATION},
};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

handlers! {
    "renderExperimentUrl" => async render,
    "resolveExperiment" => sync resolve,
}

/// `Cache-Control` value of these images: every request may get another variant.
const NO_STORE: &str = "no-store, no-cache, must-revalidate, private";

async fn render(context: RequestContext) -> ApiResult {
    let experiment = find(&context)?;
    let format = Format::from_name(context.parameter("format"));
    let choice = assign(&experiment, &visitor(&context), context.state.now());
    let error = match choice {
        Assignment::Variant(variant) => {
            let (id, variables) = (&variant.id, variant.variables.as_ref().unwrap_or(&Value::Null));
            let template = variant.template_uid.as_ref().or(experiment.template_uid.as_ref());
            match render_variant(&context, &experiment, id, template, variables, format).await {
                Ok(response) => {
                    if experiment.is_running() {
                        experiments::increment(&context.state.store, &experiment.uid, id, Counter::Impressions)?;
                    }
                    return Ok(response);
                }
                Err(error) => error,
            }
        }
        Assignment::Fallback if experiment.status == ExperimentStatus::Draft => {
            ApiError::with_message(StatusCode::NOT_FOUND, "Experiment has not been started")
        }
        Assignment::Fallback => no_variant(),
        Assignment::Ended => has_ended(),
    };
    if let Some(url) = &experiment.fallback_image_url {
        return Ok(ApiResponse::empty(StatusCode::FOUND).header(LOCATION, url).header(CACHE_CONTROL, NO_STORE));
    }
    match &experiment.fallback_template_uid {
        Some(template) => render_variant(&context, &experiment, "", Some(template), &Value::Null, format).await,
        None => Err(error),
    }
}

async fn render_variant(
    context: &RequestContext,
    experiment: &Experiment,
    variant: &str,
    template: Option<&String>,
    variables: &Value,
    format: Format,
) -> ApiResult {
    let uid = template.ok_or_else(|| {
        let message = format!("Template not found: neither the variant {variant} nor the experiment has a template");
        ApiError::with_message(StatusCode::NOT_FOUND, message)
    })?;
    let template = templates::find(&context.state.store, uid)?;
    let owner = experiments::image_owner(experiment, variant);
    let (kind, quality) = (OutputKind::Image(format), experiment.output_config.quality_percent());
    let cached = cached_image(&context.render, &owner, &template, variables, None, kind, quality).await?;
    Ok(ApiResponse::bytes(&cached.content_type, cached.bytes).header(CACHE_CONTROL, NO_STORE))
}

fn resolve(context: &RequestContext) -> ApiResult {
    match assign(&find(context)?, &visitor(context), context.state.now()) {
        Assignment::Variant(variant) => Ok(json!({"variantId": variant.id}).into()),
        Assignment::Fallback => Err(no_variant()),
        Assignment::Ended => Err(has_ended()),
    }
}

fn find(context: &RequestContext) -> Result<Experiment, ApiError> {
    experiments::find(&context.state.store, context.parameter("slug"))?.ok_or_else(not_found)
}

fn no_variant() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "No variant matches this request")
}

fn has_ended() -> ApiError {
    ApiError::with_message(StatusCode::GONE, "Experiment has ended")
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
