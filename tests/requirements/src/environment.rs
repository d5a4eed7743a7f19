//! Programs in other languages that tests run: a virtual environment of Python in the target directory, installed once.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Installs `requirements` into a virtual environment, unless it has them, and then runs `more`, which installs what the
/// files `others` describe.
///
/// # Panics
/// If a file cannot be read or a program fails.
pub fn install(environment: &Path, requirements: &Path, others: &[PathBuf], more: impl FnOnce(&Path)) {
    let installed = environment.join("installed.txt");
    let inputs = others.iter().map(PathBuf::as_path);
    let read = |file: &Path| fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let wanted: Vec<u8> = [requirements].into_iter().chain(inputs).flat_map(read).collect();
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return;
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment));
    let mut pip = Command::new(environment.join("bin/python"));
    run(pip.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements));
    more(environment);
    // Written last, so that an interrupted installation is repeated.
    fs::write(&installed, wanted).expect("the environment can be written");
}

/// Copies `files`, those of npm, into a virtual environment that has node.js, and installs the packages.
///
/// # Panics
/// If a file cannot be copied or npm fails.
pub fn install_npm(environment: &Path, files: &[PathBuf]) {
    for file in files {
        let name = file.file_name().expect("a file has a name");
        fs::copy(file, environment.join(name)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
    run(&mut shell(environment, environment, "npm ci --silent"));
}

/// Returns a command that runs commands of the shell in a folder, with the programs of a virtual environment.
///
/// # Panics
/// If the path of the environment contains a colon.
#[must_use]
pub fn shell(environment: &Path, folder: &Path, commands: &str) -> Command {
    let path = env::var_os("PATH").unwrap_or_default();
    let path =
        [environment.join("bin"), environment.join("node_modules/.bin")].into_iter().chain(env::split_paths(&path));
    let mut command = Command::new("sh");
    command.args(["-e", "-c", commands]).current_dir(folder);
    command.env("PATH", env::join_paths(path).expect("a path of the environment has no colon"));
    command.env("NO_PROXY", "127.0.0.1").env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Runs a command to completion.
///
/// # Panics
/// If the command fails, with its output.
pub fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} exits with {}\n{stdout}\n{stderr}", output.status);
}
