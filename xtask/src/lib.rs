//! The workspace's own commands: `cargo xtask generate`, `lint`, `coverage`, `upstream`, and the checks before a
//! release.

mod coverage;
mod document;
mod generate;
mod lint;
mod openapi_diff;
mod operation_table;
mod postprocess;
mod preprocess;
mod query_structs;
mod release;
mod schema_check_impls;
mod usage;
mod validate_impls;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Runs the lint, the preprocessing passes and the document comparison on any text. For the fuzz target.
///
/// # Panics
/// If a document differs from itself.
#[doc(hidden)]
pub fn fuzz_document(text: &str) {
    let Ok(document) = document::parse(text) else { return };
    let _ = lint::check(&document);
    let mut preprocessed = document.clone();
    query_structs::add(&mut preprocessed);
    let _ = usage::Usage::of(&preprocessed);
    let _ = preprocess::run(&mut preprocessed);
    openapi_diff::fuzz_document(&document);
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
    /// Checks openapi.yaml against the rules of this project.
    Lint,
    /// Prints the SDK method, snapshot and docs of each operation of openapi.yaml, and fails if one is missing.
    Coverage,
    /// Compares a document that upstream published with openapi.yaml, and reports the differences by severity.
    Upstream(openapi_diff::Options),
    /// Checks that each published package and its dependencies build with the package's `rust-version`.
    RustVersions,
    /// Checks that the SDK builds with the lowest dependency versions in its manifests.
    MinimalVersions,
}

/// Runs the command given in the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    match run(&Arguments::parse().command, &root()) {
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
        Command::Upstream(options) => return Ok(openapi_diff::run(options, root, &mut out)?.into()),
        Command::RustVersions => release::rust_versions(root, &mut out)?,
        Command::MinimalVersions => release::minimal_versions(root, &mut out)?,
        Command::Coverage => {
            let document = document::load(&root.join("openapi.yaml"))?;
            coverage::print(&document::operations(&document), root, &mut out)?;
        }
        Command::Lint => {
            let document = document::load(&root.join("openapi.yaml"))?;
            lint::check(&document)?;
            let (operations, schemas) = (document::operations(&document), document::component_schemas(&document));
            writeln!(
                out,
                "openapi.yaml passes the lint: {} operations, {} schemas",
                operations.len(),
                schemas.count()
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the root of the workspace, independent of the current directory.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}
