//! Decoding of responses that differ from their schema.
//!
//! A response that was paid for must not be lost because one of its members has an unusual type. A body that does not
//! decode is repaired at the place of the error and decoded again, until it decodes or nothing is left to repair. A
//! body that decodes at once costs nothing more.

use crate::{DecodeError, SchemaMismatchKind, SchemaMismatches, de};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::{Error, Path, Segment};
use std::{collections::HashSet, mem};

/// Maximum number of repairs of one body.
const MAX_REPAIRS: usize = 1000;

/// Maximum number of bytes that are decoded for the repairs of one body, since each repair decodes the whole body.
const MAX_REPAIRED_BYTES: usize = 16 * 1024 * 1024;

/// A decoded value and its differences from the schema that the value does not show.
pub(crate) struct Lenient<T> {
    pub(crate) value: T,
    pub(crate) mismatches: SchemaMismatches,
    /// Number of items that were left out of the list `items` of the response.
    pub(crate) left_out: usize,
}

impl<T> Lenient<T> {
    /// Makes it of a value that does not differ from its schema.
    pub(crate) fn exact(value: T) -> Self {
        Self { value, mismatches: SchemaMismatches::default(), left_out: 0 }
    }
}

/// Decodes a body, and repairs it where it differs from its schema. `items` is the member with the items of a list, which
/// must be a list.
///
/// - A number in place of a text becomes its text, and a text or number in place of `true` or `false` the value that it
///   means.
/// - An empty list in place of an object becomes an empty object, and the other way round.
/// - Of a repeated member, the last one counts.
/// - Any other member of a wrong type is removed, as if the service had not sent it.
/// - An object that lacks a required member is removed from its list or from its object.
///
/// # Errors
/// The first error, if the body is not JSON, if the value itself lacks a required member, or if no item of a list can be
/// read.
pub(crate) fn from_slice<T: DeserializeOwned>(
    body: &[u8],
    items: Option<&str>,
) -> Result<Lenient<T>, Error<serde_json::Error>> {
    let first = match de::from_slice::<T>(body) {
        Ok(value) => return Ok(Lenient::exact(value)),
        Err(error) if error.inner().is_data() => error,
        Err(error) => return Err(error),
    };
    let Ok(root) = serde_json::from_slice::<Value>(body) else { return Err(first) };
    let mut repair = Repair { root, items, ..Repair::default() };
    let message = first.inner().to_string();
    if let Some((_, rest)) = message.split_once("duplicate field `") {
        let mut place = repair.place(first.path(), "");
        place.push(Step::Member(rest.split('`').next().unwrap_or_default().to_owned()));
        repair.report(&place, SchemaMismatchKind::RepeatedField);
    }
    let attempts = (MAX_REPAIRED_BYTES / body.len().max(1)).clamp(1, MAX_REPAIRS);
    for _ in 0..attempts {
        match serde_path_to_error::deserialize(&repair.root) {
            Ok(_) if repair.has_lost_all_items() => break,
            Ok(value) => {
                let left_out = repair.left_out();
                return Ok(Lenient { value, mismatches: repair.mismatches, left_out });
            }
            Err(error) => {
                if repair.apply(&error).is_none() {
                    break;
                }
            }
        }
    }
    Err(first)
}

/// Reads a value that did not arrive as a body, for example an event of a stream, as leniently as a body.
///
/// # Errors
/// If the value lacks what is needed.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, DecodeError> {
    from_slice(value.to_string().as_bytes(), None).map(|read| read.value).map_err(DecodeError::new)
}

/// Step of the path to a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Member(String),
    Item(usize),
}

/// A body under repair.
#[derive(Default)]
struct Repair<'a> {
    root: Value,
    items: Option<&'a str>,
    mismatches: SchemaMismatches,
    /// Places that were reported. A value that does not decode after its conversion is removed.
    reported: HashSet<Vec<Step>>,
    /// Positions of the items that were removed from each list, in ascending order.
    removed: Vec<(Vec<Step>, Vec<usize>)>,
}

