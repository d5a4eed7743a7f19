//! Compares two schemas: types, values, bounds and annotations. Their subschemas are queued.

use super::{
    canonical_schema::CanonicalSchema,
    comparison::{Comparison, DifferenceBuilder, QueuedPair, UseSite},
    composites::{Array, Object},
    difference::{DifferenceKind, Direction, Relation, Severity},
    document::Node,
};
use crate::document::{below, schema_name};
use std::collections::BTreeSet;

/// Canonical forms of two queued schemas, and their places.
struct SchemaPair<'c, 'a> {
    ours: &'c CanonicalSchema<'a>,
    theirs: &'c CanonicalSchema<'a>,
    /// Pointer of the schema in our document.
    at: &'c str,
    upstream_at: &'c str,
    /// Places of use.
    uses: [&'c Node<'a>; 2],
    site: &'c UseSite,
}

impl SchemaPair<'_, '_> {
    /// Returns the pointer for a difference in `keywords`: of the use if one side declares them there, else of the
    /// schema.
    fn pointer_for(&self, keywords: &[&str]) -> &str {
        let at_use = self.uses.iter().any(|at| keywords.iter().any(|keyword| at.value.get(keyword).is_some()));
        if at_use { &self.uses[0].pointer } else { self.at }
    }
}

/// Compares all queued schemas, and those queued meanwhile.
pub fn compare_queued(comparison: &mut Comparison<'_>) {
    while let Some(queued) = comparison.queue.pop_front() {
        compare(comparison, &queued);
    }
}

fn compare<'a>(comparison: &mut Comparison<'a>, queued: &QueuedPair<'a>) {
    let ([first, ..], [upstream, ..]) = (&queued.ours[..], &queued.theirs[..]) else { return };
    // A reference of a fragment to a schema that only our document has.
    if queued.ours.len() == 1 && queued.theirs.len() == 1 && std::ptr::eq(first.value, upstream.value) {
        return;
    }
    comparison.covered.insert(first.pointer.clone());
    let ours = CanonicalSchema::of(comparison.ours, &queued.ours);
    let theirs = CanonicalSchema::of(comparison.theirs, &queued.theirs);
    for (owner, unknown) in [("ours", &ours.unknown), ("theirs", &theirs.unknown)] {
        if let Some(reason) = unknown {
            comparison.notes.insert(format!("{owner}: {reason}: not compared"));
        }
    }
    if ours.unknown.is_some() || theirs.unknown.is_some() {
        return;
    }
    let is_single = |parts: &[Node<'a>]| parts.len() == 1;
    let at = if is_single(&queued.ours) { comparison.ours.underlying(first) } else { first.clone() };
    let upstream_at = if is_single(&queued.theirs) { comparison.theirs.underlying(upstream) } else { upstream.clone() };
    comparison.covered.insert(at.pointer.clone());
    let pair = SchemaPair {
        ours: &ours,
        theirs: &theirs,
        at: &at.pointer,
        upstream_at: &upstream_at.pointer,
        uses: [first, upstream],
        site: &queued.site,
    };
    let mut found = Vec::new();
    compare_types(&pair, &mut found);
    compare_enum_values(&pair, &mut found);
    compare_bounds(&pair, &mut found);
    compare_annotations(&pair, &mut found);
    for difference in found {
        let upstream_at = difference.upstream_at.clone().unwrap_or_else(|| upstream_at.pointer.clone());
        comparison.record(&queued.site.seen_in, difference.upstream_at(upstream_at));
    }
    for (ours, theirs) in pair_objects(comparison, &pair) {
        super::objects::compare(comparison, ours, theirs, &queued.site);
    }
    if let ([ours], [theirs]) = (&ours.arrays[..], &theirs.arrays[..]) {
        let any_schema = &serde_json::Value::Bool(true);
        let items = |array: &Array<'a>| {
            let pointer = below(&array.pointer, "items");
            array.items.clone().unwrap_or(Node { pointer, value: any_schema })
        };
        comparison.enqueue(&items(ours), &items(theirs), &queued.site);
    }
}

/// Returns `true` if each type of `some` is in `all`. An integer is a number.
fn is_subset(some: &BTreeSet<&str>, all: &BTreeSet<&str>) -> bool {
    some.iter().all(|name| all.contains(name) || (*name == "integer" && all.contains("number")))
}

