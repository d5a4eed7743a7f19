//! Interpolation: text with expressions in double braces.

use super::{
    ExpressionError, Scope,
    error::UnlocatedError,
    evaluate::evaluate,
    parser::{Terminator, parse},
    values,
};
use std::{collections::BTreeSet, ops::Range};

/// Replaces every `{{ expression }}` of a text by its value.
///
/// `null` and undefined become empty text, arrays are joined with commas, objects are written as JSON.
///
/// # Errors
/// When an expression cannot be parsed, is not closed, or cannot be evaluated. The position counts from the start of
/// the whole text.
pub fn interpolate(text: &str, scope: &Scope<'_>) -> Result<String, ExpressionError> {
    let mut filled = String::new();
    fill(text, 0..text.len(), scope, &mut filled)?;
    Ok(filled)
}

/// Replaces the expressions that start in a part of a text, and appends the result to `filled`.
pub(super) fn fill(
    text: &str,
    part: Range<usize>,
    scope: &Scope<'_>,
    filled: &mut String,
) -> Result<(), ExpressionError> {
    let located = |(offset, error)| ExpressionError::new(error, text, offset);
    let mut done = part.start;
    while let Some(braces) = text.get(done..part.end).and_then(|rest| rest.find("{{")) {
        let start = done + braces;
        let at_start = |error: UnlocatedError| located((start, error));
        let expression = parse(text, start + "{{".len(), Terminator::ClosingBraces).map_err(located)?;
        scope.fuel.consume(expression.end - done).map_err(at_start)?;
        let value = evaluate(&expression.root, scope, scope.missing).map_err(located)?;
        filled.push_str(&text[done..start]);
        filled.push_str(&values::to_text(value.as_deref(), &scope.fuel).map_err(at_start)?);
        done = expression.end;
    }
    filled.push_str(text.get(done..part.end).unwrap_or_default());
    Ok(())
}

/// Returns the variables that a text with expressions uses.
///
/// # Errors
/// When an expression cannot be parsed or is not closed.
pub fn interpolated_variables(text: &str) -> Result<BTreeSet<String>, ExpressionError> {
    let mut variables = BTreeSet::new();
    let mut done = 0;
    while let Some(braces) = text[done..].find("{{") {
        let start = done + braces + "{{".len();
        let expression = parse(text, start, Terminator::ClosingBraces)
            .map_err(|(offset, error)| ExpressionError::new(error, text, offset))?;
        variables.extend(expression.variables);
        done = expression.end;
    }
    Ok(variables)
}
