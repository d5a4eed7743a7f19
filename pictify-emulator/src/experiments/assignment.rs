//! Assignment of visitors to variants.

use super::{
    Experiment, ExperimentStatus, Variant,
    schedule::Schedule,
    targeting::{Condition, Visitor},
};
use jiff::Timestamp;
use rand_distr::{Beta, Distribution};
use serde_json::Number;

/// Result of the assignment of a visitor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Assignment<'a> {
    /// A variant. Impressions count only while the experiment is running.
    Variant(&'a Variant),
    /// No variant matches at this time: the fallback is served.
    Fallback,
    /// No variant will match any more.
    Ended,
}

/// Assigns a visitor to a variant, by the type and the status of the experiment.
pub(crate) fn assign<'a>(experiment: &'a Experiment, visitor: &Visitor, now: Timestamp) -> Assignment<'a> {
    let variants = experiment.variants.as_slice();
    let default = variants.iter().find(|variant| variant.is_default);
    let or_default =
        |variant: Option<&'a Variant>| variant.or(default).map_or(Assignment::Fallback, Assignment::Variant);
    match experiment.status {
        ExperimentStatus::Running => {}
        // A paused experiment still serves an image, but counts no events.
        ExperimentStatus::Paused => return or_default(None),
        ExperimentStatus::Completed => {
            let winner = experiment.winner_variant_id.as_ref().and_then(|winner| experiment.variant(winner));
            return winner.map_or(Assignment::Ended, Assignment::Variant);
        }
        ExperimentStatus::Archived => return Assignment::Ended,
        ExperimentStatus::Draft => return Assignment::Fallback,
    }
    match experiment.kind.as_str() {
        "smart_link" => or_default(by_conditions(variants, visitor)),
        "scheduled" => {
            let schedule = |variant: &'a Variant| variant.schedule.as_ref();
            let covers = |variant: &&'a Variant| schedule(variant).is_some_and(|schedule| schedule.covers(now));
            let has_ended = |variant| schedule(variant).is_none_or(|schedule: &Schedule| schedule.has_ended(now));
            match or_default(variants.iter().find(covers)) {
                Assignment::Fallback if variants.iter().all(has_ended) => Assignment::Ended,
                assignment => assignment,
            }
        }
        _ => or_default(by_random(experiment)),
    }
}

/// Returns the first variant whose conditions match, by priority. Variants without a priority come last.
fn by_conditions<'a>(variants: &'a [Variant], visitor: &Visitor) -> Option<&'a Variant> {
    let matches = |variant: &&Variant| {
        variant.conditions.as_ref().is_some_and(|condition: &Condition| condition.matches(visitor))
    };
    let priority = |variant: &&Variant| variant.priority.as_ref().and_then(Number::as_i64).unwrap_or(i64::MAX);
    variants.iter().filter(matches).min_by_key(priority)
}

/// Draws a variant by weight or, if the bandit is enabled and past its warm-up, by its statistics.
fn by_random(experiment: &Experiment) -> Option<&Variant> {
    let (variants, bandit) = (&experiment.variants, &experiment.bandit_config);
    let impressions: u64 = variants.iter().map(|variant| u64::from(variant.impressions)).sum();
    let is_warm = impressions >= bandit.warmup_impressions.unwrap_or(50).into();
    if !bandit.enabled || !is_warm {
        return by_weight(variants);
    }
    let candidates = variants.iter().filter(|variant| variant.weight > 0);
    let best = |score: fn(&Variant) -> f64| {
        candidates
            .map(|variant| (score(variant), variant))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, variant)| variant)
    };
    match bandit.algorithm.as_str() {
        "epsilon_greedy" if fastrand::f64() < EPSILON => by_weight(variants),
        "epsilon_greedy" => best(|variant| {
            let (clicks, impressions) = statistics(variant);
            clicks / impressions.max(1.0)
        }),
        _ => best(|variant| {
            let (clicks, impressions) = statistics(variant);
            sample_beta(clicks + 1.0, impressions - clicks + 1.0)
        }),
    }
}

/// Exploration rate of the epsilon-greedy algorithm.
const EPSILON: f64 = 0.1;

/// Draws a variant by weight.
fn by_weight(variants: &[Variant]) -> Option<&Variant> {
    let total: u64 = variants.iter().map(|variant| u64::from(variant.weight)).sum();
    let mut drawn = if total == 0 { return None } else { fastrand::u64(..total) };
    variants.iter().find(|variant| {
        let weight = variant.weight.into();
        let is_drawn = drawn < weight;
        drawn = drawn.saturating_sub(weight);
        is_drawn
    })
}

/// Returns the clicks and the impressions of a variant. A click can arrive without its impression, so clicks are capped at
/// impressions.
fn statistics(variant: &Variant) -> (f64, f64) {
    (variant.clicks.min(variant.impressions).into(), variant.impressions.into())
}

