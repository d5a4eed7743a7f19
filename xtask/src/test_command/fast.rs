//! `cargo xtask test fast`: the SDK alone. Nothing of the emulator is built, so that a change to the SDK is tested in less than
//! a minute.

use anyhow::{Context, Result};
use serde_json::Value;
use std::{env, path::Path, process::Command};

/// Packages of the SDK.
const PACKAGES: [&str; 2] = ["pictify-api", "pictify"];

/// Features that need more than a C compiler.
const WITHOUT: [&str; 2] = ["default", "native-tls"];

/// Returns the arguments of each `cargo test`.
pub fn commands(root: &Path) -> Result<Vec<Vec<String>>> {
    let features = features(&metadata(root)?)?.join(",");
    let packages = PACKAGES.iter().flat_map(|package| ["--package", package]).map(str::to_owned);
    // Neither examples nor doctests: the tests of the workspace run both.
    let rest = ["--features".to_owned(), features, "--lib".to_owned(), "--tests".to_owned()];
    Ok(vec![packages.chain(rest).collect()])
}

fn metadata(root: &Path) -> Result<Value> {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("cargo cannot be run")?;
    serde_json::from_slice(&output.stdout).context("`cargo metadata` failed")
}

/// Returns the features of `pictify`, each with its package.
fn features(metadata: &Value) -> Result<Vec<String>> {
    let packages = metadata["packages"].as_array().context("cargo's metadata has no packages")?;
    let sdk = packages.iter().find(|package| package["name"] == "pictify");
    let features = sdk.and_then(|sdk| sdk["features"].as_object()).context("cargo's metadata has no pictify")?;
    let names = features.keys().filter(|name| !WITHOUT.contains(&name.as_str()));
    Ok(names.map(|name| format!("pictify/{name}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_is_tested_with_all_features_that_build_anywhere() {
        let root = crate::workspace::root().unwrap();
        let [command] = commands(&root).unwrap().try_into().unwrap();
        let features: Vec<_> = command[5].split(',').collect();
        for feature in ["pictify/blocking", "pictify/testing", "pictify/webhook", "pictify/redis"] {
            assert!(features.contains(&feature), "{command:?}");
        }
        assert!(!features.contains(&"pictify/native-tls"), "{command:?}");
    }

    /// A development dependency on the emulator would be built for every change to the SDK.
    #[test]
    fn neither_the_sdk_nor_its_tests_depend_on_the_emulator() {
        let metadata = metadata(&crate::workspace::root().unwrap()).unwrap();
        let sdk = metadata["packages"].as_array().unwrap().iter();
        let sdk: Vec<_> = sdk.filter(|package| PACKAGES.iter().any(|name| package["name"] == *name)).collect();
        assert_eq!(sdk.len(), PACKAGES.len());
        for dependency in sdk.iter().flat_map(|package| package["dependencies"].as_array().unwrap()) {
            for heavy in ["pictify-emulator", "pictify-tests", "pictify-cli", "xtask"] {
                assert_ne!(dependency["name"], heavy);
            }
        }
    }
}
