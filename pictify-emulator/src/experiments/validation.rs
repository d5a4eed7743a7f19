//! Validation of experiments and of their changes.

use super::{schedule, targeting};
use serde_json::Value;
use std::collections::BTreeSet;

/// Types of experiments.
pub(crate) const EXPERIMENT_TYPES: [&str; 3] = ["ab_test", "smart_link", "scheduled"];

/// Maximum number of variants of an experiment.
pub(crate) const MAX_VARIANTS: usize = 10;

/// Sum of the weights of all variants.
const TOTAL_WEIGHT: u64 = 10_000;

/// Path segments of the API that cannot be slugs.
const RESERVED_SLUGS: [&str; 8] = ["events", "api", "admin", "health", "status", "pixel", "track", "sdk"];

/// Members that can be changed while an experiment is running.
const EDITABLE_WHILE_RUNNING: [&str; 4] = ["name", "confidenceThreshold", "minimumRunDays", "goalConfig"];

/// Returns the statuses that an experiment can change to.
pub(crate) fn transitions(status: &str) -> &'static [&'static str] {
    match status {
        "draft" => &["running"],
        "running" => &["paused", "completed"],
        "paused" => &["running", "completed"],
        _ => &[],
    }
}

/// Checks that a slug is not reserved. The contract already checks its characters.
pub(crate) fn check_slug(slug: &str) -> Result<(), String> {
    if RESERVED_SLUGS.contains(&slug) { Err(format!("The slug {slug} is reserved")) } else { Ok(()) }
}

/// Checks the rules for variants that the contract cannot express.
pub(crate) fn check_variants(variants: &[Value]) -> Result<(), String> {
    if variants.len() > MAX_VARIANTS {
        return Err(format!("variants: at most {MAX_VARIANTS}, not {}", variants.len()));
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the contract allows only integers from 0"
    )]
    let weights: u64 =
        variants.iter().filter_map(|variant| variant["weight"].as_f64()).map(|weight| weight as u64).sum();
    if weights != TOTAL_WEIGHT {
        return Err(format!("variants: the weights must sum to {TOTAL_WEIGHT}, not {weights}"));
    }
    let mut ids = BTreeSet::new();
    for (index, variant) in variants.iter().enumerate() {
        let id = variant["id"].as_str().unwrap_or_default();
        if !ids.insert(id) {
            return Err(format!("variants[{index}]: duplicate id {id}"));
        }
        targeting::check(&variant["conditions"]).map_err(|error| format!("variants[{index}].conditions: {error}"))?;
        schedule::check(&variant["schedule"]).map_err(|error| format!("variants[{index}].schedule: {error}"))?;
    }
    Ok(())
}

/// Checks that the status of an experiment allows a change.
pub(crate) fn check_editable(experiment: &Value, change: &Value) -> Result<(), String> {
    let status = experiment["status"].as_str().unwrap_or_default();
    for (name, value) in change.as_object().into_iter().flatten() {
        if name == "type" && *value != experiment["type"] {
            return Err("type cannot be changed".to_owned());
        }
        let editable = match status {
            "draft" | "paused" => true,
            "running" => EDITABLE_WHILE_RUNNING.contains(&name.as_str()),
            "completed" => name == "name",
            _ => false,
        };
        // Clients may send back members that they have read, if the values are unchanged.
        if !editable && *value != experiment[name] {
            return Err(format!("{name} cannot be changed while the experiment is {status}"));
        }
        if status == "running" && name == "goalConfig" {
            let is_locked = |(member, value): &(&String, &Value)| {
                *member != "destinationUrl" && experiment["goalConfig"][member.as_str()] != **value
            };
            if let Some((member, _)) = value.as_object().into_iter().flatten().find(is_locked) {
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
    fn editable_members_depend_on_the_status() {
        for (status, change, rejected) in [
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
            let member = found.as_ref().map(|error| error.split(' ').next().unwrap());
            assert_eq!(member, rejected, "{status} {change}");
        }
    }
}
