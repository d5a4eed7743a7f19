//! `upstream-accepted.yaml`: differences that are accepted on purpose, each with its reason, reviewed like code.

use super::difference::{Difference, DifferenceKind};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt::Write as _, fs, io, path::Path};

/// Name of the file, beside `openapi.yaml`.
pub const FILE: &str = "upstream-accepted.yaml";

/// An accepted difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// Pointer into our document.
    pub at: String,
    #[serde(rename = "change")]
    pub kind: DifferenceKind,
    pub subject: String,
    /// Value in the upstream document at the time of acceptance; `None` if the subject was missing there. A different
    /// value opens the difference again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    pub reason: String,
}

impl Acceptance {
    fn of(difference: &Difference, reason: &str) -> Self {
        Self {
            at: difference.at.clone(),
            kind: difference.kind,
            subject: difference.subject.clone(),
            upstream: difference.theirs.clone(),
            reason: reason.to_owned(),
        }
    }

    fn matches(&self, difference: &Difference) -> bool {
        difference.key() == (self.at.as_str(), self.kind, self.subject.as_str(), self.upstream.as_deref())
    }
}

/// Reads the file. A missing file accepts nothing.
pub fn load(path: &Path) -> Result<Vec<Acceptance>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let list: Option<Vec<Acceptance>> = serde_saphyr::from_str(&text)
        .with_context(|| format!("{}: expected a list of at, change, subject, upstream and reason", path.display()))?;
    let list = list.unwrap_or_default();
    if let Some(invalid) = list.iter().find(|acceptance| acceptance.reason.trim().is_empty()) {
        bail!("{}: {} has no reason: add one", path.display(), invalid.at);
    }
    Ok(list)
}

/// Marks the accepted differences, and returns the stale acceptances: those that match no difference.
///
/// A fragment covers few places. An acceptance elsewhere is not stale because of it.
pub fn apply(
    accepted: &[Acceptance],
    differences: &mut [Difference],
    covered: &BTreeSet<String>,
    whole: bool,
) -> Vec<Acceptance> {
    let mut stale = Vec::new();
    for acceptance in accepted {
        let mut fits = false;
        for difference in differences.iter_mut().filter(|difference| acceptance.matches(difference)) {
            difference.accepted = Some(acceptance.reason.clone());
            fits = true;
        }
        if !fits && (whole || is_covered(&acceptance.at, covered)) {
            stale.push(acceptance.clone());
        }
    }
    stale
}

/// Returns `true` if a compared place is at `at`, or at most two steps above it.
fn is_covered(at: &str, covered: &BTreeSet<String>) -> bool {
    let above = |pointer: &str| pointer.rsplit_once('/').map(|(above, _)| above.to_owned());
    let places = std::iter::successors(Some(at.to_owned()), |pointer| above(pointer)).take(3);
    places.into_iter().any(|place| covered.contains(&place))
}

/// Adds the open differences at each of `pointers` to the file, and marks them as accepted.
pub fn accept(path: &Path, pointers: &[String], reason: &str, differences: &mut [Difference]) -> Result<usize> {
    if reason.trim().is_empty() {
        bail!("--reason is empty: give one");
    }
    let mut added = String::new();
    let mut count = 0;
    for pointer in pointers {
        if !differences.iter().any(|difference| difference.at == *pointer) {
            let near: BTreeSet<&str> = differences.iter().map(|difference| difference.at.as_str()).collect();
            let near: Vec<&str> = near.into_iter().filter(|at| at.starts_with(pointer.as_str())).take(5).collect();
            let hint = if near.is_empty() { String::new() } else { format!("; below it: {}", near.join(", ")) };
            bail!("--accept {pointer}: no difference was found at this pointer{hint}");
        }
        for difference in
            differences.iter_mut().filter(|difference| difference.at == *pointer && difference.accepted.is_none())
        {
            difference.accepted = Some(reason.to_owned());
            write_entry(&mut added, &Acceptance::of(difference, reason))?;
            count += 1;
        }
    }
    let before = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => HEADER.to_owned(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let gap = if before.ends_with('\n') || before.is_empty() { "" } else { "\n" };
    // Appends, so that existing comments and order are preserved.
    fs::write(path, format!("{before}{gap}{added}")).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(count)
}

/// Header of a new file.
const HEADER: &str = "# Accepted differences between upstream documents and openapi.yaml, each with its reason.\n\
    # `cargo xtask upstream` adds entries (`--accept POINTER --reason TEXT`) and reports stale ones: delete those.\n";

/// Writes an entry. Strings are written as JSON, which is valid YAML for any content.
fn write_entry(text: &mut String, acceptance: &Acceptance) -> Result<()> {
    let Acceptance { at, subject, upstream, reason, .. } = acceptance;
    let quoted = |value: &str| serde_json::to_string(value);
    writeln!(text, "- at: {}", quoted(at)?)?;
    writeln!(text, "  change: {}", serde_json::to_value(acceptance.kind)?.as_str().unwrap_or_default())?;
    writeln!(text, "  subject: {}", quoted(subject)?)?;
    if let Some(upstream) = upstream {
        writeln!(text, "  upstream: {}", quoted(upstream)?)?;
    }
    writeln!(text, "  reason: {}", quoted(reason)?)?;
    Ok(())
}
