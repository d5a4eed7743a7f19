//! The paths and webhooks of both documents: which operations there are, and what each asks for.

use super::{
    bodies,
    change::{Change, Direction, Severity},
    comparison::{Comparison, Difference, Place},
    document::Side,
    parameters,
    published::Published,
    schemas::wording,
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
    /// `POST /image`.
    pub fn name(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    pub fn pointer(&self) -> String {
        below(self.item_pointer, self.method)
    }
}

/// Puts everything that both documents hold in the queue, and records what only one of them has.
pub fn compare(comparison: &mut Comparison<'_>) {
    paths(comparison);
    webhooks(comparison);
    if comparison.whole {
        servers(comparison);
    }
    if let Some((ours, theirs)) = &comparison.published.schema {
        schema(comparison, ours, theirs);
    }
}

/// A path without the names of its parameters and without a slash at its end.
fn skeleton(path: &str) -> String {
    let step = |step: &str| if step.starts_with('{') && step.ends_with('}') { "{}" } else { step }.to_owned();
    path.trim_end_matches('/').split('/').map(step).collect::<Vec<_>>().join("/")
}

fn paths(comparison: &mut Comparison<'_>) {
    let items = |side: Side<'_>| -> BTreeMap<String, (String, String)> {
        members(side.root.get("paths"))
            .filter(|(path, _)| path.starts_with('/'))
            .map(|(path, _)| (skeleton(path), (path.clone(), below("/paths", path))))
            .collect()
    };
    let (ours, theirs) = (items(comparison.ours), items(comparison.theirs));
    comparison.covered.extend(comparison.whole.then(|| "/paths".to_owned()));
    let all: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    for skeleton in all {
        let [our, their] = [(&ours, comparison.ours), (&theirs, comparison.theirs)].map(|(items, side)| {
            let (path, pointer) = items.get(skeleton)?;
            Some((path.as_str(), pointer.as_str(), side.path_item(pointer)?))
        });
        for method in METHODS {
            let endpoint = |item: Option<(_, _, _)>| {
                let (path, item_pointer, item): (&'_ str, &'_ str, &'_ Value) = item?;
                Some(Endpoint { path, item_pointer, method, item, value: item.get(method)? })
            };
            match (endpoint(our), endpoint(their)) {
                (Some(ours), Some(theirs)) => operation(comparison, ours, theirs),
                (Some(ours), None) if comparison.whole => {
                    let name = ours.name();
                    let subject = format!("operation {name}");
                    let difference = Difference::new(Severity::Breaking, Change::Operation, &ours.pointer(), subject);
                    comparison.found(&name, difference.said(Some(String::new()), None));
                }
                (None, Some(theirs)) => added(comparison, theirs, our.map(|(_, pointer, _)| pointer)),
                _ => {}
            }
        }
    }
}

/// A new operation, at the path that we have already or at its own.
fn added(comparison: &mut Comparison<'_>, theirs: Endpoint<'_>, our_item: Option<&str>) {
    let at = below(our_item.unwrap_or(theirs.item_pointer), theirs.method);
    let name = theirs.name();
    let summary = theirs.value.get("summary").and_then(Value::as_str).unwrap_or_default();
    let difference = Difference::new(Severity::Additive, Change::Operation, &at, format!("operation {name}"));
    let difference = difference.upstream(theirs.pointer()).said(None, Some(summary.to_owned()));
    comparison.found(&name, difference);
}

fn operation(comparison: &mut Comparison<'_>, ours: Endpoint<'_>, theirs: Endpoint<'_>) {
    let name = ours.name();
    let (at, upstream_at) = (ours.pointer(), theirs.pointer());
    comparison.covered.insert(at.clone());
    parameters::compare(comparison, ours, theirs);
    bodies::requests(comparison, &at, &upstream_at, &name, Direction::Request);
    bodies::answers(comparison, &at, &upstream_at, &name);
    event(comparison, &at, &upstream_at, &name);
    security(comparison, ours, theirs);
    let is = |endpoint: Endpoint<'_>| endpoint.value.get("deprecated") == Some(&Value::Bool(true));
    if is(ours) != is(theirs) {
        let difference = Difference::new(
            Severity::Documentation,
            Change::Deprecation,
            &below(&at, "deprecated"),
            "mark `deprecated`",
        );
        let mark = |deprecated: bool| deprecated.then(String::new);
        comparison.found(&name, difference.upstream(&upstream_at).said(mark(is(ours)), mark(is(theirs))));
    }
    for keyword in ["operationId", "summary", "description"] {
        let [before, after] = [ours, theirs].map(|endpoint| endpoint.value.get(keyword).and_then(Value::as_str));
        let difference = after.and_then(|_| wording(&below(&at, keyword), keyword, before, after));
        if let Some(difference) = difference {
            comparison.found(&name, difference.upstream(below(&upstream_at, keyword)));
        }
    }
}

/// What the events of a stream hold; only documents that were made from ours say it.
fn event(comparison: &mut Comparison<'_>, at: &str, upstream_at: &str, name: &str) {
    let [at, upstream_at] = [at, upstream_at].map(|pointer| below(pointer, "x-event"));
    let place = Place { direction: Direction::Answer, seen_in: format!("{name}, events") };
    bodies::push_at(comparison, &at, &upstream_at, &place);
}

/// Whether a call needs a key.
fn security(comparison: &mut Comparison<'_>, ours: Endpoint<'_>, theirs: Endpoint<'_>) {
    let needs = |side: Side<'_>, value: &Value| {
        let schemes = value.get("security").or_else(|| side.root.get("security"))?.as_array()?;
        Some(
            !schemes.is_empty()
                && schemes.iter().all(|scheme| scheme.as_object().is_none_or(|scheme| !scheme.is_empty())),
        )
    };
    let before = needs(comparison.ours, ours.value).unwrap_or_default();
    let after = needs(comparison.theirs, theirs.value);
    // A fragment that does not speak of keys says nothing of them.
    let Some(after) = after.or(comparison.whole.then_some(false)).filter(|after| *after != before) else { return };
    let severity = if after { Severity::Breaking } else { Severity::Loosened };
    let difference = Difference::new(severity, Change::Security, &below(&ours.pointer(), "security"), "needs a key");
    let word = |needs| Some(if needs { "yes" } else { "no" }.to_owned());
    let difference = difference.upstream(theirs.pointer()).said(word(before), word(after));
    comparison.found(&ours.name(), difference);
}

