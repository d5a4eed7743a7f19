//! Checks that the lowest dependency versions in the manifests of the SDK are enough to build it.

use super::{cargo, standalone};
use anyhow::{Context, Result};
use std::{io::Write, path::Path};

/// Resolves all direct dependencies of the SDK to their lowest versions, and checks the build with all features.
pub fn check(root: &Path, out: &mut impl Write) -> Result<()> {
    let copy = standalone::write(root)?;
    // A stable cargo accepts `-Z` only with `RUSTC_BOOTSTRAP`. The build below runs without it, because build scripts
    // would detect it and use unstable features.
    cargo(&copy, &["generate-lockfile", "-Z", "direct-minimal-versions"], &[("RUSTC_BOOTSTRAP", "1")])
        .context("a declared minimum is lower than another dependency requires: raise it")?;
    cargo(&copy, &["check", "--quiet", "--locked", "--workspace", "--all-features"], &[])
        .context("a declared minimum is too low: raise it")?;
    writeln!(out, "the SDK builds with the lowest versions of its dependencies")?;
    Ok(())
}
