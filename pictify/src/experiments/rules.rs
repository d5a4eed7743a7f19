//! Rules for experiments that are checked before anything is sent.

use super::Weight;
use pictify_api::{
    ValidationErrors,
    types::{Condition, ConditionType, ExperimentVariant, GoalConfig, GoalType},
};

/// Slugs that the service's own URLs use.
const RESERVED: [&str; 8] = ["events", "api", "admin", "health", "status", "pixel", "track", "sdk"];

/// Maximum depth of nested groups of conditions.
const MAX_GROUP_DEPTH: usize = 3;

pub(super) fn slug(slug: &str, found: &mut ValidationErrors) {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = slug.bytes().next().is_some_and(inner) && slug.bytes().next_back().is_some_and(inner);
    let made_of = slug.bytes().all(|byte| inner(byte) || byte == b'-');
    if !(ends && made_of && (3..=60).contains(&slug.len())) {
        let rule = "must be 3 to 60 lower-case letters, digits and hyphens, and not start or end with a hyphen";
        found.push("slug", format!("{rule}, is `{slug}`"));
    } else if RESERVED.contains(&slug) {
        found.push("slug", format!("must not be `{slug}`: the service reserves it"));
    }
}

pub(super) fn variants(variants: &[ExperimentVariant], found: &mut ValidationErrors) {
    found.check_length("variants", "variants", variants.len(), Some(2), None);
    let sum = variants.iter().map(|variant| variant.weight).fold(0, u64::saturating_add);
    if sum != Weight::ALL.get() {
        found.push("variants", format!("must have weights that sum to 10000 (100 percent), have {sum}"));
    }
    for (index, variant) in variants.iter().enumerate() {
        let at = format!("variants[{index}]");
        if variants[..index].iter().any(|other| other.id == variant.id) {
            found.push(&at, format!("must have a unique id; another variant has `{}` too", variant.id));
        }
        if variant.id.is_empty()
            || !variant.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        {
            found.push(&at, format!("must have an id of letters, digits, `_` and `-`, has `{}`", variant.id));
        }
        variant.conditions.iter().for_each(|condition| conditions(&at, condition, found));
        if let Some(schedule) = &variant.schedule {
            let time = |at: &Option<pictify_api::Timestamp>| at.as_ref().and_then(pictify_api::Timestamp::get);
            if let (Some(start), Some(end)) = (time(&schedule.start_at), time(&schedule.end_at)) {
                if end <= start {
                    found.push(&at, "must end after it starts");
                }
            }
        }
    }
}

fn conditions(at: &str, root: &Condition, found: &mut ValidationErrors) {
    let mut open = vec![(1, root)];
    while let Some((level, condition)) = open.pop() {
        if condition.type_ != Some(ConditionType::Group) {
            continue;
        }
        let children = condition.children.as_deref().unwrap_or_default();
        if children.is_empty() {
            found.push(at, "must not have an empty group of conditions");
        }
        if level > MAX_GROUP_DEPTH {
            found.push(at, format!("must not nest groups of conditions more than {MAX_GROUP_DEPTH} levels deep"));
            return;
        }
        open.extend(children.iter().map(|child| (level + 1, child)));
    }
}

pub(super) fn goal(goal: Option<&GoalConfig>, found: &mut ValidationErrors) {
    let Some(goal) = goal else { return };
    match &goal.type_ {
        Some(GoalType::ClickThrough) if goal.destination_url.is_none() => {
            found.push("goalConfig", "must have a destinationUrl for click_through");
        }
        Some(GoalType::CustomEvent) => {
            let name = goal.custom_event_name.as_deref().unwrap_or_default();
            let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
            let made_of = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if !(first && made_of && name.len() <= 50) {
                let rule = "must be a lower-case letter, then up to 49 lower-case letters, digits and underscores";
                found.push("goalConfig.customEventName", format!("{rule}, is `{name}`"));
            }
        }
        _ => {}
    }
}

pub(super) fn confidence(threshold: Option<f64>, found: &mut ValidationErrors) {
    if let Some(threshold) = threshold {
        found.check_range("confidenceThreshold", threshold, Some(0.0), Some(1.0));
    }
}
