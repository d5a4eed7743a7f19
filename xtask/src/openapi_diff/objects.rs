//! Two forms of an object: which fields they have, and which of them must be there.

use super::{
    canonical_schema::Shape,
    change::{Change, Direction, Severity, Way},
    comparison::{Comparison, Difference, Place},
    composites::{Field, Object, Rest},
    document::{At, Side},
};
use crate::document::below;
use serde_json::Value;

/// Whether a field has to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Duty {
    Required,
    /// Every answer is said to have it, and we do not insist (`x-expected`).
    Expected,
    Optional,
}

impl Duty {
    fn of(object: &Object<'_>, field: &str) -> Self {
        if object.required.contains(field) {
            Self::Required
        } else if object.expected.contains(field) {
            Self::Expected
        } else {
            Self::Optional
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Expected => "expected",
            Self::Optional => "optional",
        }
    }
}

/// Compares the fields, and puts the schemas of those that both have in the queue.
pub fn compare<'a>(comparison: &mut Comparison<'a>, ours: &Object<'a>, theirs: &Object<'a>, place: &Place) {
    comparison.covered.insert(ours.pointer.clone());
    let hidden = match place.direction {
        Direction::Request => "readOnly",
        Direction::Answer => "writeOnly",
    };
    let mut known = Vec::new();
    for (name, field) in ours.fields.iter().filter(|(_, field)| !is(field, hidden)) {
        let visible = |name: &str| theirs.fields.get_key_value(name).filter(|(_, field)| !is(field, hidden));
        // We read some fields under several names.
        let met = visible(name).or_else(|| field.aliases.iter().find_map(|alias| visible(alias)));
        match met {
            Some((their_name, their_field)) => {
                known.push(their_name);
                duty(comparison, (ours, name), (theirs, their_name), place);
                comparison.push_parts(&field.parts, &their_field.parts, place);
            }
            None => gone(comparison, (ours, name, field), theirs, place),
        }
    }
    for (name, field) in &theirs.fields {
        if !known.contains(&name) && !is(field, hidden) {
            new(comparison, ours, (theirs, name, field), place);
        }
    }
    rest(comparison, ours, theirs, place);
}

fn is(field: &Field<'_>, word: &str) -> bool {
    field.parts.iter().any(|at| at.value.get(word) == Some(&Value::Bool(true)))
}

/// A field with its type and whether it has to be there, in words.
fn brief(side: Side<'_>, object: &Object<'_>, name: &str, field: &Field<'_>) -> String {
    format!("{}, {}", Shape::of(side, &field.parts).type_name(), Duty::of(object, name).word())
}

fn gone(comparison: &mut Comparison<'_>, ours: (&Object<'_>, &str, &Field<'_>), theirs: &Object<'_>, place: &Place) {
    let (object, name, field) = ours;
    let was = brief(comparison.ours, object, name, field);
    let at = field.parts.first().map_or_else(|| field_at(object, name), |at| at.pointer.clone());
    // What may be absent and is nowhere said to come, the reader has to do without already; its loss is breaking all the
    // same, as whoever uses it gets nothing any more.
    let difference = Difference::new(Severity::Breaking, Change::Field, &at, format!("field `{name}`"));
    comparison.found(&place.seen_in, difference.upstream(theirs.pointer.clone()).said(Some(was), None));
}

fn new(comparison: &mut Comparison<'_>, ours: &Object<'_>, theirs: (&Object<'_>, &str, &Field<'_>), place: &Place) {
    let (object, name, field) = theirs;
    let is = brief(comparison.theirs, object, name, field);
    let severity = match (place.direction, Duty::of(object, name)) {
        (Direction::Request, Duty::Required) => Severity::Breaking,
        _ => Severity::Additive,
    };
    let upstream_at = field.parts.first().map(|at| at.pointer.clone()).unwrap_or_default();
    let difference = Difference::new(severity, Change::Field, &field_at(ours, name), format!("field `{name}`"));
    comparison.found(&place.seen_in, difference.upstream(upstream_at).said(None, Some(is)));
}

fn duty(comparison: &mut Comparison<'_>, ours: (&Object<'_>, &str), theirs: (&Object<'_>, &str), place: &Place) {
    let (before, after) = (Duty::of(ours.0, ours.1), Duty::of(theirs.0, theirs.1));
    let severity = match (before, after) {
        _ if before == after => return,
        (Duty::Expected, Duty::Required) | (Duty::Required, Duty::Expected) => return,
        (Duty::Expected, Duty::Optional) => Severity::Documentation,
        (_, Duty::Optional) => place.direction.judge(Way::Wider),
        _ => place.direction.judge(Way::Narrower),
    };
    let subject = format!("field `{}`", ours.1);
    let difference = Difference::new(severity, Change::Required, &field_at(ours.0, ours.1), subject);
    let difference = difference.upstream(field_at(theirs.0, theirs.1));
    let words = (Some(before.word().to_owned()), Some(after.word().to_owned()));
    comparison.found(&place.seen_in, difference.said(words.0, words.1));
}

/// What the objects may hold beside their fields.
fn rest<'a>(comparison: &mut Comparison<'a>, ours: &Object<'a>, theirs: &Object<'a>, place: &Place) {
    let word = |rest: &Rest<'_>| match rest {
        Rest::Open => "anything",
        Rest::Closed => "nothing",
        Rest::Map(_) => "values of one schema",
    };
    let way = match (&ours.rest, &theirs.rest) {
        (Rest::Map(ours), Rest::Map(theirs)) => {
            comparison.push(ours, theirs, place);
            return;
        }
        (Rest::Open, Rest::Open) | (Rest::Closed, Rest::Closed) => return,
        (Rest::Open, _) | (_, Rest::Closed) => Way::Narrower,
        _ => Way::Wider,
    };
    // Our types keep fields that they do not know.
    let severity = match (place.direction, way, &theirs.rest) {
        (Direction::Answer, Way::Wider, Rest::Open) if !matches!(ours.rest, Rest::Map(_)) => Severity::Additive,
        _ => place.direction.judge(way),
    };
    let at = below(&ours.pointer, "additionalProperties");
    let difference = Difference::new(severity, Change::Openness, &at, "further fields");
    let difference = difference.upstream(below(&theirs.pointer, "additionalProperties"));
    let words = (Some(word(&ours.rest).to_owned()), Some(word(&theirs.rest).to_owned()));
    comparison.found(&place.seen_in, difference.said(words.0, words.1));
}

/// Where a field of an object is, or would be.
fn field_at(object: &Object<'_>, name: &str) -> String {
    let known = object.fields.get(name).and_then(|field| field.parts.first());
    known.map_or_else(|| below(&below(&object.pointer, "properties"), name), |At { pointer, .. }| pointer.clone())
}
