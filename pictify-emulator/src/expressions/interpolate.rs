//! Text with expressions in double braces.

use super::{
    ExpressionError, Scope,
    error::Fault,
    evaluate::evaluate,
    parser::{Ends, parse},
    values,
};
use std::collections::BTreeSet;

/// Fills a text: every `{{ expression }}` gives way to its value, the rest stays.
///
/// `null` and undefined fill in nothing, lists are joined by commas, objects are written as JSON.
///
/// # Errors
/// When an expression cannot be read, is not closed, or cannot be evaluated. The place is that in the whole text.
pub fn interpolate(text: &str, scope: &Scope<'_>) -> Result<String, ExpressionError> {
    let placed = |(at, fault)| ExpressionError::new(fault, text, at);
    let mut filled = String::new();
    let mut done = 0;
    while let Some(braces) = text[done..].find("{{") {
        let start = done + braces;
        let expression = parse(text, start + "{{".len(), Ends::AtBraces).map_err(placed)?;
        let charge = |work| scope.budget.charge(work).map_err(|fault: Fault| placed((start, fault)));
        charge(expression.end - done)?;
        let value = evaluate(&expression.root, scope, scope.names()).map_err(placed)?;
        filled.push_str(&text[done..start]);
        filled.push_str(&values::text(value.as_deref(), &scope.budget).map_err(|fault| placed((start, fault)))?);
        done = expression.end;
    }
    filled.push_str(&text[done..]);
    Ok(filled)
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
