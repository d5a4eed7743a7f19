//! Two schemas: their types, values, limits and words. What they hold is put in the queue.

use super::{
    canonical_schema::Shape,
    change::{Change, Direction, Severity, Way},
    comparison::{Comparison, Difference, Pair, Place},
    composites::{Array, Object},
    document::At,
};
use crate::document::{below, schema_name};
use std::collections::BTreeSet;

/// The two shapes of a pair, and where they are.
struct Met<'c, 'a> {
    ours: &'c Shape<'a>,
    theirs: &'c Shape<'a>,
    /// Where the structure is written.
    at: &'c str,
    upstream_at: &'c str,
    /// Where it is used.
    uses: [&'c At<'a>; 2],
    place: &'c Place,
}

impl Met<'_, '_> {
    /// Where something is said: at the use if one of the two says it there, else where the structure is.
    fn said_at(&self, keywords: &[&str]) -> &str {
        let at_use = self.uses.iter().any(|at| keywords.iter().any(|keyword| at.value.get(keyword).is_some()));
        if at_use { &self.uses[0].pointer } else { self.at }
    }
}

/// Compares everything in the queue, and what comes into it on the way.
pub fn drain(comparison: &mut Comparison<'_>) {
    while let Some(pair) = comparison.queue.pop_front() {
        compare(comparison, &pair);
    }
}

fn compare<'a>(comparison: &mut Comparison<'a>, pair: &Pair<'a>) {
    let ([first, ..], [upstream, ..]) = (&pair.ours[..], &pair.theirs[..]) else { return };
    // A fragment's reference to what only we hold.
    if pair.ours.len() == 1 && pair.theirs.len() == 1 && std::ptr::eq(first.value, upstream.value) {
        return;
    }
    comparison.covered.insert(first.pointer.clone());
    let ours = Shape::of(comparison.ours, &pair.ours);
    let theirs = Shape::of(comparison.theirs, &pair.theirs);
    for (who, unknown) in [("ours", &ours.unknown), ("theirs", &theirs.unknown)] {
        if let Some(why) = unknown {
            comparison.notes.insert(format!("{who}: {why}: not compared"));
        }
    }
    if ours.unknown.is_some() || theirs.unknown.is_some() {
        return;
    }
    let alone = |parts: &[At<'a>]| parts.len() == 1;
    let at = if alone(&pair.ours) { comparison.ours.core(first) } else { first.clone() };
    let upstream_at = if alone(&pair.theirs) { comparison.theirs.core(upstream) } else { upstream.clone() };
    comparison.covered.insert(at.pointer.clone());
    let met = Met {
        ours: &ours,
        theirs: &theirs,
        at: &at.pointer,
        upstream_at: &upstream_at.pointer,
        uses: [first, upstream],
        place: &pair.place,
    };
    let mut found = Vec::new();
    types(&met, &mut found);
    values(&met, &mut found);
    limits(&met, &mut found);
    words(&met, &mut found);
    for difference in found {
        let upstream_at = difference.upstream_at.clone().unwrap_or_else(|| upstream_at.pointer.clone());
        comparison.found(&pair.place.seen_in, difference.upstream(upstream_at));
    }
    for (ours, theirs) in alternatives(comparison, &met) {
        super::objects::compare(comparison, ours, theirs, &pair.place);
    }
    if let ([ours], [theirs]) = (&ours.arrays[..], &theirs.arrays[..]) {
        let nothing = &serde_json::Value::Bool(true);
        let items = |array: &Array<'a>| {
            let pointer = below(&array.pointer, "items");
            array.items.clone().unwrap_or(At { pointer, value: nothing })
        };
        comparison.push(&items(ours), &items(theirs), &pair.place);
    }
}

/// Whether each type of `some` is among `all`; an integer is a number.
fn are_among(some: &BTreeSet<&str>, all: &BTreeSet<&str>) -> bool {
    some.iter().all(|name| all.contains(name) || (*name == "integer" && all.contains("number")))
}

