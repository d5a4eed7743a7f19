//! Members of documents that lists filter by and that are summed, for each kind.
//!
//! A new document enters one list for each combination of its values that a request may filter by. So every list has an
//! index of its own and its length is known, however many documents there are. Filters that have no index work, but
//! read every document of the smallest list that contains all matches.

use super::filter::{Condition, Filter, at, contains};
use serde_json::Value;
use std::collections::BTreeSet;

/// Indexed members of the documents of a kind.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    kind: &'static str,
    /// Groups of conditions. Every combination within a group is indexed.
    groups: &'static [&'static [Indexed]],
    /// JSON paths of the numbers that are summed.
    sums: &'static [&'static str],
    /// JSON path of the time that determines the month of the sums.
    month: &'static str,
    /// JSON paths of the texts that a search looks at.
    texts: &'static [&'static str],
}

/// Condition that is indexed.
#[derive(Debug)]
enum Indexed {
    /// Each value at this JSON path.
    Value(&'static str),
    /// Arrays at this JSON path that contain this text.
    Containing(&'static str, &'static str),
}

use Indexed::{Containing, Value as V};

impl Indexes {
    const fn of(kind: &'static str, groups: &'static [&'static [Indexed]]) -> Self {
        Self { kind, groups, sums: &[], month: "", texts: &[] }
    }
}

/// Indexes of all kinds that have any.
const INDEXES: &[Indexes] = &[
    Indexes::of("render", &[&[V("$.kind")], &[V("$.template"), V("$.source"), V("$.format")]]),
    Indexes {
        sums: &["$.renders"],
        month: "$.at",
        ..Indexes::of("billed", &[&[V("$.operation")], &[V("$.requestId")], &[V("$.idempotencyKey")]])
    },
    Indexes {
        texts: &["$.name", "$.type", "$.category", "$.tags"],
        ..Indexes::of(
            "template",
            &[
                &[V("$.outputFormat"), V("$.hasDynamicLink")],
                &[Containing("$.tags", "public"), V("$.type"), V("$.category")],
            ],
        )
    },
    Indexes::of("binding", &[&[V("$.templateId"), V("$.status")]]),
    Indexes::of("subscription", &[&[V("$.event"), V("$.status"), V("$.platform")]]),
    Indexes::of("delivery", &[&[V("$.status"), V("$.event"), V("$.subscription")]]),
    Indexes::of("experiment", &[&[V("$.type"), V("$.status")]]),
    Indexes::of("batch", &[&[V("$.status"), V("$.templateUid")]]),
    Indexes::of("batch-item", &[&[V("$.success")]]),
    Indexes {
        sums: &["$.counts.rendered", "$.counts.delivered"],
        month: "$.createdAt",
        ..Indexes::of("workflow_run", &[])
    },
    Indexes::of("workflow_item", &[&[V("$.run")]]),
];

/// Number to add to a sum.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Summand {
    pub(super) name: String,
    pub(super) month: String,
    pub(super) number: i64,
}

/// Lists whose union contains all documents that a filter matches, and the conditions that the union does not imply.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    pub(super) keys: Vec<String>,
    pub(super) remaining: Vec<&'a Condition>,
}

/// Returns a text that changes when the indexes change.
pub(super) fn fingerprint() -> String {
    format!("{INDEXES:?}")
}

/// Returns the indexes of a kind. A kind with an owner, such as `batch-item 1`, has those of its first word.
fn of_kind(kind: &str) -> &'static Indexes {
    const NONE: &Indexes = &Indexes::of("", &[]);
    let kind = kind.split(' ').next().unwrap_or_default();
    INDEXES.iter().find(|indexes| indexes.kind == kind).unwrap_or(NONE)
}

