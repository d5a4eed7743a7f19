//! Experiments: the list, and the variants of an experiment with their counts.

use super::{PREFIX, not_found, redirect, request::PageRequest, searched_list::SearchedList, view};
use crate::{experiments::Experiment, operations, response::ApiResult, store::Document as _};
use serde_json::{Value, json};

/// Shows the list of experiments.
pub(super) fn list(request: &PageRequest<'_>) -> ApiResult {
    let list = SearchedList {
        kind: Experiment::KIND,
        area: "experiments",
        title: "Experiments",
        label: "Search experiments by name, slug or template",
        item,
    };
    list.show(request)
}

/// Returns what the pages show of an experiment.
fn item(experiment: &Value) -> Value {
    let variants = experiment["variants"].as_array().map(Vec::as_slice).unwrap_or_default();
    let total = |name: &str| variants.iter().filter_map(|variant| variant[name].as_u64()).sum::<u64>();
    let status = experiment["status"].as_str().unwrap_or_default();
    json!({
        "uid": experiment["uid"],
        "name": experiment["name"].as_str().or(experiment["slug"].as_str()),
        "slug": experiment["slug"],
        "type": experiment["type"],
        "status": status,
        "canStart": matches!(status, "draft" | "paused"),
        "canPause": status == "running",
        "canComplete": matches!(status, "running" | "paused"),
        "templateUid": experiment["templateUid"],
        "variantCount": variants.len(),
        "impressions": total("impressions"),
        "clicks": total("clicks"),
        "createdAt": experiment["createdAt"],
        "hypothesis": experiment["hypothesis"],
        "winner": experiment["winnerVariantId"],
    })
}

/// Shows an experiment.
pub(super) fn show(request: &PageRequest<'_>, uid: &str) -> ApiResult {
    let experiment = request.state.store.get(Experiment::KIND, uid)?.ok_or_else(not_found)?;
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let variants = experiment["variants"].as_array().into_iter().flatten();
    let variants: Vec<_> = variants
        .map(|variant| {
            let (impressions, clicks) = (number(&variant["impressions"]), number(&variant["clicks"]));
            #[allow(clippy::cast_precision_loss, reason = "shown with one decimal")]
            let rate = clicks as f64 * 100.0 / impressions.max(1) as f64;
            json!({
                "id": variant["id"],
                "name": variant["name"].as_str().or(variant["id"].as_str()),
                "isDefault": variant["isDefault"],
                "weight": variant["weight"],
                "impressions": impressions,
                "clicks": clicks,
                "rate": format!("{rate:.1} %"),
                "isWinner": variant["id"] == experiment["winnerVariantId"],
                "variables": serde_json::to_string_pretty(&variant["variables"]).unwrap_or_default(),
            })
        })
        .collect();
    let data = json!({"experiment": item(&experiment), "variants": variants, "problem": request.parameter("problem"),
        "goal": serde_json::to_string_pretty(&experiment["goalConfig"]).unwrap_or_default()});
    view::page(request.state, "experiments", "experiment", item(&experiment)["name"].as_str().unwrap_or(uid), data)
}

/// Starts, pauses, completes or deletes an experiment.
pub(super) async fn change(request: &PageRequest<'_>, uid: &str, action: &str) -> ApiResult {
    let operation = match action {
        "start" => "startExperiment",
        "pause" => "pauseExperiment",
        "complete" => "completeExperiment",
        "delete" => "deleteExperiment",
        _ => return Err(not_found()),
    };
    let changed = operations::call(request.state, operation, &[("uid", uid)], &[], json!({})).await;
    let path = format!("{PREFIX}experiments/{uid}");
    Ok(redirect(&match changed {
        Ok(_) if action == "delete" => view::path("experiments"),
        Ok(_) => path,
        Err(error) => {
            format!(
                "{path}?problem={}",
                form_urlencoded::byte_serialize(error.message().as_bytes()).collect::<String>()
            )
        }
    }))
}
