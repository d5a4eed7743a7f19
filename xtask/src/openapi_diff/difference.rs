//! What a comparison finds: a difference, where it is, and what it means for those who call or answer.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

/// What a difference means for code that follows our document. The gravest comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nothing on the wire differs.
    Documentation,
    /// A duty fell away, of the caller or of who reads the answer.
    Loosened,
    /// Something is new, and nobody has to use it.
    Additive,
    /// A call or an answer that follows our document may fail, or mean something else.
    Breaking,
}

impl Severity {
    /// All, the gravest first.
    pub const ALL: [Self; 4] = [Self::Breaking, Self::Additive, Self::Loosened, Self::Documentation];

    /// The exit code of a report whose gravest open difference is of this severity.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Documentation => 3,
            Self::Loosened => 4,
            Self::Additive => 5,
            Self::Breaking => 6,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documentation => "documentation",
            Self::Loosened => "loosened",
            Self::Additive => "additive",
            Self::Breaking => "breaking",
        })
    }
}

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    Operation,
    Parameter,
    Field,
    EnumValue,
    Required,
    Type,
    Nullable,
    Variant,
    Limit,
    Format,
    Openness,
    Default,
    Style,
    Body,
    MediaType,
    Status,
    Header,
    Security,
    Server,
    Webhook,
    Deprecation,
    Wording,
    Rule,
}

/// Who has to follow a schema: the caller who writes it, or the caller who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The caller writes it: what is asked for may shrink, not grow.
    Request,
    /// The caller reads it: what is promised may grow, not shrink.
    Response,
}

/// How the values that upstream allows lie to those that we allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// They allow more.
    Wider,
    /// They allow less.
    Narrower,
    /// They allow something else.
    Incomparable,
}

impl Direction {
    /// What it means to those on this side that upstream allows more, less or something else.
    pub fn severity_of(self, way: Relation) -> Severity {
        match (self, way) {
            (_, Relation::Incomparable) | (Self::Request, Relation::Narrower) | (Self::Response, Relation::Wider) => {
                Severity::Breaking
            }
            (Self::Request, Relation::Wider) | (Self::Response, Relation::Narrower) => Severity::Loosened,
        }
    }
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub severity: Severity,
    #[serde(rename = "change")]
    pub kind: DifferenceKind,
    /// Where it is in our document, or would be.
    pub at: String,
    /// Where it is in theirs, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_at: Option<String>,
    /// What it is that differs.
    pub subject: String,
    /// What we say; nothing when it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours: Option<String>,
    /// What they say; nothing when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theirs: Option<String>,
    /// Where it was met on the way from the operations.
    pub seen_in: BTreeSet<String>,
    /// Why we keep what we have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
}

impl Difference {
    /// The difference in a sentence.
    pub fn describe(&self) -> String {
        let subject = &self.subject;
        match (&self.ours, &self.theirs) {
            (Some(ours), Some(theirs)) => format!("{subject}: {ours} -> {theirs}"),
            (None, Some(theirs)) if theirs.is_empty() => format!("{subject} added"),
            (None, Some(theirs)) => format!("{subject} added: {theirs}"),
            (Some(ours), None) if ours.is_empty() => format!("{subject} removed"),
            (Some(ours), None) => format!("{subject} removed, was {ours}"),
            (None, None) => subject.clone(),
        }
    }

    /// What makes two differences one: a schema that is used twice has its differences once.
    pub fn key(&self) -> (&str, DifferenceKind, &str, Option<&str>) {
        (&self.at, self.kind, &self.subject, self.theirs.as_deref())
    }
}
