//! Errors in a canvas, with their location.

use std::fmt;

/// Maximum number of characters of an invalid value that a message quotes.
const MAX_QUOTED_CHARS: usize = 60;

/// Error in a canvas that cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FabricError {
    /// Location in the canvas, for example `objects[3].objects[0].fill`; empty for the canvas itself.
    pub location: String,
    /// Kind of the error, with its details.
    pub kind: FabricErrorKind,
}

/// Kind of an error in a canvas.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FabricErrorKind {
    /// The object has a type that cannot be drawn.
    UnknownType(String),
    /// The value is invalid.
    InvalidValue {
        /// Description of a valid value.
        expected: &'static str,
        /// JSON of the invalid value, shortened.
        found: String,
    },
    /// A limit of the emulator is exceeded. The text names the limit.
    LimitExceeded(String),
}

impl FabricError {
    pub(super) fn invalid(location: impl Into<String>, expected: &'static str, found: &str) -> Self {
        let mut quoted: String = found.chars().take(MAX_QUOTED_CHARS).collect();
        if quoted.len() < found.len() {
            quoted.push_str("...");
        }
        Self { location: location.into(), kind: FabricErrorKind::InvalidValue { expected, found: quoted } }
    }

    pub(super) fn limit_exceeded(location: impl Into<String>, message: impl Into<String>) -> Self {
        Self { location: location.into(), kind: FabricErrorKind::LimitExceeded(message.into()) }
    }
}

impl fmt::Display for FabricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.location.is_empty() { "fabricJSData" } else { &self.location })?;
        match &self.kind {
            FabricErrorKind::UnknownType(name) => write!(f, ": objects of type {name} cannot be drawn"),
            FabricErrorKind::InvalidValue { expected, found } => write!(f, " must be {expected}, not {found}"),
            FabricErrorKind::LimitExceeded(message) => write!(f, ": {message}"),
        }
    }
}

impl std::error::Error for FabricError {}
