//! Compares the paths and webhooks of both documents.

use super::{
    bodies,
    comparison::{Comparison, DifferenceBuilder, UseSite},
    difference::{DifferenceKind, Direction, Severity},
    document::Document,
    parameters,
    published::Published,
    schemas::text_difference,
};
use crate::document::{METHODS, below, component_schemas, members, reached};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An operation of one of the two documents.
#[derive(Clone, Copy)]
pub struct Endpoint<'a> {
    pub path: &'a str,
    pub item_pointer: &'a str,
    pub method: &'a str,
    pub item: &'a Value,
    pub value: &'a Value,
}

impl Endpoint<'_> {
    /// Returns method and path, for example `POST /image`.
    pub fn name(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    pub fn pointer(&self) -> String {
        below(self.item_pointer, self.method)
    }
}

/// Queues everything that both documents have, and records additions and removals.
pub fn compare(comparison: &mut Comparison<'_>) {
    compare_paths(comparison);
    compare_webhooks(comparison);
    if comparison.whole {
        compare_servers(comparison);
    }
    if let Some((ours, theirs)) = &comparison.published.schema {
        compare_schema(comparison, ours, theirs);
    }
}

/// Returns a path without its parameter names and without a slash at the end.
fn normalized_path(path: &str) -> String {
    let step = |step: &str| if step.starts_with('{') && step.ends_with('}') { "{}" } else { step }.to_owned();
    path.trim_end_matches('/').split('/').map(step).collect::<Vec<_>>().join("/")
}

fn compare_paths(comparison: &mut Comparison<'_>) {
    let items = |document: Document<'_>| -> BTreeMap<String, (String, String)> {
        members(document.root.get("paths"))
            .filter(|(path, _)| path.starts_with('/'))
            .map(|(path, _)| (normalized_path(path), (path.clone(), below("/paths", path))))
            .collect()
    };
    let (ours, theirs) = (items(comparison.ours), items(comparison.theirs));
    comparison.covered.extend(comparison.whole.then(|| "/paths".to_owned()));
    let all: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    for normalized_path in all {
        let [our, their] = [(&ours, comparison.ours), (&theirs, comparison.theirs)].map(|(items, document)| {
            let (path, pointer) = items.get(normalized_path)?;
            Some((path.as_str(), pointer.as_str(), document.path_item(pointer)?))
        });
        for method in METHODS {
            let endpoint = |item: Option<(_, _, _)>| {
                let (path, item_pointer, item): (&'_ str, &'_ str, &'_ Value) = item?;
                Some(Endpoint { path, item_pointer, method, item, value: item.get(method)? })
            };
            match (endpoint(our), endpoint(their)) {
                (Some(ours), Some(theirs)) => compare_operation(comparison, ours, theirs),
                (Some(ours), None) if comparison.whole => {
                    let name = ours.name();
                    let subject = format!("operation {name}");
                    let difference =
                        DifferenceBuilder::new(Severity::Breaking, DifferenceKind::Operation, &ours.pointer(), subject);
                    comparison.record(&name, difference.values(Some(String::new()), None));
                }
                (None, Some(theirs)) => record_added(comparison, theirs, our.map(|(_, pointer, _)| pointer)),
                _ => {}
            }
        }
    }
}

/// Records a new operation, at our path if we have it.
fn record_added(comparison: &mut Comparison<'_>, theirs: Endpoint<'_>, our_item: Option<&str>) {
    let at = below(our_item.unwrap_or(theirs.item_pointer), theirs.method);
    let name = theirs.name();
    let summary = theirs.value.get("summary").and_then(Value::as_str).unwrap_or_default();
    let difference =
        DifferenceBuilder::new(Severity::Additive, DifferenceKind::Operation, &at, format!("operation {name}"));
    let difference = difference.upstream_at(theirs.pointer()).values(None, Some(summary.to_owned()));
    comparison.record(&name, difference);
}

