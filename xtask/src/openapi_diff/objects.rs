//! Compares two forms of an object: fields, required fields, and additional fields.

use super::{
    canonical_schema::CanonicalSchema,
    comparison::{Comparison, DifferenceBuilder, UseSite},
    composites::{AdditionalFields, Field, Object},
    difference::{DifferenceKind, Direction, Relation, Severity},
    document::{Document, Node},
};
use crate::document::below;
use serde_json::Value;

/// Presence of a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    /// Every response has it, but our types also read responses without it (`x-expected`).
    Expected,
    Optional,
}

impl Presence {
    fn of(object: &Object<'_>, field: &str) -> Self {
        if object.required.contains(field) {
            Self::Required
        } else if object.expected.contains(field) {
            Self::Expected
        } else {
            Self::Optional
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Expected => "expected",
            Self::Optional => "optional",
        }
    }
}

/// Compares the fields, and queues the schemas of those that both objects have.
pub fn compare<'a>(comparison: &mut Comparison<'a>, ours: &Object<'a>, theirs: &Object<'a>, site: &UseSite) {
    comparison.covered.insert(ours.pointer.clone());
    let hidden = match site.direction {
        Direction::Request => "readOnly",
        Direction::Response => "writeOnly",
    };
    let mut known = Vec::new();
    for (name, field) in ours.fields.iter().filter(|(_, field)| !has_flag(field, hidden)) {
        let visible = |name: &str| theirs.fields.get_key_value(name).filter(|(_, field)| !has_flag(field, hidden));
        // Our types read some fields under several names.
        let matching = visible(name).or_else(|| field.aliases.iter().find_map(|alias| visible(alias)));
        match matching {
            Some((their_name, their_field)) => {
                known.push(their_name);
                compare_presence(comparison, (ours, name), (theirs, their_name), site);
                comparison.enqueue_parts(&field.parts, &their_field.parts, site);
            }
            None => record_removed(comparison, (ours, name, field), theirs, site),
        }
    }
    for (name, field) in &theirs.fields {
        if !known.contains(&name) && !has_flag(field, hidden) {
            record_added(comparison, ours, (theirs, name, field), site);
        }
    }
    compare_additional_fields(comparison, ours, theirs, site);
}

fn has_flag(field: &Field<'_>, keyword: &str) -> bool {
    field.parts.iter().any(|at| at.value.get(keyword) == Some(&Value::Bool(true)))
}

/// Describes a field by its type and presence.
fn describe_field(document: Document<'_>, object: &Object<'_>, name: &str, field: &Field<'_>) -> String {
    format!("{}, {}", CanonicalSchema::of(document, &field.parts).type_name(), Presence::of(object, name).as_str())
}

fn record_removed(
    comparison: &mut Comparison<'_>,
    ours: (&Object<'_>, &str, &Field<'_>),
    theirs: &Object<'_>,
    site: &UseSite,
) {
    let (object, name, field) = ours;
    let was = describe_field(comparison.ours, object, name, field);
    let at = field.parts.first().map_or_else(|| field_pointer(object, name), |at| at.pointer.clone());
    // Also breaking for an optional field: callers that use it no longer get a value.
    let difference = DifferenceBuilder::new(Severity::Breaking, DifferenceKind::Field, &at, format!("field `{name}`"));
    comparison.record(&site.seen_in, difference.upstream_at(theirs.pointer.clone()).values(Some(was), None));
}

fn record_added(
    comparison: &mut Comparison<'_>,
    ours: &Object<'_>,
    theirs: (&Object<'_>, &str, &Field<'_>),
    site: &UseSite,
) {
    let (object, name, field) = theirs;
    let is = describe_field(comparison.theirs, object, name, field);
    let severity = match (site.direction, Presence::of(object, name)) {
        (Direction::Request, Presence::Required) => Severity::Breaking,
        _ => Severity::Additive,
    };
    let upstream_at = field.parts.first().map(|at| at.pointer.clone()).unwrap_or_default();
    let difference =
        DifferenceBuilder::new(severity, DifferenceKind::Field, &field_pointer(ours, name), format!("field `{name}`"));
    comparison.record(&site.seen_in, difference.upstream_at(upstream_at).values(None, Some(is)));
}

fn compare_presence(
    comparison: &mut Comparison<'_>,
    ours: (&Object<'_>, &str),
    theirs: (&Object<'_>, &str),
    site: &UseSite,
) {
    let (before, after) = (Presence::of(ours.0, ours.1), Presence::of(theirs.0, theirs.1));
    let severity = match (before, after) {
        _ if before == after => return,
        (Presence::Expected, Presence::Required) | (Presence::Required, Presence::Expected) => return,
        (Presence::Expected, Presence::Optional) => Severity::Documentation,
        (_, Presence::Optional) => site.direction.severity_of(Relation::Wider),
        _ => site.direction.severity_of(Relation::Narrower),
    };
    let subject = format!("field `{}`", ours.1);
    let difference =
        DifferenceBuilder::new(severity, DifferenceKind::Required, &field_pointer(ours.0, ours.1), subject);
    let difference = difference.upstream_at(field_pointer(theirs.0, theirs.1));
    let (our_value, their_value) = (Some(before.as_str().to_owned()), Some(after.as_str().to_owned()));
    comparison.record(&site.seen_in, difference.values(our_value, their_value));
}

/// Compares the rules for additional fields.
fn compare_additional_fields<'a>(
    comparison: &mut Comparison<'a>,
    ours: &Object<'a>,
    theirs: &Object<'a>,
    site: &UseSite,
) {
    let text = |rest: &AdditionalFields<'_>| match rest {
        AdditionalFields::Open => "anything",
        AdditionalFields::Closed => "nothing",
        AdditionalFields::Map(_) => "values of one schema",
    };
    let relation = match (&ours.additional, &theirs.additional) {
        (AdditionalFields::Map(ours), AdditionalFields::Map(theirs)) => {
            comparison.enqueue(ours, theirs, site);
            return;
        }
        (AdditionalFields::Open, AdditionalFields::Open) | (AdditionalFields::Closed, AdditionalFields::Closed) => {
            return;
        }
        (AdditionalFields::Open, _) | (_, AdditionalFields::Closed) => Relation::Narrower,
        _ => Relation::Wider,
    };
    // Our types preserve unknown fields.
    let severity = match (site.direction, relation, &theirs.additional) {
        (Direction::Response, Relation::Wider, AdditionalFields::Open)
            if !matches!(ours.additional, AdditionalFields::Map(_)) =>
        {
            Severity::Additive
        }
        _ => site.direction.severity_of(relation),
    };
    let at = below(&ours.pointer, "additionalProperties");
    let difference = DifferenceBuilder::new(severity, DifferenceKind::Openness, &at, "further fields");
    let difference = difference.upstream_at(below(&theirs.pointer, "additionalProperties"));
    let (our_value, their_value) = (Some(text(&ours.additional).to_owned()), Some(text(&theirs.additional).to_owned()));
    comparison.record(&site.seen_in, difference.values(our_value, their_value));
}

/// Returns the pointer of a field of an object, or of the place where it belongs.
fn field_pointer(object: &Object<'_>, name: &str) -> String {
    let known = object.fields.get(name).and_then(|field| field.parts.first());
    known.map_or_else(|| below(&below(&object.pointer, "properties"), name), |Node { pointer, .. }| pointer.clone())
}
