//! Handlers for experiments. What visitors request is in `experiment_links.rs` and `tracking.rs`.

use super::handlers;
use crate::{
    api_error::ApiError,
    context::RequestContext,
    experiments::{Experiment, ExperimentStatus, SlugOwner, Variant, remove_images, validation},
    json::{lenient, lenient_whole_number, replace_members},
    response::{ApiResponse, ApiResult},
    store::{Filter, Order, StoreError},
    uid, webhooks,
};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Number, Value, json};

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

fn list(context: &RequestContext) -> ApiResult {
    let filter =
        Filter::default().eq("$.type", context.query_text("type")).eq("$.status", context.query_text("status"));
    let (page, limit) = (
        context.query_number("page").unwrap_or(1).max(1),
        context.query_number("limit").unwrap_or(DEFAULT_PAGE_SIZE).max(1),
    );
    let offset = (page - 1).saturating_mul(limit);
    let (found, total) = context.state.store.list(&filter, Order::Newest, offset, limit)?;
    let found: Vec<_> = found.into_iter().map(to_response).collect();
    Ok(json!({"experiments": found, "total": total, "page": page, "limit": limit}).into())
}

/// Members of an experiment that a request gives.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExperimentRequest {
    #[serde(rename = "type", default, deserialize_with = "lenient")]
    kind: Option<String>,
    slug: Option<String>,
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    template_uid: Option<String>,
    hypothesis: Option<String>,
    #[serde(default, deserialize_with = "lenient_whole_number")]
    minimum_sample_size: Option<u32>,
    confidence_threshold: Option<Number>,
    #[serde(default, deserialize_with = "lenient_whole_number")]
    minimum_run_days: Option<u32>,
    fallback_image_url: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    fallback_template_uid: Option<String>,
    goal_config: Option<Map<String, Value>>,
    bandit_config: Option<Map<String, Value>>,
    output_config: Option<Map<String, Value>>,
    variants: Option<Vec<Variant>>,
}

fn create(context: &RequestContext) -> ApiResult {
    let request: ExperimentRequest = context.read_body()?;
    let (kind, slug) = (request.kind.clone().unwrap_or_default(), request.slug.clone().unwrap_or_default());
    if !validation::EXPERIMENT_TYPES.contains(&kind.as_str()) {
        return Err(bad_request(format!("type must be one of {}", validation::EXPERIMENT_TYPES.join(", "))));
    }
    validation::check_slug(&slug).map_err(bad_request)?;
    let (uid, now) = (format!("exp_{}", uid::new(8).to_ascii_lowercase()), context.state.now_text());
    let mut experiment = Experiment {
        uid,
        slug,
        kind,
        minimum_sample_size: Some(1000),
        confidence_threshold: Number::from_f64(0.95),
        minimum_run_days: Some(7),
        created_at: now.clone(),
        updated_at: now,
        ..Experiment::default()
    };
    apply_request(&mut experiment, request)?;
    let (store, owner) = (&context.state.store, SlugOwner { uid: experiment.uid.clone() });
    if !store.create(&experiment.slug, &owner)? {
        return Err(slug_in_use(&experiment.slug));
    }
    store.create(&experiment.uid, &experiment)?;
    Ok(ApiResponse::json(StatusCode::CREATED, json!({"experiment": to_response(experiment)})))
}

/// Applies a request to an experiment, except its slug, which must be reserved first.
fn apply_request(experiment: &mut Experiment, request: ExperimentRequest) -> Result<(), ApiError> {
    fn replace<T>(member: &mut Option<T>, given: Option<T>) {
        if given.is_some() {
            *member = given;
        }
    }
    replace(&mut experiment.name, request.name);
    replace(&mut experiment.template_uid, request.template_uid);
    replace(&mut experiment.hypothesis, request.hypothesis);
    replace(&mut experiment.minimum_sample_size, request.minimum_sample_size);
    replace(&mut experiment.confidence_threshold, request.confidence_threshold);
    replace(&mut experiment.minimum_run_days, request.minimum_run_days);
    replace(&mut experiment.fallback_image_url, request.fallback_image_url);
    replace(&mut experiment.fallback_template_uid, request.fallback_template_uid);
    let changed = |members: Option<Map<_, _>>| members.unwrap_or_default();
    replace_members(&mut experiment.goal_config, changed(request.goal_config)).map_err(StoreError::from)?;
    replace_members(&mut experiment.bandit_config, changed(request.bandit_config)).map_err(StoreError::from)?;
    replace_members(&mut experiment.output_config, changed(request.output_config)).map_err(StoreError::from)?;
    if let Some(variants) = request.variants {
        validation::check_variants(&variants).map_err(bad_request)?;
        experiment.variants = with_counts(experiment, variants);
    }
    Ok(())
}

/// Returns the variants of a request with the counts of the stored variants of the same IDs.
fn with_counts(experiment: &Experiment, variants: Vec<Variant>) -> Vec<Variant> {
    let has_default = variants.iter().any(|variant| variant.is_default);
    let counted = variants.into_iter().enumerate().map(|(index, mut variant)| {
        let old = experiment.variant(&variant.id);
        // A test by weights always needs a variant to serve: without a default, the first one is the default.
        let is_fallback = !has_default && index == 0 && experiment.kind == "ab_test";
        variant.is_default |= is_fallback;
        (variant.impressions, variant.clicks) = old.map_or((0, 0), |old| (old.impressions, old.clicks));
        variant
    });
    counted.collect()
}

