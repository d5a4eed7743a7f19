//! Handlers for tracking of experiments: events, clicks and pixels.

use super::{experiment_links::visitor, experiments::not_found, handlers};
use crate::{
    api_error::ApiError,
    context::RequestContext,
    experiments::{self, Assignment, LAST_SHOWN, assign, increment},
    response::{ApiResponse, ApiResult},
};
use axum::http::{
    StatusCode,
    header::{CACHE_CONTROL, LOCATION},
};
use serde_json::{Value, json};

handlers! {
    "trackExperimentEvents" => sync events,
    "trackExperimentClick" => sync click,
    "trackExperimentPixel" => sync pixel,
}

/// Limits of event metadata: bytes of JSON, levels of nesting, and properties in all.
const METADATA_LIMITS: (usize, usize, usize) = (10 * 1024, 3, 50);

/// Transparent GIF of one pixel.
const PIXEL: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x01D\0;";

fn events(context: &RequestContext) -> ApiResult {
    let events = context.body.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut errors = Vec::new();
    for (index, event) in events.iter().enumerate() {
        if let Some(error) = process_event(context, event)? {
            errors.push(json!({"index": index, "error": error}));
        }
    }
    let mut receipt = json!({"ok": true, "processed": events.len() - errors.len(), "errors": errors});
    if context.header("x-write-key").is_none() && events.iter().any(|event| event["writeKey"].is_null()) {
        receipt["warning"] = "write_key_recommended".into();
    }
    Ok(receipt.into())
}

/// Counts an event, or returns the reason why it is rejected.
fn process_event(context: &RequestContext, event: &Value) -> Result<Option<String>, ApiError> {
    let reject = |why: &str| Ok(Some(why.to_owned()));
    let text = |name: &str| event[name].as_str();
    let Some(experiment) = experiments::find(&context.state.store, text("experiment").unwrap_or_default())? else {
        return reject("Unknown experiment");
    };
    if experiment["status"] != "running" {
        return reject("Experiment is not running");
    }
    if !is_within_limits(&event["metadata"]) {
        let (max_bytes, levels, properties) = METADATA_LIMITS;
        return Ok(Some(format!("metadata: at most {max_bytes} bytes, {levels} levels and {properties} properties")));
    }
    let counter = match text("event").unwrap_or_default() {
        "impression" | "view" => Some("impressions"),
        "click" => Some("clicks"),
        // Variants have no counter for conversions and custom events.
        "conversion" => None,
        name if experiment["goalConfig"]["customEventName"] == name => None,
        _ => return reject("Unknown event"),
    };
    let variant = match text("variantId") {
        Some(id) if experiments::variant(&experiment, id).is_none() => return reject("Unknown variant"),
        Some(id) => Some(id.to_owned()),
        None => last_seen_variant(context, &experiment),
    };
    if let (Some(variant), Some(counter)) = (variant, counter) {
        increment(&context.state.store, &experiment, &variant, counter)?;
    }
    Ok(None)
}

fn is_within_limits(metadata: &Value) -> bool {
    fn measure(value: &Value, level: usize) -> (usize, usize) {
        let (children, own): (Vec<_>, _) = match value {
            Value::Object(members) => (members.values().collect(), members.len()),
            Value::Array(items) => (items.iter().collect(), 0),
            _ => return (level, 0),
        };
        let below = children.into_iter().map(|child| measure(child, level + 1));
        below.fold((level + 1, own), |(levels, all), (level, own)| (levels.max(level), all + own))
    }
    let (max_bytes, max_levels, max_properties) = METADATA_LIMITS;
    let (levels, properties) = measure(metadata, 0);
    metadata.to_string().len() <= max_bytes && levels <= max_levels && properties <= max_properties
}

/// Returns the variant that a click belongs to: the last one that was served to anyone, because the emulator does not
/// identify visitors.
fn last_seen_variant(context: &RequestContext, experiment: &Value) -> Option<String> {
    if let Some(last) = experiment[LAST_SHOWN].as_str() {
        return Some(last.to_owned());
    }
    choose_variant(context, experiment)
}

fn choose_variant(context: &RequestContext, experiment: &Value) -> Option<String> {
    match assign(experiment, &visitor(context), context.state.now()) {
        Assignment::Variant(variant) => variant["id"].as_str().map(str::to_owned),
        Assignment::Fallback | Assignment::Ended => None,
    }
}

fn click(context: &RequestContext) -> ApiResult {
    let experiment =
        experiments::find(&context.state.store, context.parameter("slug"))?.filter(|found| found["status"] != "draft");
    let experiment = experiment.ok_or_else(not_found)?;
    let Some(destination) = experiment["goalConfig"]["destinationUrl"].as_str() else {
        let message = "The experiment has no destination: set goalConfig.destinationUrl";
        return Err(ApiError::with_message(StatusCode::NOT_FOUND, message));
    };
    if experiment["status"] == "running"
        && let Some(variant) = last_seen_variant(context, &experiment)
    {
        increment(&context.state.store, &experiment, &variant, "clicks")?;
    }
    Ok(ApiResponse::empty(StatusCode::FOUND).header(LOCATION, destination).header(CACHE_CONTROL, "no-store"))
}

/// Counts an impression and returns the pixel. The response is the same if the experiment does not exist, so it reveals
/// nothing.
fn pixel(context: &RequestContext) -> ApiResult {
    if let Some(experiment) = experiments::find(&context.state.store, context.parameter("slug"))?
        && experiment["status"] == "running"
        && let Some(variant) = choose_variant(context, &experiment)
    {
        increment(&context.state.store, &experiment, &variant, "impressions")?;
    }
    Ok(ApiResponse::bytes("image/gif", PIXEL).header(CACHE_CONTROL, "no-cache, no-store, must-revalidate"))
}
