//! `cargo xtask upstream`: what a document that upstream published says otherwise than ours, as a checklist for the editor.
//!
//! Both documents are compared by what they mean: a schema counts for its structure, wherever it is written, and versions
//! 3.0 and 3.1 of the specification say the same in different words. What a difference means depends on who has to follow
//! it: a caller may be asked for less and promised more, not the other way round.

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

/// What to compare, and how to say it.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 nothing open, 1 could not compare, 2 wrong arguments; else by the gravest open\n\
                        difference: 3 documentation (or a stale acceptance), 4 loosened, 5 additive, 6 breaking."
)]
pub struct Options {
    /// The published document, or a part of one: a file, or a URL of http or https.
    source: String,
    /// How the report is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Leave out what is lighter than this; it does not count for the exit code either.
    #[arg(long, value_enum, default_value = "documentation", value_name = "SEVERITY")]
    at_least: Severity,
    /// Whether what the document leaves out is gone.
    #[arg(long, value_enum, default_value = "auto")]
    scope: Scope,
    /// Where in openapi.yaml a path, an operation or a schema without a name belongs.
    #[arg(long, value_name = "POINTER")]
    at: Option<String>,
    /// Take this from the front of their paths; some documents have it in each path, ours has it in the server.
    #[arg(long, value_name = "PREFIX")]
    strip: Option<String>,
    /// Keep what we have at this pointer of openapi.yaml: record the difference in upstream-accepted.yaml.
    #[arg(long, value_name = "POINTER", requires = "reason")]
    accept: Vec<String>,
    /// Why what we have is kept.
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
        // Not part of the report, which may be read by a program.
        eprintln!("recorded in {}: {count}", accepted::FILE);
    }
    let all = report.differences.len();
    report.differences.retain(|difference| difference.severity >= options.at_least);
    report.lighter = all - report.differences.len();
    out.write_all(report.render(options.format)?.as_bytes())?;
    Ok(report.exit_code())
}

/// Any document is no different from itself. For the fuzz target.
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
    Report { source: source.to_owned(), whole: published.whole, differences, stale, notes, lighter: 0 }
}
