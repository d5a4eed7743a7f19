//! The functions, shared by the expressions and, as helpers, by the HTML templates.

mod arguments;
mod choices;
mod currencies;
mod dates;
mod formats;
mod lists;
mod numbers;
mod tests_of_values;
mod texts;

pub(crate) use arguments::Arguments;

use super::{
    error::{Fault, shorten},
    values::Item,
};
use serde_json::Value;
use std::fmt;

/// A function of the expression language.
#[derive(Clone, Copy)]
pub struct Function {
    category: Category,
    signature: &'static str,
    description: &'static str,
    least: usize,
    most: usize,
    takes_undefined: bool,
    is_helper: bool,
    run: Run,
}

type Run = for<'a> fn(&mut Arguments<'a, '_>) -> Result<Item<'a>, Fault>;

/// What a function is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Category {
    /// Works on text.
    Text,
    /// Computes.
    Math,
    /// Writes numbers and dates for people.
    Format,
    /// Works on lists.
    List,
    /// Asks what a value is.
    Test,
    /// Chooses or converts a value.
    Value,
}

impl Category {
    /// Its name, as the endpoint answers it.
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

/// How many arguments a function of any number of them takes at most.
const ANY: usize = usize::MAX;

impl Function {
    const fn new(
        category: Category,
        signature: &'static str,
        (least, most): (usize, usize),
        run: Run,
        description: &'static str,
    ) -> Self {
        Self { category, signature, description, least, most, takes_undefined: false, is_helper: true, run }
    }

    /// A function that is asked also when its arguments do not exist.
    const fn of_undefined(mut self) -> Self {
        self.takes_undefined = true;
        self
    }

    /// A function that the HTML templates do not have.
    const fn not_in_html(mut self) -> Self {
        self.is_helper = false;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.signature.split('(').next().unwrap_or(self.signature)
    }

    /// Its name and parameters; those with a question mark may be left out.
    #[must_use]
    pub fn signature(&self) -> &'static str {
        self.signature
    }

    /// What it does.
    #[must_use]
    pub fn description(&self) -> &'static str {
        self.description
    }

    /// What it is about.
    #[must_use]
    pub fn category(&self) -> Category {
        self.category
    }

    /// Whether the HTML templates have it as a helper.
    #[must_use]
    pub fn is_helper(&self) -> bool {
        self.is_helper
    }

    pub(crate) fn takes_undefined(&self) -> bool {
        self.takes_undefined
    }

    pub(crate) fn check_count(&self, count: usize) -> Result<(), Fault> {
        if (self.least..=self.most).contains(&count) {
            return Ok(());
        }
        let number = match (self.least, self.most) {
            (least, ANY) => format!("at least {least}"),
            (least, most) if least == most => format!("{least}"),
            (least, most) => format!("{least} to {most}"),
        };
        let noun = if number == "1" || number == "at least 1" { "argument" } else { "arguments" };
        Err(Fault::syntax(format!("{} takes {number} {noun}, not {count}: write {}", self.name(), self.signature)))
    }

    /// Runs it. Where there is no first argument there is no result, unless the function asks about that.
    pub(crate) fn run<'a>(&self, mut arguments: Arguments<'a, '_>) -> Result<Item<'a>, Fault> {
        if !self.takes_undefined && arguments.get(0).is_none_or(Value::is_null) {
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

const TABLES: &[&[Function]] =
    &[texts::TABLE, numbers::TABLE, formats::TABLE, dates::TABLE, lists::TABLE, tests_of_values::TABLE, choices::TABLE];

/// All functions of the expression language.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    TABLES.iter().copied().flatten()
}

pub(crate) fn find(name: &str) -> Option<&'static Function> {
    functions().find(|function| function.name() == name)
}

/// What to say of a name that is no function.
pub(crate) fn unknown(name: &str) -> Fault {
    let alike = functions().find(|function| function.name().eq_ignore_ascii_case(name));
    let hint = alike.map(|function| format!(": write {}", function.name())).unwrap_or_default();
    Fault::syntax(format!("Unknown function {}{hint}", shorten(name)))
}
