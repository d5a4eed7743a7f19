//! Starters for test runners in other languages, `clients/`: their own tests, against this build of the program.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};
use test_requirements::environment::{install, install_npm, run, shell};

/// Program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_pictify-emulator");

/// Returns a path of the workspace, found at run time, because two clones may share a target directory.
fn workspace(path: &str) -> PathBuf {
    Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests")).join("..").join(path)
}

/// Virtual environment with the test runners. It has node.js, too.
static ENVIRONMENT: LazyLock<PathBuf> = LazyLock::new(|| {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients");
    let npm_files = ["package.json", "package-lock.json", ".npmrc"].map(|file| workspace("clients/vitest").join(file));
    install(&target, &workspace("clients/requirements.txt"), &npm_files, |target| install_npm(target, &npm_files));
    target
});

/// Runs commands in a copy of a client, below the environment: nothing is written to the source.
fn run_in_copy(client: &str, commands: &str) {
    let folder = ENVIRONMENT.join("work");
    fs::create_dir_all(&folder).unwrap();
    let copy = format!("rm -rf {client}; cp -R \"$SOURCE\" {client}; cd {client}; rm -rf node_modules\n{commands}");
    let mut command = shell(&ENVIRONMENT, &folder, &copy);
    command.env("SOURCE", workspace("clients").join(client)).env("PICTIFY_EMULATOR", PROGRAM);
    for name in ["PICTIFY_BASE_URL", "PICTIFY_API_KEY"] {
        command.env_remove(name);
    }
    run(&mut command);
}

#[test]
fn the_tests_of_pytest_pictify_pass() {
    if test_requirements::require("python") {
        let install = "pip install --quiet --force-reinstall --no-deps --no-build-isolation .";
        run_in_copy("pytest", &format!("{install}\npython -m pytest -q -p no:cacheprovider"));
    }
}

#[test]
fn the_tests_of_vitest_pictify_pass_and_its_types_are_right() {
    if test_requirements::require("python") {
        run_in_copy("vitest", "npm test --silent");
    }
}

/// The programs that start an emulator rely on it: no server is left behind when they are killed.
#[test]
fn the_program_stops_when_standard_input_is_closed_if_the_environment_asks_for_it() {
    let mut command = Command::new(PROGRAM);
    command.args(["--port", "0"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut program = command.env("PICTIFY_STOP_WITH_STDIN", "true").spawn().unwrap();
    let mut output = BufReader::new(program.stdout.take().unwrap()).lines();
    assert!(output.any(|line| line.unwrap().contains("listening on http://")), "it has started");
    assert_eq!(program.try_wait().unwrap(), None, "it runs while the input is open");
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
}
