//! Which variant a visitor sees.

use super::{
    schedule,
    targeting::{self, Visitor},
};
use jiff::Timestamp;
use serde_json::Value;

/// What an experiment has for a visitor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Choice<'a> {
    /// A variant; it is counted while the experiment runs.
    Variant(&'a Value),
    /// Nothing fits now; the fallback is shown.
    Nothing,
    /// Nothing will fit again.
    Over,
}

/// Chooses for a visitor, by what the experiment is and where it stands.
pub(crate) fn choose<'a>(experiment: &'a Value, visitor: &Visitor, now: Timestamp) -> Choice<'a> {
    let variants = experiment["variants"].as_array().map(Vec::as_slice).unwrap_or_default();
    let default = variants.iter().find(|variant| variant["isDefault"] == true);
    let or_default = |variant: Option<&'a Value>| variant.or(default).map_or(Choice::Nothing, Choice::Variant);
    match experiment["status"].as_str().unwrap_or_default() {
        "running" => {}
        // Pages keep a picture while nothing is counted.
        "paused" => return or_default(None),
        "completed" => {
            let winner = variants.iter().find(|variant| variant["id"] == experiment["winnerVariantId"]);
            return winner.map_or(Choice::Over, Choice::Variant);
        }
        "archived" => return Choice::Over,
        _ => return Choice::Nothing,
    }
    match experiment["type"].as_str().unwrap_or_default() {
        "smart_link" => or_default(by_condition(variants, visitor)),
        "scheduled" => {
            let covers = |variant: &&Value| schedule::covers(&variant["schedule"], now);
            let is_over =
                |variant: &Value| variant["schedule"].is_null() || schedule::is_over(&variant["schedule"], now);
            match or_default(variants.iter().find(covers)) {
                Choice::Nothing if variants.iter().all(is_over) => Choice::Over,
                choice => choice,
            }
        }
        _ => or_default(by_draw(experiment, variants)),
    }
}

/// The first that fits, in the order of their priorities; those without one come last.
fn by_condition<'a>(variants: &'a [Value], visitor: &Visitor) -> Option<&'a Value> {
    let fits = |variant: &&Value| {
        let condition = &variant["conditions"];
        condition.is_object() && targeting::fits(condition, visitor)
    };
    let priority = |variant: &&Value| variant["priority"].as_i64().unwrap_or(i64::MAX);
    variants.iter().filter(fits).min_by_key(priority)
}

/// By weights, or by what was learnt so far.
fn by_draw<'a>(experiment: &'a Value, variants: &'a [Value]) -> Option<&'a Value> {
    let bandit = &experiment["banditConfig"];
    let shown: u64 = variants.iter().map(|variant| counted(variant, "impressions")).sum();
    let is_warm = shown >= bandit["warmupImpressions"].as_u64().unwrap_or(50);
    if bandit["enabled"] != true || !is_warm {
        return by_weight(variants);
    }
    let in_play = variants.iter().filter(|variant| counted(variant, "weight") > 0);
    let best = |score: fn(&Value) -> f64| {
        in_play.map(|variant| (score(variant), variant)).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, variant)| variant)
    };
    match bandit["algorithm"].as_str() {
        Some("epsilon_greedy") if fastrand::f64() < EXPLORED => by_weight(variants),
        Some("epsilon_greedy") => best(|variant| {
            let (clicks, shown) = successes(variant);
            clicks / shown.max(1.0)
        }),
        _ => best(|variant| {
            let (clicks, shown) = successes(variant);
            beta(clicks + 1.0, shown - clicks + 1.0)
        }),
    }
}

/// The share of visitors by whom the greedy algorithm goes on learning.
const EXPLORED: f64 = 0.1;

fn by_weight(variants: &[Value]) -> Option<&Value> {
    let total: u64 = variants.iter().map(|variant| counted(variant, "weight")).sum();
    let mut drawn = if total == 0 { return None } else { fastrand::u64(..total) };
    variants.iter().find(|variant| {
        let weight = counted(variant, "weight");
        let is_it = drawn < weight;
        drawn = drawn.saturating_sub(weight);
        is_it
    })
}

fn counted(variant: &Value, what: &str) -> u64 {
    variant[what].as_u64().unwrap_or_default()
}

/// Clicks and impressions. A click may come without its impression; there are never more of them here.
fn successes(variant: &Value) -> (f64, f64) {
    let shown = variant["impressions"].as_f64().unwrap_or_default();
    (variant["clicks"].as_f64().unwrap_or_default().min(shown), shown)
}

