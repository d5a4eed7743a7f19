//! Independent programs that test the emulator: the official Python client, and a fuzzer that generates requests from the
//! document. They are in `tests/conformance`, and their dependencies are installed once into a virtual environment in the
//! target directory.

use crate::programs::{folder, install, run};
use pictify_emulator::{EgressPolicy, Emulator};
use std::{path::PathBuf, process::Command, sync::LazyLock};

/// Folder of the programs.
const NAME: &str = "conformance";

/// Virtual environment of the programs.
static ENVIRONMENT: LazyLock<PathBuf> = LazyLock::new(|| install(NAME, &[]));

/// Runs a program of the folder with these environment variables, without blocking the servers.
async fn run_program(program: &str, variables: Vec<(&'static str, String)>) {
    let program = folder(NAME).join(program);
    let work = move || {
        let mut python = Command::new(ENVIRONMENT.join("bin/python"));
        run(python.arg("-B").arg(program).current_dir(env!("CARGO_TARGET_TMPDIR")).envs(variables));
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
    let document = folder("../openapi.yaml").display().to_string();
    run_program("fuzz.py", vec![("DOCUMENT", document), ("EMULATOR_URL", emulator.url().to_owned())]).await;
}