/// Returns the keys of all lists that a document is in.
pub(super) fn list_keys(kind: &str, document: &Value) -> BTreeSet<String> {
    let mut keys = BTreeSet::from([kind.to_owned()]);
    for group in of_kind(kind).groups {
        let mut combinations = vec![kind.to_owned()];
        for indexed in *group {
            let Some(suffix) = indexed.suffix(document) else { continue };
            let longer: Vec<_> = combinations.iter().map(|key| format!("{key}{suffix}")).collect();
            combinations.extend(longer);
        }
        keys.extend(combinations);
    }
    keys
}

/// Returns the numbers of a document that are summed.
pub(super) fn summands(kind: &str, document: &Value) -> Vec<Summand> {
    let indexes = of_kind(kind);
    let month = month(at(document, indexes.month).as_str().unwrap_or_default()).to_owned();
    let summand = |path: &&'static str| {
        let number = at(document, path).as_i64().unwrap_or_default();
        Summand { name: sum_name(kind, path), month: month.clone(), number }
    };
    indexes.sums.iter().map(summand).collect()
}

/// Returns the texts of a document that a search looks at, in lower case. No text continues in the next one.
pub(super) fn search_text(kind: &str, document: &Value) -> Option<String> {
    let paths = of_kind(kind).texts;
    let texts = paths.iter().flat_map(|path| match at(document, path) {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        value => Vec::from_iter(value.as_str()),
    });
    (!paths.is_empty()).then(|| texts.collect::<Vec<_>>().join("\n").to_lowercase())
}

/// Returns the name of a sum.
pub(super) fn sum_name(kind: &str, path: &str) -> String {
    format!("{kind} {path}")
}

/// Returns the year and the month of a time such as `2026-08-04T09:15:27.482Z`.
pub(super) fn month(time: &str) -> &str {
    time.get(..7).unwrap_or_default()
}

/// Selects the lists for a filter: those of the combination of indexed conditions that is longest.
pub(super) fn select<'a>(kind: &str, filter: &'a Filter) -> Selection<'a> {
    let mut best = Selection { keys: vec![kind.to_owned()], remaining: filter.conditions.iter().collect() };
    for group in of_kind(kind).groups {
        let (mut keys, mut remaining) = (vec![kind.to_owned()], filter.conditions.iter().collect::<Vec<_>>());
        for indexed in *group {
            let Some(position) = remaining.iter().position(|condition| indexed.covers(condition)) else { continue };
            let suffixes = suffixes(remaining.remove(position));
            keys = keys.iter().flat_map(|key| suffixes.iter().map(move |suffix| format!("{key}{suffix}"))).collect();
        }
        if remaining.len() < best.remaining.len() {
            best = Selection { keys, remaining };
        }
    }
    best
}

impl Indexed {
    /// Returns the part of a list key for the value of a document, if it has one.
    fn suffix(&self, document: &Value) -> Option<String> {
        match self {
            V(path) => Some(at(document, path)).filter(|value| !value.is_null()).map(|value| value_suffix(path, value)),
            Containing(path, text) => contains(document, path, text).then(|| contains_suffix(path, text)),
        }
    }

    fn covers(&self, condition: &Condition) -> bool {
        match (self, condition) {
            (V(path), Condition::AnyOf(wanted, _)) => path == wanted,
            (Containing(path, text), Condition::Contains(wanted, wanted_text)) => path == wanted && text == wanted_text,
            _ => false,
        }
    }
}

/// Returns the parts of list keys for a condition.
fn suffixes(condition: &Condition) -> Vec<String> {
    match condition {
        Condition::AnyOf(path, values) => values.iter().map(|value| value_suffix(path, value)).collect(),
        Condition::Contains(path, text) => vec![contains_suffix(path, text)],
        // No index covers a search.
        Condition::Text(..) => Vec::new(),
    }
}

fn value_suffix(path: &str, value: &Value) -> String {
    format!(" {path}={value}")
}

fn contains_suffix(path: &str, text: &str) -> String {
    format!(" {path} contains {text:?}")
}
