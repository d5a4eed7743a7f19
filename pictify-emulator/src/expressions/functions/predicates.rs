//! Functions that test the type or presence of a value.

use super::{super::values::computed, Arguments, Category, Function, FunctionResult};
use serde_json::Value;

const fn predicate(
    signature: &'static str,
    run: for<'a> fn(&mut Arguments<'a, '_>) -> FunctionResult<'a>,
    description: &'static str,
) -> Function {
    Function::new(Category::Test, signature, (1, 1), run, description).accepting_undefined()
}

pub(super) const TABLE: &[Function] = &[
    predicate("isEmpty(v)", |a| Ok(computed(is_empty(a.get(0)))), "True for a missing value, null, '', [] and {}."),
    predicate("isNotEmpty(v)", |a| Ok(computed(!is_empty(a.get(0)))), "The opposite of isEmpty."),
    predicate(
        "isDefined(v)",
        |a| Ok(computed(is_defined(a.get(0)))),
        "True for a value that is not missing and not null.",
    ),
    predicate("isUndefined(v)", |a| Ok(computed(!is_defined(a.get(0)))), "True for a missing value and null."),
    predicate("isArray(v)", |a| Ok(computed(a.get(0).is_some_and(Value::is_array))), "True for an array."),
    predicate("isString(v)", |a| Ok(computed(a.get(0).is_some_and(Value::is_string))), "True for text."),
    predicate(
        "isNumber(v)",
        |a| Ok(computed(a.get(0).is_some_and(Value::is_number))),
        "True for a number, but not for a text with digits.",
    ),
    predicate("isBoolean(v)", |a| Ok(computed(a.get(0).is_some_and(Value::is_boolean))), "True for true and false."),
    predicate(
        "isObject(v)",
        |a| Ok(computed(a.get(0).is_some_and(Value::is_object))),
        "True for an object, but not for an array.",
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
