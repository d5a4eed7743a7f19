//! Programs in other languages that tests run. Their folders are in this package.

pub use test_requirements::environment::run;

use std::{
    env,
    path::{Path, PathBuf},
};
use test_requirements::environment;

/// Returns a folder of this package, found at run time, because two clones may share a target directory.
pub fn folder(name: &str) -> PathBuf {
    Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests")).join(name)
}

/// Installs the requirements of a folder into a virtual environment of the target directory, and then the packages of npm.
/// Returns the folder of the environment.
pub fn install(name: &str, npm_files: &[&str]) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let npm_files: Vec<_> = npm_files.iter().map(|file| folder(name).join(file)).collect();
    environment::install(&target, &folder(name).join("requirements.txt"), &npm_files, |target| {
        if !npm_files.is_empty() {
            environment::install_npm(target, &npm_files);
        }
    });
    target
}
