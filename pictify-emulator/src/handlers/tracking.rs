//! Handlers for tracking of experiments: events, clicks and pixels.

use super::{experiment_links::visitor, experiments::not_found, handlers};
use crate::{
    api_error::ApiError,
    context::RequestContext,
    experiments::{self, Assignment, Counter, Experiment, ExperimentStatus, assign, increment},
    response::{ApiResponse, ApiResult},
};
use axum::http::{
    StatusCode,
    header::{CACHE_CONTROL, LOCATION},
};
use serde::Deserialize;
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

/// Event of a visitor.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TrackingEvent {
    event: String,
    experiment: String,
    variant_id: Option<String>,
    #[serde(default)]
    metadata: Value,
    write_key: Option<String>,
}

fn events(context: &RequestContext) -> ApiResult {
    let events: Vec<TrackingEvent> = context.read_body()?;
    let mut errors = Vec::new();
    for (index, event) in events.iter().enumerate() {
        if let Some(error) = process_event(context, event)? {
            errors.push(json!({"index": index, "error": error}));
        }
    }
    let mut receipt = json!({"ok": true, "processed": events.len() - errors.len(), "errors": errors});
    if context.header("x-write-key").is_none() && events.iter().any(|event| event.write_key.is_none()) {
        receipt["warning"] = "write_key_recommended".into();
    }
    Ok(receipt.into())
}

/// Counts an event, or returns the reason why it is rejected.
fn process_event(context: &RequestContext, event: &TrackingEvent) -> Result<Option<String>, ApiError> {
    let reject = |why: &str| Ok(Some(why.to_owned()));
    let Some(experiment) = experiments::find(&context.state.store, &event.experiment)? else {
        return reject("Unknown experiment");
    };
    if !experiment.is_running() {
        return reject("Experiment is not running");
    }
    if !is_within_limits(&event.metadata) {
        let (max_bytes, levels, properties) = METADATA_LIMITS;
        return Ok(Some(format!("metadata: at most {max_bytes} bytes, {levels} levels and {properties} properties")));
    }
    let counter = match event.event.as_str() {
        "impression" | "view" => Some(Counter::Impressions),
        "click" => Some(Counter::Clicks),
        // Variants have no counter for conversions and custom events.
        "conversion" => None,
        name if experiment.goal_config.custom_event_name.as_deref() == Some(name) => None,
        _ => return reject("Unknown event"),
    };
    let variant = match &event.variant_id {
        Some(id) if experiment.variant(id).is_none() => return reject("Unknown variant"),
        Some(id) => Some(id.clone()),
        None => last_seen_variant(context, &experiment),
    };
    if let (Some(variant), Some(counter)) = (variant, counter) {
        increment(&context.state.store, &experiment.uid, &variant, counter)?;
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
fn last_seen_variant(context: &RequestContext, experiment: &Experiment) -> Option<String> {
    experiment.last_shown.clone().or_else(|| choose_variant(context, experiment))
}

fn choose_variant(context: &RequestContext, experiment: &Experiment) -> Option<String> {
    match assign(experiment, &visitor(context), context.state.now()) {
        Assignment::Variant(variant) => Some(variant.id.clone()),
        Assignment::Fallback | Assignment::Ended => None,
    }
}

fn click(context: &RequestContext) -> ApiResult {
    let experiment = experiments::find(&context.state.store, context.parameter("slug"))?;
    let experiment = experiment.filter(|found| found.status != ExperimentStatus::Draft).ok_or_else(not_found)?;
    let Some(destination) = experiment.goal_config.destination_url.as_deref() else {
        let message = "The experiment has no destination: set goalConfig.destinationUrl";
        return Err(ApiError::with_message(StatusCode::NOT_FOUND, message));
    };
    if experiment.is_running()
        && let Some(variant) = last_seen_variant(context, &experiment)
    {
        increment(&context.state.store, &experiment.uid, &variant, Counter::Clicks)?;
    }
    Ok(ApiResponse::empty(StatusCode::FOUND).header(LOCATION, destination).header(CACHE_CONTROL, "no-store"))
}

/// Counts an impression and returns the pixel. The response is the same if the experiment does not exist, so it reveals
/// nothing.
fn pixel(context: &RequestContext) -> ApiResult {
    if let Some(experiment) = experiments::find(&context.state.store, context.parameter("slug"))?
        && experiment.is_running()
        && let Some(variant) = choose_variant(context, &experiment)
    {
        increment(&context.state.store, &experiment.uid, &variant, Counter::Impressions)?;
    }
    Ok(ApiResponse::bytes("image/gif", PIXEL).header(CACHE_CONTROL, "no-cache, no-store, must-revalidate"))
}