fn compare_operation(comparison: &mut Comparison<'_>, ours: Endpoint<'_>, theirs: Endpoint<'_>) {
    let name = ours.name();
    let (at, upstream_at) = (ours.pointer(), theirs.pointer());
    comparison.covered.insert(at.clone());
    parameters::compare(comparison, ours, theirs);
    bodies::compare_requests(comparison, &at, &upstream_at, &name, Direction::Request);
    bodies::compare_responses(comparison, &at, &upstream_at, &name);
    compare_events(comparison, &at, &upstream_at, &name);
    compare_security(comparison, ours, theirs);
    let is = |endpoint: Endpoint<'_>| endpoint.value.get("deprecated") == Some(&Value::Bool(true));
    if is(ours) != is(theirs) {
        let difference = DifferenceBuilder::new(
            Severity::Documentation,
            DifferenceKind::Deprecation,
            &below(&at, "deprecated"),
            "mark `deprecated`",
        );
        let mark = |deprecated: bool| deprecated.then(String::new);
        comparison.record(&name, difference.upstream_at(&upstream_at).values(mark(is(ours)), mark(is(theirs))));
    }
    for keyword in ["operationId", "summary", "description"] {
        let [before, after] = [ours, theirs].map(|endpoint| endpoint.value.get(keyword).and_then(Value::as_str));
        let difference = after.and_then(|_| text_difference(&below(&at, keyword), keyword, before, after));
        if let Some(difference) = difference {
            comparison.record(&name, difference.upstream_at(below(&upstream_at, keyword)));
        }
    }
}

/// Compares the events of a stream. Only documents derived from ours have the extension.
fn compare_events(comparison: &mut Comparison<'_>, at: &str, upstream_at: &str, name: &str) {
    let [at, upstream_at] = [at, upstream_at].map(|pointer| below(pointer, "x-event"));
    let site = UseSite { direction: Direction::Response, seen_in: format!("{name}, events") };
    bodies::enqueue_at(comparison, &at, &upstream_at, &site);
}

/// Compares the need for an API key.
fn compare_security(comparison: &mut Comparison<'_>, ours: Endpoint<'_>, theirs: Endpoint<'_>) {
    let needs = |document: Document<'_>, value: &Value| {
        let schemes = value.get("security").or_else(|| document.root.get("security"))?.as_array()?;
        Some(
            !schemes.is_empty()
                && schemes.iter().all(|scheme| scheme.as_object().is_none_or(|scheme| !scheme.is_empty())),
        )
    };
    let before = needs(comparison.ours, ours.value).unwrap_or_default();
    let after = needs(comparison.theirs, theirs.value);
    // A fragment without security requirements gives no information about them.
    let Some(after) = after.or(comparison.whole.then_some(false)).filter(|after| *after != before) else { return };
    let severity = if after { Severity::Breaking } else { Severity::Loosened };
    let difference =
        DifferenceBuilder::new(severity, DifferenceKind::Security, &below(&ours.pointer(), "security"), "needs a key");
    let yes_or_no = |needs| Some(if needs { "yes" } else { "no" }.to_owned());
    let difference = difference.upstream_at(theirs.pointer()).values(yes_or_no(before), yes_or_no(after));
    comparison.record(&ours.name(), difference);
}

