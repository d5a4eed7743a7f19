//! Bounds of a schema, and the comparison of two sets of bounds.

use super::difference::Relation;
use serde_json::{Number, Value};
use std::collections::BTreeMap;

/// Lower bounds: a higher value is stricter.
const LOWER: [&str; 5] = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"];
/// Upper bounds: a lower value is stricter.
const UPPER: [&str; 5] = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"];
/// Rules that are either equal or different.
const RULES: [&str; 3] = ["pattern", "multipleOf", "uniqueItems"];

/// Bounds of a schema by keyword.
#[derive(Clone, Default)]
pub struct Bounds<'a> {
    limits: BTreeMap<&'static str, &'a Number>,
    rules: BTreeMap<&'static str, &'a Value>,
}

impl<'a> Bounds<'a> {
    /// Adds the bounds of `schema`. The first value of a keyword counts.
    pub fn read(&mut self, schema: &'a Value) {
        for keyword in LOWER.into_iter().chain(UPPER) {
            let Some(Value::Number(limit)) = schema.get(keyword) else { continue };
            // In 3.0 `exclusiveMinimum` is a flag of the bound, in 3.1 it is a bound of its own.
            let exclusive = match keyword {
                "minimum" => "exclusiveMinimum",
                "maximum" => "exclusiveMaximum",
                _ => "",
            };
            let is_exclusive = schema.get(exclusive) == Some(&Value::Bool(true));
            let keyword =
                LOWER.into_iter().chain(UPPER).find(|known| is_exclusive && *known == exclusive).unwrap_or(keyword);
            // A minimum length of 0 is not a bound.
            if keyword.starts_with("min") && keyword != "minimum" && limit.as_u64() == Some(0) {
                continue;
            }
            self.limits.entry(keyword).or_insert(limit);
        }
        for keyword in RULES {
            if let Some(rule) = schema.get(keyword).filter(|rule| **rule != Value::Bool(false)) {
                self.rules.entry(keyword).or_insert(rule);
            }
        }
    }

    /// Returns `true` if there are no bounds.
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty() && self.rules.is_empty()
    }

    /// Returns the bounds that both sets have.
    pub fn common(&self, other: &Self) -> Self {
        let mut common = self.clone();
        common.limits.retain(|keyword, limit| other.limits.get(keyword) == Some(limit));
        common.rules.retain(|keyword, rule| other.rules.get(keyword) == Some(rule));
        common
    }

    /// Returns the differing keywords with our value, their value, and the relation of the allowed values.
    pub fn differences(&self, theirs: &Self) -> Vec<(&'static str, Option<String>, Option<String>, Relation)> {
        let mut found = Vec::new();
        for keyword in LOWER.into_iter().chain(UPPER) {
            let [ours, theirs] = [self, theirs].map(|bounds| bounds.limits.get(keyword).copied());
            let way = match (ours.and_then(Number::as_f64), theirs.and_then(Number::as_f64)) {
                (Some(ours), Some(theirs)) if LOWER.contains(&keyword) == (theirs > ours) => Relation::Narrower,
                (None, Some(_)) => Relation::Narrower,
                _ => Relation::Wider,
            };
            let same = match (ours.and_then(Number::as_f64), theirs.and_then(Number::as_f64)) {
                (Some(ours), Some(theirs)) => (ours - theirs).abs() < f64::EPSILON,
                (ours, theirs) => ours.is_none() && theirs.is_none(),
            };
            if !same {
                found.push((keyword, ours.map(ToString::to_string), theirs.map(ToString::to_string), way));
            }
        }
        for keyword in RULES {
            let [ours, theirs] = [self, theirs].map(|bounds| bounds.rules.get(keyword).copied());
            if ours == theirs {
                continue;
            }
            let way = match (ours, theirs) {
                (None, _) => Relation::Narrower,
                (_, None) => Relation::Wider,
                _ => Relation::Incomparable,
            };
            found.push((keyword, ours.map(ToString::to_string), theirs.map(ToString::to_string), way));
        }
        found
    }
}
