//! The expression language: what stands between double braces in FabricJS templates, and bare in `_if`.
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
//! Where the documents are silent the language follows JavaScript: precedence, what counts as true, `'5' * 2`, and `==`.
//! It does not go on with what is no number: that is an error, as are division by zero and a name that is not supplied.
//! Double quotes and `null` work too, though no document shows them.
//!
//! Whatever comes in, the answer is a value or a typed error within bounded time, memory and stack.
//!
//! | file | holds |
//! |---|---|
//! | `lexer.rs`, `parser.rs`, `syntax.rs` | from text to a tree |
//! | `evaluate.rs`, `values.rs` | from a tree to a value |
//! | `functions/` | the functions, which the HTML templates share |
//! | `interpolate.rs` | text with expressions in it |
//! | `elements.rs` | HTML with expressions in it |
//! | `budget.rs` | what one evaluation may cost |
//! | `answers.rs` | what the endpoints say |

pub(crate) mod budget;
mod elements;
pub(crate) mod error;
mod evaluate;
pub(crate) mod functions;
mod interpolate;
mod lexer;
mod parser;
pub mod responses;
mod syntax;
pub(crate) mod values;

pub use elements::fill_html;
pub use error::{ErrorKind, ExpressionError, Place};
pub use functions::{Category, Function, functions};
pub use interpolate::{interpolate, interpolated_variables};

use budget::Budget;
use evaluate::{Names, evaluate};
use parser::{Ends, parse};
use serde_json::{Map, Value};
use std::{borrow::Cow, collections::BTreeSet};

/// An expression that was read: it can be evaluated many times.
#[derive(Clone, Debug)]
pub struct Expression {
    source: String,
    root: syntax::Node,
    variables: BTreeSet<String>,
}

impl Expression {
    /// Reads an expression, without braces around it.
    ///
    /// # Errors
    /// When it is no expression, calls a function that does not exist or with too few or too many arguments, is longer
    /// than 10,000 bytes or nested more than 64 levels deep.
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        let parsed = parse(source, 0, Ends::WithTheText);
        let parsed = parsed.map_err(|(at, fault)| ExpressionError::new(fault, source, at))?;
        Ok(Self { source: source.to_owned(), root: parsed.root, variables: parsed.variables })
    }

    /// The names of the variables that it uses.
    #[must_use]
    pub fn variables(&self) -> &BTreeSet<String> {
        &self.variables
    }

    /// Its value; nothing when that is a member that does not exist.
    ///
    /// # Errors
    /// When a variable is not supplied (unless the scope allows it), the values do not fit what is done with them, or the
    /// scope's work is used up.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Option<Value>, ExpressionError> {
        let value = evaluate(&self.root, scope, scope.names());
        let value = value.map_err(|(at, fault)| ExpressionError::new(fault, &self.source, at))?;
        Ok(value.map(Cow::into_owned))
    }

    /// Whether its value counts as true: what `_if` asks. As in JavaScript, `false`, `0`, `''`, `null` and undefined do not.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn is_true(&self, scope: &Scope<'_>) -> Result<bool, ExpressionError> {
        let value = evaluate(&self.root, scope, scope.names());
        let value = value.map_err(|(at, fault)| ExpressionError::new(fault, &self.source, at))?;
        Ok(values::is_true(&value))
    }
}

/// What expressions are evaluated with: variables, and an allowance of work that all evaluations in it share.
///
/// Make one for each render: then a picture with a thousand expressions is as bounded as one with a single expression.
#[derive(Debug)]
pub struct Scope<'v> {
    variables: &'v Map<String, Value>,
    missing: MissingVariable,
    budget: Budget,
}

/// What a variable is that was not supplied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingVariable {
    /// An error, as the documents have it. Inside `isDefined`, `isEmpty`, `default`, `coalesce` and their like it is
    /// undefined, for that is what they are for.
    #[default]
    Error,
    /// Undefined: it fills in nothing and counts as false; what is computed from it is undefined.
    Undefined,
}

impl<'v> Scope<'v> {
    /// A scope that refuses variables that are not among these.
    #[must_use]
    pub fn new(variables: &'v Map<String, Value>) -> Self {
        Self { variables, missing: MissingVariable::default(), budget: Budget::default() }
    }

    /// The same with another rule for variables that were not supplied.
    #[must_use]
    pub fn missing(mut self, missing: MissingVariable) -> Self {
        self.missing = missing;
        self
    }

    fn names(&self) -> Names {
        match self.missing {
            MissingVariable::Error => Names::MustExist,
            MissingVariable::Undefined => Names::MayBeMissing,
        }
    }
}
