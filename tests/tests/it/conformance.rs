//! Independent programs that test the emulator: the official Python client, and a fuzzer that generates requests from the
//! document. They are in `tests/conformance`, and their dependencies are installed once into a virtual environment in the
//! target directory.

use pictify_emulator::{EgressPolicy, Emulator};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

/// Returns the folder of the programs, found at run time, because two clones may share a target directory.
fn folder() -> PathBuf {
    Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests")).join("conformance")
}

/// Python of the virtual environment.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    let requirements = folder().join("requirements.txt");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance");
    let (python, installed) = (folder.join("bin/python"), folder.join("installed.txt"));
    let wanted = fs::read(&requirements).unwrap();
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return python;
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements));
    // Written last, so that an interrupted installation is repeated.
    fs::write(installed, wanted).unwrap();
    python
});

/// Runs a command to completion. Panics with its output if it fails.
fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} exits with {}\n{stdout}\n{stderr}", output.status);
}

/// Runs a program of the folder with these environment variables, without blocking the servers.
async fn run_program(program: &str, variables: Vec<(&'static str, String)>) {
    let program = folder().join(program);
    let work = move || {
        run(Command::new(&*PYTHON).arg("-B").arg(program).current_dir(env!("CARGO_TARGET_TMPDIR")).envs(variables));
    };
    tokio::task::spawn_blocking(work).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_methods_of_the_official_python_client_work() {
    if !test_requirements::require("python") {
        return;
    }
    let open = Emulator::builder().api_keys(["right"]).start().await.unwrap();
    let limited = Emulator::builder().requests_per_minute(1).start().await.unwrap();
    let metered = Emulator::builder().renders_per_month(1).start().await.unwrap();
    let urls = [("OPEN_URL", &open), ("LIMITED_URL", &limited), ("METERED_URL", &metered)];
    let variables = urls.map(|(name, emulator)| (name, emulator.url().to_owned()));
    run_program("client.py", variables.into()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_response_to_valid_and_invalid_requests_conforms_to_the_document() {
    if !test_requirements::require("python") {
        return;
    }
    // Bindings get their data from the emulator itself.
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let document = folder().join("../../openapi.yaml").display().to_string();
    run_program("fuzz.py", vec![("DOCUMENT", document), ("EMULATOR_URL", emulator.url().to_owned())]).await;
}
