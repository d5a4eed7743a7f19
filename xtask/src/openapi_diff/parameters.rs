//! Compares the parameters of an operation. Path parameters are matched by position, all others by name.

use super::{
    comparison::{Comparison, DifferenceBuilder, UseSite},
    difference::{DifferenceKind, Direction, Severity},
    document::{Document, Node},
    endpoints::Endpoint,
    schemas::text_difference,
};
use crate::document::{below, items};
use serde_json::Value;
use std::collections::BTreeMap;

/// Header parameters that OpenAPI ignores, because other parts of the document define them.
const IGNORED_HEADERS: [&str; 3] = ["accept", "content-type", "authorization"];

/// A parameter of an operation.
struct Parameter<'a> {
    /// Pointer of the entry in the operation's list.
    listed_at: String,
    /// Definition of the parameter.
    at: Node<'a>,
    name: &'a str,
}

impl Parameter<'_> {
    fn is_required(&self) -> bool {
        self.at.value.get("required") == Some(&Value::Bool(true))
    }

    fn location(&self) -> &str {
        self.at.value.get("in").and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the serialization style and `explode`, with the defaults of OpenAPI.
    fn style(&self) -> (String, bool) {
        let default = if matches!(self.location(), "query" | "cookie") { "form" } else { "simple" };
        let style = self.at.value.get("style").and_then(Value::as_str).unwrap_or(default);
        let explode = self.at.value.get("explode").and_then(Value::as_bool).unwrap_or(style == "form");
        (style.to_owned(), explode)
    }
}

type Parameters<'a> = BTreeMap<(String, String), Parameter<'a>>;

/// Returns the parameters of an operation by location and name. Those of the operation override those of its path.
fn list_parameters<'a>(document: Document<'a>, endpoint: Endpoint<'_>) -> Parameters<'a> {
    let mut found = Parameters::new();
    for owner in [endpoint.item_pointer.to_owned(), endpoint.pointer()] {
        let list = below(&owner, "parameters");
        for (index, value) in items(document.root.pointer(&list)).enumerate() {
            let listed_at = below(&list, &index.to_string());
            let Some(at) = document.locate(&listed_at, value) else { continue };
            let text = |name: &str| at.value.get(name).and_then(Value::as_str);
            let (Some(name), Some(location)) = (text("name"), text("in")) else { continue };
            let key = match location {
                "path" => endpoint
                    .path
                    .split('/')
                    .position(|step| step == format!("{{{name}}}"))
                    .map_or_else(|| name.to_owned(), |position| position.to_string()),
                "header" => name.to_lowercase(),
                _ => name.to_owned(),
            };
            if location != "header" || !IGNORED_HEADERS.contains(&key.as_str()) {
                found.insert((location.to_owned(), key), Parameter { listed_at, at, name });
            }
        }
    }
    found
}

/// Compares the parameters, and queues their schemas.
pub fn compare(comparison: &mut Comparison<'_>, ours: Endpoint<'_>, theirs: Endpoint<'_>) {
    let declares_parameters = [theirs.item, theirs.value].iter().any(|owner| owner.get("parameters").is_some());
    if !declares_parameters && !comparison.whole {
        return;
    }
    let (our_list, their_list) = (list_parameters(comparison.ours, ours), list_parameters(comparison.theirs, theirs));
    let name = ours.name();
    for (key, parameter) in &our_list {
        match their_list.get(key) {
            Some(their) => compare_parameter(comparison, parameter, their, &name),
            // A fragment may omit path parameters.
            None if key.0 == "path" && !comparison.whole => {}
            None => {
                let subject = format!("{} parameter `{}`", key.0, parameter.name);
                let difference = DifferenceBuilder::new(
                    Severity::Breaking,
                    DifferenceKind::Parameter,
                    &parameter.listed_at,
                    subject,
                );
                let difference = difference.upstream_at(theirs.pointer()).values(Some(String::new()), None);
                comparison.record(&name, difference);
            }
        }
    }
    for (key, parameter) in their_list.iter().filter(|(key, _)| !our_list.contains_key(*key)) {
        let severity = if parameter.is_required() { Severity::Breaking } else { Severity::Additive };
        // Our document has no index for it, so its name is used.
        let at = below(&below(&ours.pointer(), "parameters"), parameter.name);
        let subject = format!("{} parameter `{}`", key.0, parameter.name);
        let presence = if parameter.is_required() { "required" } else { "optional" };
        let difference = DifferenceBuilder::new(severity, DifferenceKind::Parameter, &at, subject);
        let difference = difference.upstream_at(&parameter.listed_at).values(None, Some(presence.to_owned()));
        comparison.record(&name, difference);
    }
}

fn compare_parameter<'a>(comparison: &mut Comparison<'a>, ours: &Parameter<'a>, theirs: &Parameter<'a>, name: &str) {
    let subject = format!("{} parameter `{}`", ours.location(), ours.name);
    let seen_in = format!("{name}, {subject}");
    let at = &ours.at.pointer;
    comparison.covered.extend([at.clone(), ours.listed_at.clone()]);
    let mut found = Vec::new();
    let new = |severity, change, at: String, subject: String| DifferenceBuilder::new(severity, change, &at, subject);
    if ours.is_required() != theirs.is_required() {
        let severity = if theirs.is_required() { Severity::Breaking } else { Severity::Loosened };
        let text = |required| Some(if required { "required" } else { "optional" }.to_owned());
        let difference = new(severity, DifferenceKind::Required, at.clone(), subject.clone());
        found.push(difference.values(text(ours.is_required()), text(theirs.is_required())));
    }
    if ours.location() == "path" && ours.name != theirs.name {
        let difference =
            new(Severity::Documentation, DifferenceKind::Wording, below(at, "name"), "name in the path".to_owned());
        found.push(difference.values(Some(ours.name.to_owned()), Some(theirs.name.to_owned())));
    }
    if ours.style() != theirs.style() {
        let text =
            |(style, explode): (String, bool)| Some(format!("{style}{}", if explode { ", exploded" } else { "" }));
        let difference =
            new(Severity::Breaking, DifferenceKind::Style, below(at, "style"), format!("style of {subject}"));
        found.push(difference.values(text(ours.style()), text(theirs.style())));
    }
    let deprecated = |parameter: &Parameter<'_>| parameter.at.value.get("deprecated") == Some(&Value::Bool(true));
    if deprecated(ours) != deprecated(theirs) {
        let mark = |deprecated: bool| deprecated.then(String::new);
        let difference = new(
            Severity::Documentation,
            DifferenceKind::Deprecation,
            below(at, "deprecated"),
            "mark `deprecated`".to_owned(),
        );
        found.push(difference.values(mark(deprecated(ours)), mark(deprecated(theirs))));
    }
    let description = |parameter: &Parameter<'a>| parameter.at.value.get("description").and_then(Value::as_str);
    if description(theirs).is_some() {
        found.extend(text_difference(&below(at, "description"), "description", description(ours), description(theirs)));
    }
    for difference in found {
        comparison.record(&seen_in, difference.upstream_at(&theirs.at.pointer));
    }
    let schema = |parameter: &Parameter<'a>| {
        let content = || parameter.at.value.get("content")?.as_object()?.values().next()?.get("schema");
        let value = parameter.at.value.get("schema").or_else(content)?;
        Some(Node { pointer: below(&parameter.at.pointer, "schema"), value })
    };
    if let (Some(ours), Some(theirs)) = (schema(ours), schema(theirs)) {
        comparison.enqueue(&ours, &theirs, &UseSite { direction: Direction::Request, seen_in });
    }
}