impl Repair<'_> {
    /// Repairs the place of an error; `None` if that is not possible.
    fn apply(&mut self, error: &Error<serde_json::Error>) -> Option<()> {
        let message = error.inner().to_string();
        let place = self.place(error.path(), &message);
        // The whole value, or the list that a page consists of.
        if place.is_empty() || self.is_list(&place) {
            return None;
        }
        let value = find(&self.root, &place)?.clone();
        let is_incomplete = message.contains("missing field `");
        let is_conversion =
            !is_incomplete && !self.reported.contains(&self.original(&place)) && converted(&value, &message).is_some();
        if let ([list @ .., Step::Item(index)], false) = (&*place, is_conversion) {
            return self.remove_item(list, *index);
        }
        let mut places = vec![place];
        if !is_incomplete {
            // The other items of a list usually differ in the same way, and each repair decodes the whole body.
            let is_same = |other: &Value| match value {
                Value::String(_) | Value::Number(_) if !is_conversion => value == *other,
                _ => mem::discriminant(&value) == mem::discriminant(other),
            };
            let (pattern, mut others) = (places[0].clone(), Vec::new());
            matching(&self.root, &pattern, &mut Vec::new(), &mut |place, other| {
                if place != pattern && is_same(other) {
                    others.push(place.to_vec());
                }
            });
            places.extend(others);
        }
        for place in places {
            let value = find_mut(&mut self.root, &place)?;
            if let Some(new) = converted(value, &message).filter(|_| is_conversion) {
                *value = new;
            } else {
                let (Step::Member(name), parent) = place.split_last()? else { continue };
                find_mut(&mut self.root, parent)?.as_object_mut()?.remove(name);
            }
            if self.reported.insert(self.original(&place)) {
                self.report(&place, SchemaMismatchKind::OtherType);
            }
        }
        Some(())
    }

    fn remove_item(&mut self, list: &[Step], index: usize) -> Option<()> {
        let place = [list, &[Step::Item(index)]].concat();
        let items = find_mut(&mut self.root, list)?.as_array_mut()?;
        if index >= items.len() {
            return None;
        }
        items.remove(index);
        self.report(&place, SchemaMismatchKind::LeftOut);
        let (list, original) = (self.original(list), self.original(&place));
        let Some(Step::Item(index)) = original.last() else { return None };
        match self.removed.iter_mut().find(|(at, _)| *at == list) {
            Some((_, positions)) => {
                let at = positions.partition_point(|position| position < index);
                positions.insert(at, *index);
            }
            None => self.removed.push((list, vec![*index])),
        }
        Some(())
    }

    /// Returns the place of an error in the body. `message` starts with the name of the member if the member has
    /// alternative names, see [`de::Aliased`].
    fn place(&self, path: &Path, message: &str) -> Vec<Step> {
        let mut place = Vec::new();
        for segment in path {
            match segment {
                Segment::Seq { index } => place.push(Step::Item(*index)),
                Segment::Map { key } => place.push(Step::Member(key.clone())),
                Segment::Enum { .. } => {}
                Segment::Unknown => break,
            }
        }
        if let (Some((name, _)), Some(Value::Object(members))) = (message.split_once(": "), find(&self.root, &place)) {
            if members.contains_key(name) {
                place.push(Step::Member(name.to_owned()));
            }
        }
        place
    }

    /// Returns a place with the positions that the items had before any item was removed.
    fn original(&self, place: &[Step]) -> Vec<Step> {
        let mut original: Vec<Step> = Vec::with_capacity(place.len());
        for step in place {
            let step = match step {
                Step::Item(index) => {
                    let removed = self.removed.iter().find(|(list, _)| *list == original);
                    let removed = removed.map_or(&[][..], |(_, positions)| positions);
                    Step::Item(removed.iter().fold(*index, |at, removed| if *removed <= at { at + 1 } else { at }))
                }
                Step::Member(_) => step.clone(),
            };
            original.push(step);
        }
        original
    }

    fn report(&mut self, place: &[Step], kind: SchemaMismatchKind) {
        let steps = self.original(place);
        self.mismatches.push_at(
            steps.iter().map(|step| match step {
                Step::Member(name) => Ok(&**name),
                Step::Item(index) => Err(*index),
            }),
            kind,
        );
    }

    /// Returns `true` for the place of the items of a page.
    fn is_list(&self, place: &[Step]) -> bool {
        matches!(place, [Step::Member(name)] if Some(&**name) == self.items)
    }

    fn left_out(&self) -> usize {
        self.removed.iter().find(|(list, _)| self.is_list(list)).map_or(0, |(_, positions)| positions.len())
    }

    /// Returns `true` if none of several items of a page can be read: then it is not a page of this kind.
    fn has_lost_all_items(&self) -> bool {
        let items = self.items.and_then(|name| self.root.get(name)).and_then(Value::as_array);
        self.left_out() > 1 && items.is_some_and(Vec::is_empty)
    }
}

