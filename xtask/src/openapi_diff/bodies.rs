//! Compares request bodies and responses: media types, statuses and headers.

use super::{
    comparison::{Comparison, DifferenceBuilder, UseSite},
    difference::{DifferenceKind, Direction, Severity},
    document::{Document, Node},
};
use crate::document::{below, members};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Members of an object in a document with their pointers.
type NodesByName<'a> = BTreeMap<String, Node<'a>>;

fn members_by_name<'a>(owner: &Node<'a>, keyword: &str, name: impl Fn(&str) -> String) -> NodesByName<'a> {
    let pointer = below(&owner.pointer, keyword);
    let entry = |(key, value): (&String, &'a Value)| (name(key), Node { pointer: below(&pointer, key), value });
    members(owner.value.get(keyword)).map(entry).collect()
}

/// Queues two schemas for comparison if both exist.
pub fn enqueue_at(comparison: &mut Comparison<'_>, at: &str, upstream_at: &str, site: &UseSite) {
    let schema = |side: Document<'_>, pointer: &str| side.root.pointer(pointer).is_some();
    if schema(comparison.ours, at) && schema(comparison.theirs, upstream_at) {
        let (ours, theirs) = (comparison.ours.root.pointer(at), comparison.theirs.root.pointer(upstream_at));
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            let ours = Node { pointer: at.to_owned(), value: ours };
            let theirs = Node { pointer: upstream_at.to_owned(), value: theirs };
            comparison.enqueue(&ours, &theirs, site);
        }
    }
}

/// Compares the request bodies of the operations at the two pointers.
pub fn compare_requests(
    comparison: &mut Comparison<'_>,
    at: &str,
    upstream_at: &str,
    name: &str,
    direction: Direction,
) {
    let [at, upstream_at] = [at, upstream_at].map(|pointer| below(pointer, "requestBody"));
    let (ours, theirs) = (comparison.ours.at(&at), comparison.theirs.at(&upstream_at));
    let is_required = |body: &Node<'_>| body.value.get("required") == Some(&Value::Bool(true));
    let site = UseSite { direction, seen_in: format!("{name}, body") };
    let difference =
        |severity| DifferenceBuilder::new(severity, DifferenceKind::Body, &at, "body").upstream_at(upstream_at.clone());
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            let required = (is_required(&ours), is_required(&theirs));
            if required.0 != required.1 && direction == Direction::Request {
                let severity = if required.1 { Severity::Breaking } else { Severity::Loosened };
                let text = |required| Some(if required { "required" } else { "optional" }.to_owned());
                let difference = DifferenceBuilder::new(severity, DifferenceKind::Required, &ours.pointer, "body");
                let difference = difference.upstream_at(&theirs.pointer).values(text(required.0), text(required.1));
                comparison.record(name, difference);
            }
            compare_content(comparison, &ours, &theirs, &site);
        }
        (Some(_), None) if comparison.whole => {
            comparison.record(name, difference(Severity::Breaking).values(Some(String::new()), None));
        }
        (None, Some(theirs)) => {
            let severity = if is_required(&theirs) { Severity::Breaking } else { Severity::Additive };
            comparison.record(name, difference(severity).values(None, Some(String::new())));
        }
        _ => {}
    }
}

/// Compares the content of two bodies or responses by media type.
fn compare_content<'a>(comparison: &mut Comparison<'a>, ours: &Node<'a>, theirs: &Node<'a>, site: &UseSite) {
    // `application/json; charset=utf-8` is JSON.
    let plain = |name: &str| name.split(';').next().unwrap_or_default().trim().to_lowercase();
    comparison.covered.insert(ours.pointer.clone());
    let (our_types, their_types) = (members_by_name(ours, "content", plain), members_by_name(theirs, "content", plain));
    // A fragment that shows only the status of a response gives no information about its content.
    if their_types.is_empty() && !comparison.whole {
        return;
    }
    let subject = |name: &str| format!("media type {name}");
    for (name, our) in &our_types {
        if let Some(their) = their_types.get(name) {
            let schemas = [our, their].map(|at| {
                let value = at.value.get("schema")?;
                Some(Node { pointer: below(&at.pointer, "schema"), value })
            });
            if let [Some(ours), Some(theirs)] = &schemas {
                comparison.enqueue(ours, theirs, site);
            }
        } else {
            let difference =
                DifferenceBuilder::new(Severity::Breaking, DifferenceKind::MediaType, &our.pointer, subject(name));
            let difference = difference.upstream_at(below(&theirs.pointer, "content"));
            comparison.record(&site.seen_in, difference.values(Some(String::new()), None));
        }
    }
    for (name, their) in their_types.iter().filter(|(name, _)| !our_types.contains_key(*name)) {
        let at = below(&below(&ours.pointer, "content"), name);
        let difference = DifferenceBuilder::new(Severity::Additive, DifferenceKind::MediaType, &at, subject(name));
        let difference = difference.upstream_at(&their.pointer).values(None, Some(String::new()));
        comparison.record(&site.seen_in, difference);
    }
}

