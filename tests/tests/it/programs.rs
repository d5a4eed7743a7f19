//! Programs in other languages that tests run: a virtual environment of Python in the target directory, installed once.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Returns a folder of this package, found at run time, because two clones may share a target directory.
pub fn folder(name: &str) -> PathBuf {
    Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests")).join(name)
}

/// Installs the requirements in a file of a folder into a virtual environment, unless it has them, and then runs `more`.
/// Returns the folder of the environment.
pub fn install(name: &str, inputs: &[&str], more: impl FnOnce(&Path)) -> PathBuf {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (source, installed) = (folder(name), environment.join("installed.txt"));
    let wanted = inputs.iter().flat_map(|input| fs::read(source.join(input)).unwrap()).collect::<Vec<_>>();
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return environment;
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment));
    let mut pip = Command::new(environment.join("bin/python"));
    run(pip.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(source.join("requirements.txt")));
    more(&environment);
    // Written last, so that an interrupted installation is repeated.
    fs::write(installed, wanted).unwrap();
    environment
}

/// Runs a command to completion. Panics with its output if it fails.
pub fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} exits with {}\n{stdout}\n{stderr}", output.status);
}
