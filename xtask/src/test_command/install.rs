//! Installation of Debian packages.

use super::programs::{Program, succeeds};
use anyhow::{Context, Error, Result, bail};
use std::process::{Command, Stdio};

/// Way to install packages on this machine.
pub struct Installer {
    /// Command in front of `apt-get`.
    prefix: &'static [&'static str],
}

impl Installer {
    /// Returns the installer of this machine. With a terminal, sudo may ask for a password.
    ///
    /// # Errors
    /// If this is neither Debian nor Ubuntu, or the user may not install packages.
    pub fn find(is_terminal: bool) -> Result<Self> {
        if !succeeds("apt-get", &["--version"]) {
            bail!("there is no apt-get here: install the programs in the way of this system");
        }
        let user = Command::new("id").arg("-u").output().context("`id` cannot be run")?;
        let prefix: &'static [_] = if user.stdout.trim_ascii() == b"0" {
            &[]
        } else if succeeds("sudo", &["-n", "true"]) {
            &["sudo", "-n"]
        } else if is_terminal && succeeds("sudo", &["--version"]) {
            &["sudo"]
        } else {
            bail!("apt-get needs root or sudo");
        };
        Ok(Self { prefix })
    }

    /// Installs the packages of programs, and returns the errors.
    pub fn install(&self, programs: &[Program]) -> Vec<Error> {
        // If the lists of packages cannot be updated, the present ones may still work.
        let update = self.apt_get(&["update", "-qq"]).err();
        // One by one: Ubuntu has no package of Chromium, which must not prevent the others.
        let errors = programs.iter().filter_map(|program| {
            self.apt_get(&[&["install", "-y", "-qq", "--no-install-recommends"], program.packages].concat()).err()
        });
        update.into_iter().chain(errors).collect()
    }

    fn apt_get(&self, arguments: &[&str]) -> Result<()> {
        // `env`, because sudo drops the variables of its caller.
        let words = [self.prefix, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"], arguments].concat();
        let (program, rest) = words.split_first().context("a command has a program")?;
        let status = Command::new(program).args(rest).stdin(Stdio::null()).status();
        let status = status.with_context(|| format!("{program} cannot be run"))?;
        if !status.success() {
            bail!("`{}` ended with {status}", words.join(" "));
        }
        Ok(())
    }
}

/// Returns the packages of all programs, without duplicates.
pub fn packages(programs: &[Program]) -> Vec<&'static str> {
    let mut packages: Vec<_> = programs.iter().flat_map(|program| program.packages).copied().collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_command::programs;

    #[test]
    fn all_programs_have_packages() {
        let expected =
            ["build-essential", "chromium", "libssl-dev", "pkg-config", "python3", "python3-venv", "redis-server"];
        assert_eq!(packages(&programs::all()), expected);
        assert_eq!(packages(&programs::of_tests()).len(), 4);
    }
}
