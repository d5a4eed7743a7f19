//! Functions of lists; those that make sense for text take text, too.

use super::{
    super::{
        error::Fault,
        values::{self, Item, made, type_name, weight},
    },
    Arguments, Category, Function,
};
use serde_json::Value;
use std::borrow::Cow;

type Outcome<'a> = Result<Item<'a>, Fault>;

const fn list(
    signature: &'static str,
    count: (usize, usize),
    run: for<'a> fn(&mut Arguments<'a, '_>) -> Outcome<'a>,
    description: &'static str,
) -> Function {
    Function::new(Category::List, signature, count, run, description)
}

pub(super) const TABLE: &[Function] = &[
    list("length(x)", (1, 1), length, "How many items, characters or members; 0 for nothing.").of_undefined(),
    list("first(arr)", (1, 1), first, "The first item or character."),
    list("last(arr)", (1, 1), last, "The last item or character."),
    list("join(arr, sep?)", (1, 2), join, "The items as one text, with sep between them, else a comma."),
    list(
        "slice(arr, start, end?)",
        (2, 3),
        slice,
        "The items or characters from start to before end; negative ones count from the end.",
    ),
    list(
        "contains(arr, value)",
        (2, 2),
        |a| Ok(made(position(a)?.is_some())),
        "Whether a list holds a value, or a text another.",
    ),
    list("indexOf(arr, value)", (2, 2), index_of, "Where a list holds a value, or a text another, from 0; else -1."),
];

fn length<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    Ok(made(match arguments.get(0) {
        None | Some(Value::Null) => 0,
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(members)) => members.len(),
        Some(Value::String(_)) => arguments.text(0)?.chars().count(),
        Some(_) => return Err(arguments.wrong(0, "a list, a text or an object")),
    }))
}

fn first<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    if let Some(Value::String(_)) = arguments.get(0) {
        return Ok(arguments.text(0)?.chars().next().and_then(|first| made(first.to_string())));
    }
    arguments.list(0)?;
    Ok(match arguments.take(0) {
        Some(Cow::Borrowed(Value::Array(items))) => items.first().map(Cow::Borrowed),
        Some(Cow::Owned(Value::Array(items))) => items.into_iter().next().map(Cow::Owned),
        _ => None,
    })
}

fn last<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    if let Some(Value::String(_)) = arguments.get(0) {
        return Ok(arguments.text(0)?.chars().next_back().and_then(|last| made(last.to_string())));
    }
    arguments.list(0)?;
    Ok(match arguments.take(0) {
        Some(Cow::Borrowed(Value::Array(items))) => items.last().map(Cow::Borrowed),
        Some(Cow::Owned(Value::Array(mut items))) => items.pop().map(Cow::Owned),
        _ => None,
    })
}

fn join<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let separator = arguments.text_or(1, ",")?;
    let items = arguments.list(0)?;
    arguments.budget.charge(items.len().saturating_mul(separator.len()))?;
    let items: Vec<_> =
        items.iter().map(|item| values::text(Some(item), arguments.budget)).collect::<Result<_, _>>()?;
    Ok(made(items.join(&separator)))
}

fn slice<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let start = arguments.whole(1, i64::MIN..=i64::MAX)?;
    let end =
        if arguments.get(2).is_none_or(Value::is_null) { None } else { Some(arguments.whole(2, i64::MIN..=i64::MAX)?) };
    let range = |length: usize| {
        let place = |index: i64| {
            let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
            if index < 0 { length.saturating_sub(distance) } else { distance.min(length) }
        };
        let (start, end) = (place(start), end.map_or(length, place));
        start..end.max(start)
    };
    if let Some(Value::String(_)) = arguments.get(0) {
        let text = arguments.text(0)?;
        let range = range(text.chars().count());
        return Ok(made(text.chars().skip(range.start).take(range.len()).collect::<String>()));
    }
    let items = arguments.list(0)?;
    let items = &items[range(items.len())];
    arguments.budget.charge(items.iter().map(weight).sum())?;
    Ok(made(items.to_vec()))
}

fn index_of<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    Ok(match position(arguments)? {
        Some(position) => made(position),
        None => made(-1),
    })
}

/// Where the first argument holds the second. Unlike `==` this does not take `'5'` for `5`.
fn position(arguments: &Arguments<'_, '_>) -> Result<Option<usize>, Fault> {
    if let Some(Value::String(_)) = arguments.get(0) {
        let (text, part) = (arguments.text(0)?, arguments.text(1)?);
        return Ok(text.find(&*part).map(|found| text[..found].chars().count()));
    }
    let wanted = arguments.get(1);
    for (index, item) in arguments.list(0)?.iter().enumerate() {
        if type_name(Some(item)) == type_name(wanted) && values::equal(Some(item), wanted, arguments.budget)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}
