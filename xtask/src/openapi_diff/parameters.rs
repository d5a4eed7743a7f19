//! The parameters of an operation. Those of the path go by their place in it, all others by their names.

use super::{
    change::{Change, Direction, Severity},
    comparison::{Comparison, Difference, Place},
    document::{At, Side},
    endpoints::Endpoint,
    schemas::wording,
};
use crate::document::{below, items};
use serde_json::Value;
use std::collections::BTreeMap;

/// What `in` a header of this name stands for is said elsewhere in a document.
const SAID_ELSEWHERE: [&str; 3] = ["accept", "content-type", "authorization"];

/// A parameter of an operation.
struct Parameter<'a> {
    /// Where the operation lists it.
    listed: String,
    /// Where it is written.
    at: At<'a>,
    name: &'a str,
}

impl Parameter<'_> {
    fn is_required(&self) -> bool {
        self.at.value.get("required") == Some(&Value::Bool(true))
    }

    fn place(&self) -> &str {
        self.at.value.get("in").and_then(Value::as_str).unwrap_or_default()
    }

    /// How a list or an object is written, with what holds when nothing is said.
    fn style(&self) -> (String, bool) {
        let default = if matches!(self.place(), "query" | "cookie") { "form" } else { "simple" };
        let style = self.at.value.get("style").and_then(Value::as_str).unwrap_or(default);
        let explode = self.at.value.get("explode").and_then(Value::as_bool).unwrap_or(style == "form");
        (style.to_owned(), explode)
    }
}

type Parameters<'a> = BTreeMap<(String, String), Parameter<'a>>;

/// The parameters of an operation by their place and name; those of the operation come before those of its path.
fn parameters<'a>(side: Side<'a>, endpoint: Endpoint<'_>) -> Parameters<'a> {
    let mut found = Parameters::new();
    for owner in [endpoint.item_pointer.to_owned(), endpoint.pointer()] {
        let list = below(&owner, "parameters");
        for (index, value) in items(side.root.pointer(&list)).enumerate() {
            let listed = below(&list, &index.to_string());
            let Some(at) = side.locate(&listed, value) else { continue };
            let text = |name: &str| at.value.get(name).and_then(Value::as_str);
            let (Some(name), Some(place)) = (text("name"), text("in")) else { continue };
            let key = match place {
                "path" => endpoint
                    .path
                    .split('/')
                    .position(|step| step == format!("{{{name}}}"))
                    .map_or_else(|| name.to_owned(), |position| position.to_string()),
                "header" => name.to_lowercase(),
                _ => name.to_owned(),
            };
            if place != "header" || !SAID_ELSEWHERE.contains(&key.as_str()) {
                found.insert((place.to_owned(), key), Parameter { listed, at, name });
            }
        }
    }
    found
}

/// Compares the parameters, and puts their schemas in the queue.
pub fn compare(comparison: &mut Comparison<'_>, ours: Endpoint<'_>, theirs: Endpoint<'_>) {
    let says = [theirs.item, theirs.value].iter().any(|owner| owner.get("parameters").is_some());
    if !says && !comparison.whole {
        return;
    }
    let (our_list, their_list) = (parameters(comparison.ours, ours), parameters(comparison.theirs, theirs));
    let name = ours.name();
    for (key, parameter) in &our_list {
        match their_list.get(key) {
            Some(their) => both(comparison, parameter, their, &name),
            // A fragment may leave to its path what the path says anyway.
            None if key.0 == "path" && !comparison.whole => {}
            None => {
                let subject = format!("{} parameter `{}`", key.0, parameter.name);
                let difference = Difference::new(Severity::Breaking, Change::Parameter, &parameter.listed, subject);
                let difference = difference.upstream(theirs.pointer()).said(Some(String::new()), None);
                comparison.found(&name, difference);
            }
        }
    }
    for (key, parameter) in their_list.iter().filter(|(key, _)| !our_list.contains_key(*key)) {
        let severity = if parameter.is_required() { Severity::Breaking } else { Severity::Additive };
        // It has no index with us yet, so its name stands for one.
        let at = below(&below(&ours.pointer(), "parameters"), parameter.name);
        let subject = format!("{} parameter `{}`", key.0, parameter.name);
        let duty = if parameter.is_required() { "required" } else { "optional" };
        let difference = Difference::new(severity, Change::Parameter, &at, subject);
        let difference = difference.upstream(&parameter.listed).said(None, Some(duty.to_owned()));
        comparison.found(&name, difference);
    }
}

fn both<'a>(comparison: &mut Comparison<'a>, ours: &Parameter<'a>, theirs: &Parameter<'a>, name: &str) {
    let subject = format!("{} parameter `{}`", ours.place(), ours.name);
    let seen_in = format!("{name}, {subject}");
    let at = &ours.at.pointer;
    comparison.covered.extend([at.clone(), ours.listed.clone()]);
    let mut found = Vec::new();
    let new = |severity, change, at: String, subject: String| Difference::new(severity, change, &at, subject);
    if ours.is_required() != theirs.is_required() {
        let severity = if theirs.is_required() { Severity::Breaking } else { Severity::Loosened };
        let word = |required| Some(if required { "required" } else { "optional" }.to_owned());
        let difference = new(severity, Change::Required, at.clone(), subject.clone());
        found.push(difference.said(word(ours.is_required()), word(theirs.is_required())));
    }
    if ours.place() == "path" && ours.name != theirs.name {
        let difference =
            new(Severity::Documentation, Change::Wording, below(at, "name"), "name in the path".to_owned());
        found.push(difference.said(Some(ours.name.to_owned()), Some(theirs.name.to_owned())));
    }
    if ours.style() != theirs.style() {
        let word =
            |(style, explode): (String, bool)| Some(format!("{style}{}", if explode { ", exploded" } else { "" }));
        let difference = new(Severity::Breaking, Change::Style, below(at, "style"), format!("style of {subject}"));
        found.push(difference.said(word(ours.style()), word(theirs.style())));
    }
    let deprecated = |parameter: &Parameter<'_>| parameter.at.value.get("deprecated") == Some(&Value::Bool(true));
    if deprecated(ours) != deprecated(theirs) {
        let mark = |deprecated: bool| deprecated.then(String::new);
        let difference =
            new(Severity::Documentation, Change::Deprecation, below(at, "deprecated"), "mark `deprecated`".to_owned());
        found.push(difference.said(mark(deprecated(ours)), mark(deprecated(theirs))));
    }
    let description = |parameter: &Parameter<'a>| parameter.at.value.get("description").and_then(Value::as_str);
    if description(theirs).is_some() {
        found.extend(wording(&below(at, "description"), "description", description(ours), description(theirs)));
    }
    for difference in found {
        comparison.found(&seen_in, difference.upstream(&theirs.at.pointer));
    }
    let schema = |parameter: &Parameter<'a>| {
        let content = || parameter.at.value.get("content")?.as_object()?.values().next()?.get("schema");
        let value = parameter.at.value.get("schema").or_else(content)?;
        Some(At { pointer: below(&parameter.at.pointer, "schema"), value })
    };
    if let (Some(ours), Some(theirs)) = (schema(ours), schema(theirs)) {
        comparison.push(&ours, &theirs, &Place { direction: Direction::Request, seen_in });
    }
}