fn compare_types(pair: &SchemaPair<'_, '_>, found: &mut Vec<DifferenceBuilder>) {
    let (ours, theirs) = (pair.ours.types(), pair.theirs.types());
    let names = || (Some(pair.ours.type_name()), Some(pair.theirs.type_name()));
    if ours != theirs {
        let relation = if theirs.is_empty() || (!ours.is_empty() && is_subset(&ours, &theirs)) {
            Relation::Wider
        } else if ours.is_empty() || is_subset(&theirs, &ours) {
            Relation::Narrower
        } else {
            Relation::Incomparable
        };
        let (from, to) = names();
        found.push(
            DifferenceBuilder::classified(pair.site, relation, DifferenceKind::Type, pair.at, "type").values(from, to),
        );
    }
    // A schema that allows anything allows null.
    if pair.ours.nullable != pair.theirs.nullable && !pair.ours.is_any() && !pair.theirs.is_any() {
        let relation = if pair.theirs.nullable { Relation::Wider } else { Relation::Narrower };
        let text = |nullable| Some(if nullable { "yes" } else { "no" }.to_owned());
        let (from, to) = (text(pair.ours.nullable), text(pair.theirs.nullable));
        let at = pair.pointer_for(&["nullable", "oneOf", "anyOf"]);
        found.push(
            DifferenceBuilder::classified(pair.site, relation, DifferenceKind::Nullable, at, "may be null")
                .values(from, to),
        );
    }
    let counts = (pair.ours.arrays.len(), pair.theirs.arrays.len());
    if counts.0 != counts.1 && counts.0 > 0 && counts.1 > 0 {
        let relation = if counts.1 > counts.0 { Relation::Wider } else { Relation::Narrower };
        let difference =
            DifferenceBuilder::classified(pair.site, relation, DifferenceKind::Variant, pair.at, "forms of the array");
        found.push(difference.values(Some(counts.0.to_string()), Some(counts.1.to_string())));
    }
}

/// Compares enum values. Enumerations are open in our types: a new value in a response is additive.
fn compare_enum_values(pair: &SchemaPair<'_, '_>, found: &mut Vec<DifferenceBuilder>) {
    let at = below(pair.at, "enum");
    let upstream_at = below(pair.upstream_at, "enum");
    let list = |values: &[&serde_json::Value]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match (&pair.ours.values, &pair.theirs.values) {
        (Some(ours), Some(theirs)) => {
            for value in theirs.iter().filter(|value| !ours.contains(value)) {
                let subject = format!("value {value}");
                let difference = DifferenceBuilder::new(Severity::Additive, DifferenceKind::EnumValue, &at, subject);
                found.push(difference.upstream_at(&upstream_at).values(None, Some(String::new())));
            }
            for value in ours.iter().filter(|value| !theirs.contains(value)) {
                let subject = format!("value {value}");
                let difference = DifferenceBuilder::classified(
                    pair.site,
                    Relation::Narrower,
                    DifferenceKind::EnumValue,
                    &at,
                    subject,
                );
                found.push(difference.upstream_at(&upstream_at).values(Some(String::new()), None));
            }
        }
        (Some(ours), None) if !pair.theirs.types().is_empty() => {
            let severity = match pair.site.direction {
                Direction::Request => Severity::Loosened,
                Direction::Response => Severity::Additive,
            };
            let difference = DifferenceBuilder::new(severity, DifferenceKind::EnumValue, &at, "list of values");
            found.push(difference.values(Some(list(ours)), None));
        }
        (None, Some(theirs)) if !pair.ours.types().is_empty() => {
            let difference = DifferenceBuilder::classified(
                pair.site,
                Relation::Narrower,
                DifferenceKind::EnumValue,
                &at,
                "list of values",
            );
            found.push(difference.upstream_at(upstream_at).values(None, Some(list(theirs))));
        }
        _ => {}
    }
}

/// Compares bounds. They restrict the writer. In responses they are documentation, because our types do not check them.
fn compare_bounds(pair: &SchemaPair<'_, '_>, found: &mut Vec<DifferenceBuilder>) {
    for (keyword, ours, theirs, relation) in pair.ours.bounds.differences(&pair.theirs.bounds) {
        let severity = match pair.site.direction {
            Direction::Request => pair.site.direction.severity_of(relation),
            Direction::Response => Severity::Documentation,
        };
        let at = below(pair.at, keyword);
        found.push(DifferenceBuilder::new(severity, DifferenceKind::Limit, &at, keyword).values(ours, theirs));
    }
    for (keyword, ours) in &pair.ours.verbatim {
        let theirs = pair.theirs.verbatim.get(keyword);
        if theirs != Some(ours) {
            found.push(verbatim_difference(pair, keyword, Some(ours), theirs.copied()));
        }
    }
    for (keyword, theirs) in &pair.theirs.verbatim {
        if !pair.ours.verbatim.contains_key(keyword) {
            found.push(verbatim_difference(pair, keyword, None, Some(theirs)));
        }
    }
}

/// Returns a difference in a keyword that is compared verbatim. A person has to judge it.
fn verbatim_difference(
    pair: &SchemaPair<'_, '_>,
    keyword: &str,
    ours: Option<&serde_json::Value>,
    theirs: Option<&serde_json::Value>,
) -> DifferenceBuilder {
    let text = |value: Option<&serde_json::Value>| value.map(|value| shorten(&value.to_string()));
    DifferenceBuilder::new(
        Severity::Breaking,
        DifferenceKind::Rule,
        &below(pair.at, keyword),
        format!("`{keyword}` (read both)"),
    )
    .values(text(ours), text(theirs))
}

