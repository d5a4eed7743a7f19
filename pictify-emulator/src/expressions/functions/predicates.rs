//! Functions that ask what a value is.

use super::{
    super::{
        error::Fault,
        values::{Item, made},
    },
    Arguments, Category, Function,
};
use serde_json::Value;

type Outcome<'a> = Result<Item<'a>, Fault>;

const fn test(
    signature: &'static str,
    run: for<'a> fn(&mut Arguments<'a, '_>) -> Outcome<'a>,
    description: &'static str,
) -> Function {
    Function::new(Category::Test, signature, (1, 1), run, description).of_undefined()
}

pub(super) const TABLE: &[Function] = &[
    test("isEmpty(v)", |a| Ok(made(is_empty(a.get(0)))), "Whether there is nothing: no value, null, '', [] or {}."),
    test("isNotEmpty(v)", |a| Ok(made(!is_empty(a.get(0)))), "Whether there is something: the opposite of isEmpty."),
    test("isDefined(v)", |a| Ok(made(is_defined(a.get(0)))), "Whether there is a value that is not null."),
    test("isUndefined(v)", |a| Ok(made(!is_defined(a.get(0)))), "Whether there is no value or null."),
    test("isArray(v)", |a| Ok(made(a.get(0).is_some_and(Value::is_array))), "Whether it is a list."),
    test("isString(v)", |a| Ok(made(a.get(0).is_some_and(Value::is_string))), "Whether it is text."),
    test(
        "isNumber(v)",
        |a| Ok(made(a.get(0).is_some_and(Value::is_number))),
        "Whether it is a number; a text with digits is not.",
    ),
    test("isBoolean(v)", |a| Ok(made(a.get(0).is_some_and(Value::is_boolean))), "Whether it is true or false."),
    test(
        "isObject(v)",
        |a| Ok(made(a.get(0).is_some_and(Value::is_object))),
        "Whether it is an object; a list is not.",
    ),
];

fn is_defined(value: Option<&Value>) -> bool {
    value.is_some_and(|value| !value.is_null())
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(members)) => members.is_empty(),
        Some(Value::Bool(_) | Value::Number(_)) => false,
    }
}