/// Converts a value of a wrong type, if its meaning is clear.
fn converted(value: &Value, message: &str) -> Option<Value> {
    match value {
        Value::Number(_) | Value::String(_) if message.contains("expected a boolean") => {
            to_bool(value).map(Value::Bool)
        }
        Value::Number(number) if !is_for_structure(message) => Some(Value::String(number.to_string())),
        Value::Array(items) if items.is_empty() => Some(Value::Object(Map::new())),
        Value::Object(members) if members.is_empty() => Some(Value::Array(Vec::new())),
        _ => None,
    }
}

/// Returns `true` for the error of a value that should be an object or a list.
fn is_for_structure(message: &str) -> bool {
    ["expected struct", "expected a map", "expected a sequence"].iter().any(|part| message.contains(part))
}

fn to_bool(value: &Value) -> Option<bool> {
    match (value.as_str(), value.as_u64()) {
        (Some("true" | "1"), _) | (_, Some(1)) => Some(true),
        (Some("false" | "0"), _) | (_, Some(0)) => Some(false),
        _ => None,
    }
}

fn find<'a>(root: &'a Value, place: &[Step]) -> Option<&'a Value> {
    place.iter().try_fold(root, |value, step| match step {
        Step::Member(name) => value.get(name),
        Step::Item(index) => value.get(index),
    })
}

fn find_mut<'a>(root: &'a mut Value, place: &[Step]) -> Option<&'a mut Value> {
    place.iter().try_fold(root, |value, step| match step {
        Step::Member(name) => value.get_mut(name),
        Step::Item(index) => value.get_mut(index),
    })
}

