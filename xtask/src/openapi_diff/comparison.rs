//! State of a comparison: queued schemas, compared places, and recorded differences.

use super::{
    difference::{Difference, DifferenceKind, Direction, Relation, Severity},
    document::{Document, Node},
    published::Published,
};
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

/// Maximum number of compared pairs of schemas. Our document compared with itself has about a thousand.
const MAX_PAIRS: usize = 200_000;

/// Use of a schema in an operation.
#[derive(Clone)]
pub struct UseSite {
    pub direction: Direction,
    /// Operation and part, for example `POST /image, response 200`.
    pub seen_in: String,
}

/// Two schemas to compare. All parts of a side are combined into one schema.
pub struct QueuedPair<'a> {
    pub ours: Vec<Node<'a>>,
    pub theirs: Vec<Node<'a>>,
    pub site: UseSite,
}

/// A comparison of the upstream document with ours.
pub struct Comparison<'a> {
    pub ours: Document<'a>,
    pub theirs: Document<'a>,
    /// `true` if everything missing in their document counts as removed.
    pub whole: bool,
    pub published: &'a Published,
    pub queue: VecDeque<QueuedPair<'a>>,
    seen: HashSet<(String, String, Direction)>,
    differences: Vec<Difference>,
    /// Parts that could not be compared, with the reason.
    pub notes: BTreeSet<String>,
    /// Compared places of our document.
    pub covered: BTreeSet<String>,
}

/// A difference without the places where it is used.
pub struct DifferenceBuilder {
    pub severity: Severity,
    pub kind: DifferenceKind,
    pub at: String,
    pub upstream_at: Option<String>,
    pub subject: String,
    pub ours: Option<String>,
    pub theirs: Option<String>,
}

impl<'a> Comparison<'a> {
    pub fn new(ours: &'a serde_json::Value, published: &'a Published) -> Self {
        let known = (!published.whole).then_some(ours);
        Self {
            ours: Document { root: ours, known: None, is_3_0: false },
            theirs: Document { root: &published.document, known, is_3_0: published.is_3_0() },
            whole: published.whole,
            published,
            queue: VecDeque::new(),
            seen: HashSet::new(),
            differences: Vec::new(),
            notes: BTreeSet::new(),
            covered: BTreeSet::new(),
        }
    }

    /// Queues two schemas for comparison. References are followed first, so that shared schemas are compared once.
    pub fn enqueue(&mut self, ours: &Node<'a>, theirs: &Node<'a>, site: &UseSite) {
        self.enqueue_parts(std::slice::from_ref(ours), std::slice::from_ref(theirs), site);
    }

    /// Queues two schemas like [`Self::enqueue`], each combined from several parts.
    pub fn enqueue_parts(&mut self, ours: &[Node<'a>], theirs: &[Node<'a>], site: &UseSite) {
        let ours = follow_bare_references(self.ours, ours);
        let theirs = follow_bare_references(self.theirs, theirs);
        let key = |parts: &[Node<'_>]| parts.iter().map(|at| at.pointer.as_str()).collect::<Vec<_>>().join(" ");
        if self.seen.len() >= MAX_PAIRS {
            self.notes.insert(format!("more than {MAX_PAIRS} pairs of schemas: the rest was not compared"));
            return;
        }
        if self.seen.insert((key(&ours), key(&theirs), site.direction)) {
            self.queue.push_back(QueuedPair { ours, theirs, site: site.clone() });
        }
    }

    /// Records a difference. [`Self::finish`] merges equal ones.
    pub fn record(&mut self, site: &str, difference: DifferenceBuilder) {
        let DifferenceBuilder { severity, kind, at, upstream_at, subject, ours, theirs } = difference;
        let upstream_at = upstream_at.map(|pointer| self.published.source_pointer(&pointer));
        let seen_in = BTreeSet::from([site.to_owned()]);
        self.differences.push(Difference {
            severity,
            kind,
            at,
            upstream_at,
            subject,
            ours,
            theirs,
            seen_in,
            accepted: None,
        });
    }

    /// Returns each difference once with its highest severity, sorted by severity and then by pointer.
    pub fn finish(self) -> Vec<Difference> {
        let mut merged: BTreeMap<_, Difference> = BTreeMap::new();
        for difference in self.differences {
            let (at, kind, subject, theirs) = difference.key();
            let key = (at.to_owned(), kind, subject.to_owned(), theirs.map(str::to_owned));
            match merged.get_mut(&key) {
                Some(known) => {
                    known.severity = known.severity.max(difference.severity);
                    known.seen_in.extend(difference.seen_in);
                }
                None => {
                    merged.insert(key, difference);
                }
            }
        }
        let mut differences: Vec<Difference> = merged.into_values().collect();
        differences.sort_by_key(|difference| std::cmp::Reverse(difference.severity));
        differences
    }
}

/// Follows references that have no siblings.
fn follow_bare_references<'a>(document: Document<'a>, parts: &[Node<'a>]) -> Vec<Node<'a>> {
    let [only] = parts else { return parts.to_vec() };
    let mut at = only.clone();
    for _ in 0..32 {
        let is_bare = at.value.as_object().is_some_and(|object| object.len() == 1);
        let target =
            crate::document::reference(at.value).filter(|_| is_bare).and_then(|target| document.target(target));
        match target {
            Some(target) => at = target,
            None => break,
        }
    }
    vec![at]
}

impl DifferenceBuilder {
    /// Creates a difference whose severity follows from the direction of the schema.
    pub fn classified(
        site: &UseSite,
        way: Relation,
        kind: DifferenceKind,
        at: &str,
        subject: impl Into<String>,
    ) -> Self {
        Self::new(site.direction.severity_of(way), kind, at, subject)
    }

    /// Creates a difference without values.
    pub fn new(severity: Severity, kind: DifferenceKind, at: &str, subject: impl Into<String>) -> Self {
        let (at, subject) = (at.to_owned(), subject.into());
        Self { severity, kind, at, upstream_at: None, subject, ours: None, theirs: None }
    }

    /// Sets the pointer into their document.
    pub fn upstream_at(mut self, pointer: impl Into<String>) -> Self {
        self.upstream_at = Some(pointer.into());
        self
    }

    /// Sets our value and their value.
    pub fn values(mut self, ours: Option<String>, theirs: Option<String>) -> Self {
        (self.ours, self.theirs) = (ours, theirs);
        self
    }
}