/// Samples the beta distribution. Parameters of at least 1 are always valid.
fn sample_beta(a: f64, b: f64) -> f64 {
    Beta::new(a, b).map_or(0.0, |beta| beta.sample(&mut rand::rng()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn parse(experiment: &Value) -> Experiment {
        serde_json::from_value(experiment.clone()).unwrap()
    }

    /// Counts the assignments of each variant in a thousand draws.
    fn count_draws(experiment: &Experiment) -> BTreeMap<String, u32> {
        let mut draws = BTreeMap::new();
        for _ in 0..1000 {
            let Assignment::Variant(variant) = assign(experiment, &Visitor::default(), Timestamp::UNIX_EPOCH) else {
                panic!()
            };
            *draws.entry(variant.id.clone()).or_default() += 1;
        }
        draws
    }

    fn ab_test(bandit: &Value, a: [u64; 3], b: [u64; 3]) -> Experiment {
        let variant = |id: &str, [weight, impressions, clicks]: [u64; 3]| json!({"id": id, "weight": weight, "impressions": impressions, "clicks": clicks});
        parse(
            &json!({"type": "ab_test", "status": "running", "banditConfig": bandit, "variants": [variant("a", a), variant("b", b)]}),
        )
    }

    #[test]
    fn draws_follow_the_weights() {
        let drawn = count_draws(&ab_test(&json!({}), [9000, 0, 0], [1000, 0, 0]));
        // 85 is nine standard deviations.
        assert!((815..=985).contains(&drawn["a"]), "{drawn:?}");
        assert_eq!(count_draws(&ab_test(&json!({}), [0, 0, 0], [10_000, 0, 0]))["b"], 1000);
    }

    #[test]
    fn a_bandit_prefers_clicked_variants_after_its_warm_up() {
        for (bandit, impressions, min, max) in [
            (json!({"enabled": true}), 1000, 990, 1000),
            (json!({"enabled": true, "algorithm": "epsilon_greedy"}), 1000, 885, 1000),
            (json!({"enabled": true, "warmupImpressions": 5000}), 1000, 350, 650),
            (json!({"enabled": false}), 1000, 350, 650),
        ] {
            let drawn = count_draws(&ab_test(&bandit, [5000, impressions, 10], [5000, impressions, 500]));
            assert!((min..=max).contains(&drawn["b"]), "{bandit}: {drawn:?}");
        }
    }

    #[test]
    fn beta_samples_have_the_expected_mean() {
        let mean: f64 = (0..10_000).map(|_| sample_beta(3.0, 7.0)).sum::<f64>() / 10_000.0;
        assert!((mean - 0.3).abs() < 0.015, "{mean}");
    }

    #[test]
    fn smart_links_and_schedules_are_deterministic() {
        let condition = |parameter: &str| json!({"type": "rule", "property": "url.param", "paramName": parameter, "operator": "eq", "value": "1"});
        let link = json!({"type": "smart_link", "status": "running", "variants": [
            {"id": "last", "conditions": condition("x")},
            {"id": "first", "priority": 1, "conditions": condition("x")},
            {"id": "second", "priority": 2, "conditions": condition("y")},
            {"id": "other", "isDefault": true},
        ]});
        let schedule = |start: &str, end: &str| json!({"startAt": start, "endAt": end});
        let timed = json!({"type": "scheduled", "status": "running", "variants": [
            {"id": "may", "schedule": schedule("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z")},
            {"id": "july", "schedule": schedule("2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z")},
        ]});
        let with = |experiment: &Value, name: &str, value: &str| {
            let mut experiment = experiment.clone();
            experiment[name] = value.into();
            experiment
        };
        let completed = with(&with(&link, "status", "completed"), "winnerVariantId", "second");
        for (experiment, parameters, now, expected) in [
            (&link, &["x", "y"][..], "2026-05-10T00:00:00Z", Ok("first")),
            (&link, &["y"], "2026-05-10T00:00:00Z", Ok("second")),
            (&link, &[], "2026-05-10T00:00:00Z", Ok("other")),
            (&with(&link, "status", "paused"), &["y"], "2026-05-10T00:00:00Z", Ok("other")),
            (&with(&link, "status", "draft"), &["y"], "2026-05-10T00:00:00Z", Err(Assignment::Fallback)),
            (&completed, &["x"], "2026-05-10T00:00:00Z", Ok("second")),
            (&timed, &[], "2026-05-10T00:00:00Z", Ok("may")),
            (&timed, &[], "2026-07-10T00:00:00Z", Ok("july")),
            (&timed, &[], "2026-06-10T00:00:00Z", Err(Assignment::Fallback)),
            (&timed, &[], "2026-09-10T00:00:00Z", Err(Assignment::Ended)),
        ] {
            let parameters = parameters.iter().map(|name| ((*name).to_owned(), "1".to_owned())).collect();
            let visitor = Visitor { parameters, ..Visitor::default() };
            let parsed = parse(experiment);
            let assigned = match assign(&parsed, &visitor, now.parse().unwrap()) {
                Assignment::Variant(variant) => Ok(variant.id.as_str()),
                other => Err(other),
            };
            assert_eq!(assigned, expected, "{experiment} {now}");
        }
    }
}
