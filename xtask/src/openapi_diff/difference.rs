//! Differences: place, kind and severity.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

/// Severity of a difference for code that follows our document, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// No change on the wire.
    Documentation,
    /// A requirement was removed, for the caller or for the reader of the response.
    Loosened,
    /// An optional addition.
    Additive,
    /// A request or response that follows our document may fail or change its meaning.
    Breaking,
}

impl Severity {
    /// All severities, highest first.
    pub const ALL: [Self; 4] = [Self::Breaking, Self::Additive, Self::Loosened, Self::Documentation];

    /// Returns the exit code of a report with this highest open severity.
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

/// Kind of a difference.
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

/// Direction of a schema on the wire, from the caller's point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The caller writes it: the set of allowed values may grow, not shrink.
    Request,
    /// The caller reads it: the set of possible values may shrink, not grow.
    Response,
}

/// Relation of the values that upstream allows to those that we allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Upstream allows more values.
    Wider,
    /// Upstream allows fewer values.
    Narrower,
    /// Upstream allows other values.
    Incomparable,
}

impl Direction {
    /// Returns the severity of a relation in this direction.
    pub fn severity_of(self, relation: Relation) -> Severity {
        match (self, relation) {
            (_, Relation::Incomparable) | (Self::Request, Relation::Narrower) | (Self::Response, Relation::Wider) => {
                Severity::Breaking
            }
            (Self::Request, Relation::Wider) | (Self::Response, Relation::Narrower) => Severity::Loosened,
        }
    }
}

/// A difference between the two documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub severity: Severity,
    #[serde(rename = "change")]
    pub kind: DifferenceKind,
    /// Pointer into our document, or to the place where an addition belongs.
    pub at: String,
    /// Pointer into their document, if it exists there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_at: Option<String>,
    /// Subject of the difference, for example a field.
    pub subject: String,
    /// Our value; `None` for an addition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours: Option<String>,
    /// Their value; `None` for a removal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theirs: Option<String>,
    /// Operations and parts in which it occurs.
    pub seen_in: BTreeSet<String>,
    /// Reason for which the difference is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
}

impl Difference {
    /// Describes the difference in one sentence.
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

    /// Returns the key by which differences are merged: a schema used twice has its differences once.
    pub fn key(&self) -> (&str, DifferenceKind, &str, Option<&str>) {
        (&self.at, self.kind, &self.subject, self.theirs.as_deref())
    }
}
