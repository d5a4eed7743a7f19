//! The workspace's own commands: `cargo xtask generate`, `lint`, `coverage`, `upstream`, and what a release asks for.

mod bounds;
mod coverage;
mod document;
mod drift;
mod generate;
mod layers;
mod links;
mod lint;
mod normalise;
mod operations;
mod queries;
mod release;
mod syntax;
mod test_command;
mod tokens;
mod upstream;
mod usage;
mod words;
mod workspace;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Any text is a document that the passes before the generator take, and that is no different from itself, or an error says
/// why not. For the fuzz target.
///
/// # Panics
/// When that does not hold.
#[doc(hidden)]
pub fn any_document(text: &str) {
    let Ok(document) = document::parse(text) else { return };
    let _ = lint::check(&document);
    let mut normalised = document.clone();
    queries::add(&mut normalised);
    let _ = usage::Usage::of(&normalised);
    let _ = normalise::run(&mut normalised);
    upstream::any_document(&document);
}

/// The workspace's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the generated files of pictify-api from openapi.yaml.
    Generate {
        /// Write nothing: print what differs, and fail if anything does.
        #[arg(long)]
        check: bool,
        /// Print what each pass changed.
        #[arg(short, long)]
        verbose: bool,
    },
    /// Checks openapi.yaml against its rules, and the words of all files.
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
    /// Runs all tests, and installs the programs that they need where it may.
    Test(test_command::Options),
    /// Prints what the SDK has of each operation of openapi.yaml, and fails on a hole.
    Coverage,
    /// Says where a document that upstream published differs from openapi.yaml, and how grave that is.
    Upstream(upstream::Options),
    /// Checks that nothing that is published needs a newer Rust than its manifest promises.
    RustVersions,
    /// Checks that the SDK builds with the lowest versions that its manifests name.
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

/// Runs the command that the arguments of the process name.
#[must_use]
pub fn main() -> ExitCode {
    match workspace::root().and_then(|root| run(&Arguments::parse().command, &root)) {
        Ok(code) => code,
        // Whoever reads the output, `head` for example, has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // The whole chain on one line; a backtrace of this program would help nobody who edits the document.
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
                let diffs = generate::drift(&generated.files, root)?;
                for diff in &diffs {
                    // Drift is a failure, also when nobody reads to the end.
                    if write!(out, "{diff}").is_err() {
                        break;
                    }
                }
                if !diffs.is_empty() {
                    let (stale, all) = (diffs.len(), generated.files.len());
                    bail!("{stale} of {all} generated files differ from openapi.yaml: run `cargo xtask generate`");
                }
                writeln!(out, "{} generated files are what openapi.yaml says", generated.files.len())?;
                return Ok(ExitCode::SUCCESS);
            }
            let written = generate::write(&generated.files)?;
            for path in &written {
                writeln!(out, "wrote {}", path.strip_prefix(root).unwrap_or(path).display())?;
            }
            if written.is_empty() {
                writeln!(
                    out,
                    "nothing to write: {} generated files are what openapi.yaml says",
                    generated.files.len()
                )?;
            }
        }
        Command::Upstream(options) => return Ok(upstream::run(options, root, &mut out)?.into()),
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
        writeln!(out, "openapi.yaml keeps the rules: {} operations, {} schemas", operations.len(), schemas.count())?;
    }
    match part {
        Some(LintPart::Document) => Ok(()),
        Some(LintPart::Words { paths }) => words::check(root, paths, out),
        None => words::check(root, &[], out),
    }
}
