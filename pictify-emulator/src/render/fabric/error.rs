//! What is wrong with a canvas, and where.

use std::fmt;

/// How many characters of a wrong value a message quotes.
const SHOWN: usize = 60;

/// A canvas that cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FabricError {
    /// Where in the canvas, for example `objects[3].objects[0].fill`; empty for the canvas itself.
    pub place: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a part of a canvas.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// An object of a type that cannot be drawn.
    UnknownType(String),
    /// A value that Fabric would not understand.
    Invalid {
        /// What would be right.
        expected: &'static str,
        /// What is there, shortened.
        found: String,
    },
    /// More than the emulator draws.
    TooMuch(String),
}

impl FabricError {
    pub(super) fn invalid(place: impl Into<String>, expected: &'static str, found: &str) -> Self {
        let mut quoted: String = found.chars().take(SHOWN).collect();
        if quoted.len() < found.len() {
            quoted.push_str("...");
        }
        Self { place: place.into(), problem: Problem::Invalid { expected, found: quoted } }
    }

    pub(super) fn too_much(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), problem: Problem::TooMuch(what.into()) }
    }
}

impl fmt::Display for FabricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.place.is_empty() { "fabricJSData" } else { &self.place })?;
        match &self.problem {
            Problem::UnknownType(name) => write!(f, ": objects of type {name} cannot be drawn"),
            Problem::Invalid { expected, found } => write!(f, " must be {expected}, not {found}"),
            Problem::TooMuch(what) => write!(f, ": {what}"),
        }
    }
}

impl std::error::Error for FabricError {}
