//! What is wrong with an expression, and where.

use std::fmt;

/// Why an expression cannot be read or evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    kind: ErrorKind,
    message: String,
    place: Place,
}

/// What sort of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It cannot be read: a wrong sign, a function that does not exist, too few arguments.
    Syntax,
    /// It uses a variable that was not supplied.
    UndefinedVariable,
    /// It cannot be computed from these values.
    Evaluation,
    /// It asks for more than the emulator gives one expression.
    Limit,
}

/// A place in the text that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// How many characters come before it.
    pub offset: usize,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
}

impl ExpressionError {
    pub(crate) fn new(fault: Fault, source: &str, at: usize) -> Self {
        Self { kind: fault.kind, message: fault.message, place: Place::of(source, at) }
    }

    /// What sort of mistake it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it is wrong.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (line {}, column {})", self.message, self.place.line, self.place.column)
    }
}

impl std::error::Error for ExpressionError {}

impl Place {
    /// The place of a byte of a text.
    fn of(source: &str, at: usize) -> Self {
        let before = source.get(..at).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            offset: before.chars().count(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// An error that does not know its place yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn syntax(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Syntax, message: message.into() }
    }

    pub(crate) fn evaluation(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Evaluation, message: message.into() }
    }

    pub(crate) fn undefined(name: &str) -> Self {
        Self { kind: ErrorKind::UndefinedVariable, message: format!("Undefined variable: {}", shorten(name)) }
    }

    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Limit, message: message.into() }
    }
}

/// As much of a text as a message should quote.
pub(crate) fn shorten(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}
