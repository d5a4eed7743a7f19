//! Errors of HTML templates, with their codes.

use crate::variables::{Problem, VariableError};
use serde_json::{Map, Value, json};
use std::fmt;

/// Error of an HTML template that does not compile or render.
#[derive(Clone, Debug, PartialEq)]
pub struct HtmlTemplateError {
    code: ErrorCode,
    message: String,
    context: Map<String, Value>,
}

/// Code of an [`HtmlTemplateError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The source is longer than the service accepts.
    TemplateTooLarge,
    /// The source is not valid Handlebars.
    CompileError,
    /// The template uses a helper or partial that does not exist.
    HelperNotAllowed,
    /// The template does not escape a variable whose definition lacks `allowRawHtml`.
    RawHtmlNotAllowed,
    /// A required variable has no value.
    VariableRequired,
    /// A value violates its definition.
    InvalidVariable,
    /// A variable has no value, and the template is strict.
    UndefinedVariable,
    /// The render exceeds the limit on work or output.
    IterationLimitExceeded,
    /// A helper cannot work with its values.
    ExpressionError,
}

impl ErrorCode {
    /// Returns the code as the service writes it.
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

    /// Adds a member to the context.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.context.insert(name.to_owned(), value.into());
        self
    }

    /// Adds the line and the column, if they are known.
    pub(super) fn at(self, position: Option<(usize, usize)>) -> Self {
        match position {
            Some((line, column)) => self.with("line", line).with("column", column),
            None => self,
        }
    }

    /// Returns the error code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Returns the HTTP status of the error.
    #[must_use]
    pub fn status(&self) -> u16 {
        if self.code == ErrorCode::TemplateTooLarge { 413 } else { 422 }
    }

    /// Returns the response body: `{error, code, context}`. `context` has `line` and `column` from 1 if the position is
    /// known, and `helper` or `variable` if one causes the error.
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