fn types(met: &Met<'_, '_>, found: &mut Vec<Difference>) {
    let (ours, theirs) = (met.ours.types(), met.theirs.types());
    let names = || (Some(met.ours.type_name()), Some(met.theirs.type_name()));
    if ours != theirs {
        let way = if theirs.is_empty() || (!ours.is_empty() && are_among(&ours, &theirs)) {
            Way::Wider
        } else if ours.is_empty() || are_among(&theirs, &ours) {
            Way::Narrower
        } else {
            Way::Aside
        };
        let (from, to) = names();
        found.push(Difference::judged(met.place, way, Change::Type, met.at, "type").said(from, to));
    }
    // What may be anything may be null.
    if met.ours.nullable != met.theirs.nullable && !met.ours.is_any() && !met.theirs.is_any() {
        let way = if met.theirs.nullable { Way::Wider } else { Way::Narrower };
        let word = |nullable| Some(if nullable { "yes" } else { "no" }.to_owned());
        let (from, to) = (word(met.ours.nullable), word(met.theirs.nullable));
        let at = met.said_at(&["nullable", "oneOf", "anyOf"]);
        found.push(Difference::judged(met.place, way, Change::Nullable, at, "may be null").said(from, to));
    }
    let counts = (met.ours.arrays.len(), met.theirs.arrays.len());
    if counts.0 != counts.1 && counts.0 > 0 && counts.1 > 0 {
        let way = if counts.1 > counts.0 { Way::Wider } else { Way::Narrower };
        let difference = Difference::judged(met.place, way, Change::Variant, met.at, "forms of the array");
        found.push(difference.said(Some(counts.0.to_string()), Some(counts.1.to_string())));
    }
}

/// Enumerations are open in our types: a new value of an answer is additive.
fn values(met: &Met<'_, '_>, found: &mut Vec<Difference>) {
    let at = below(met.at, "enum");
    let upstream_at = below(met.upstream_at, "enum");
    let list = |values: &[&serde_json::Value]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match (&met.ours.values, &met.theirs.values) {
        (Some(ours), Some(theirs)) => {
            for value in theirs.iter().filter(|value| !ours.contains(value)) {
                let subject = format!("value {value}");
                let difference = Difference::new(Severity::Additive, Change::EnumValue, &at, subject);
                found.push(difference.upstream(&upstream_at).said(None, Some(String::new())));
            }
            for value in ours.iter().filter(|value| !theirs.contains(value)) {
                let subject = format!("value {value}");
                let difference = Difference::judged(met.place, Way::Narrower, Change::EnumValue, &at, subject);
                found.push(difference.upstream(&upstream_at).said(Some(String::new()), None));
            }
        }
        (Some(ours), None) if !met.theirs.types().is_empty() => {
            let severity = match met.place.direction {
                Direction::Request => Severity::Loosened,
                Direction::Answer => Severity::Additive,
            };
            let difference = Difference::new(severity, Change::EnumValue, &at, "list of values");
            found.push(difference.said(Some(list(ours)), None));
        }
        (None, Some(theirs)) if !met.ours.types().is_empty() => {
            let difference = Difference::judged(met.place, Way::Narrower, Change::EnumValue, &at, "list of values");
            found.push(difference.upstream(upstream_at).said(None, Some(list(theirs))));
        }
        _ => {}
    }
}

/// Limits bind who writes. Who reads is told of them, and our types do not check them.
fn limits(met: &Met<'_, '_>, found: &mut Vec<Difference>) {
    for (keyword, ours, theirs, way) in met.ours.bounds.differences(&met.theirs.bounds) {
        let severity = match met.place.direction {
            Direction::Request => met.place.direction.judge(way),
            Direction::Answer => Severity::Documentation,
        };
        let at = below(met.at, keyword);
        found.push(Difference::new(severity, Change::Limit, &at, keyword).said(ours, theirs));
    }
    for (keyword, ours) in &met.ours.as_written {
        let theirs = met.theirs.as_written.get(keyword);
        if theirs != Some(ours) {
            found.push(rule(met, keyword, Some(ours), theirs.copied()));
        }
    }
    for (keyword, theirs) in &met.theirs.as_written {
        if !met.ours.as_written.contains_key(keyword) {
            found.push(rule(met, keyword, None, Some(theirs)));
        }
    }
}

/// A keyword that is compared as it is written: whoever edits has to judge it.
fn rule(
    met: &Met<'_, '_>,
    keyword: &str,
    ours: Option<&serde_json::Value>,
    theirs: Option<&serde_json::Value>,
) -> Difference {
    let text = |value: Option<&serde_json::Value>| value.map(|value| shorten(&value.to_string()));
    Difference::new(Severity::Breaking, Change::Rule, &below(met.at, keyword), format!("`{keyword}` (read both)"))
        .said(text(ours), text(theirs))
}