fn is_error(status: &str) -> bool {
    status == "DEFAULT" || status.starts_with(['4', '5'])
}

/// Compares the responses of the operations at the two pointers.
pub fn compare_responses(comparison: &mut Comparison<'_>, at: &str, upstream_at: &str, name: &str) {
    let list = |side: Document<'_>, pointer: &str| -> BTreeSet<String> {
        members(side.root.pointer(&below(pointer, "responses"))).map(|(status, _)| status.to_uppercase()).collect()
    };
    let (ours, theirs) = (list(comparison.ours, at), list(comparison.theirs, upstream_at));
    for status in &theirs {
        match matching_status(&ours, status) {
            Some(status_of_ours) => compare_response(comparison, (at, status_of_ours), (upstream_at, status), name),
            None => record_one_sided_status(comparison, at, upstream_at, status, name, false),
        }
    }
    if !comparison.whole {
        return;
    }
    for status in ours.iter().filter(|status| matching_status(&theirs, status).is_none()) {
        // An error response matches any other error response; their content is compared instead.
        if !(is_error(status) && theirs.iter().any(|status| is_error(status))) {
            record_one_sided_status(comparison, at, upstream_at, status, name, true);
        }
    }
}

/// Returns the status, range or default among `known` that covers `status`.
fn matching_status<'k>(known: &'k BTreeSet<String>, status: &str) -> Option<&'k String> {
    let range = status.get(..1).map(|digit| format!("{digit}XX")).unwrap_or_default();
    let exact = known.get(status).or_else(|| known.get(&range));
    let of_range = || status.ends_with("XX").then(|| known.iter().find(|known| known.starts_with(&status[..1])))?;
    exact.or_else(of_range).or_else(|| is_error(status).then(|| known.get("DEFAULT"))?)
}

fn response<'a>(side: Document<'a>, operation: &str, status: &str) -> Option<Node<'a>> {
    let responses = below(operation, "responses");
    let (key, value) = members(side.root.pointer(&responses)).find(|(key, _)| key.to_uppercase() == *status)?;
    side.locate(&below(&responses, key), value)
}

fn compare_response(comparison: &mut Comparison<'_>, ours: (&str, &str), theirs: (&str, &str), name: &str) {
    let found = (response(comparison.ours, ours.0, ours.1), response(comparison.theirs, theirs.0, theirs.1));
    let (Some(ours), Some(their)) = found else { return };
    let site =
        UseSite { direction: Direction::Response, seen_in: format!("{name}, response {}", theirs.1.to_lowercase()) };
    compare_content(comparison, &ours, &their, &site);
    compare_headers(comparison, &ours, &their, &site);
}

fn compare_headers<'a>(comparison: &mut Comparison<'a>, ours: &Node<'a>, theirs: &Node<'a>, site: &UseSite) {
    let [our_headers, their_headers] = [ours, theirs].map(|at| members_by_name(at, "headers", str::to_lowercase));
    for (name, our) in &our_headers {
        if let Some(their) = their_headers.get(name) {
            enqueue_at(comparison, &below(&our.pointer, "schema"), &below(&their.pointer, "schema"), site);
        } else if comparison.whole {
            let difference = DifferenceBuilder::new(
                Severity::Breaking,
                DifferenceKind::Header,
                &our.pointer,
                format!("header `{name}`"),
            );
            comparison.record(&site.seen_in, difference.upstream_at(&theirs.pointer).values(Some(String::new()), None));
        }
    }
    for (name, their) in their_headers.iter().filter(|(name, _)| !our_headers.contains_key(*name)) {
        let at = below(&below(&ours.pointer, "headers"), name);
        let difference =
            DifferenceBuilder::new(Severity::Additive, DifferenceKind::Header, &at, format!("header `{name}`"));
        comparison.record(&site.seen_in, difference.upstream_at(&their.pointer).values(None, Some(String::new())));
    }
}

/// Records a status that only one of the two documents has.
fn record_one_sided_status(
    comparison: &mut Comparison<'_>,
    at: &str,
    upstream_at: &str,
    status: &str,
    name: &str,
    is_ours: bool,
) {
    let severity = match (is_error(status), is_ours) {
        (true, _) => Severity::Documentation,
        (false, true) => Severity::Breaking,
        (false, false) => Severity::Additive,
    };
    let status = status.to_lowercase();
    let [at, upstream_at] = [at, upstream_at].map(|pointer| below(&below(pointer, "responses"), &status));
    let difference = DifferenceBuilder::new(severity, DifferenceKind::Status, &at, format!("response {status}"));
    let (our_value, their_value) = (is_ours.then(String::new), (!is_ours).then(String::new));
    let difference = if is_ours { difference } else { difference.upstream_at(upstream_at) };
    comparison.record(name, difference.values(our_value, their_value));
}
