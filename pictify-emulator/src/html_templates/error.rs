//! Why an HTML template is refused or does not render.

use crate::variables::{Problem, VariableError};
use serde_json::{Map, Value, json};
use std::fmt;

/// Why an HTML template is refused or does not render.
#[derive(Clone, Debug, PartialEq)]
pub struct HtmlTemplateError {
    code: ErrorCode,
    message: String,
    context: Map<String, Value>,
}

/// What sort of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The source is longer than the service takes.
    TemplateTooLarge,
    /// The source is no Handlebars.
    CompileError,
    /// It calls a helper or partial that does not exist.
    HelperNotAllowed,
    /// It does not escape a variable that is not marked for that.
    RawHtmlNotAllowed,
    /// A required variable has no value.
    VariableRequired,
    /// A value breaks its definition.
    InvalidVariable,
    /// A variable has no value, and the template is strict.
    UndefinedVariable,
    /// The render goes on for too long or becomes too large.
    IterationLimitExceeded,
    /// A helper cannot work with its values.
    ExpressionError,
}

impl ErrorCode {
    /// The code as the service writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TemplateTooLarge => "TEMPLATE_TOO_LARGE",
            Self::CompileError => "HANDLEBARS_COMPILE_ERROR",
            Self::HelperNotAllowed => "HELPER_NOT_ALLOWED",
            Self::RawHtmlNotAllowed => "RAW_HTML_NOT_ALLOWED",
            Self::VariableRequired => "VARIABLE_REQUIRED",
            Self::InvalidVariable => "INVALID_VARIABLE",
            Self::UndefinedVariable => "UNDEFINED_VARIABLE",
            Self::IterationLimitExceeded => "ITERATION_LIMIT_EXCEEDED",
            Self::ExpressionError => "EXPRESSION_ERROR",
        }
    }
}

impl HtmlTemplateError {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), context: Map::new() }
    }

    /// The same with a further fact for programs.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.context.insert(name.to_owned(), value.into());
        self
    }

    /// The same with its place, if that is known.
    pub(super) fn at(self, place: Option<(usize, usize)>) -> Self {
        match place {
            Some((line, column)) => self.with("line", line).with("column", column),
            None => self,
        }
    }

    /// What sort of mistake it is.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub fn status(&self) -> u16 {
        if self.code == ErrorCode::TemplateTooLarge { 413 } else { 422 }
    }

    /// The answer that goes with it: `{error, code, context}`. `context` holds `line` and `column` from 1 where the place is
    /// known, and `helper` or `variable` where one is at fault.
    #[must_use]
    pub fn body(&self) -> Value {
        json!({"error": self.message, "code": self.code.name(), "context": self.context})
    }
}

impl fmt::Display for HtmlTemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match (self.context.get("line"), self.context.get("column")) {
            (Some(line), Some(column)) => write!(f, " (line {line}, column {column})"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for HtmlTemplateError {}

impl From<VariableError> for HtmlTemplateError {
    fn from(error: VariableError) -> Self {
        let code = match error.problem() {
            Problem::Missing => ErrorCode::VariableRequired,
            Problem::TooShort(_) | Problem::TooLong(_) => ErrorCode::InvalidVariable,
        };
        Self::new(code, error.to_string()).with("variable", error.name())
    }
}
