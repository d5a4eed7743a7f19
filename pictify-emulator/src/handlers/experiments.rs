//! Experiments: made, changed, started, ended. What visitors see of them is in `experiment_links.rs` and `tracking.rs`.

use super::{handlers, lists::whole};
use crate::{
    api_error::ApiError,
    experiments::{EXPERIMENT, SLUG, forget_pictures, rules},
    response::{ApiResponse, ApiResult},
    server::RequestContext,
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

/// How many experiments a page has when the request says nothing.
const LIMIT: usize = 20;

/// What of an experiment is an object, whose members change one by one.
const OBJECTS: [&str; 3] = ["goalConfig", "banditConfig", "outputConfig"];

/// What a request may set as it is.
const SETTABLE: [&str; 8] = [
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
    let filter = Filter::default().eq("$.type", context.text("type")).eq("$.status", context.text("status"));
    let (page, limit) = (context.number("page").unwrap_or(1).max(1), context.number("limit").unwrap_or(LIMIT).max(1));
    let offset = (page - 1).saturating_mul(limit);
    let (found, total) = context.state.store.page(EXPERIMENT, &filter, Order::Newest, offset, limit)?;
    let found: Vec<_> = found.into_iter().map(shown).collect();
    Ok(json!({"experiments": found, "total": total, "page": page, "limit": limit}).into())
}

fn create(context: &RequestContext) -> ApiResult {
    let body = &context.body;
    let kind = body["type"].as_str().unwrap_or_default();
    if !rules::KINDS.contains(&kind) {
        return Err(bad(format!("type must be one of {}", rules::KINDS.join(", "))));
    }
    let slug = body["slug"].as_str().unwrap_or_default();
    rules::check_slug(slug).map_err(bad)?;
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
    set(&mut experiment, body)?;
    if !context.state.store.insert(SLUG, slug, &json!({"uid": uid}))? {
        return Err(taken(slug));
    }
    context.state.store.insert(EXPERIMENT, &uid, &experiment)?;
    Ok(ApiResponse::json(StatusCode::CREATED, json!({"experiment": shown(experiment)})))
}

/// Puts what a request says into an experiment. Its slug is not among that: it has to be free.
fn set(experiment: &mut Value, body: &Value) -> Result<(), ApiError> {
    for name in SETTABLE {
        if !body[name].is_null() {
            experiment[name] = body[name].clone();
        }
    }
    for name in OBJECTS {
        for (member, value) in body[name].as_object().into_iter().flatten() {
            experiment[name][member] = value.clone();
        }
    }
    if let Some(variants) = body["variants"].as_array() {
        rules::check_variants(variants).map_err(bad)?;
        experiment["variants"] = counted(experiment, variants);
    }
    Ok(())
}

/// Variants with the numbers of those that were there before.
fn counted(experiment: &Value, variants: &[Value]) -> Value {
    let has_default = variants.iter().any(|variant| variant["isDefault"] == true);
    let before = experiment["variants"].as_array().map(Vec::as_slice).unwrap_or_default();
    let counted = variants.iter().enumerate().map(|(index, variant)| {
        let mut variant = variant.clone();
        let old = before.iter().find(|old| old["id"] == variant["id"]).unwrap_or(&Value::Null);
        // Nothing has to fit in a test by weights, so that one of its variants can always be shown.
        let stands_in = !has_default && index == 0 && experiment["type"] == "ab_test";
        variant["isDefault"] = (variant["isDefault"] == true || stands_in).into();
        variant["weight"] = whole(&variant["weight"]).unwrap_or_default().into();
        for count in ["impressions", "clicks"] {
            variant[count] = old[count].as_u64().unwrap_or_default().into();
        }
        variant
    });
    counted.collect()
}

fn quota(context: &RequestContext) -> ApiResult {
    let mut quota = json!({});
    for kind in rules::KINDS {
        let used = context.state.store.count(EXPERIMENT, &Filter::default().eq("$.type", Some(kind)))?;
        quota[kind] = json!({"used": used, "limit": null});
    }
    Ok(json!({
        "plan": "business",
        "quota": quota,
        "maxVariants": rules::MAX_VARIANTS,
        "analyticsRetentionDays": 365,
    })
    .into())
}

fn get(context: &RequestContext) -> ApiResult {
    let found = context.state.store.get(EXPERIMENT, context.parameter("uid"))?.ok_or_else(not_found)?;
    Ok(json!({"experiment": shown(found)}).into())
}

fn update(context: &RequestContext) -> ApiResult {
    let (store, uid) = (&context.state.store, context.parameter("uid"));
    let before = store.get(EXPERIMENT, uid)?.ok_or_else(not_found)?;
    let slug = context.body["slug"].as_str().filter(|slug| *slug != before["slug"]);
    if let Some(slug) = slug {
        rules::check_slug(slug).map_err(bad)?;
        rules::check_editable(&before, &context.body).map_err(bad)?;
        if !store.insert(SLUG, slug, &json!({"uid": uid}))? {
            return Err(taken(slug));
        }
    }
    let changed = store.update(EXPERIMENT, uid, |experiment| {
        rules::check_editable(experiment, &context.body).map_err(bad)?;
        set(experiment, &context.body)?;
        let mut old_slug = None;
        if let Some(slug) = slug {
            old_slug = experiment["slug"].as_str().map(str::to_owned);
            experiment["slug"] = slug.into();
        }
        experiment["updatedAt"] = context.state.now_text().into();
        Ok::<_, ApiError>((experiment.clone(), old_slug))
    });
    // Of the two slugs, the one that the experiment does not have now is free again.
    let free = match &changed {
        Ok(Some((_, old))) => old.as_deref(),
        Ok(None) | Err(_) => slug,
    };
    if let Some(free) = free {
        store.remove(SLUG, free)?;
    }
    let (experiment, _) = changed?.ok_or_else(not_found)?;
    Ok(json!({"experiment": shown(experiment)}).into())
}

fn delete(context: &RequestContext) -> ApiResult {
    let (store, uid) = (&context.state.store, context.parameter("uid"));
    let experiment = store.get(EXPERIMENT, uid)?.ok_or_else(not_found)?;
    if experiment["status"] == "running" {
        let allowed = rules::transitions("running");
        return Err(conflict("Cannot delete a running experiment: pause it first", "running", allowed));
    }
    if !store.remove(EXPERIMENT, uid)? {
        return Err(not_found());
    }
    store.remove(SLUG, experiment["slug"].as_str().unwrap_or_default())?;
    forget_pictures(store, &experiment)?;
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
            return Err(bad(format!("winnerVariantId: the experiment has no variant {winner}")));
        }
        experiment["winnerVariantId"] = winner.clone();
        experiment["winnerDeclaredAt"] = context.state.now_text().into();
        Ok(())
    })
}

