//! Starters of the emulator elsewhere, against this build of the program: the packages in `clients/` with their own tests, and
//! the GitHub action.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
    thread,
};
use test_requirements::environment::{install, install_npm, run, shell};

/// Program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_pictify-emulator");

/// Returns a path of the workspace, found at run time, because two clones may share a target directory.
pub fn workspace(path: &str) -> PathBuf {
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

/// Program that runs, with a pipe as standard input. It is killed when this value is dropped.
pub struct Started {
    child: Child,
    pub url: String,
}

impl Started {
    /// Starts the program on a free port, and waits until it listens.
    pub fn new(options: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["--port", "0"]).args(options).env("PICTIFY_STOP_WITH_STDIN", "true");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.by_ref().find_map(|line| {
            let line = line.unwrap();
            let url = &line[line.find("http://")?..];
            Some(url.split_whitespace().next().unwrap_or(url).replace("0.0.0.0", "127.0.0.1"))
        });
        // The rest of the output is read, because a full pipe would stop the program.
        thread::spawn(move || lines.for_each(drop));
        Self { child, url: url.expect("the program says where it listens") }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The programs that start an emulator rely on it: no server is left behind when they are killed.
#[test]
fn the_program_stops_when_standard_input_is_closed_if_the_environment_asks_for_it() {
    let mut started = Started::new(&[]);
    assert_eq!(started.child.try_wait().unwrap(), None, "it runs while the input is open");
    drop(started.child.stdin.take());
    assert!(started.child.wait().unwrap().success());
}

/// Runs the script of the GitHub action in a folder. Returns its success, its output, and the two files that it writes.
#[cfg(unix)]
fn run_action(folder: &Path, input: &[(&str, &str)]) -> (bool, String, String, String) {
    let (environment, outputs) = (folder.join("environment"), folder.join("outputs"));
    let mut script = Command::new(workspace(".github/actions/emulator/start"));
    script.env("GITHUB_ENV", &environment).env("GITHUB_OUTPUT", &outputs).env("RUNNER_TEMP", folder);
    let output = script.envs(input.iter().copied()).output().unwrap();
    let read = |file| fs::read_to_string(file).unwrap_or_default();
    (output.status.success(), String::from_utf8(output.stdout).unwrap(), read(environment), read(outputs))
}

#[cfg(unix)]
#[test]
fn the_action_exports_the_address_of_a_healthy_emulator() {
    let folder = tempfile::tempdir().unwrap();
    let input = [("PROGRAM", PROGRAM), ("PORT", "0"), ("OPTIONS", " --host 0.0.0.0\n--api-key *"), ("API_KEY", "*")];
    let (success, text, environment, outputs) = run_action(folder.path(), &input);
    assert!(success, "{text}");
    let output = |name: &str| outputs.lines().find_map(|line| line.strip_prefix(name)).expect(name);
    let (url, log, process) = (output("url="), output("log="), output("pid="));
    let is_healthy = Command::new(PROGRAM).args(["health", url]).status().unwrap().success();
    // It would run until the end of the job.
    run(Command::new("kill").arg(process));
    assert!(is_healthy, "{text}");
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert_eq!(environment, format!("PICTIFY_BASE_URL={url}\nPICTIFY_API_KEY=*\n"));
    assert!(fs::read_to_string(log).unwrap().contains("listening on"));
}

#[cfg(unix)]
#[test]
fn the_action_fails_with_the_output_of_an_emulator_that_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let (success, text, environment, _) =
        run_action(folder.path(), &[("PROGRAM", PROGRAM), ("OPTIONS", "--no-such-option")]);
    assert!(!success && environment.is_empty(), "{text}");
    assert!(text.starts_with("::error title=Pictify emulator::The emulator ended before it was ready.\n"), "{text}");
    assert!(text.contains("unexpected argument '--no-such-option'"), "{text}");
}

/// A cached program of other sources would be used without a word.
#[cfg(unix)]
#[test]
fn the_action_caches_the_program_by_its_sources_or_its_version() {
    let script = workspace(".github/actions/emulator/source-key");
    let key = |version| {
        let output = Command::new(&script).env("VERSION", version).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(key("0.1.0"), "key=0.1.0\n");
    let of_sources = key("");
    let digest = of_sources.trim_end().strip_prefix("key=").unwrap();
    assert!(digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{of_sources}");
}

/// Schemas, not only syntax: a misspelt key of a workflow is ignored, and the check that it means does not run.
#[test]
fn linters_have_no_findings() {
    if test_requirements::require("python") {
        let commands = "hadolint pictify-emulator/Dockerfile
            check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
            check-jsonschema --builtin-schema vendor.github-actions .github/actions/*/action.yml
            shellcheck .ci/* .github/actions/emulator/start .github/actions/emulator/source-key";
        run(&mut shell(&ENVIRONMENT, &workspace(""), commands));
    }
}
