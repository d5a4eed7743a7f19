//! What visitors do with experiments: events, clicks and pixels.

use super::{experiments::not_found, handlers};
use crate::{
    api_error::ApiError,
    experiments::{self, Choice, LAST_SHOWN, Visitor, choose, count},
    response::{ApiResponse, ApiResult},
    server::RequestContext,
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

/// How large, deep and wide the metadata of an event may be.
const METADATA: (usize, usize, usize) = (10 * 1024, 3, 50);

/// A GIF of one transparent pixel.
const PIXEL: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x01D\0;";

fn events(context: &RequestContext) -> ApiResult {
    let events = context.body.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut errors = Vec::new();
    for (index, event) in events.iter().enumerate() {
        if let Some(error) = refused(context, event)? {
            errors.push(json!({"index": index, "error": error}));
        }
    }
    let mut receipt = json!({"ok": true, "processed": events.len() - errors.len(), "errors": errors});
    if context.header("x-write-key").is_none() && events.iter().any(|event| event["writeKey"].is_null()) {
        receipt["warning"] = "write_key_recommended".into();
    }
    Ok(receipt.into())
}

/// Counts an event, or says why not.
fn refused(context: &RequestContext, event: &Value) -> Result<Option<String>, ApiError> {
    let refuse = |why: &str| Ok(Some(why.to_owned()));
    let text = |name: &str| event[name].as_str();
    let Some(experiment) = experiments::find(context, text("experiment").unwrap_or_default())? else {
        return refuse("Unknown experiment");
    };
    if experiment["status"] != "running" {
        return refuse("Experiment is not running");
    }
    if !is_small(&event["metadata"]) {
        let (bytes, levels, properties) = METADATA;
        return Ok(Some(format!("metadata: at most {bytes} bytes, {levels} levels and {properties} properties")));
    }
    let what = match text("event").unwrap_or_default() {
        "impression" | "view" => Some("impressions"),
        "click" => Some("clicks"),
        // A variant has no number for these.
        "conversion" => None,
        name if experiment["goalConfig"]["customEventName"] == name => None,
        _ => return refuse("Unknown event"),
    };
    let variant = match text("variantId") {
        Some(id) if experiments::variant(&experiment, id).is_none() => return refuse("Unknown variant"),
        Some(id) => Some(id.to_owned()),
        None => seen(context, &experiment),
    };
    if let (Some(variant), Some(what)) = (variant, what) {
        count(context, &experiment, &variant, what)?;
    }
    Ok(None)
}

fn is_small(metadata: &Value) -> bool {
    fn measure(value: &Value, level: usize) -> (usize, usize) {
        let (children, own): (Vec<_>, _) = match value {
            Value::Object(members) => (members.values().collect(), members.len()),
            Value::Array(items) => (items.iter().collect(), 0),
            _ => return (level, 0),
        };
        let below = children.into_iter().map(|child| measure(child, level + 1));
        below.fold((level + 1, own), |(levels, all), (level, own)| (levels.max(level), all + own))
    }
    let (bytes, most_levels, most_properties) = METADATA;
    let (levels, properties) = measure(metadata, 0);
    metadata.to_string().len() <= bytes && levels <= most_levels && properties <= most_properties
}

/// The variant that a visitor is taken to have seen: the last that was shown to anyone, for visitors have no names here.
fn seen(context: &RequestContext, experiment: &Value) -> Option<String> {
    if let Some(last) = experiment[LAST_SHOWN].as_str() {
        return Some(last.to_owned());
    }
    chosen(context, experiment)
}

fn chosen(context: &RequestContext, experiment: &Value) -> Option<String> {
    match choose(experiment, &Visitor::of(context), context.state.now()) {
        Choice::Variant(variant) => variant["id"].as_str().map(str::to_owned),
        Choice::Nothing | Choice::Over => None,
    }
}

fn click(context: &RequestContext) -> ApiResult {
    let experiment = experiments::find(context, context.parameter("slug"))?.filter(|found| found["status"] != "draft");
    let experiment = experiment.ok_or_else(not_found)?;
    let Some(destination) = experiment["goalConfig"]["destinationUrl"].as_str() else {
        let message = "The experiment has no destination: set goalConfig.destinationUrl";
        return Err(ApiError::with_message(StatusCode::NOT_FOUND, message));
    };
    if experiment["status"] == "running"
        && let Some(variant) = seen(context, &experiment)
    {
        count(context, &experiment, &variant, "clicks")?;
    }
    Ok(ApiResponse::empty(StatusCode::FOUND).header(LOCATION, destination).header(CACHE_CONTROL, "no-store"))
}

/// Nothing of an experiment can be seen from here, not even whether there is one.
fn pixel(context: &RequestContext) -> ApiResult {
    if let Some(experiment) = experiments::find(context, context.parameter("slug"))?
        && experiment["status"] == "running"
        && let Some(variant) = chosen(context, &experiment)
    {
        count(context, &experiment, &variant, "impressions")?;
    }
    Ok(ApiResponse::bytes("image/gif", PIXEL).header(CACHE_CONTROL, "no-cache, no-store, must-revalidate"))
}
