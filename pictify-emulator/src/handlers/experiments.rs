//! Handlers for experiments. What visitors request is in `experiment_links.rs` and `tracking.rs`.

use super::handlers;
use crate::{
    api_error::ApiError,
    context::RequestContext,
    experiments::{EXPERIMENT, SLUG, remove_images, validation},
    json::read_whole_number,
    response::{ApiResponse, ApiResult},
    store::{Filter, Order},
    uid, webhooks,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "listExperiments" => sync list,
    "createExperiment" => sync create,
    "getExperimentQuota" => sync quota,
    "getExperiment" => sync get,
    "updateExperiment" => sync update,
    "deleteExperiment" => sync delete,
    "startExperiment" => sync start,
    "pauseExperiment" => sync pause,
    "completeExperiment" => sync complete,
}

/// Page size of the list of experiments when the request gives none.
const DEFAULT_PAGE_SIZE: usize = 20;

/// Fields that are objects: a request changes their members one by one.
const OBJECT_FIELDS: [&str; 3] = ["goalConfig", "banditConfig", "outputConfig"];

/// Fields that a request may set directly.
const SETTABLE_FIELDS: [&str; 8] = [
    "name",
    "templateUid",
    "hypothesis",
    "minimumSampleSize",
    "confidenceThreshold",
    "minimumRunDays",
    "fallbackImageUrl",
    "fallbackTemplateUid",
];

fn list(context: &RequestContext) -> ApiResult {
    let filter =
        Filter::default().eq("$.type", context.query_text("type")).eq("$.status", context.query_text("status"));
    let (page, limit) = (
        context.query_number("page").unwrap_or(1).max(1),
        context.query_number("limit").unwrap_or(DEFAULT_PAGE_SIZE).max(1),
    );
    let offset = (page - 1).saturating_mul(limit);
    let (found, total) = context.state.store.page(EXPERIMENT, &filter, Order::Newest, offset, limit)?;
    let found: Vec<_> = found.into_iter().map(to_response).collect();
    Ok(json!({"experiments": found, "total": total, "page": page, "limit": limit}).into())
}

fn create(context: &RequestContext) -> ApiResult {
    let body = &context.body;
    let kind = body["type"].as_str().unwrap_or_default();
    if !validation::EXPERIMENT_TYPES.contains(&kind) {
        return Err(bad_request(format!("type must be one of {}", validation::EXPERIMENT_TYPES.join(", "))));
    }
    let slug = body["slug"].as_str().unwrap_or_default();
    validation::check_slug(slug).map_err(bad_request)?;
    let (uid, now) = (format!("exp_{}", uid::new(8).to_ascii_lowercase()), context.state.now_text());
    let mut experiment = json!({
        "uid": uid, "slug": slug, "type": kind, "name": null, "status": "draft", "variants": [],
        "goalConfig": {"type": "impressions_only"},
        "banditConfig": {"enabled": false, "algorithm": "thompson_sampling", "warmupImpressions": 50,
            "recomputeIntervalMinutes": 15},
        "minimumSampleSize": 1000, "confidenceThreshold": 0.95, "minimumRunDays": 7,
        "winnerVariantId": null, "winnerDeclaredAt": null,
        "outputConfig": {"format": "png", "quality": 90},
        "createdAt": now, "updatedAt": now,
    });
    apply_request(&mut experiment, body)?;
    if !context.state.store.insert(SLUG, slug, &json!({"uid": uid}))? {
        return Err(slug_in_use(slug));
    }
    context.state.store.insert(EXPERIMENT, &uid, &experiment)?;
    Ok(ApiResponse::json(StatusCode::CREATED, json!({"experiment": to_response(experiment)})))
}

/// Copies the fields of a request into an experiment, except its slug, which must be reserved first.
fn apply_request(experiment: &mut Value, body: &Value) -> Result<(), ApiError> {
    for name in SETTABLE_FIELDS {
        if !body[name].is_null() {
            experiment[name] = body[name].clone();
        }
    }
    for name in OBJECT_FIELDS {
        for (member, value) in body[name].as_object().into_iter().flatten() {
            experiment[name][member] = value.clone();
        }
    }
    if let Some(variants) = body["variants"].as_array() {
        validation::check_variants(variants).map_err(bad_request)?;
        experiment["variants"] = with_counts(experiment, variants);
    }
    Ok(())
}

/// Returns the variants of a request with the counts of the stored variants of the same IDs.
fn with_counts(experiment: &Value, variants: &[Value]) -> Value {
    let has_default = variants.iter().any(|variant| variant["isDefault"] == true);
    let before = experiment["variants"].as_array().map(Vec::as_slice).unwrap_or_default();
    let counted = variants.iter().enumerate().map(|(index, variant)| {
        let mut variant = variant.clone();
        let old = before.iter().find(|old| old["id"] == variant["id"]).unwrap_or(&Value::Null);
        // A test by weights always needs a variant to serve: without a default, the first one is the default.
        let is_fallback = !has_default && index == 0 && experiment["type"] == "ab_test";
        variant["isDefault"] = (variant["isDefault"] == true || is_fallback).into();
        variant["weight"] = read_whole_number(&variant["weight"]).unwrap_or_default().into();
        for count in ["impressions", "clicks"] {
            variant[count] = old[count].as_u64().unwrap_or_default().into();
        }
        variant
    });
    counted.collect()
}

fn quota(context: &RequestContext) -> ApiResult {
    let mut quota = json!({});
    for kind in validation::EXPERIMENT_TYPES {
        let used = context.state.store.count(EXPERIMENT, &Filter::default().eq("$.type", Some(kind)))?;
        quota[kind] = json!({"used": used, "limit": null});
    }
    Ok(json!({
        "plan": "business",
        "quota": quota,
        "maxVariants": validation::MAX_VARIANTS,
        "analyticsRetentionDays": 365,
    })
    .into())
}