/// Brings an experiment into another status, if a way leads there from the one that it has.
fn transition(
    context: &RequestContext,
    verb: &str,
    status: &str,
    change: impl FnOnce(&mut Value) -> Result<(), ApiError>,
) -> ApiResult {
    let changed = context.state.store.update(EXPERIMENT, context.parameter("uid"), |experiment| {
        let current = experiment["status"].as_str().unwrap_or_default().to_owned();
        let allowed = rules::transitions(&current);
        if !allowed.contains(&status) {
            return Err(conflict(format!("Cannot {verb} a {current} experiment"), &current, allowed));
        }
        change(experiment)?;
        experiment["status"] = status.into();
        experiment["updatedAt"] = context.state.now_text().into();
        Ok(experiment.clone())
    })?;
    let experiment = changed.ok_or_else(not_found)?;
    tell(context, &experiment)?;
    Ok(json!({"experiment": shown(experiment)}).into())
}

/// Tells subscribers of a new status.
fn tell(context: &RequestContext, experiment: &Value) -> Result<(), ApiError> {
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

/// As it is answered: without what only the server needs.
fn shown(mut experiment: Value) -> Value {
    if let Some(object) = experiment.as_object_mut() {
        object.remove(crate::experiments::LAST_SHOWN);
    }
    experiment
}

fn bad(message: impl Into<String>) -> ApiError {
    ApiError::with_message(StatusCode::BAD_REQUEST, message)
}

/// What cannot be done in a status, and where one can go from there.
fn conflict(message: impl Into<String>, current: &str, allowed: &[&str]) -> ApiError {
    ApiError::with_message(StatusCode::CONFLICT, message)
        .with_field("currentStatus", current)
        .with_field("allowedTransitions", allowed)
}

fn taken(slug: &str) -> ApiError {
    ApiError::with_message(StatusCode::CONFLICT, format!("The slug {slug} is in use"))
}

pub(super) fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Experiment not found")
}
