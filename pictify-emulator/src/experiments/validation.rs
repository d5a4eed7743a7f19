//! Validation of experiments and of their changes.

use super::{Experiment, ExperimentStatus, Variant};
use crate::store::to_json;
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

/// Checks that a slug is not reserved. The contract already checks its characters.
pub(crate) fn check_slug(slug: &str) -> Result<(), String> {
    if RESERVED_SLUGS.contains(&slug) { Err(format!("The slug {slug} is reserved")) } else { Ok(()) }
}

/// Checks the rules for variants that the contract cannot express.
pub(crate) fn check_variants(variants: &[Variant]) -> Result<(), String> {
    if variants.len() > MAX_VARIANTS {
        return Err(format!("variants: at most {MAX_VARIANTS}, not {}", variants.len()));
    }
    let weights: u64 = variants.iter().map(|variant| u64::from(variant.weight)).sum();
    if weights != TOTAL_WEIGHT {
        return Err(format!("variants: the weights must sum to {TOTAL_WEIGHT}, not {weights}"));
    }
    let mut ids = BTreeSet::new();
    for (index, variant) in variants.iter().enumerate() {
        if !ids.insert(&variant.id) {
            return Err(format!("variants[{index}]: duplicate id {}", variant.id));
        }
        if let Some(condition) = &variant.conditions {
            condition.check().map_err(|error| format!("variants[{index}].conditions: {error}"))?;
        }
        if let Some(schedule) = &variant.schedule {
            schedule.check().map_err(|error| format!("variants[{index}].schedule: {error}"))?;
        }
    }
    Ok(())
}

/// Checks that the status of an experiment allows a change.
pub(crate) fn check_editable(experiment: &Experiment, change: &Value) -> Result<(), String> {
    let stored = to_json(experiment).map_err(|error| error.to_string())?;
    let status = experiment.status;
    for (name, value) in change.as_object().into_iter().flatten() {
        if name == "type" && *value != stored["type"] {
            return Err("type cannot be changed".to_owned());
        }
        let editable = match status {
            ExperimentStatus::Draft | ExperimentStatus::Paused => true,
            ExperimentStatus::Running => EDITABLE_WHILE_RUNNING.contains(&name.as_str()),
            ExperimentStatus::Completed => name == "name",
            ExperimentStatus::Archived => false,
        };
        // Clients may send back members that they have read, if the values are unchanged.
        if !editable && *value != stored[name] {
            return Err(format!("{name} cannot be changed while the experiment is {}", status.name()));
        }
        if status == ExperimentStatus::Running && name == "goalConfig" {
            let is_locked = |(member, value): &(&String, &Value)| {
                *member != "destinationUrl" && stored["goalConfig"][member.as_str()] != **value
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
            let found = check_editable(&serde_json::from_value(experiment).unwrap(), &change).err();
            let member = found.as_ref().map(|error| error.split(' ').next().unwrap());
            assert_eq!(member, rejected, "{status} {change}");
        }
    }
}