fn get(context: &RequestContext) -> ApiResult {
    let found = context.state.store.get(EXPERIMENT, context.parameter("uid"))?.ok_or_else(not_found)?;
    Ok(json!({"experiment": to_response(found)}).into())
}

fn update(context: &RequestContext) -> ApiResult {
    let (store, uid) = (&context.state.store, context.parameter("uid"));
    let before = store.get(EXPERIMENT, uid)?.ok_or_else(not_found)?;
    let slug = context.body["slug"].as_str().filter(|slug| *slug != before["slug"]);
    if let Some(slug) = slug {
        validation::check_slug(slug).map_err(bad_request)?;
        validation::check_editable(&before, &context.body).map_err(bad_request)?;
        if !store.insert(SLUG, slug, &json!({"uid": uid}))? {
            return Err(slug_in_use(slug));
        }
    }
    let changed = store.update(EXPERIMENT, uid, |experiment| {
        validation::check_editable(experiment, &context.body).map_err(bad_request)?;
        apply_request(experiment, &context.body)?;
        let mut old_slug = None;
        if let Some(slug) = slug {
            old_slug = experiment["slug"].as_str().map(str::to_owned);
            experiment["slug"] = slug.into();
        }
        experiment["updatedAt"] = context.state.now_text().into();
        Ok::<_, ApiError>((experiment.clone(), old_slug))
    });
    // The experiment has only one of the two slugs now: release the other.
    let unused_slug = match &changed {
        Ok(Some((_, old))) => old.as_deref(),
        Ok(None) | Err(_) => slug,
    };
    if let Some(unused_slug) = unused_slug {
        store.remove(SLUG, unused_slug)?;
    }
    let (experiment, _) = changed?.ok_or_else(not_found)?;
    Ok(json!({"experiment": to_response(experiment)}).into())
}

fn delete(context: &RequestContext) -> ApiResult {
    let (store, uid) = (&context.state.store, context.parameter("uid"));
    let experiment = store.get(EXPERIMENT, uid)?.ok_or_else(not_found)?;
    if experiment["status"] == "running" {
        let allowed = validation::transitions("running");
        return Err(conflict("Cannot delete a running experiment: pause it first", "running", allowed));
    }
    if !store.remove(EXPERIMENT, uid)? {
        return Err(not_found());
    }
    store.remove(SLUG, experiment["slug"].as_str().unwrap_or_default())?;
    remove_images(store, &experiment)?;
    Ok(json!({"deleted": true}).into())
}

fn start(context: &RequestContext) -> ApiResult {
    transition(context, "start", "running", |_| Ok(()))
}

fn pause(context: &RequestContext) -> ApiResult {
    transition(context, "pause", "paused", |_| Ok(()))
}

fn complete(context: &RequestContext) -> ApiResult {
    transition(context, "complete", "completed", |experiment| {
        let winner = &context.body["winnerVariantId"];
        let variants = experiment["variants"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !variants.iter().any(|variant| variant["id"] == *winner) {
            return Err(bad_request(format!("winnerVariantId: the experiment has no variant {winner}")));
        }
        experiment["winnerVariantId"] = winner.clone();
        experiment["winnerDeclaredAt"] = context.state.now_text().into();
        Ok(())
    })
}

/// Changes the status of an experiment if the transition is allowed.
fn transition(
    context: &RequestContext,
    verb: &str,
    status: &str,
    change: impl FnOnce(&mut Value) -> Result<(), ApiError>,
) -> ApiResult {
    let changed = context.state.store.update(EXPERIMENT, context.parameter("uid"), |experiment| {
        let current = experiment["status"].as_str().unwrap_or_default().to_owned();
        let allowed = validation::transitions(&current);
        if !allowed.contains(&status) {
            return Err(conflict(format!("Cannot {verb} a {current} experiment"), &current, allowed));
        }
        change(experiment)?;
        experiment["status"] = status.into();
        experiment["updatedAt"] = context.state.now_text().into();
        Ok(experiment.clone())
    })?;
    let experiment = changed.ok_or_else(not_found)?;
    emit_status_events(context, &experiment)?;
    Ok(json!({"experiment": to_response(experiment)}).into())
}

/// Emits the webhook events of a new status.
fn emit_status_events(context: &RequestContext, experiment: &Value) -> Result<(), ApiError> {
    let events: &[&str] = match experiment["status"].as_str() {
        Some("running") => &["experiment.started"],
        Some("completed") => &["experiment.completed", "experiment.winner_declared"],
        _ => &[],
    };
    let data = json!({
        "experimentId": experiment["uid"],
        "slug": experiment["slug"],
        "status": experiment["status"],
        "winnerVariantId": experiment["winnerVariantId"],
    });
    events.iter().try_for_each(|event| webhooks::emit(&context.state, event, &data))?;
    Ok(())
}

/// Returns an experiment as the API shows it, without internal fields.
fn to_response(mut experiment: Value) -> Value {
    if let Some(object) = experiment.as_object_mut() {
        object.remove(crate::experiments::LAST_SHOWN);
    }
    experiment
}

fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::with_message(StatusCode::BAD_REQUEST, message)
}

/// Returns a 409 with the current status and the transitions that it allows.
fn conflict(message: impl Into<String>, current: &str, allowed: &[&str]) -> ApiError {
    ApiError::with_message(StatusCode::CONFLICT, message)
        .with_field("currentStatus", current)
        .with_field("allowedTransitions", allowed)
}

fn slug_in_use(slug: &str) -> ApiError {
    ApiError::with_message(StatusCode::CONFLICT, format!("The slug {slug} is in use"))
}

pub(super) fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Experiment not found")
}
