//! Checks before a release: the promised Rust version and the lowest dependency versions are enough to build.

mod minimal;
mod rust_version;
mod standalone;

pub use minimal::check as minimal_versions;
pub use rust_version::check as rust_versions;

use anyhow::{Context, Result, bail};
use std::{path::Path, process::Command};

/// Runs cargo and returns its standard output. `environment` is set for this command only.
fn cargo(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(directory)
        .output()
        .context("cargo cannot be run")?;
    if !output.status.success() {
        let (command, message) = (arguments.join(" "), String::from_utf8_lossy(&output.stderr));
        bail!("`cargo {command}` failed in {}:\n{}", directory.display(), message.trim_end());
    }
    String::from_utf8(output.stdout).context("cargo's output is not text")
}
