//! `cargo xtask upstream`: compares a document that upstream published with ours, and reports the differences as a
//! checklist.
//!
//! Documents are compared by meaning: equal schemas are equal wherever they are written, and in the notation of version
//! 3.0 as well as 3.1. The severity of a difference depends on the direction: a caller may have to send less and may
//! get more, but not the reverse.

mod accepted;
mod bodies;
mod bounds;
mod canonical_schema;
mod comparison;
mod composites;
mod difference;
mod document;
mod endpoints;
mod objects;
mod parameters;
mod published;
mod report;
mod schemas;
mod source;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result};
use clap::Args;
use comparison::Comparison;
use difference::Severity;
use published::{Published, Scope};
use report::{Format, Report};
use serde_json::Value;
use std::{io::Write, path::Path};

/// Arguments of `cargo xtask upstream`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 no open difference, 1 comparison failed, 2 invalid arguments; otherwise by the highest\n\
                  open severity: 3 documentation (or a stale acceptance), 4 loosened, 5 additive, 6 breaking."
)]
pub struct Options {
    /// Published document, or a part of one: a file, or an http or https URL.
    source: String,
    /// Format of the report.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Lowest severity in the report. Lower ones do not count for the exit code either.
    #[arg(long, value_enum, default_value = "documentation", value_name = "SEVERITY")]
    at_least: Severity,
    /// Treatment of parts that the document does not contain.
    #[arg(long, value_enum, default_value = "auto")]
    scope: Scope,
    /// Pointer into openapi.yaml for a path, operation or schema without a name.
    #[arg(long, value_name = "POINTER")]
    at: Option<String>,
    /// Prefix to remove from their paths. Some documents have in each path what ours has in the server URL.
    #[arg(long, value_name = "PREFIX")]
    strip: Option<String>,
    /// Accept the differences at this pointer of openapi.yaml: record them in upstream-accepted.yaml.
    #[arg(long, value_name = "POINTER", requires = "reason")]
    accept: Vec<String>,
    /// Reason for accepting the differences.
    #[arg(long, value_name = "TEXT", requires = "accept")]
    reason: Option<String>,
}

/// Compares, writes the report, and returns the exit code.
pub fn run(options: &Options, root: &Path, out: &mut impl Write) -> Result<u8> {
    let ours = crate::document::load(&root.join("openapi.yaml"))?;
    let theirs = source::read(&options.source)?;
    let published = Published::of(theirs, &ours, options.scope, options.at.as_deref());
    let mut published = published.with_context(|| options.source.clone())?;
    if let Some(prefix) = &options.strip {
        published.strip_path_prefix(prefix);
    }
    let mut report = compare(&ours, &published, &options.source, &accepted::load(&root.join(accepted::FILE))?);
    if let Some(reason) = &options.reason {
        let file = root.join(accepted::FILE);
        let count = accepted::accept(&file, &options.accept, reason, &mut report.differences)?;
        // Not part of the report, which a program may read.
        eprintln!("recorded in {}: {count}", accepted::FILE);
    }
    let all = report.differences.len();
    report.differences.retain(|difference| difference.severity >= options.at_least);
    report.below_severity = all - report.differences.len();
    out.write_all(report.render(options.format)?.as_bytes())?;
    Ok(report.exit_code())
}

/// Checks that a document does not differ from itself. For the fuzz target.
pub fn fuzz_document(document: &Value) {
    for scope in [Scope::Auto, Scope::Whole] {
        let Ok(published) = Published::of(document.clone(), document, scope, None) else { continue };
        let report = compare(document, &published, "itself", &[]);
        assert!(report.differences.is_empty(), "{}", report.render(Format::Text).unwrap_or_default());
    }
}

fn compare(ours: &Value, published: &Published, source: &str, accepted: &[accepted::Acceptance]) -> Report {
    let mut comparison = Comparison::new(ours, published);
    endpoints::compare(&mut comparison);
    schemas::compare_queued(&mut comparison);
    endpoints::compare_components(&mut comparison);
    schemas::compare_queued(&mut comparison);
    let (notes, covered) = (std::mem::take(&mut comparison.notes), std::mem::take(&mut comparison.covered));
    let mut differences = comparison.finish();
    let stale = accepted::apply(accepted, &mut differences, &covered, published.whole);
    Report { source: source.to_owned(), whole: published.whole, differences, stale, notes, below_severity: 0 }
}
