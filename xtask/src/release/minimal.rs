//! The lowest versions that the manifests of the SDK name are enough to build it.

use super::{alone, cargo};
use anyhow::{Context, Result};
use std::{io::Write, path::Path};

/// Takes the lowest version of everything that the SDK names itself, and checks it with each set of features that
/// must stand alone.
pub fn check(root: &Path, out: &mut impl Write) -> Result<()> {
    let copy = alone::write(root)?;
    // A stable cargo resolves so only when told that it may. The build is not told: build scripts would find out.
    cargo(&copy, &["generate-lockfile", "-Z", "direct-minimal-versions"], &[("RUSTC_BOOTSTRAP", "1")])
        .context("a stated minimum is lower than what another dependency asks: raise it")?;
    for features in [&["--all-features"][..], &[]] {
        let arguments = [&["check", "--quiet", "--locked", "--workspace"], features].concat();
        cargo(&copy, &arguments, &[]).context("a stated minimum is not enough: raise it")?;
    }
    writeln!(out, "the SDK builds with the lowest versions that it names")?;
    Ok(())
}
