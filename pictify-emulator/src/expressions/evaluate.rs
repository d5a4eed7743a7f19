//! Evaluation of a syntax tree with variables.

use super::{
    MissingVariable, Scope,
    error::{LocatedError, UnlocatedError},
    functions::Arguments,
    syntax::{Node, NodeKind, Operator, Step, StepTarget},
    values::{self, MaybeValue, computed, describe, is_truthy},
};
use serde_json::Value;
use std::{borrow::Cow, cmp::Ordering};

/// Evaluates a node. `missing` applies to variables and members that do not exist.
pub(super) fn evaluate<'a>(
    node: &'a Node,
    scope: &'a Scope<'_>,
    missing: MissingVariable,
) -> Result<MaybeValue<'a>, LocatedError> {
    let here = |error| (node.offset, error);
    scope.fuel.consume(1).map_err(here)?;
    match &node.kind {
        NodeKind::Literal(value) => Ok(Some(Cow::Borrowed(value))),
        NodeKind::Variable(name) => match scope.variables.get(name) {
            None if missing == MissingVariable::Error => Err(here(UnlocatedError::undefined(name))),
            value => Ok(value.map(Cow::Borrowed)),
        },
        NodeKind::Path(base, steps) => {
            let mut value = evaluate(base, scope, missing)?;
            for step in steps {
                value = apply_step(value, step, scope, missing)?;
            }
            Ok(value)
        }
        NodeKind::Not(value) => Ok(computed(!is_truthy(&evaluate(value, scope, missing)?))),
        NodeKind::Negate(value) => {
            let Some(value) = evaluate(value, scope, missing)? else { return Ok(None) };
            let number = operand(&value, "-").map_err(here)?;
            Ok(computed(values::to_json_number(-number)))
        }
        NodeKind::Chain(first, rest) => {
            let mut value = evaluate(first, scope, missing)?;
            for (operator, right) in rest {
                value = match operator {
                    // As in JavaScript: the result is one of the two values, and the right one is evaluated only if needed.
                    Operator::And if !is_truthy(&value) => value,
                    Operator::Or if is_truthy(&value) => value,
                    Operator::And | Operator::Or => evaluate(right, scope, missing)?,
                    _ => {
                        let right_value = evaluate(right, scope, missing)?;
                        apply_operator(*operator, &value, &right_value, scope).map_err(|error| (right.offset, error))?
                    }
                };
            }
            Ok(value)
        }
        NodeKind::Conditional(branches) => {
            let [condition, yes, no] = &**branches;
            let branch = if is_truthy(&evaluate(condition, scope, missing)?) { yes } else { no };
            evaluate(branch, scope, missing)
        }
        NodeKind::Call(function, arguments) => {
            // Functions such as `isDefined` must run also when their arguments do not exist.
            let missing = if function.accepts_undefined() { MissingVariable::Undefined } else { missing };
            let mut items = Vec::with_capacity(arguments.len());
            for argument in arguments {
                items.push(evaluate(argument, scope, missing)?);
            }
            function.run(Arguments::new(function.name(), items, &scope.fuel)).map_err(here)
        }
    }
}

fn apply_step<'a>(
    value: MaybeValue<'a>,
    step: &'a Step,
    scope: &'a Scope<'_>,
    missing: MissingVariable,
) -> Result<MaybeValue<'a>, LocatedError> {
    let key = match &step.target {
        StepTarget::Member(name) => Cow::Borrowed(name.as_str()),
        StepTarget::Index(node) => {
            let index = evaluate(node, scope, missing)?;
            let index = values::to_text(index.as_deref(), &scope.fuel).map_err(|error| (node.offset, error))?;
            Cow::Owned(index.into_owned())
        }
    };
    if value.as_deref().is_none_or(Value::is_null) {
        if missing == MissingVariable::Undefined {
            return Ok(None);
        }
        let message = format!("{} has no member '{}'", describe(value.as_deref()), super::error::shorten(&key));
        return Err((step.offset, UnlocatedError::evaluation(message)));
    }
    Ok(value.and_then(|value| member(value, &key)))
}

/// Returns a member of an object, an item of an array, a character of a string, or the `length` of the last two.
fn member<'a>(value: Cow<'a, Value>, key: &str) -> MaybeValue<'a> {
    let index = || key.parse::<usize>().ok();
    match value {
        Cow::Borrowed(Value::Object(members)) => members.get(key).map(Cow::Borrowed),
        Cow::Owned(Value::Object(mut members)) => members.swap_remove(key).map(Cow::Owned),
        Cow::Borrowed(Value::Array(items)) if key != "length" => items.get(index()?).map(Cow::Borrowed),
        Cow::Owned(Value::Array(mut items)) if key != "length" => {
            let index = index().filter(|index| *index < items.len())?;
            Some(Cow::Owned(items.swap_remove(index)))
        }
        value => match &*value {
            Value::Array(items) => computed(items.len()),
            Value::String(text) if key == "length" => computed(text.chars().count()),
            Value::String(text) => computed(text.chars().nth(index()?)?.to_string()),
            _ => None,
        },
    }
}

fn apply_operator<'a>(
    operator: Operator,
    left: &MaybeValue<'a>,
    right: &MaybeValue<'a>,
    scope: &Scope<'_>,
) -> Result<MaybeValue<'a>, UnlocatedError> {
    let (left, right) = (left.as_deref(), right.as_deref());
    let compare = |test: fn(Ordering) -> bool| Ok(computed(values::compare(left, right).is_some_and(test)));
    match operator {
        Operator::Equal => return values::loosely_equal(left, right, &scope.fuel).map(computed),
        Operator::NotEqual => return values::loosely_equal(left, right, &scope.fuel).map(|equal| computed(!equal)),
        Operator::Less => return compare(Ordering::is_lt),
        Operator::Greater => return compare(Ordering::is_gt),
        Operator::LessOrEqual => return compare(Ordering::is_le),
        Operator::GreaterOrEqual => return compare(Ordering::is_ge),
        Operator::Add if is_concatenated(left) || is_concatenated(right) => {
            let (left, right) = (values::to_text(left, &scope.fuel)?, values::to_text(right, &scope.fuel)?);
            return Ok(computed(left.into_owned() + &right));
        }
        _ => {}
    }
    // An undefined operand gives an undefined result: a missing price has no total, and "NaN" never appears in an image.
    let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
    let symbol = operator.symbol();
    let (left, right) = (operand(left, symbol)?, operand(right, symbol)?);
    if right == 0.0 && matches!(operator, Operator::Divide | Operator::Remainder) {
        return Err(UnlocatedError::evaluation("Division by zero"));
    }
    let result = match operator {
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Remainder => left % right,
        _ => left + right,
    };
    if !result.is_finite() {
        return Err(UnlocatedError::evaluation(format!("The result of {symbol} is too large for a number")));
    }
    Ok(computed(values::to_json_number(result)))
}

/// Returns true if `+` concatenates this value as text instead of adding it.
fn is_concatenated(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::String(_) | Value::Array(_) | Value::Object(_)))
}

fn operand(value: &Value, symbol: &str) -> Result<f64, UnlocatedError> {
    values::to_number(value).ok_or_else(|| {
        UnlocatedError::evaluation(format!("{symbol} needs numbers: {} is not a number", describe(Some(value))))
    })
}
