//! The public picture of an experiment.

use super::{experiments::not_found, handlers};
use crate::{
    answer::{Answer, Refusal, Reply},
    experiments::{self, Choice, Visitor, choose},
    pictures::Form,
    render::Format,
    renders,
    server::Call,
    source,
};
use axum::http::{
    StatusCode,
    header::{CACHE_CONTROL, LOCATION},
};
use serde_json::Value;

handlers! {
    "renderExperimentUrl" => later render,
    "resolveExperiment" => now resolve,
}

/// The next visitor may see another picture, and so may this one.
const NOT_KEPT: &str = "no-store, no-cache, must-revalidate, private";

async fn render(call: Call) -> Answer {
    let experiment = experiments::find(&call, call.parameter("slug"))?.ok_or_else(not_found)?;
    let format = Format::named(call.parameter("format"));
    let choice = choose(&experiment, &Visitor::of(&call), call.service.now());
    let refusal = match choice {
        Choice::Variant(variant) => {
            let id = variant["id"].as_str().unwrap_or_default();
            let template = variant["templateUid"].as_str().or(experiment["templateUid"].as_str());
            match picture(&call, &experiment, id, template, &variant["variables"], format).await {
                Ok(reply) => {
                    if experiment["status"] == "running" {
                        experiments::count(&call, &experiment, id, "impressions")?;
                    }
                    return Ok(reply);
                }
                Err(refusal) => refusal,
            }
        }
        Choice::Nothing if experiment["status"] == "draft" => {
            Refusal::message(StatusCode::NOT_FOUND, "Experiment has not been started")
        }
        Choice::Nothing => Refusal::message(StatusCode::NOT_FOUND, "No variant fits this request"),
        Choice::Over => Refusal::message(StatusCode::GONE, "Experiment has ended"),
    };
    if let Some(url) = experiment["fallbackImageUrl"].as_str() {
        return Ok(Reply::empty(StatusCode::FOUND).header(LOCATION, url).header(CACHE_CONTROL, NOT_KEPT));
    }
    match experiment["fallbackTemplateUid"].as_str() {
        Some(template) => picture(&call, &experiment, "", Some(template), &Value::Null, format).await,
        None => Err(refusal),
    }
}

async fn picture(
    call: &Call,
    experiment: &Value,
    variant: &str,
    template: Option<&str>,
    variables: &Value,
    format: Format,
) -> Answer {
    let uid = template.ok_or_else(|| {
        let message = format!("Template not found: neither the variant {variant} nor the experiment names one");
        Refusal::message(StatusCode::NOT_FOUND, message)
    })?;
    let template = source::find(call, uid)?.ok_or_else(super::templates::not_found)?;
    let owner = experiments::picture_owner(experiment, variant);
    let quality = renders::percent(&experiment["outputConfig"]["quality"]);
    let kept = call.picture(&owner, &template, variables, None, Form::Picture(format), quality).await?;
    Ok(Reply::bytes(&kept.content_type, kept.bytes).header(CACHE_CONTROL, NOT_KEPT))
}

fn resolve(call: &Call) -> Answer {
    let experiment = experiments::find(call, call.parameter("slug"))?.ok_or_else(not_found)?;
    match choose(&experiment, &Visitor::of(call), call.service.now()) {
        Choice::Variant(variant) => Ok(Value::from_iter([("variantId", variant["id"].clone())]).into()),
        Choice::Nothing => Err(Refusal::message(StatusCode::NOT_FOUND, "No variant fits this request")),
        Choice::Over => Err(Refusal::message(StatusCode::GONE, "Experiment has ended")),
    }
}
