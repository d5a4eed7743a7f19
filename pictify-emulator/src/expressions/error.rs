//! Errors of expressions, with their position.

use std::fmt;

/// Error of an expression that cannot be parsed or evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    kind: ErrorKind,
    message: String,
    position: Position,
}

/// Kind of an [`ExpressionError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The expression cannot be parsed: unexpected token, unknown function, wrong number of arguments.
    Syntax,
    /// The expression uses a variable that was not supplied.
    UndefinedVariable,
    /// The expression cannot be computed from these values.
    Evaluation,
    /// The expression exceeds a limit of the emulator.
    Limit,
}

/// Position in the source text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Number of characters before it.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl ExpressionError {
    pub(crate) fn new(error: UnlocatedError, source: &str, offset: usize) -> Self {
        Self { kind: error.kind, message: error.message, position: Position::from_byte_offset(source, offset) }
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the message, without the position.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the position of the error in the source text.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (line {}, column {})", self.message, self.position.line, self.position.column)
    }
}

impl std::error::Error for ExpressionError {}

impl Position {
    /// Converts a byte offset of a text.
    fn from_byte_offset(source: &str, offset: usize) -> Self {
        let before = source.get(..offset).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            offset: before.chars().count(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// Error whose position is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnlocatedError {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
}

/// Byte offset of an error in its source, and the error.
pub(super) type LocatedError = (usize, UnlocatedError);

impl UnlocatedError {
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

/// Shortens a text that a message quotes.
pub(crate) fn shorten(text: &str) -> String {
    const MAX_QUOTED_CHARS: usize = 60;
    match text.char_indices().nth(MAX_QUOTED_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}
