//! From a tree and variables to a value.

use super::{
    Scope,
    error::Fault,
    functions::Arguments,
    syntax::{Kind, Node, Operator, Step, To},
    values::{self, Item, is_true, made, shown},
};
use serde_json::Value;
use std::{borrow::Cow, cmp::Ordering};

/// What is wrong, at which byte.
type Misfit = (usize, Fault);

/// What happens to names that do not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    MustExist,
    MayBeMissing,
}

pub(super) fn evaluate<'a>(node: &'a Node, scope: &'a Scope<'_>, names: Names) -> Result<Item<'a>, Misfit> {
    let here = |fault| (node.at, fault);
    scope.budget.charge(1).map_err(here)?;
    match &node.kind {
        Kind::Literal(value) => Ok(Some(Cow::Borrowed(value))),
        Kind::Variable(name) => match scope.variables.get(name) {
            None if names == Names::MustExist => Err(here(Fault::undefined(name))),
            value => Ok(value.map(Cow::Borrowed)),
        },
        Kind::Path(of, steps) => {
            let mut value = evaluate(of, scope, names)?;
            for step in steps {
                value = follow(value, step, scope, names)?;
            }
            Ok(value)
        }
        Kind::Not(value) => Ok(made(!is_true(&evaluate(value, scope, names)?))),
        Kind::Minus(value) => {
            let Some(value) = evaluate(value, scope, names)? else { return Ok(None) };
            let number = operand(&value, "-").map_err(here)?;
            Ok(made(values::number(-number)))
        }
        Kind::Chain(first, rest) => {
            let mut value = evaluate(first, scope, names)?;
            for (operator, right) in rest {
                value = match operator {
                    // As in JavaScript these give one of the two values, and the right one is not looked at in vain.
                    Operator::And if !is_true(&value) => value,
                    Operator::Or if is_true(&value) => value,
                    Operator::And | Operator::Or => evaluate(right, scope, names)?,
                    _ => {
                        let other = evaluate(right, scope, names)?;
                        operate(*operator, &value, &other, scope).map_err(|fault| (right.at, fault))?
                    }
                };
            }
            Ok(value)
        }
        Kind::Choice(branches) => {
            let [condition, yes, no] = &**branches;
            let branch = if is_true(&evaluate(condition, scope, names)?) { yes } else { no };
            evaluate(branch, scope, names)
        }
        Kind::Call(function, arguments) => {
            // A function that asks whether there is a value must be asked also when there is none.
            let names = if function.takes_undefined() { Names::MayBeMissing } else { names };
            let mut items = Vec::with_capacity(arguments.len());
            for argument in arguments {
                items.push(evaluate(argument, scope, names)?);
            }
            function.run(Arguments::new(function.name(), items, &scope.budget)).map_err(here)
        }
    }
}

fn follow<'a>(value: Item<'a>, step: &'a Step, scope: &'a Scope<'_>, names: Names) -> Result<Item<'a>, Misfit> {
    let key = match &step.to {
        To::Member(name) => Cow::Borrowed(name.as_str()),
        To::Index(node) => {
            let index = evaluate(node, scope, names)?;
            let index = values::text(index.as_deref(), &scope.budget).map_err(|fault| (node.at, fault))?;
            Cow::Owned(index.into_owned())
        }
    };
    if value.as_deref().is_none_or(Value::is_null) {
        if names == Names::MayBeMissing {
            return Ok(None);
        }
        let message = format!("{} has no member '{}'", shown(value.as_deref()), super::error::shorten(&key));
        return Err((step.at, Fault::evaluation(message)));
    }
    Ok(value.and_then(|value| member(value, &key)))
}

/// A member of an object, an item of a list, a character of a text, or how many there are.
fn member<'a>(value: Cow<'a, Value>, key: &str) -> Item<'a> {
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
            Value::Array(items) => made(items.len()),
            Value::String(text) if key == "length" => made(text.chars().count()),
            Value::String(text) => made(text.chars().nth(index()?)?.to_string()),
            _ => None,
        },
    }
}

fn operate<'a>(operator: Operator, left: &Item<'a>, right: &Item<'a>, scope: &Scope<'_>) -> Result<Item<'a>, Fault> {
    let (left, right) = (left.as_deref(), right.as_deref());
    let ordered = |wanted: fn(Ordering) -> bool| Ok(made(values::order(left, right).is_some_and(wanted)));
    match operator {
        Operator::Equal => return values::equal(left, right, &scope.budget).map(made),
        Operator::NotEqual => return values::equal(left, right, &scope.budget).map(|equal| made(!equal)),
        Operator::Less => return ordered(Ordering::is_lt),
        Operator::Greater => return ordered(Ordering::is_gt),
        Operator::LessOrEqual => return ordered(Ordering::is_le),
        Operator::GreaterOrEqual => return ordered(Ordering::is_ge),
        Operator::Add if joins(left) || joins(right) => {
            let (left, right) = (values::text(left, &scope.budget)?, values::text(right, &scope.budget)?);
            return Ok(made(left.into_owned() + &right));
        }
        _ => {}
    }
    // Nothing comes of nothing: a missing price has no total, and no picture should say "NaN".
    let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
    let symbol = operator.symbol();
    let (left, right) = (operand(left, symbol)?, operand(right, symbol)?);
    if right == 0.0 && matches!(operator, Operator::Divide | Operator::Remainder) {
        return Err(Fault::evaluation("Division by zero"));
    }
    let result = match operator {
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Remainder => left % right,
        _ => left + right,
    };
    if !result.is_finite() {
        return Err(Fault::evaluation(format!("The result of {symbol} is too large for a number")));
    }
    Ok(made(values::number(result)))
}

/// Whether `+` joins this to text rather than adding it.
fn joins(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::String(_) | Value::Array(_) | Value::Object(_)))
}

fn operand(value: &Value, symbol: &str) -> Result<f64, Fault> {
    values::as_number(value)
        .ok_or_else(|| Fault::evaluation(format!("{symbol} needs numbers, and {} is none", shown(Some(value)))))
}
