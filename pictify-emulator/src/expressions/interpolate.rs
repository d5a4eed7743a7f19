//! Text with expressions in double braces.

use super::{
    ExpressionError, Scope,
    error::Fault,
    evaluate::evaluate,
    parser::{Ends, parse},
    values,
};
use std::{collections::BTreeSet, ops::Range};

/// Fills a text: every `{{ expression }}` gives way to its value, the rest stays.
///
/// `null` and undefined fill in nothing, lists are joined by commas, objects are written as JSON.
///
/// # Errors
/// When an expression cannot be read, is not closed, or cannot be evaluated. The place is that in the whole text.
pub fn interpolate(text: &str, scope: &Scope<'_>) -> Result<String, ExpressionError> {
    let mut filled = String::new();
    fill(text, 0..text.len(), scope, &mut filled)?;
    Ok(filled)
}

/// Fills the expressions that start in a part of a text.
pub(super) fn fill(
    text: &str,
    part: Range<usize>,
    scope: &Scope<'_>,
    filled: &mut String,
) -> Result<(), ExpressionError> {
    let placed = |(at, fault)| ExpressionError::new(fault, text, at);
    let mut done = part.start;
    while let Some(braces) = text.get(done..part.end).and_then(|rest| rest.find("{{")) {
        let start = done + braces;
        let at_start = |fault: Fault| placed((start, fault));
        let expression = parse(text, start + "{{".len(), Ends::AtBraces).map_err(placed)?;
        scope.budget.charge(expression.end - done).map_err(at_start)?;
        let value = evaluate(&expression.root, scope, scope.names()).map_err(placed)?;
        filled.push_str(&text[done..start]);
        filled.push_str(&values::text(value.as_deref(), &scope.budget).map_err(at_start)?);
        done = expression.end;
    }
    filled.push_str(text.get(done..part.end).unwrap_or_default());
    Ok(())
}

/// The variables that a text with expressions uses.
///
/// # Errors
/// When an expression cannot be read or is not closed.
pub fn interpolated_variables(text: &str) -> Result<BTreeSet<String>, ExpressionError> {
    let mut variables = BTreeSet::new();
    let mut done = 0;
    while let Some(braces) = text[done..].find("{{") {
        let start = done + braces + "{{".len();
        let expression =
            parse(text, start, Ends::AtBraces).map_err(|(at, fault)| ExpressionError::new(fault, text, at))?;
        variables.extend(expression.variables);
        done = expression.end;
    }
    Ok(variables)
}
