//! What is sent and what is answered: media types, statuses and headers.

use super::{
    change::{Change, Direction, Severity},
    comparison::{Comparison, Difference, Place},
    document::{At, Side},
};
use crate::document::{below, members};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The members of an object in a document, with their places.
type Named<'a> = BTreeMap<String, At<'a>>;

fn named<'a>(owner: &At<'a>, keyword: &str, name: impl Fn(&str) -> String) -> Named<'a> {
    let pointer = below(&owner.pointer, keyword);
    let entry = |(key, value): (&String, &'a Value)| (name(key), At { pointer: below(&pointer, key), value });
    members(owner.value.get(keyword)).map(entry).collect()
}

/// Puts two schemas in the queue if both are there.
pub fn push_at(comparison: &mut Comparison<'_>, at: &str, upstream_at: &str, place: &Place) {
    let schema = |side: Side<'_>, pointer: &str| side.root.pointer(pointer).is_some();
    if schema(comparison.ours, at) && schema(comparison.theirs, upstream_at) {
        let (ours, theirs) = (comparison.ours.root.pointer(at), comparison.theirs.root.pointer(upstream_at));
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            let ours = At { pointer: at.to_owned(), value: ours };
            let theirs = At { pointer: upstream_at.to_owned(), value: theirs };
            comparison.push(&ours, &theirs, place);
        }
    }
}

/// Compares the bodies that the operations at the two pointers take.
pub fn requests(comparison: &mut Comparison<'_>, at: &str, upstream_at: &str, name: &str, direction: Direction) {
    let [at, upstream_at] = [at, upstream_at].map(|pointer| below(pointer, "requestBody"));
    let (ours, theirs) = (comparison.ours.at(&at), comparison.theirs.at(&upstream_at));
    let is_required = |body: &At<'_>| body.value.get("required") == Some(&Value::Bool(true));
    let place = Place { direction, seen_in: format!("{name}, body") };
    let difference = |severity| Difference::new(severity, Change::Body, &at, "body").upstream(upstream_at.clone());
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            let required = (is_required(&ours), is_required(&theirs));
            if required.0 != required.1 && direction == Direction::Request {
                let severity = if required.1 { Severity::Breaking } else { Severity::Loosened };
                let word = |required| Some(if required { "required" } else { "optional" }.to_owned());
                let difference = Difference::new(severity, Change::Required, &ours.pointer, "body");
                let difference = difference.upstream(&theirs.pointer).said(word(required.0), word(required.1));
                comparison.found(name, difference);
            }
            contents(comparison, &ours, &theirs, &place);
        }
        (Some(_), None) if comparison.whole => {
            comparison.found(name, difference(Severity::Breaking).said(Some(String::new()), None));
        }
        (None, Some(theirs)) => {
            let severity = if is_required(&theirs) { Severity::Breaking } else { Severity::Additive };
            comparison.found(name, difference(severity).said(None, Some(String::new())));
        }
        _ => {}
    }
}

/// Compares what two bodies or answers hold by media type.
fn contents<'a>(comparison: &mut Comparison<'a>, ours: &At<'a>, theirs: &At<'a>, place: &Place) {
    // `application/json; charset=utf-8` is JSON.
    let plain = |name: &str| name.split(';').next().unwrap_or_default().trim().to_lowercase();
    comparison.covered.insert(ours.pointer.clone());
    let (our_types, their_types) = (named(ours, "content", plain), named(theirs, "content", plain));
    // An answer of which a fragment shows nothing but the status says nothing of its content.
    if their_types.is_empty() && !comparison.whole {
        return;
    }
    let subject = |name: &str| format!("media type {name}");
    for (name, our) in &our_types {
        if let Some(their) = their_types.get(name) {
            let schemas = [our, their].map(|at| {
                let value = at.value.get("schema")?;
                Some(At { pointer: below(&at.pointer, "schema"), value })
            });
            if let [Some(ours), Some(theirs)] = &schemas {
                comparison.push(ours, theirs, place);
            }
        } else {
            let difference = Difference::new(Severity::Breaking, Change::MediaType, &our.pointer, subject(name));
            let difference = difference.upstream(below(&theirs.pointer, "content"));
            comparison.found(&place.seen_in, difference.said(Some(String::new()), None));
        }
    }
    for (name, their) in their_types.iter().filter(|(name, _)| !our_types.contains_key(*name)) {
        let at = below(&below(&ours.pointer, "content"), name);
        let difference = Difference::new(Severity::Additive, Change::MediaType, &at, subject(name));
        let difference = difference.upstream(&their.pointer).said(None, Some(String::new()));
        comparison.found(&place.seen_in, difference);
    }
}

