//! Dependency budget: the number of crates that users of the SDK build, which the README contains.

use std::{collections::BTreeSet, process::Command};

const README: &str = include_str!("../../../README.md");

/// Returns the crates that a user of `pictify` builds with these arguments of `cargo tree`, including those of this workspace.
fn crates(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "pictify", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(arguments)
        // Read at run time, because two clones may share a target directory.
        .current_dir(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| line.split(" (").next().unwrap_or(line).trim().to_owned()).collect()
}

#[test]
fn the_readme_contains_the_number_of_crates_of_the_default_features() {
    let count = crates(&[]).len();
    assert!(README.contains(&format!("**{count} crates**")), "the README must contain: **{count} crates**");
    assert!(count <= 100, "{count} crates: the budget of the default features is 100");
}

#[test]
fn verifying_webhooks_needs_neither_an_http_client_nor_a_runtime() {
    let all = crates(&["--no-default-features", "--features", "webhook"]);
    let count = all.len();
    assert!(README.contains(&format!("**{count} crates** and")), "the README must contain: **{count} crates** and");
    for heavy in ["reqwest", "hyper", "tokio", "rustls", "futures-util"] {
        assert!(!all.iter().any(|line| line.starts_with(&format!("{heavy} "))), "{heavy}");
    }
}

#[test]
fn the_sdk_does_not_depend_on_the_emulator_or_a_renderer() {
    let all = crates(&["--features", "blocking,schemars,rustls"]);
    for heavy in ["pictify-emulator", "takumi", "axum", "jsonschema", "clap"] {
        assert!(!all.iter().any(|line| line.starts_with(&format!("{heavy} "))), "{heavy}");
    }
}

#[test]
fn the_tests_of_the_sdk_are_built_without_the_emulator() {
    let all = crates(&["--all-features", "--edges", "dev"]);
    assert!(all.iter().any(|line| line.starts_with("pictify-test-support ")), "the dependency tree is incomplete");
    for heavy in ["pictify-emulator", "takumi", "chromiumoxide"] {
        assert!(!all.iter().any(|line| line.starts_with(&format!("{heavy} "))), "{heavy}");
    }
}

#[test]
fn the_default_features_have_one_tls_library_that_needs_only_a_c_compiler() {
    let all = crates(&[]);
    assert!(all.iter().any(|line| line.starts_with("rustls ")), "the dependency tree is incomplete");
    for other in ["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys"] {
        assert!(!all.iter().any(|line| line.starts_with(&format!("{other} "))), "{other}");
    }
}