/// Calls `found` for each value whose place is `pattern`, with any positions in lists.
fn matching(value: &Value, pattern: &[Step], place: &mut Vec<Step>, found: &mut impl FnMut(&[Step], &Value)) {
    match pattern.split_first() {
        None => found(place, value),
        Some((Step::Member(name), rest)) => {
            if let Some(member) = value.get(name) {
                place.push(Step::Member(name.clone()));
                matching(member, rest, place, found);
                place.pop();
            }
        }
        Some((Step::Item(_), rest)) => {
            for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                place.push(Step::Item(index));
                matching(item, rest, place, found);
                place.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Batch, ImageList, Template};
    use serde_json::json;

    fn read<T: DeserializeOwned>(body: &Value, items: Option<&str>) -> Result<(T, String, usize), String> {
        let read = from_slice::<T>(body.to_string().as_bytes(), items);
        read.map(|it| (it.value, it.mismatches.to_string(), it.left_out)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_places_of_differences_are_those_in_the_body() {
        let good = |id: &str| json!({"url": "u", "id": id});
        let body =
            json!({"images": [1, good("A"), {"id": "B"}, {"url": "u", "id": 7, "width": "auto"}, null, good("C")]});
        let (list, mismatches, left_out) = read::<ImageList>(&body, Some("images")).unwrap();
        let ids: Vec<_> = list.images.iter().map(|image| image.id.as_deref().unwrap()).collect();
        assert_eq!((ids, left_out), (vec!["A", "7", "C"], 3));
        for part in [
            "images[0]: left",
            "images[2]: left",
            "images[3].id: another",
            "images[3].width: another",
            "images[4]: left",
        ] {
            assert!(mismatches.contains(part), "{part}: {mismatches}");
        }
        assert_eq!(mismatches.matches(": ").count(), 5, "{mismatches}");
    }

    #[test]
    fn a_nested_item_costs_itself() {
        let layout = |url: Value| json!({"layout": "a", "url": url});
        let body = json!({"batchId": 5, "results": [
            {"index": 0, "success": "true", "results": [layout(json!(null)), layout(json!("u"))]},
            {"index": 1, "success": 1, "results": [layout(json!("v")), 5, layout(json!({}))]},
        ]});
        let (batch, mismatches, _) = read::<Batch>(&body, None).unwrap();
        assert_eq!(batch.batch_id.as_deref(), Some("5"));
        let urls: Vec<_> = batch.results.iter().flat_map(|item| &item.results).map(|layout| &*layout.url).collect();
        assert_eq!(urls, ["u", "v"], "{mismatches}");
        assert!(batch.results.iter().all(|item| item.success == Some(true)), "{mismatches}");
        for place in
            ["batchId", "results[0].results[0]", "results[1].results[1]", "results[1].results[2]", "results[1].success"]
        {
            assert!(mismatches.contains(&format!("{place}: ")), "{place}: {mismatches}");
        }
    }

    #[test]
    fn long_lists_that_differ_in_the_same_way_are_read() {
        let item = |index: usize| json!({"index": index, "success": 1, "error": false, "results": [{"url": "u", "id": index, "width": "auto"}]});
        let body = json!({"batchId": "B", "results": (0..3000).map(item).collect::<Vec<_>>()});
        let (batch, mismatches, _) = read::<Batch>(&body, None).unwrap();
        assert_eq!(batch.results.len(), 3000);
        assert!(batch.results.iter().all(|item| item.results.len() == 1 && item.success == Some(true)));
        assert_eq!(batch.results[2999].results[0].id.as_deref(), Some("2999"));
        assert!(mismatches.ends_with("and 11900 more"), "{}", &mismatches[mismatches.len() - 40..]);
    }

    #[test]
    fn the_items_of_a_list_of_texts_are_converted() {
        let body = json!({"uid": "A", "tags": [1, "b", 2.5, {"c": 1}, null]});
        let (template, mismatches, _) = read::<Template>(&body, None).unwrap();
        assert_eq!(template.tags, ["1", "b", "2.5"], "{mismatches}");
        assert!(
            mismatches.contains("tags[0]: another type") && mismatches.contains("tags[3]: left out"),
            "{mismatches}"
        );
    }

    #[test]
    fn what_is_needed_cannot_be_repaired() {
        for (body, message) in [
            (json!({"name": "N"}), "missing field `uid`"),
            (json!({"uid": false}), "uid: invalid type: boolean `false`, expected a string"),
            (json!([{"uid": "A"}]), "invalid type: sequence, expected struct Template"),
            (json!("uid"), "invalid type: string \"uid\", expected struct Template"),
        ] {
            let error = read::<Template>(&body, None).unwrap_err();
            assert!(error.contains(message), "{body}: {error}");
        }
        assert!(from_slice::<Template>(br#"{"uid": 5, "name": }"#, None).is_err(), "not JSON");
    }

    #[test]
    fn the_work_for_one_body_is_limited() {
        // Each item differs in its own way, so each needs a repair.
        let items: Vec<_> = (0..20_000).map(|index| json!({"url": "u", "width": format!("wide{index}")})).collect();
        let error = read::<ImageList>(&json!({"images": items}), Some("images")).unwrap_err();
        assert!(error.starts_with("images[0].width: invalid type"), "{error}");
    }
}