fn compare_webhooks(comparison: &mut Comparison<'_>) {
    // Version 3.0 has no webhooks.
    let can_be_removed = comparison.whole && !comparison.theirs.is_3_0;
    let (ours, theirs) = (comparison.ours.root.get("webhooks"), comparison.theirs.root.get("webhooks"));
    for (name, item) in members(ours) {
        let pointer = below("/webhooks", name);
        let seen_in = format!("webhook {name}");
        match theirs.and_then(|theirs| theirs.get(name)) {
            Some(_) => {
                for (method, _) in members(Some(item)).filter(|(method, _)| METHODS.contains(&method.as_str())) {
                    let at = below(&pointer, method);
                    comparison.covered.insert(at.clone());
                    // The service sends webhooks, so the caller reads them.
                    bodies::compare_requests(comparison, &at, &at, &seen_in, Direction::Response);
                }
            }
            None if can_be_removed => {
                let difference =
                    DifferenceBuilder::new(Severity::Breaking, DifferenceKind::Webhook, &pointer, seen_in.clone());
                comparison.record(&seen_in, difference.values(Some(String::new()), None));
            }
            None => {}
        }
    }
    for (name, _) in members(theirs) {
        if ours.is_none_or(|ours| ours.get(name).is_none()) {
            let (pointer, seen_in) = (below("/webhooks", name), format!("webhook {name}"));
            let difference =
                DifferenceBuilder::new(Severity::Additive, DifferenceKind::Webhook, &pointer, seen_in.clone());
            comparison.record(&seen_in, difference.upstream_at(&pointer).values(None, Some(String::new())));
        }
    }
}

fn compare_servers(comparison: &mut Comparison<'_>) {
    let (ours, theirs) = (Published::servers(comparison.ours.root), Published::servers(comparison.theirs.root));
    comparison.covered.insert("/servers".to_owned());
    // Without `servers`, the server is the origin of the document.
    if theirs.is_empty() {
        return;
    }
    for url in ours.iter().filter(|url| !theirs.contains(url)) {
        let difference =
            DifferenceBuilder::new(Severity::Breaking, DifferenceKind::Server, "/servers", format!("server {url}"));
        comparison.record("every call", difference.upstream_at("/servers").values(Some(String::new()), None));
    }
    for url in theirs.iter().filter(|url| !ours.contains(url)) {
        let difference =
            DifferenceBuilder::new(Severity::Additive, DifferenceKind::Server, "/servers", format!("server {url}"));
        comparison.record("every call", difference.upstream_at("/servers").values(None, Some(String::new())));
    }
}

/// Compares components of the same name that no operation reaches: those of a fragment, and those of events.
pub fn compare_components(comparison: &mut Comparison<'_>) {
    let names: Vec<&String> = component_schemas(comparison.theirs.root).map(|(name, _)| name).collect();
    for name in names {
        let pointer = below("/components/schemas", name);
        if !comparison.covered.contains(&pointer) && comparison.ours.root.pointer(&pointer).is_some() {
            compare_schema(comparison, &pointer, &pointer);
        }
    }
}

/// Compares one schema, in each direction in which our document uses it.
fn compare_schema(comparison: &mut Comparison<'_>, ours: &str, theirs: &str) {
    let name = ours.rsplit('/').next().unwrap_or_default();
    for direction in directions_of_use(comparison.ours.root, ours) {
        let site = UseSite { direction, seen_in: format!("schema {name}") };
        bodies::enqueue_at(comparison, ours, theirs, &site);
    }
}

/// Returns the directions in which the schema at `pointer` is used. An unused schema counts as part of a response.
fn directions_of_use(root: &Value, pointer: &str) -> Vec<Direction> {
    if pointer.contains("/requestBody/") || pointer.contains("/parameters/") {
        return vec![Direction::Request];
    }
    let steps: Vec<&str> = pointer.splitn(5, '/').take(4).collect();
    let reference = format!("#{}", steps.join("/"));
    let operations: Vec<&Value> =
        members(root.get("paths")).flat_map(|(_, item)| members(Some(item))).map(|(_, value)| value).collect();
    let requests = operations.iter().filter_map(|operation| operation.get("requestBody"));
    let responses = operations.iter().filter_map(|operation| operation.get("responses"));
    let is_written = reached(root, requests).contains(&reference);
    let is_read = reached(root, responses).contains(&reference);
    let both = [(Direction::Request, is_written), (Direction::Response, is_read || !is_written)];
    both.into_iter().filter_map(|(direction, used)| used.then_some(direction)).collect()
}
