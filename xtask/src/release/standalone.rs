//! Copies `pictify-api` and `pictify` into a workspace of their own.
//!
//! In this workspace the emulator raises the versions of shared dependencies. Its `Cargo.lock` does not show the
//! versions that users of the SDK get.

use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Packages of the SDK.
pub const SDK: [&str; 2] = ["pictify-api", "pictify"];

/// Writes the copy below `target` and returns its path. Removes an existing `Cargo.lock` there.
pub fn write(root: &Path) -> Result<PathBuf> {
    let copy = root.join("target/sdk-standalone");
    // The build output in the copy is reused.
    for old in SDK.iter().chain(&["Cargo.lock"]).map(|old| copy.join(old)).filter(|old| old.exists()) {
        let removed = if old.is_dir() { fs::remove_dir_all(&old) } else { fs::remove_file(&old) };
        removed.with_context(|| format!("{} cannot be replaced", old.display()))?;
    }
    for package in SDK {
        copy_files(&root.join(package).join("src"), &copy.join(package).join("src"))?;
        let manifest = read(&root.join(package).join("Cargo.toml"))?;
        write_file(&copy.join(package).join("Cargo.toml"), &without_dev_sections(&manifest))?;
    }
    write_file(&copy.join("Cargo.toml"), &with_members(&read(&root.join("Cargo.toml"))?, &SDK))?;
    write_file(&copy.join("README.md"), &read(&root.join("README.md"))?)?;
    Ok(copy)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn write_file(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("{} cannot be made", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))? {
        let entry = entry.with_context(|| format!("{} cannot be read", from.display()))?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_files(&from, &to)?;
        } else {
            fs::copy(&from, &to).with_context(|| format!("{} cannot be copied", from.display()))?;
        }
    }
    Ok(())
}

/// Removes the sections for tests, examples and benches from a manifest. Users of a package do not build them.
fn without_dev_sections(manifest: &str) -> String {
    let dev_sections = ["[dev-dependencies", "[[example]]", "[[test]]", "[[bench]]"];
    let mut in_kept_section = true;
    let lines = manifest.split_inclusive('\n').filter(|line| {
        if line.starts_with('[') {
            in_kept_section = !dev_sections.iter().any(|section| line.starts_with(section));
        }
        in_kept_section
    });
    lines.collect()
}

/// Returns a workspace manifest with the given members, and without path dependencies on other packages.
fn with_members(manifest: &str, members: &[&str]) -> String {
    let is_removed = |line: &str| {
        let is_member = members.iter().any(|member| line.starts_with(&format!("{member} =")));
        line.contains("path = ") && !is_member || line.starts_with("default-members") || line.starts_with("exclude")
    };
    let lines = manifest
        .split_inclusive('\n')
        .filter(|line| !is_removed(line))
        .map(|line| if line.starts_with("members =") { format!("members = {members:?}\n") } else { line.to_owned() });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dev_sections_are_removed_from_a_manifest() {
        let manifest = "[dependencies]\na = \"1\"\n\n[dev-dependencies]\nb = \"1\"\n\n[[example]]\nname = \"c\"\n\n[lints]\nworkspace = true\n";
        assert_eq!(without_dev_sections(manifest), "[dependencies]\na = \"1\"\n\n[lints]\nworkspace = true\n");
    }

    #[test]
    fn a_workspace_manifest_has_the_given_members_only() {
        let manifest = "[workspace]\nmembers = [\"a\", \"b\"]\ndefault-members = [\"a\", \"b\"]\nexclude = [\"fuzz\"]\n\
                        [workspace.dependencies]\na = { path = \"a\" }\nb = { path = \"b\" }\nserde = \"1\"\n";
        assert_eq!(
            with_members(manifest, &["a"]),
            "[workspace]\nmembers = [\"a\"]\n[workspace.dependencies]\na = { path = \"a\" }\nserde = \"1\"\n"
        );
    }
}