fn quota(context: &RequestContext) -> ApiResult {
    let mut quota = json!({});
    for kind in validation::EXPERIMENT_TYPES {
        let used = context.state.store.count_of::<Experiment>(&Filter::default().eq("$.type", Some(kind)))?;
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
    Ok(json!({"experiment": to_response(find(context)?)}).into())
}

fn update(context: &RequestContext) -> ApiResult {
    let (store, uid) = (&context.state.store, context.parameter("uid"));
    let request: ExperimentRequest = context.read_body()?;
    let before = find(context)?;
    let slug = request.slug.clone().filter(|slug| *slug != before.slug);
    if let Some(slug) = &slug {
        validation::check_slug(slug).map_err(bad_request)?;
        validation::check_editable(&before, &context.body).map_err(bad_request)?;
        if !store.create(slug, &SlugOwner { uid: uid.to_owned() })? {
            return Err(slug_in_use(slug));
        }
    }
    let changed = store.change(uid, |experiment: &mut Experiment| {
        validation::check_editable(experiment, &context.body).map_err(bad_request)?;
        apply_request(experiment, request)?;
        let old_slug = slug.clone().map(|slug| std::mem::replace(&mut experiment.slug, slug));
        experiment.updated_at = context.state.now_text();
        Ok::<_, ApiError>((experiment.clone(), old_slug))
    });
    // The experiment has only one of the two slugs now: release the other.
    let unused_slug = match &changed {
        Ok(Some((_, old))) => old.as_deref(),
        Ok(None) | Err(_) => slug.as_deref(),
    };
    if let Some(unused_slug) = unused_slug {
        store.delete::<SlugOwner>(unused_slug)?;
    }
    let (experiment, _) = changed?.ok_or_else(not_found)?;
    Ok(json!({"experiment": to_response(experiment)}).into())
}

fn delete(context: &RequestContext) -> ApiResult {
    let (store, experiment) = (&context.state.store, find(context)?);
    if experiment.is_running() {
        return Err(conflict("Cannot delete a running experiment: pause it first", ExperimentStatus::Running));
    }
    if !store.delete::<Experiment>(&experiment.uid)? {
        return Err(not_found());
    }
    store.delete::<SlugOwner>(&experiment.slug)?;
    remove_images(store, &experiment)?;
    Ok(json!({"deleted": true}).into())
}

fn start(context: &RequestContext) -> ApiResult {
    transition(context, "start", ExperimentStatus::Running, |_| Ok(()))
}

fn pause(context: &RequestContext) -> ApiResult {
    transition(context, "pause", ExperimentStatus::Paused, |_| Ok(()))
}

/// Request to complete an experiment.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CompletionRequest {
    winner_variant_id: String,
}

fn complete(context: &RequestContext) -> ApiResult {
    let CompletionRequest { winner_variant_id: winner } = context.read_body()?;
    transition(context, "complete", ExperimentStatus::Completed, |experiment| {
        if experiment.variant(&winner).is_none() {
            return Err(bad_request(format!("winnerVariantId: the experiment has no variant {winner:?}")));
        }
        experiment.winner_variant_id = Some(winner);
        experiment.winner_declared_at = Some(context.state.now_text());
        Ok(())
    })
}

/// Changes the status of an experiment if the transition is allowed.
fn transition(
    context: &RequestContext,
    verb: &str,
    status: ExperimentStatus,
    change: impl FnOnce(&mut Experiment) -> Result<(), ApiError>,
) -> ApiResult {
    let changed = context.state.store.change(context.parameter("uid"), |experiment: &mut Experiment| {
        let current = experiment.status;
        if !current.transitions().contains(&status) {
            return Err(conflict(format!("Cannot {verb} a {} experiment", current.name()), current));
        }
        change(experiment)?;
        experiment.status = status;
        experiment.updated_at = context.state.now_text();
        Ok(experiment.clone())
    })?;
    let experiment = changed.ok_or_else(not_found)?;
    emit_status_events(context, &experiment)?;
    Ok(json!({"experiment": to_response(experiment)}).into())
}

/// Emits the webhook events of a new status.
fn emit_status_events(context: &RequestContext, experiment: &Experiment) -> Result<(), ApiError> {
    let events: &[&str] = match experiment.status {
        ExperimentStatus::Running => &["experiment.started"],
        ExperimentStatus::Completed => &["experiment.completed", "experiment.winner_declared"],
        ExperimentStatus::Draft | ExperimentStatus::Paused | ExperimentStatus::Archived => &[],
    };
    let data = json!({
        "experimentId": experiment.uid,
        "slug": experiment.slug,
        "status": experiment.status,
        "winnerVariantId": experiment.winner_variant_id,
    });
    events.iter().try_for_each(|event| webhooks::emit(&context.state, event, &data))?;
    Ok(())
}

/// Returns an experiment as the API shows it, without internal members.
fn to_response(experiment: Experiment) -> Value {
    json!(Experiment { last_shown: None, ..experiment })
}

fn find(context: &RequestContext) -> Result<Experiment, ApiError> {
    context.state.store.find(context.parameter("uid"))?.ok_or_else(not_found)
}

fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::with_message(StatusCode::BAD_REQUEST, message)
}

/// Returns a 409 with the current status and the transitions that it allows.
fn conflict(message: impl Into<String>, current: ExperimentStatus) -> ApiError {
    ApiError::with_message(StatusCode::CONFLICT, message)
        .with_field("currentStatus", current.name())
        .with_field("allowedTransitions", json!(current.transitions()))
}

fn slug_in_use(slug: &str) -> ApiError {
    ApiError::with_message(StatusCode::CONFLICT, format!("The slug {slug} is in use"))
}

pub(super) fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Experiment not found")
}
