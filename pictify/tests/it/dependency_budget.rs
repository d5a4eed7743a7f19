//! The SDK stays light: what its users build is counted, and the README says the number.

use std::{collections::BTreeSet, process::Command};

const README: &str = include_str!("../../../README.md");

/// The crates that a user of `pictify` with these arguments builds, ours included.
fn crates(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "pictify", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(arguments)
        // At run time: two clones may share what is compiled.
        .current_dir(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| line.split(" (").next().unwrap_or(line).trim().to_owned()).collect()
}

#[test]
fn the_readme_says_how_many_crates_the_default_features_build() {
    let count = crates(&[]).len();
    assert!(README.contains(&format!("**{count} crates**")), "the README must say: **{count} crates**");
    assert!(count <= 100, "{count} crates: which new dependency of the default features earns its place?");
}

#[test]
fn verifying_webhooks_needs_neither_an_http_client_nor_a_runtime() {
    let all = crates(&["--no-default-features", "--features", "webhook"]);
    let count = all.len();
    assert!(README.contains(&format!("**{count} crates** and")), "the README must say: **{count} crates** and");
    for heavy in ["reqwest", "hyper", "tokio", "rustls", "futures-util"] {
        assert!(!all.iter().any(|line| line.starts_with(&format!("{heavy} "))), "{heavy}");
    }
}

#[test]
fn the_sdk_never_depends_on_the_emulator_or_on_what_renders() {
    let all = crates(&["--features", "blocking,schemars,rustls"]);
    for heavy in ["pictify-emulator", "takumi", "axum", "jsonschema", "clap"] {
        assert!(!all.iter().any(|line| line.starts_with(&format!("{heavy} "))), "{heavy}");
    }
}

#[test]
fn the_default_features_bring_one_tls_that_needs_no_tools_beside_a_c_compiler() {
    let all = crates(&[]);
    assert!(all.iter().any(|line| line.starts_with("rustls ")), "the tree was not read");
    for other in ["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys"] {
        assert!(!all.iter().any(|line| line.starts_with(&format!("{other} "))), "{other}");
    }
}
