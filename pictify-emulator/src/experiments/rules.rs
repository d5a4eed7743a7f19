//! What an experiment must be, and what may happen to it when.

use super::{schedule, targeting};
use serde_json::Value;
use std::collections::BTreeSet;

/// The kinds of experiments.
pub(crate) const KINDS: [&str; 3] = ["ab_test", "smart_link", "scheduled"];

/// How many variants an experiment may have.
pub(crate) const MAX_VARIANTS: usize = 10;

/// What all weights add up to.
const WHOLE: u64 = 10_000;

/// The service's own names in the place of a slug.
const RESERVED: [&str; 8] = ["events", "api", "admin", "health", "status", "pixel", "track", "sdk"];

/// What may change while an experiment runs.
const WHILE_RUNNING: [&str; 4] = ["name", "confidenceThreshold", "minimumRunDays", "goalConfig"];

/// Where an experiment may go from a status.
pub(crate) fn transitions(status: &str) -> &'static [&'static str] {
    match status {
        "draft" => &["running"],
        "running" => &["paused", "completed"],
        "paused" => &["running", "completed"],
        _ => &[],
    }
}

/// The contract says what letters a slug has; this says which slugs are not to be had.
pub(crate) fn check_slug(slug: &str) -> Result<(), String> {
    if RESERVED.contains(&slug) { Err(format!("The slug {slug} is reserved")) } else { Ok(()) }
}

/// What the contract cannot say of variants.
pub(crate) fn check_variants(variants: &[Value]) -> Result<(), String> {
    if variants.len() > MAX_VARIANTS {
        return Err(format!("variants: at most {MAX_VARIANTS}, not {}", variants.len()));
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and not negative, by the contract"
    )]
    let weights: u64 =
        variants.iter().filter_map(|variant| variant["weight"].as_f64()).map(|weight| weight as u64).sum();
    if weights != WHOLE {
        return Err(format!("variants: the weights must sum to {WHOLE}, not {weights}"));
    }
    let mut ids = BTreeSet::new();
    for (index, variant) in variants.iter().enumerate() {
        let id = variant["id"].as_str().unwrap_or_default();
        if !ids.insert(id) {
            return Err(format!("variants[{index}]: the id {id} is there twice"));
        }
        targeting::check(&variant["conditions"]).map_err(|wrong| format!("variants[{index}].conditions: {wrong}"))?;
        schedule::check(&variant["schedule"]).map_err(|wrong| format!("variants[{index}].schedule: {wrong}"))?;
    }
    Ok(())
}

/// Whether an experiment may change like that now.
pub(crate) fn check_editable(experiment: &Value, change: &Value) -> Result<(), String> {
    let status = experiment["status"].as_str().unwrap_or_default();
    for (name, value) in change.as_object().into_iter().flatten() {
        if name == "type" && *value != experiment["type"] {
            return Err("type can never be changed".to_owned());
        }
        let editable = match status {
            "draft" | "paused" => true,
            "running" => WHILE_RUNNING.contains(&name.as_str()),
            "completed" => name == "name",
            _ => false,
        };
        // Clients send back what they have read.
        if !editable && *value != experiment[name] {
            return Err(format!("{name} cannot be changed while the experiment is {status}"));
        }
        if status == "running" && name == "goalConfig" {
            let other = |(member, value): &(&String, &Value)| {
                *member != "destinationUrl" && experiment["goalConfig"][member.as_str()] != **value
            };
            if let Some((member, _)) = value.as_object().into_iter().flatten().find(other) {
                return Err(format!("goalConfig.{member} cannot be changed while the experiment is running"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_editable_depends_on_the_status() {
        for (status, change, wrong) in [
            ("draft", json!({"variants": [], "slug": "new", "goalConfig": {"type": "click_through"}}), None),
            ("paused", json!({"hypothesis": "h"}), None),
            ("running", json!({"name": "n", "goalConfig": {"destinationUrl": "https://example.com"}}), None),
            ("running", json!({"goalConfig": {"type": "impressions_only"}, "slug": "old"}), None),
            ("running", json!({"goalConfig": {"type": "click_through"}}), Some("goalConfig.type")),
            ("running", json!({"slug": "new"}), Some("slug")),
            ("completed", json!({"name": "n"}), None),
            ("completed", json!({"minimumRunDays": 3}), Some("minimumRunDays")),
            ("archived", json!({"name": "n"}), Some("name")),
            ("draft", json!({"type": "scheduled"}), Some("type")),
        ] {
            let experiment = json!({"status": status, "type": "ab_test", "slug": "old",
                "goalConfig": {"type": "impressions_only"}});
            let found = check_editable(&experiment, &change).err();
            let names = found.as_ref().map(|wrong| wrong.split(' ').next().unwrap());
            assert_eq!(names, wrong, "{status} {change}");
        }
    }
}
