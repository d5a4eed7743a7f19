//! Functions of arrays. Where it makes sense they also accept strings.

use super::{
    super::{
        error::UnlocatedError,
        values::{self, approximate_bytes, computed, type_name},
    },
    Arguments, Category, Function, FunctionResult,
};
use serde_json::Value;
use std::borrow::Cow;

const fn array(
    signature: &'static str,
    count: (usize, usize),
    run: for<'a> fn(&mut Arguments<'a, '_>) -> FunctionResult<'a>,
    description: &'static str,
) -> Function {
    Function::new(Category::List, signature, count, run, description)
}

pub(super) const TABLE: &[Function] = &[
    array("length(x)", (1, 1), length, "The number of items, characters or members; 0 for a missing value.")
        .accepting_undefined(),
    array("first(arr)", (1, 1), first, "The first item or character."),
    array("last(arr)", (1, 1), last, "The last item or character."),
    array("join(arr, sep?)", (1, 2), join, "The items as one text, separated by sep, by default a comma."),
    array(
        "slice(arr, start, end?)",
        (2, 3),
        slice,
        "The items or characters from start up to, but not including, end; negative values count from the end.",
    ),
    array(
        "contains(arr, value)",
        (2, 2),
        |a| Ok(computed(find_position(a)?.is_some())),
        "True if an array contains a value, or a text contains another text.",
    ),
    array(
        "indexOf(arr, value)",
        (2, 2),
        index_of,
        "The index of a value in an array, or of a text in another, from 0; -1 if it is not found.",
    ),
];

fn length<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    Ok(computed(match arguments.get(0) {
        None | Some(Value::Null) => 0,
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(members)) => members.len(),
        Some(Value::String(_)) => arguments.text(0)?.chars().count(),
        Some(_) => return Err(arguments.invalid_argument(0, "an array, a text or an object")),
    }))
}

fn first<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    if let Some(Value::String(_)) = arguments.get(0) {
        return Ok(arguments.text(0)?.chars().next().and_then(|first| computed(first.to_string())));
    }
    arguments.array(0)?;
    Ok(match arguments.take(0) {
        Some(Cow::Borrowed(Value::Array(items))) => items.first().map(Cow::Borrowed),
        Some(Cow::Owned(Value::Array(items))) => items.into_iter().next().map(Cow::Owned),
        _ => None,
    })
}

fn last<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    if let Some(Value::String(_)) = arguments.get(0) {
        return Ok(arguments.text(0)?.chars().next_back().and_then(|last| computed(last.to_string())));
    }
    arguments.array(0)?;
    Ok(match arguments.take(0) {
        Some(Cow::Borrowed(Value::Array(items))) => items.last().map(Cow::Borrowed),
        Some(Cow::Owned(Value::Array(mut items))) => items.pop().map(Cow::Owned),
        _ => None,
    })
}

fn join<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    let separator = arguments.text_or(1, ",")?;
    let items = arguments.array(0)?;
    arguments.fuel.consume(items.len().saturating_mul(separator.len()))?;
    let items: Vec<_> =
        items.iter().map(|item| values::to_text(Some(item), arguments.fuel)).collect::<Result<_, _>>()?;
    Ok(computed(items.join(&separator)))
}

fn slice<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    let start = arguments.integer(1, i64::MIN..=i64::MAX)?;
    let end = if arguments.get(2).is_none_or(Value::is_null) {
        None
    } else {
        Some(arguments.integer(2, i64::MIN..=i64::MAX)?)
    };
    let range = |length: usize| {
        let clamp = |index: i64| {
            let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
            if index < 0 { length.saturating_sub(distance) } else { distance.min(length) }
        };
        let (start, end) = (clamp(start), end.map_or(length, clamp));
        start..end.max(start)
    };
    if let Some(Value::String(_)) = arguments.get(0) {
        let text = arguments.text(0)?;
        let range = range(text.chars().count());
        return Ok(computed(text.chars().skip(range.start).take(range.len()).collect::<String>()));
    }
    let items = arguments.array(0)?;
    let items = &items[range(items.len())];
    arguments.fuel.consume(items.iter().map(approximate_bytes).sum())?;
    Ok(computed(items.to_vec()))
}

fn index_of<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    Ok(match find_position(arguments)? {
        Some(position) => computed(position),
        None => computed(-1),
    })
}

/// Returns the index of the second argument in the first. Unlike `==`, `'5'` and `5` are different here.
fn find_position(arguments: &Arguments<'_, '_>) -> Result<Option<usize>, UnlocatedError> {
    if let Some(Value::String(_)) = arguments.get(0) {
        let (text, part) = (arguments.text(0)?, arguments.text(1)?);
        return Ok(text.find(&*part).map(|found| text[..found].chars().count()));
    }
    let wanted = arguments.get(1);
    for (index, item) in arguments.array(0)?.iter().enumerate() {
        if type_name(Some(item)) == type_name(wanted) && values::loosely_equal(Some(item), wanted, arguments.fuel)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}