fn words(met: &Met<'_, '_>, found: &mut Vec<Difference>) {
    let at = |keyword| below(met.said_at(&[keyword]), keyword);
    let (ours, theirs) = (met.ours, met.theirs);
    if ours.format != theirs.format {
        let both = ours.format.is_some() && theirs.format.is_some();
        let severity = if both { Severity::Breaking } else { Severity::Documentation };
        let [from, to] = [ours.format, theirs.format].map(|format| format.map(str::to_owned));
        found.push(Difference::new(severity, Change::Format, &at("format"), "format").said(from, to));
    }
    if ours.default != theirs.default {
        let both = ours.default.is_some() && theirs.default.is_some();
        let changes_calls = both && met.place.direction == Direction::Request;
        let severity = if changes_calls { Severity::Breaking } else { Severity::Documentation };
        let [from, to] = [ours.default, theirs.default].map(|value| value.map(|value| shorten(&value.to_string())));
        found.push(Difference::new(severity, Change::Default, &at("default"), "default").said(from, to));
    }
    if ours.deprecated != theirs.deprecated {
        let mark = |deprecated: bool| deprecated.then(String::new);
        let difference =
            Difference::new(Severity::Documentation, Change::Deprecation, &at("deprecated"), "mark `deprecated`");
        found.push(difference.said(mark(ours.deprecated), mark(theirs.deprecated)));
    }
    // What they do not describe we describe on our own, a use of a schema like a schema.
    let [our_use, their_use] = met.uses.map(|at| {
        let is_component = schema_name(&format!("#{}", at.pointer)).is_some();
        !is_component && at.value.get("description").is_some()
    });
    if theirs.description.is_some() && (their_use || !our_use) {
        found.extend(wording(&at("description"), "description", ours.description, theirs.description));
    }
}

/// A difference of two texts, line breaks and spaces apart.
pub fn wording(at: &str, subject: &str, ours: Option<&str>, theirs: Option<&str>) -> Option<Difference> {
    let [ours, theirs] =
        [ours, theirs].map(|text| text.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")));
    let text = |text: Option<String>| text.map(|text| format!("{:?}", shorten(&text)));
    (ours != theirs)
        .then(|| Difference::new(Severity::Documentation, Change::Wording, at, subject).said(text(ours), text(theirs)))
}

/// At most a line of a text.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 90;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

/// The forms of objects that belong together: the only ones, or those that are most alike.
fn alternatives<'c, 'a>(comparison: &mut Comparison<'a>, met: &Met<'c, 'a>) -> Vec<(&'c Object<'a>, &'c Object<'a>)> {
    let (ours, theirs) = (&met.ours.objects, &met.theirs.objects);
    if ours.is_empty() || theirs.is_empty() {
        return Vec::new();
    }
    let mut pairs = Vec::new();
    let mut free: Vec<&Object<'a>> = theirs.iter().collect();
    let mut alone = Vec::new();
    for ours in ours {
        let best = free.iter().enumerate().max_by_key(|(index, theirs)| (likeness(ours, theirs), free.len() - index));
        let only = met.ours.objects.len() == 1 && theirs.len() == 1;
        match best.filter(|(_, theirs)| only || likeness(ours, theirs) > 0).map(|(index, _)| index) {
            Some(index) => pairs.push((ours, free.remove(index))),
            None => alone.push(ours),
        }
    }
    let name = |object: &Object<'_>| {
        let fields: Vec<_> = object.fields.keys().take(4).map(String::as_str).collect();
        object.name.clone().unwrap_or_else(|| format!("{{{}}}", fields.join(", ")))
    };
    for theirs in free {
        let subject = format!("form {}", name(theirs));
        let severity = match met.place.direction {
            Direction::Request => Severity::Additive,
            Direction::Answer => Severity::Breaking,
        };
        let difference = Difference::new(severity, Change::Variant, met.at, subject);
        let difference = difference.upstream(&theirs.pointer).said(None, Some(String::new()));
        comparison.found(&met.place.seen_in, difference);
    }
    for ours in alone {
        let subject = format!("form {}", name(ours));
        let difference = Difference::judged(met.place, Way::Narrower, Change::Variant, met.at, subject);
        comparison.found(&met.place.seen_in, difference.said(Some(String::new()), None));
    }
    pairs
}

/// How much two forms of an object have in common.
fn likeness(ours: &Object<'_>, theirs: &Object<'_>) -> usize {
    let shared = ours.fields.keys().filter(|name| theirs.fields.contains_key(*name)).count();
    shared + if ours.name.is_some() && ours.name == theirs.name { 1000 } else { 0 }
}
