//! The workspace's own commands: `cargo xtask generate`, `lint`, `coverage`, `upstream`, and the checks before a
//! release.

mod code_samples;
mod coverage;
mod document;
mod generate;
mod layers;
mod links;
mod lint;
mod openapi_diff;
mod operation_table;
mod postprocess;
mod preprocess;
mod query_structs;
mod release;
mod schema_check_impls;
mod test_command;
mod tokens;
mod usage;
mod validate_impls;
mod words;
mod workspace;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Runs the lint, the preprocessing passes and the document comparison on any text. Returns true if it is a document. For the
/// fuzz target.
///
/// # Panics
/// If a document differs from itself.
#[doc(hidden)]
#[must_use]
pub fn fuzz_document(text: &str) -> bool {
    let Ok(document) = document::parse(text) else { return false };
    let _ = lint::check(&document);
    let mut preprocessed = document.clone();
    query_structs::add(&mut preprocessed);
    let _ = usage::Usage::of(&preprocessed);
    let _ = preprocess::run(&mut preprocessed);
    openapi_diff::fuzz_document(&document);
    true
}

/// Commands of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the generated files from openapi.yaml.
    Generate {
        /// Write nothing: print a diff of each stale file, and fail if there is one.
        #[arg(long)]
        check: bool,
        /// Print the changes of each pass.
        #[arg(short, long)]
        verbose: bool,
    },
    /// Writes an example in Rust for each operation of openapi.yaml, from the docs of the SDK.
    CodeSamples {
        /// Write nothing: print a diff, and fail if an example is stale.
        #[arg(long)]
        check: bool,
    },
    /// Checks openapi.yaml against its rules and its examples in Rust, and the words of all files.
    Lint {
        #[command(subcommand)]
        part: Option<LintPart>,
    },
    /// Checks that the top-level modules of a crate do not import each other in a circle.
    Layers {
        /// Directory of the crate.
        #[arg(value_name = "CRATE", default_value = "pictify")]
        package: String,
    },
    /// Checks that the links in the built documentation of the SDK lead to the items that their texts name.
    Links {
        /// Directory of the documentation.
        #[arg(long, value_name = "DIRECTORY", default_value = "target/doc")]
        docs: PathBuf,
    },
    /// Runs all tests, and installs the programs that they need where allowed.
    Test(test_command::Options),
    /// Prints the SDK method, snapshot and docs of each operation of openapi.yaml, and fails if one is missing.
    Coverage,
    /// Compares a document that upstream published with openapi.yaml, and reports the differences by severity.
    Upstream(openapi_diff::Options),
    /// Checks that each published package and its dependencies build with the package's `rust-version`.
    RustVersions,
    /// Checks that the SDK builds with the lowest dependency versions in its manifests.
    MinimalVersions,
}

/// A part of `cargo xtask lint`.
#[derive(Subcommand)]
enum LintPart {
    /// Checks openapi.yaml only.
    Document,
    /// Checks words only: retired words, and question words that open a doc comment.
    Words {
        /// Files and folders to check; all files if absent.
        paths: Vec<PathBuf>,
    },
}

/// Runs the command given in the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    match workspace::root().and_then(|root| run(&Arguments::parse().command, &root)) {
        Ok(code) => code,
        // The reader of the output, for example `head`, has closed the pipe.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Prints the whole chain on one line. A backtrace of this program does not help to edit the document.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run(command: &Command, root: &Path) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    match command {
        Command::Generate { check, verbose } => {
            let generated = generate::run(root)?;
            if *verbose {
                for (pass, note) in &generated.notes {
                    writeln!(out, "{pass}: {}: {}", note.at, note.what)?;
                }
            }
            if *check {
                let diffs = generate::stale_diffs(&generated.files, root)?;
                for diff in &diffs {
                    // Stale files fail the check even if the reader of the output stops early.
                    if write!(out, "{diff}").is_err() {
                        break;
                    }
                }
                if !diffs.is_empty() {
                    let (stale, all) = (diffs.len(), generated.files.len());
                    bail!("{stale} of {all} generated files are stale: run `cargo xtask generate`");
                }
                writeln!(out, "{} generated files are up to date", generated.files.len())?;
                return Ok(ExitCode::SUCCESS);
            }
            let written = generate::write(&generated.files)?;
            for path in &written {
                writeln!(out, "wrote {}", path.strip_prefix(root).unwrap_or(path).display())?;
            }
            if written.is_empty() {
                writeln!(out, "nothing to write: {} generated files are up to date", generated.files.len())?;
            }
        }
        Command::CodeSamples { check } => code_samples::run(root, *check, &mut out)?,
        Command::Upstream(options) => return Ok(openapi_diff::run(options, root, &mut out)?.into()),
        Command::RustVersions => release::rust_versions(root, &mut out)?,
        Command::MinimalVersions => release::minimal_versions(root, &mut out)?,
        Command::Coverage => {
            let document = document::load(&root.join("openapi.yaml"))?;
            coverage::print(&document::operations(&document), root, &mut out)?;
        }
        Command::Test(options) => return test_command::run(options, root, &mut out),
        Command::Links { docs } => links::check(&root.join(docs), &mut out)?,
        Command::Layers { package } => layers::check(root, package, &mut out)?,
        Command::Lint { part } => lint(part.as_ref(), root, &mut out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn lint(part: Option<&LintPart>, root: &Path, out: &mut impl Write) -> Result<()> {
    if !matches!(part, Some(LintPart::Words { .. })) {
        let document = document::load(&root.join("openapi.yaml"))?;
        lint::check(&document)?;
        let (operations, schemas) = (document::operations(&document), document::component_schemas(&document));
        writeln!(out, "openapi.yaml passes the lint: {} operations, {} schemas", operations.len(), schemas.count())?;
        code_samples::run(root, true, out)?;
    }
    match part {
        Some(LintPart::Document) => Ok(()),
        Some(LintPart::Words { paths }) => words::check(root, paths, out),
        None => words::check(root, &[], out),
    }
}
