//! Functions of the expression language. The HTML templates offer them as helpers.

mod arguments;
mod arrays;
mod conditionals;
mod currencies;
mod date_format;
mod math;
mod number_format;
mod predicates;
mod strings;

pub(crate) use arguments::Arguments;

use super::{
    error::{UnlocatedError, shorten},
    values::MaybeValue,
};
use serde_json::Value;
use std::fmt;

/// Function of the expression language.
#[derive(Clone, Copy)]
pub struct Function {
    category: Category,
    signature: &'static str,
    description: &'static str,
    min_arguments: usize,
    max_arguments: usize,
    accepts_undefined: bool,
    is_helper: bool,
    run: Run,
}

/// Result of a function: `None` is undefined.
type FunctionResult<'a> = Result<MaybeValue<'a>, UnlocatedError>;

type Run = for<'a> fn(&mut Arguments<'a, '_>) -> FunctionResult<'a>;

/// Category of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Category {
    /// Works on text.
    Text,
    /// Computes with numbers.
    Math,
    /// Formats numbers and dates.
    Format,
    /// Works on arrays.
    List,
    /// Tests the type or presence of a value.
    Test,
    /// Selects or converts a value.
    Value,
}

impl Category {
    /// Returns the name, as the endpoint returns it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Math => "math",
            Self::Format => "format",
            Self::List => "list",
            Self::Test => "test",
            Self::Value => "value",
        }
    }
}

/// Maximum number of arguments of a variadic function.
const UNLIMITED: usize = usize::MAX;

impl Function {
    const fn new(
        category: Category,
        signature: &'static str,
        (min_arguments, max_arguments): (usize, usize),
        run: Run,
        description: &'static str,
    ) -> Self {
        Self {
            category,
            signature,
            description,
            min_arguments,
            max_arguments,
            accepts_undefined: false,
            is_helper: true,
            run,
        }
    }

    /// Marks a function that runs also if its arguments are undefined.
    const fn accepting_undefined(mut self) -> Self {
        self.accepts_undefined = true;
        self
    }

    /// Marks a function that is not a helper of the HTML templates.
    const fn without_helper(mut self) -> Self {
        self.is_helper = false;
        self
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.signature.split('(').next().unwrap_or(self.signature)
    }

    /// Returns the name and the parameters. A parameter with a question mark is optional.
    #[must_use]
    pub fn signature(&self) -> &'static str {
        self.signature
    }

    /// Returns a description, in one sentence.
    #[must_use]
    pub fn description(&self) -> &'static str {
        self.description
    }

    /// Returns the category.
    #[must_use]
    pub fn category(&self) -> Category {
        self.category
    }

    /// Returns true if the HTML templates offer the function as a helper.
    #[must_use]
    pub fn is_helper(&self) -> bool {
        self.is_helper
    }

    pub(crate) fn accepts_undefined(&self) -> bool {
        self.accepts_undefined
    }

    pub(crate) fn check_count(&self, count: usize) -> Result<(), UnlocatedError> {
        if (self.min_arguments..=self.max_arguments).contains(&count) {
            return Ok(());
        }
        let number = match (self.min_arguments, self.max_arguments) {
            (min, UNLIMITED) => format!("at least {min}"),
            (min, max) if min == max => format!("{min}"),
            (min, max) => format!("{min} to {max}"),
        };
        let noun = if number == "1" || number == "at least 1" { "argument" } else { "arguments" };
        Err(UnlocatedError::syntax(format!(
            "{} takes {number} {noun}, not {count}: write {}",
            self.name(),
            self.signature
        )))
    }

    /// Runs the function. If the first argument is missing or null, the result is undefined, unless the function accepts
    /// undefined arguments.
    pub(crate) fn run<'a>(&self, mut arguments: Arguments<'a, '_>) -> FunctionResult<'a> {
        if !self.accepts_undefined && arguments.get(0).is_none_or(Value::is_null) {
            return Ok(None);
        }
        (self.run)(&mut arguments)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.signature)
    }
}

const TABLES: &[&[Function]] = &[
    strings::TABLE,
    math::TABLE,
    number_format::TABLE,
    date_format::TABLE,
    arrays::TABLE,
    predicates::TABLE,
    conditionals::TABLE,
];

/// Returns all functions of the expression language.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    TABLES.iter().copied().flatten()
}

pub(crate) fn find(name: &str) -> Option<&'static Function> {
    functions().find(|function| function.name() == name)
}

/// Returns the error for an unknown function. Suggests a function whose name differs only in case.
pub(crate) fn unknown_function(name: &str) -> UnlocatedError {
    let similar = functions().find(|function| function.name().eq_ignore_ascii_case(name));
    let hint = similar.map(|function| format!(": write {}", function.name())).unwrap_or_default();
    UnlocatedError::syntax(format!("Unknown function {}{hint}", shorten(name)))
}