fn compare_annotations(pair: &SchemaPair<'_, '_>, found: &mut Vec<DifferenceBuilder>) {
    let at = |keyword| below(pair.pointer_for(&[keyword]), keyword);
    let (ours, theirs) = (pair.ours, pair.theirs);
    if ours.format != theirs.format {
        let both = ours.format.is_some() && theirs.format.is_some();
        let severity = if both { Severity::Breaking } else { Severity::Documentation };
        let [from, to] = [ours.format, theirs.format].map(|format| format.map(str::to_owned));
        found.push(DifferenceBuilder::new(severity, DifferenceKind::Format, &at("format"), "format").values(from, to));
    }
    if ours.default != theirs.default {
        let both = ours.default.is_some() && theirs.default.is_some();
        let changes_calls = both && pair.site.direction == Direction::Request;
        let severity = if changes_calls { Severity::Breaking } else { Severity::Documentation };
        let [from, to] = [ours.default, theirs.default].map(|value| value.map(|value| shorten(&value.to_string())));
        found.push(
            DifferenceBuilder::new(severity, DifferenceKind::Default, &at("default"), "default").values(from, to),
        );
    }
    if ours.deprecated != theirs.deprecated {
        let mark = |deprecated: bool| deprecated.then(String::new);
        let difference = DifferenceBuilder::new(
            Severity::Documentation,
            DifferenceKind::Deprecation,
            &at("deprecated"),
            "mark `deprecated`",
        );
        found.push(difference.values(mark(ours.deprecated), mark(theirs.deprecated)));
    }
    // Descriptions that only our document has are not a difference, at a use as well as at a schema.
    let [our_use, their_use] = pair.uses.map(|at| {
        let is_component = schema_name(&format!("#{}", at.pointer)).is_some();
        !is_component && at.value.get("description").is_some()
    });
    if theirs.description.is_some() && (their_use || !our_use) {
        found.extend(text_difference(&at("description"), "description", ours.description, theirs.description));
    }
}

/// Returns the difference of two texts, ignoring line breaks and repeated spaces.
pub fn text_difference(at: &str, subject: &str, ours: Option<&str>, theirs: Option<&str>) -> Option<DifferenceBuilder> {
    let [ours, theirs] =
        [ours, theirs].map(|text| text.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")));
    let text = |text: Option<String>| text.map(|text| format!("{:?}", shorten(&text)));
    (ours != theirs).then(|| {
        DifferenceBuilder::new(Severity::Documentation, DifferenceKind::Wording, at, subject)
            .values(text(ours), text(theirs))
    })
}

/// Shortens a text to one line.
fn shorten(text: &str) -> String {
    const MAX_TEXT_LEN: usize = 90;
    if text.chars().count() <= MAX_TEXT_LEN {
        return text.to_owned();
    }
    text.chars().take(MAX_TEXT_LEN).chain(['…']).collect()
}

/// Pairs the most similar forms of objects. If each side has one form, they are always a pair.
fn pair_objects<'c, 'a>(
    comparison: &mut Comparison<'a>,
    pair: &SchemaPair<'c, 'a>,
) -> Vec<(&'c Object<'a>, &'c Object<'a>)> {
    let (ours, theirs) = (&pair.ours.objects, &pair.theirs.objects);
    if ours.is_empty() || theirs.is_empty() {
        return Vec::new();
    }
    let mut pairs = Vec::new();
    let mut free: Vec<&Object<'a>> = theirs.iter().collect();
    let mut unpaired = Vec::new();
    for ours in ours {
        let best = free.iter().enumerate().max_by_key(|(index, theirs)| (similarity(ours, theirs), free.len() - index));
        let only = pair.ours.objects.len() == 1 && theirs.len() == 1;
        match best.filter(|(_, theirs)| only || similarity(ours, theirs) > 0).map(|(index, _)| index) {
            Some(index) => pairs.push((ours, free.remove(index))),
            None => unpaired.push(ours),
        }
    }
    let name = |object: &Object<'_>| {
        let fields: Vec<_> = object.fields.keys().take(4).map(String::as_str).collect();
        object.name.clone().unwrap_or_else(|| format!("{{{}}}", fields.join(", ")))
    };
    for theirs in free {
        let subject = format!("form {}", name(theirs));
        let severity = match pair.site.direction {
            Direction::Request => Severity::Additive,
            Direction::Response => Severity::Breaking,
        };
        let difference = DifferenceBuilder::new(severity, DifferenceKind::Variant, pair.at, subject);
        let difference = difference.upstream_at(&theirs.pointer).values(None, Some(String::new()));
        comparison.record(&pair.site.seen_in, difference);
    }
    for ours in unpaired {
        let subject = format!("form {}", name(ours));
        let difference =
            DifferenceBuilder::classified(pair.site, Relation::Narrower, DifferenceKind::Variant, pair.at, subject);
        comparison.record(&pair.site.seen_in, difference.values(Some(String::new()), None));
    }
    pairs
}

/// Returns a measure of the similarity of two forms of an object.
fn similarity(ours: &Object<'_>, theirs: &Object<'_>) -> usize {
    let shared = ours.fields.keys().filter(|name| theirs.fields.contains_key(*name)).count();
    shared + if ours.name.is_some() && ours.name == theirs.name { 1000 } else { 0 }
}
