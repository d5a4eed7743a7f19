//! Expression language: used between double braces in FabricJS templates, and without braces in `_if`.
//!
//! ```
//! use pictify_emulator::expressions::{Expression, Scope, interpolate};
//! use serde_json::json;
//!
//! let variables = json!({"name": "ada", "price": 29.99, "quantity": 3});
//! let scope = Scope::new(variables.as_object().unwrap());
//!
//! let total = Expression::parse("currency(price * quantity, 'USD')")?;
//! assert_eq!(total.evaluate(&scope)?, Some(json!("$89.97")));
//! assert_eq!(interpolate("Hello {{capitalize(name)}}", &scope)?, "Hello Ada");
//! # Ok::<(), pictify_emulator::expressions::ExpressionError>(())
//! ```
//!
//! For details that the API documentation omits, the language follows JavaScript: precedence, truthiness, `'5' * 2`, and `==`.
//! An operand that is not a number is an error instead of `NaN`. So are division by zero and a variable that is not
//! supplied. Double quotes and `null` also work, though the documentation does not show them.
//!
//! Every input gives a value or a typed error, within bounded time, memory and stack.
//!
//! | file | content |
//! |---|---|
//! | `lexer.rs`, `parser.rs`, `syntax.rs` | parsing a text to a syntax tree |
//! | `evaluate.rs`, `values.rs` | evaluating a syntax tree |
//! | `functions/` | the functions, shared with the HTML templates |
//! | `interpolate.rs` | text with expressions in it |
//! | `conditional_html.rs` | HTML with expressions and `_if` in it |
//! | `fuel.rs` | limits on work and memory |
//! | `responses.rs` | responses of the endpoints |

mod conditional_html;
pub(crate) mod error;
mod evaluate;
pub(crate) mod fuel;
pub(crate) mod functions;
mod interpolate;
mod lexer;
mod parser;
pub mod responses;
mod syntax;
pub(crate) mod values;

pub use conditional_html::fill_html;
pub use error::{ErrorKind, ExpressionError, Position};
pub use functions::{Category, Function, functions};
pub use interpolate::{interpolate, interpolated_variables};

use evaluate::evaluate;
use fuel::Fuel;
use parser::{Terminator, parse};
use serde_json::{Map, Value};
use std::{borrow::Cow, collections::BTreeSet};

/// Parsed expression, which can be evaluated many times.
#[derive(Clone, Debug)]
pub struct Expression {
    source: String,
    root: syntax::Node,
    variables: BTreeSet<String>,
}

impl Expression {
    /// Parses an expression, without braces around it.
    ///
    /// # Errors
    /// When the source is not a valid expression, calls an unknown function or one with the wrong number of arguments, is
    /// longer than 10,000 bytes, or is nested more than 64 levels deep.
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        let parsed = parse(source, 0, Terminator::EndOfInput);
        let parsed = parsed.map_err(|(offset, error)| ExpressionError::new(error, source, offset))?;
        Ok(Self { source: source.to_owned(), root: parsed.root, variables: parsed.variables })
    }

    /// Returns the names of the variables that the expression uses.
    #[must_use]
    pub fn variables(&self) -> &BTreeSet<String> {
        &self.variables
    }

    /// Evaluates the expression. Returns `None` if the result is undefined, such as a member that does not exist.
    ///
    /// # Errors
    /// When a variable is not supplied (unless the scope allows it), an operator or function cannot work with its values,
    /// or the work limit of the scope is exceeded.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Option<Value>, ExpressionError> {
        let value = evaluate(&self.root, scope, scope.missing);
        let value = value.map_err(|(offset, error)| ExpressionError::new(error, &self.source, offset))?;
        Ok(value.map(Cow::into_owned))
    }

    /// Evaluates the expression as a condition, as `_if` does. As in JavaScript, `false`, `0`, `''`, `null` and undefined
    /// are false, everything else is true.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn is_truthy(&self, scope: &Scope<'_>) -> Result<bool, ExpressionError> {
        let value = evaluate(&self.root, scope, scope.missing);
        let value = value.map_err(|(offset, error)| ExpressionError::new(error, &self.source, offset))?;
        Ok(values::is_truthy(&value))
    }
}

/// Variables for an evaluation, and a work limit that all evaluations with this scope share.
///
/// Create one for each render. The limit then holds for the whole image, however many expressions it has.
#[derive(Debug)]
pub struct Scope<'v> {
    variables: &'v Map<String, Value>,
    missing: MissingVariable,
    fuel: Fuel,
}

/// Treatment of a variable that was not supplied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingVariable {
    /// An error, as the API documents it. Inside `isDefined`, `isEmpty`, `default`, `coalesce` and similar functions it
    /// is undefined.
    #[default]
    Error,
    /// Undefined: it becomes empty text and is false. A result computed from it is undefined.
    Undefined,
}

impl<'v> Scope<'v> {
    /// Creates a scope in which a variable that is not supplied is an error.
    #[must_use]
    pub fn new(variables: &'v Map<String, Value>) -> Self {
        Self { variables, missing: MissingVariable::default(), fuel: Fuel::default() }
    }

    /// Sets the treatment of variables that were not supplied.
    #[must_use]
    pub fn missing(mut self, missing: MissingVariable) -> Self {
        self.missing = missing;
        self
    }
}
