//! The state of a comparison: what is still to be compared, what was, and what was found.

use super::{
    change::{Change, Direction, Finding, Severity, Way},
    document::{At, Side},
    published::Published,
};
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

/// How many pairs of schemas are compared. Ours against itself takes about a thousand.
const PAIRS: usize = 200_000;

/// Where the comparison is, seen from an operation.
#[derive(Clone)]
pub struct Place {
    pub direction: Direction,
    /// `POST /image, answer 200`.
    pub seen_in: String,
}

/// Two schemas to compare; all parts of one count together.
pub struct Pair<'a> {
    pub ours: Vec<At<'a>>,
    pub theirs: Vec<At<'a>>,
    pub place: Place,
}

/// A comparison of their document with ours.
pub struct Comparison<'a> {
    pub ours: Side<'a>,
    pub theirs: Side<'a>,
    /// Whether what they leave out is gone.
    pub whole: bool,
    pub published: &'a Published,
    pub queue: VecDeque<Pair<'a>>,
    seen: HashSet<(String, String, Direction)>,
    findings: Vec<Finding>,
    /// What could not be compared.
    pub notes: BTreeSet<String>,
    /// The places in our document that were compared.
    pub covered: BTreeSet<String>,
}

/// A difference before it is known where it was seen.
pub struct Difference {
    pub severity: Severity,
    pub change: Change,
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
            ours: Side { root: ours, known: None, is_3_0: false },
            theirs: Side { root: &published.document, known, is_3_0: published.is_3_0() },
            whole: published.whole,
            published,
            queue: VecDeque::new(),
            seen: HashSet::new(),
            findings: Vec::new(),
            notes: BTreeSet::new(),
            covered: BTreeSet::new(),
        }
    }

    /// Puts two schemas in the queue. References are followed first, so that what is shared is compared once.
    pub fn push(&mut self, ours: &At<'a>, theirs: &At<'a>, place: &Place) {
        self.push_parts(std::slice::from_ref(ours), std::slice::from_ref(theirs), place);
    }

    /// As [`Self::push`], with several parts that count together.
    pub fn push_parts(&mut self, ours: &[At<'a>], theirs: &[At<'a>], place: &Place) {
        let ours = home(self.ours, ours);
        let theirs = home(self.theirs, theirs);
        let key = |parts: &[At<'_>]| parts.iter().map(|at| at.pointer.as_str()).collect::<Vec<_>>().join(" ");
        if self.seen.len() >= PAIRS {
            self.notes.insert(format!("more than {PAIRS} pairs of schemas: the rest was not compared"));
            return;
        }
        if self.seen.insert((key(&ours), key(&theirs), place.direction)) {
            self.queue.push_back(Pair { ours, theirs, place: place.clone() });
        }
    }

    /// Records a difference. One that was seen elsewhere already gets the graver of both severities.
    pub fn found(&mut self, place: &str, difference: Difference) {
        let Difference { severity, change, at, upstream_at, subject, ours, theirs } = difference;
        let upstream_at = upstream_at.map(|pointer| self.published.shown(&pointer));
        let seen_in = BTreeSet::from([place.to_owned()]);
        self.findings.push(Finding {
            severity,
            change,
            at,
            upstream_at,
            subject,
            ours,
            theirs,
            seen_in,
            accepted: None,
        });
    }

    /// What was found, each difference once, the gravest first, then in the order of the pointers.
    pub fn finish(self) -> Vec<Finding> {
        let mut merged: BTreeMap<_, Finding> = BTreeMap::new();
        for finding in self.findings {
            let (at, change, subject, theirs) = finding.key();
            let key = (at.to_owned(), change, subject.to_owned(), theirs.map(str::to_owned));
            match merged.get_mut(&key) {
                Some(known) => {
                    known.severity = known.severity.max(finding.severity);
                    known.seen_in.extend(finding.seen_in);
                }
                None => {
                    merged.insert(key, finding);
                }
            }
        }
        let mut findings: Vec<Finding> = merged.into_values().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings
    }
}

/// Where a use of a schema leads when it says nothing of its own.
fn home<'a>(side: Side<'a>, parts: &[At<'a>]) -> Vec<At<'a>> {
    let [only] = parts else { return parts.to_vec() };
    let mut at = only.clone();
    for _ in 0..32 {
        let alone = at.value.as_object().is_some_and(|object| object.len() == 1);
        let target = crate::document::reference(at.value).filter(|_| alone).and_then(|target| side.target(target));
        match target {
            Some(target) => at = target,
            None => break,
        }
    }
    vec![at]
}

impl Difference {
    /// A difference between two schemas that is as grave as the direction says.
    pub fn judged(place: &Place, way: Way, change: Change, at: &str, subject: impl Into<String>) -> Self {
        Self::new(place.direction.judge(way), change, at, subject)
    }

    /// A difference of which no more is known yet.
    pub fn new(severity: Severity, change: Change, at: &str, subject: impl Into<String>) -> Self {
        let (at, subject) = (at.to_owned(), subject.into());
        Self { severity, change, at, upstream_at: None, subject, ours: None, theirs: None }
    }

    /// Where it is in their document.
    pub fn upstream(mut self, pointer: impl Into<String>) -> Self {
        self.upstream_at = Some(pointer.into());
        self
    }

    /// What we say, and what they say.
    pub fn said(mut self, ours: Option<String>, theirs: Option<String>) -> Self {
        (self.ours, self.theirs) = (ours, theirs);
        self
    }
}