fn webhooks(comparison: &mut Comparison<'_>) {
    // Version 3.0 has no word for webhooks.
    let says = comparison.whole && !comparison.theirs.is_3_0;
    let (ours, theirs) = (comparison.ours.root.get("webhooks"), comparison.theirs.root.get("webhooks"));
    for (name, item) in members(ours) {
        let pointer = below("/webhooks", name);
        let seen_in = format!("webhook {name}");
        match theirs.and_then(|theirs| theirs.get(name)) {
            Some(_) => {
                for (method, _) in members(Some(item)).filter(|(method, _)| METHODS.contains(&method.as_str())) {
                    let at = below(&pointer, method);
                    comparison.covered.insert(at.clone());
                    // What the service sends is what the caller reads.
                    bodies::requests(comparison, &at, &at, &seen_in, Direction::Answer);
                }
            }
            None if says => {
                let difference = Difference::new(Severity::Breaking, Change::Webhook, &pointer, seen_in.clone());
                comparison.found(&seen_in, difference.said(Some(String::new()), None));
            }
            None => {}
        }
    }
    for (name, _) in members(theirs) {
        if ours.is_none_or(|ours| ours.get(name).is_none()) {
            let (pointer, seen_in) = (below("/webhooks", name), format!("webhook {name}"));
            let difference = Difference::new(Severity::Additive, Change::Webhook, &pointer, seen_in.clone());
            comparison.found(&seen_in, difference.upstream(&pointer).said(None, Some(String::new())));
        }
    }
}

fn servers(comparison: &mut Comparison<'_>) {
    let (ours, theirs) = (Published::servers(comparison.ours.root), Published::servers(comparison.theirs.root));
    comparison.covered.insert("/servers".to_owned());
    // Without a word of servers it is where the document is.
    if theirs.is_empty() {
        return;
    }
    for url in ours.iter().filter(|url| !theirs.contains(url)) {
        let difference = Difference::new(Severity::Breaking, Change::Server, "/servers", format!("server {url}"));
        comparison.found("every call", difference.upstream("/servers").said(Some(String::new()), None));
    }
    for url in theirs.iter().filter(|url| !ours.contains(url)) {
        let difference = Difference::new(Severity::Additive, Change::Server, "/servers", format!("server {url}"));
        comparison.found("every call", difference.upstream("/servers").said(None, Some(String::new())));
    }
}

/// Compares the schemas of the same name that no operation led to: those of a fragment, and those of events.
pub fn components(comparison: &mut Comparison<'_>) {
    let names: Vec<&String> = component_schemas(comparison.theirs.root).map(|(name, _)| name).collect();
    for name in names {
        let pointer = below("/components/schemas", name);
        if !comparison.covered.contains(&pointer) && comparison.ours.root.pointer(&pointer).is_some() {
            schema(comparison, &pointer, &pointer);
        }
    }
}

/// Compares one schema, for those who write it and those who read it in our document.
fn schema(comparison: &mut Comparison<'_>, ours: &str, theirs: &str) {
    let name = ours.rsplit('/').next().unwrap_or_default();
    for direction in directions(comparison.ours.root, ours) {
        let place = Place { direction, seen_in: format!("schema {name}") };
        bodies::push_at(comparison, ours, theirs, &place);
    }
}

/// Who uses the schema that `pointer` is in. One that nobody uses is taken for an answer.
fn directions(root: &Value, pointer: &str) -> Vec<Direction> {
    if pointer.contains("/requestBody/") || pointer.contains("/parameters/") {
        return vec![Direction::Request];
    }
    let steps: Vec<&str> = pointer.splitn(5, '/').take(4).collect();
    let reference = format!("#{}", steps.join("/"));
    let operations: Vec<&Value> =
        members(root.get("paths")).flat_map(|(_, item)| members(Some(item))).map(|(_, value)| value).collect();
    let requests = operations.iter().filter_map(|operation| operation.get("requestBody"));
    let answers = operations.iter().filter_map(|operation| operation.get("responses"));
    let is_written = reached(root, requests).contains(&reference);
    let is_read = reached(root, answers).contains(&reference);
    let both = [(Direction::Request, is_written), (Direction::Answer, is_read || !is_written)];
    both.into_iter().filter_map(|(direction, used)| used.then_some(direction)).collect()
}
