//! Programs of others against the emulator: the official Python client, and a fuzzer that makes requests from the document.
//! They live in `tests/conformance`.
//! They are installed once, into a virtual environment under the target directory. Where Python is missing nothing is
//! run, unless `PICTIFY_REQUIRE_PYTHON` is set, as in CI: there it is a failure.

use pictify_emulator::{EgressPolicy, Emulator};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

/// The folder of the programs.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance");

/// The Python of the virtual environment; none where there is no Python to make it with.
static PYTHON: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    if !can_make_environments() {
        assert!(env::var_os("PICTIFY_REQUIRE_PYTHON").is_none(), "python3 with its module venv is missing");
        eprintln!("skipped: python3 with its module venv is missing");
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance");
    let (python, installed) = (folder.join("bin/python"), folder.join("installed.txt"));
    let requirements = Path::new(FOLDER).join("requirements.txt");
    let wanted = fs::read(&requirements).unwrap();
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Some(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements));
    // Last: an installation that was cut off is made again.
    fs::write(installed, wanted).unwrap();
    Some(python)
});

/// Debian has `venv` and what it needs in a package of its own.
fn can_make_environments() -> bool {
    let mut python = Command::new("python3");
    python.args(["-c", "import venv, ensurepip"]).stdout(Stdio::null()).stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}

/// Runs a command to its end; what it has printed is shown when it fails.
fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} ends with {}\n{stdout}\n{stderr}", output.status);
}

/// Runs a program of the folder with these variables, beside the servers.
async fn run_program(program: &str, variables: Vec<(&'static str, String)>) {
    let program = Path::new(FOLDER).join(program);
    let work = move || {
        let Some(python) = PYTHON.as_ref() else { return };
        run(Command::new(python).arg("-B").arg(program).current_dir(env!("CARGO_TARGET_TMPDIR")).envs(variables));
    };
    tokio::task::spawn_blocking(work).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_python_client_does_all_that_it_offers() {
    let open = Emulator::builder().api_keys(["right"]).start().await.unwrap();
    let limited = Emulator::builder().requests_per_minute(1).start().await.unwrap();
    let metered = Emulator::builder().renders_per_month(1).start().await.unwrap();
    let urls = [("OPEN_URL", &open), ("LIMITED_URL", &limited), ("METERED_URL", &metered)];
    let variables = urls.map(|(name, emulator)| (name, emulator.url().to_owned()));
    run_program("client.py", variables.into()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_that_the_document_allows_or_forbids_gets_an_answer_that_it_does_not_know() {
    // Bindings have their data of the emulator itself.
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let document = Path::new(FOLDER).join("../../openapi.yaml").display().to_string();
    run_program("fuzz.py", vec![("DOCUMENT", document), ("EMULATOR_URL", emulator.url().to_owned())]).await;
}
