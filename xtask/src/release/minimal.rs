//! Checks that the lowest dependency versions in the manifests of the SDK are enough to build it.

use super::{cargo, standalone};
use anyhow::{Context, Result};
use std::{io::Write, path::Path};

/// Checks the SDK, with all features, against the lowest version of each direct dependency.
///
/// `cargo-minimal-versions` does the work. It runs on a copy of the SDK alone, because the emulator raises versions in the
/// lockfile of the workspace.
pub fn check(root: &Path, out: &mut impl Write) -> Result<()> {
    let copy = standalone::write(root)?;
    cargo(&copy, &["minimal-versions", "--version"], &[])
        .context("install it: `cargo install --locked cargo-minimal-versions cargo-hack`")?;
    cargo(&copy, &["minimal-versions", "check", "--direct", "--workspace", "--all-features"], &[])
        .context("the lowest version of a dependency is not enough: raise it")?;
    writeln!(out, "the SDK builds with the lowest versions that it allows")?;
    Ok(())
}
