//! The lowest versions that the manifests of the SDK name are enough to build it.

use super::{cargo, standalone};
use anyhow::{Context, Result};
use std::{io::Write, path::Path};

/// Takes the lowest version of everything that the SDK names itself, and checks all its features with that.
pub fn check(root: &Path, out: &mut impl Write) -> Result<()> {
    let copy = standalone::write(root)?;
    // A stable cargo resolves so only when told that it may. The build is not told: build scripts would find out.
    cargo(&copy, &["generate-lockfile", "-Z", "direct-minimal-versions"], &[("RUSTC_BOOTSTRAP", "1")])
        .context("a stated minimum is lower than what another dependency asks: raise it")?;
    cargo(&copy, &["check", "--quiet", "--locked", "--workspace", "--all-features"], &[])
        .context("a stated minimum is not enough: raise it")?;
    writeln!(out, "the SDK builds with the lowest versions that it names")?;
    Ok(())
}
