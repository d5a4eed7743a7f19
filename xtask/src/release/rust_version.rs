//! Checks that the `rust-version` of each published package is enough to build it with all its dependencies.
//!
//! The check reads the manifests, because old compilers are rarely installed. The CI workflow compiles with them.

use super::{cargo, standalone};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::Path,
};

/// A Rust version as numbers: `1.85` equals `1.85.0` and is less than `1.100`.
type Rust = [u32; 3];

/// Declared `rust-version` by package name and version; `None` if not declared.
type DeclaredVersions = BTreeMap<String, Option<Rust>>;

/// Prints a line for each published package, and fails if a dependency needs a newer Rust than promised.
pub fn check(root: &Path, out: &mut impl Write) -> Result<()> {
    // Users build the SDK in their own workspaces, in which the resolver picks versions that their Rust can build.
    let copy = standalone::write(root)?;
    cargo(&copy, &["generate-lockfile"], &[("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "fallback")])?;
    let mut too_new = Vec::new();
    for (directory, packages) in [(copy.as_path(), &standalone::SDK[..]), (root, &["pictify-emulator", "pictify-cli"])]
    {
        let metadata = cargo(directory, &["metadata", "--format-version", "1", "--all-features", "--locked"], &[])?;
        let declared = declared(&serde_json::from_str(&metadata)?)?;
        for package in packages {
            let tree = tree(directory, package)?;
            let report = check_package(package, &tree, &declared)?;
            writeln!(out, "{}", report.line)?;
            too_new.extend(report.too_new);
        }
    }
    if !too_new.is_empty() {
        bail!("newer than promised: raise `rust-version`, or take an older version\n  {}", too_new.join("\n  "));
    }
    Ok(())
}

struct PackageReport {
    line: String,
    too_new: Vec<String>,
}

fn check_package(package: &str, tree: &BTreeSet<String>, declared: &DeclaredVersions) -> Result<PackageReport> {
    let prefix = format!("{package} v");
    let own = tree.iter().find(|name| name.starts_with(&prefix)).and_then(|name| declared.get(name)).copied().flatten();
    let promise = own.with_context(|| format!("{package} declares no `rust-version`"))?;
    let (mut undeclared, mut too_new) = (0, Vec::new());
    for name in tree {
        match declared.get(name).with_context(|| format!("{package} builds {name}, which is not in the metadata"))? {
            None => undeclared += 1,
            Some(required) if *required > promise => {
                too_new.push(format!(
                    "{package} promises {}, {name} needs {}",
                    format_version(promise),
                    format_version(*required)
                ));
            }
            Some(_) => {}
        }
    }
    let line = format!(
        "{package}: {} crates, none needs more than Rust {}; {undeclared} declare none",
        tree.len(),
        format_version(promise)
    );
    let line = if too_new.is_empty() { line } else { format!("{package}: {} too new", too_new.len()) };
    Ok(PackageReport { line, too_new })
}

/// Returns the packages in the dependency tree of a package with all features on all platforms, without
/// dev-dependencies.
fn tree(directory: &Path, package: &str) -> Result<BTreeSet<String>> {
    let arguments = ["--all-features", "--edges", "normal,build", "--target", "all", "--prefix", "none", "--locked"];
    let lines = cargo(directory, &[&["tree", "--package", package, "--format", "{p}"], &arguments[..]].concat(), &[])?;
    // A line is `name v1.2.3 (path)`.
    Ok(lines
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split(" (").next().unwrap_or(line).trim().to_owned())
        .collect())
}

fn declared(metadata: &Value) -> Result<DeclaredVersions> {
    let packages = metadata["packages"].as_array().context("cargo's metadata has no packages")?;
    let entries = packages.iter().map(|package| {
        let field =
            |name: &str| package[name].as_str().with_context(|| format!("a package of cargo's metadata has no {name}"));
        let required = package["rust_version"].as_str().map(parse).transpose()?;
        Ok((format!("{} v{}", field("name")?, field("version")?), required))
    });
    entries.collect()
}

fn parse(text: &str) -> Result<Rust> {
    let mut version = [0; 3];
    for (place, part) in version.iter_mut().zip(text.split('.')) {
        *place = part.parse().with_context(|| format!("`{text}` is not a version of Rust"))?;
    }
    Ok(version)
}

fn format_version([major, minor, patch]: Rust) -> String {
    if patch == 0 { format!("{major}.{minor}") } else { format!("{major}.{minor}.{patch}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check_dependency(required: &str) -> PackageReport {
        let metadata = json!({ "packages": [
            { "name": "ours", "version": "0.1.0", "rust_version": "1.85" },
            { "name": "dependency", "version": "2.0.0", "rust_version": required },
            { "name": "silent", "version": "1.0.0", "rust_version": null },
        ] });
        let declared = declared(&metadata).unwrap();
        check_package("ours", &declared.keys().cloned().collect(), &declared).unwrap()
    }

    #[test]
    fn a_dependency_within_the_promised_version_is_accepted() {
        for required in ["1.9", "1.85", "1.85.0"] {
            assert_eq!(check_dependency(required).too_new, [""; 0], "{required}");
            assert_eq!(
                check_dependency(required).line,
                "ours: 3 crates, none needs more than Rust 1.85; 1 declare none"
            );
        }
    }

    #[test]
    fn a_dependency_above_the_promised_version_is_reported() {
        for (required, shown) in [("1.85.1", "1.85.1"), ("1.86", "1.86"), ("1.100.0", "1.100"), ("2.0", "2.0")] {
            assert_eq!(
                check_dependency(required).too_new,
                [format!("ours promises 1.85, dependency v2.0.0 needs {shown}")]
            );
        }
    }

    #[test]
    fn a_missing_and_an_invalid_version_are_errors() {
        let declared = DeclaredVersions::from([("ours v1.0.0".into(), None)]);
        assert!(check_package("ours", &declared.keys().cloned().collect(), &declared).is_err());
        assert!(parse("stable").is_err());
    }
}