fn is_error(status: &str) -> bool {
    status == "DEFAULT" || status.starts_with(['4', '5'])
}

/// Compares what the operations at the two pointers answer.
pub fn answers(comparison: &mut Comparison<'_>, at: &str, upstream_at: &str, name: &str) {
    let list = |side: Side<'_>, pointer: &str| -> BTreeSet<String> {
        members(side.root.pointer(&below(pointer, "responses"))).map(|(status, _)| status.to_uppercase()).collect()
    };
    let (ours, theirs) = (list(comparison.ours, at), list(comparison.theirs, upstream_at));
    for status in &theirs {
        match home(&ours, status) {
            Some(home) => both(comparison, (at, home), (upstream_at, status), name),
            None => only(comparison, at, upstream_at, status, name, false),
        }
    }
    if !comparison.whole {
        return;
    }
    for status in ours.iter().filter(|status| home(&theirs, status).is_none()) {
        // One error for another is told by what they hold.
        if !(is_error(status) && theirs.iter().any(|status| is_error(status))) {
            only(comparison, at, upstream_at, status, name, true);
        }
    }
}

/// The status, range or default among `known` that `status` belongs to.
fn home<'k>(known: &'k BTreeSet<String>, status: &str) -> Option<&'k String> {
    let range = status.get(..1).map(|digit| format!("{digit}XX")).unwrap_or_default();
    let exact = known.get(status).or_else(|| known.get(&range));
    let of_range = || status.ends_with("XX").then(|| known.iter().find(|known| known.starts_with(&status[..1])))?;
    exact.or_else(of_range).or_else(|| is_error(status).then(|| known.get("DEFAULT"))?)
}

fn response<'a>(side: Side<'a>, operation: &str, status: &str) -> Option<At<'a>> {
    let responses = below(operation, "responses");
    let (key, value) = members(side.root.pointer(&responses)).find(|(key, _)| key.to_uppercase() == *status)?;
    side.locate(&below(&responses, key), value)
}

fn both(comparison: &mut Comparison<'_>, ours: (&str, &str), theirs: (&str, &str), name: &str) {
    let found = (response(comparison.ours, ours.0, ours.1), response(comparison.theirs, theirs.0, theirs.1));
    let (Some(ours), Some(their)) = found else { return };
    let place = Place { direction: Direction::Answer, seen_in: format!("{name}, answer {}", theirs.1.to_lowercase()) };
    contents(comparison, &ours, &their, &place);
    headers(comparison, &ours, &their, &place);
}

fn headers<'a>(comparison: &mut Comparison<'a>, ours: &At<'a>, theirs: &At<'a>, place: &Place) {
    let [our_headers, their_headers] = [ours, theirs].map(|at| named(at, "headers", str::to_lowercase));
    for (name, our) in &our_headers {
        if let Some(their) = their_headers.get(name) {
            push_at(comparison, &below(&our.pointer, "schema"), &below(&their.pointer, "schema"), place);
        } else if comparison.whole {
            let difference =
                Difference::new(Severity::Breaking, Change::Header, &our.pointer, format!("header `{name}`"));
            comparison.found(&place.seen_in, difference.upstream(&theirs.pointer).said(Some(String::new()), None));
        }
    }
    for (name, their) in their_headers.iter().filter(|(name, _)| !our_headers.contains_key(*name)) {
        let at = below(&below(&ours.pointer, "headers"), name);
        let difference = Difference::new(Severity::Additive, Change::Header, &at, format!("header `{name}`"));
        comparison.found(&place.seen_in, difference.upstream(&their.pointer).said(None, Some(String::new())));
    }
}

/// A status that only one of the two documents knows.
fn only(comparison: &mut Comparison<'_>, at: &str, upstream_at: &str, status: &str, name: &str, is_ours: bool) {
    let severity = match (is_error(status), is_ours) {
        (true, _) => Severity::Documentation,
        (false, true) => Severity::Breaking,
        (false, false) => Severity::Additive,
    };
    let status = status.to_lowercase();
    let [at, upstream_at] = [at, upstream_at].map(|pointer| below(&below(pointer, "responses"), &status));
    let difference = Difference::new(severity, Change::Status, &at, format!("answer {status}"));
    let words = (is_ours.then(String::new), (!is_ours).then(String::new));
    let difference = if is_ours { difference } else { difference.upstream(upstream_at) };
    comparison.found(name, difference.said(words.0, words.1));
}