/// A draw from the beta distribution, as the share of one of two draws from gamma distributions.
fn beta(a: f64, b: f64) -> f64 {
    let (a, b) = (gamma(a), gamma(b));
    a / (a + b)
}

/// A draw from the gamma distribution of a shape of at least 1, by the squeeze of Marsaglia and Tsang.
fn gamma(shape: f64) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let normal = (-2.0 * (1.0 - fastrand::f64()).ln()).sqrt() * (std::f64::consts::TAU * fastrand::f64()).cos();
        let v = (1.0 + c * normal).powi(3);
        if v > 0.0 && (1.0 - fastrand::f64()).ln() < 0.5 * normal * normal + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    /// How often each variant is drawn of a thousand times.
    fn draws(experiment: &Value) -> BTreeMap<String, u32> {
        let mut draws = BTreeMap::new();
        for _ in 0..1000 {
            let Choice::Variant(variant) = choose(experiment, &Visitor::default(), Timestamp::UNIX_EPOCH) else {
                panic!()
            };
            *draws.entry(variant["id"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        draws
    }

    fn ab(bandit: &Value, a: [u64; 3], b: [u64; 3]) -> Value {
        let variant = |id: &str, [weight, impressions, clicks]: [u64; 3]| json!({"id": id, "weight": weight, "impressions": impressions, "clicks": clicks});
        json!({"type": "ab_test", "status": "running", "banditConfig": bandit, "variants": [variant("a", a), variant("b", b)]})
    }

    #[test]
    fn draws_follow_the_weights() {
        let drawn = draws(&ab(&Value::Null, [9000, 0, 0], [1000, 0, 0]));
        // Nine standard deviations are 85.
        assert!((815..=985).contains(&drawn["a"]), "{drawn:?}");
        assert_eq!(draws(&ab(&Value::Null, [0, 0, 0], [10_000, 0, 0]))["b"], 1000);
    }

    #[test]
    fn a_bandit_moves_to_what_is_clicked_once_it_is_warm() {
        for (bandit, shown, least, most) in [
            (json!({"enabled": true}), 1000, 990, 1000),
            (json!({"enabled": true, "algorithm": "epsilon_greedy"}), 1000, 885, 1000),
            (json!({"enabled": true, "warmupImpressions": 5000}), 1000, 350, 650),
            (json!({"enabled": false}), 1000, 350, 650),
        ] {
            let drawn = draws(&ab(&bandit, [5000, shown, 10], [5000, shown, 500]));
            assert!((least..=most).contains(&drawn["b"]), "{bandit}: {drawn:?}");
        }
    }

    #[test]
    fn beta_has_the_mean_that_it_should() {
        let mean: f64 = (0..10_000).map(|_| beta(3.0, 7.0)).sum::<f64>() / 10_000.0;
        assert!((mean - 0.3).abs() < 0.015, "{mean}");
    }

    #[test]
    fn links_and_schedules_are_no_lottery() {
        let when = |parameter: &str| json!({"type": "rule", "property": "url.param", "paramName": parameter, "operator": "eq", "value": "1"});
        let link = json!({"type": "smart_link", "status": "running", "variants": [
            {"id": "last", "conditions": when("x")},
            {"id": "first", "priority": 1, "conditions": when("x")},
            {"id": "second", "priority": 2, "conditions": when("y")},
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
            (&with(&link, "status", "draft"), &["y"], "2026-05-10T00:00:00Z", Err(Choice::Nothing)),
            (&completed, &["x"], "2026-05-10T00:00:00Z", Ok("second")),
            (&timed, &[], "2026-05-10T00:00:00Z", Ok("may")),
            (&timed, &[], "2026-07-10T00:00:00Z", Ok("july")),
            (&timed, &[], "2026-06-10T00:00:00Z", Err(Choice::Nothing)),
            (&timed, &[], "2026-09-10T00:00:00Z", Err(Choice::Over)),
        ] {
            let parameters = parameters.iter().map(|name| ((*name).to_owned(), "1".to_owned())).collect();
            let visitor = Visitor { parameters, ..Visitor::default() };
            let chosen = match choose(experiment, &visitor, now.parse().unwrap()) {
                Choice::Variant(variant) => Ok(variant["id"].as_str().unwrap()),
                other => Err(other),
            };
            assert_eq!(chosen, expected, "{experiment} {now}");
        }
    }
}
