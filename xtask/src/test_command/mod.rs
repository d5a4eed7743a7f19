//! `cargo xtask test`: installs the programs that tests need where it may, runs all tests, and names each test that was left
//! out.

mod fast;
mod install;
mod mutants;
mod programs;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use programs::Program;
use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus},
    time::Instant,
};
use test_requirements::LeftOut;

/// Options of `cargo xtask test`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    programs: ProgramOptions,
    /// Fail if a test would be left out. The variable CI has the same effect.
    #[arg(long, conflicts_with = "without")]
    require_all: bool,
    /// Programs whose tests are left out, separated by commas: redis, chromium, python.
    #[arg(long, value_name = "PROGRAMS", value_delimiter = ',', env = test_requirements::WITHOUT,
        value_parser = ["redis", "chromium", "python"])]
    without: Vec<String>,
    /// Arguments of `cargo test` in place of `--workspace`.
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

/// Options of the installation.
#[derive(Args, Clone, Copy)]
struct ProgramOptions {
    /// Install missing programs without asking (Debian and Ubuntu, as root or with sudo).
    #[arg(long)]
    yes: bool,
}

/// A part of `cargo xtask test`.
#[derive(Subcommand)]
enum Part {
    /// Tests the SDK alone: pictify-api and pictify, without the emulator. Less than a minute once it is built.
    Fast,
    /// Changes lines of the SDK that decide about money, secrets and signatures, and checks that a test fails for each
    /// change. Takes hours; see xtask/mutants.toml.
    Mutants(mutants::Options),
    /// Sends honest and hostile requests to the emulator for a time, and prints its figures: time of honest renders,
    /// memory, renders in the ledger. A short form runs with all tests.
    Soak {
        /// Duration of the load, in seconds.
        #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
        seconds: u64,
    },
    /// Installs programs that tests and release checks need, and runs no test.
    Install {
        #[command(flatten)]
        options: ProgramOptions,
        /// Programs to install; all if absent.
        #[arg(value_name = "PROGRAM", value_parser = ["cc", "pkg-config", "openssl", "redis", "chromium", "python"])]
        names: Vec<String>,
    },
}

/// Runs the command, and returns the exit code of the tests.
///
/// # Errors
/// If a program is missing that may not be left out, or cargo cannot be run.
pub fn run(options: &Options, root: &Path, out: &mut impl Write) -> Result<ExitCode> {
    match &options.part {
        Some(Part::Install { options, names }) => {
            let is_wanted = |program: &Program| names.is_empty() || names.iter().any(|name| name == program.name);
            let wanted = programs::all().into_iter().filter(is_wanted).collect();
            let missing = install_missing(wanted, options.yes, out)?;
            require_none(&missing)?;
            writeln!(out, "nothing is missing")?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Part::Fast) => {
            let started = Instant::now();
            // Missing programs are not installed here: this command is for every minute.
            let missing: Vec<_> = programs::of_tests().into_iter().filter(Program::is_missing).collect();
            if is_ci(env::var("CI").ok().as_deref()) {
                require_none(&missing)?;
            }
            let code = fast::commands(root)?.into_iter().try_fold(ExitCode::SUCCESS, |code, arguments| {
                if code == ExitCode::SUCCESS { test(root, &arguments, &missing, &[], out) } else { Ok(code) }
            });
            writeln!(out, "took {} s", started.elapsed().as_secs())?;
            code
        }
        Some(Part::Mutants(options)) => mutants::run(options, root, out),
        Some(Part::Soak { seconds }) => soak(root, *seconds, out),
        None => {
            let is_wanted = |program: &Program| !options.without.iter().any(|name| name == program.name);
            let wanted = programs::of_tests().into_iter().filter(is_wanted).collect();
            let missing = install_missing(wanted, options.programs.yes, out)?;
            if options.require_all || is_ci(env::var("CI").ok().as_deref()) {
                require_none(&missing)?;
            }
            let arguments =
                if options.arguments.is_empty() { &["--workspace".to_owned()] } else { &*options.arguments };
            test(root, arguments, &missing, &options.without, out)
        }
    }
}

/// Returns true for the values of the variable `CI` that mean a continuous integration.
fn is_ci(value: Option<&str>) -> bool {
    value.is_some_and(|value| !matches!(value, "" | "0" | "false"))
}

/// Installs missing programs if the options or the person at the terminal allow it. Returns the programs that are still
/// missing.
fn install_missing(programs: Vec<Program>, yes: bool, out: &mut impl Write) -> Result<Vec<Program>> {
    let missing: Vec<_> = programs.into_iter().filter(Program::is_missing).collect();
    if missing.is_empty() {
        return Ok(missing);
    }
    let is_terminal = io::stdin().is_terminal();
    let titles: Vec<_> = missing.iter().map(|program| program.title).collect();
    writeln!(out, "not installed: {}", titles.join("; "))?;
    match install::Installer::find(is_terminal) {
        Ok(installer) if yes || is_terminal && confirm(&install::packages(&missing), out)? => {
            out.flush()?;
            for error in installer.install(&missing) {
                writeln!(out, "cannot install: {error:#}")?;
            }
        }
        Ok(_) => {}
        Err(error) => writeln!(out, "cannot install: {error:#}")?,
    }
    out.flush()?;
    Ok(missing.into_iter().filter(Program::is_missing).collect())
}

/// Asks the person at the terminal for permission.
fn confirm(packages: &[&str], out: &mut impl Write) -> Result<bool> {
    write!(out, "Install {} with apt-get? [Y/n] ", packages.join(" "))?;
    out.flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line).context("the terminal cannot be read")?;
    Ok(is_yes(&line))
}

/// Returns true if a line means yes. An empty line does, the end of the input does not.
fn is_yes(line: &str) -> bool {
    matches!(line.to_ascii_lowercase().as_str(), "\n" | "\r\n") || line.trim().to_ascii_lowercase().starts_with('y')
}

/// Fails if a program is missing.
fn require_none(missing: &[Program]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let lines = missing.iter().map(|program| {
        format!("  {} (Debian: {}), for {}", program.title, program.packages.join(" "), program.purpose)
    });
    let lines = lines.collect::<Vec<_>>().join("\n");
    bail!("nothing may be left out, and these are not installed; `--yes` installs them on Debian and Ubuntu:\n{lines}")
}

/// Runs `cargo test`, and reports the tests that were left out as the last lines.
fn test(
    root: &Path,
    arguments: &[String],
    missing: &[Program],
    without: &[String],
    out: &mut impl Write,
) -> Result<ExitCode> {
    let report = Report::new(root)?;
    let left_out: Vec<&str> =
        missing.iter().map(|program| program.name).chain(without.iter().map(String::as_str)).collect();
    writeln!(out, "cargo test {}", arguments.join(" "))?;
    out.flush()?;
    let mut cargo = cargo(root);
    cargo.arg("test").args(arguments);
    cargo.env(test_requirements::REPORT, &report.path);
    if !left_out.is_empty() {
        cargo.env(test_requirements::WITHOUT, left_out.join(","));
    }
    let status = cargo.status().context("cargo cannot be run")?;
    write!(out, "{}", summary(&report.read()?, missing))?;
    Ok(exit_code(status))
}

/// Runs the test of the emulator under hostile load for so many seconds, as an optimised build.
fn soak(root: &Path, seconds: u64, out: &mut impl Write) -> Result<ExitCode> {
    if !cfg!(target_os = "linux") {
        bail!("the soak reads the memory of processes from /proc, which only Linux has");
    }
    let arguments =
        ["test", "--release", "--package", "pictify-emulator", "--test", "it", "--", "soak::", "--nocapture"];
    writeln!(out, "cargo {}", arguments.join(" "))?;
    out.flush()?;
    let status = cargo(root).args(arguments).env("PICTIFY_SOAK_SECONDS", seconds.to_string()).status();
    Ok(exit_code(status.context("cargo cannot be run")?))
}

/// Returns a cargo command in the workspace.
fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    remove_package_variables(&mut cargo);
    cargo
}

/// Removes the variables that describe the package xtask: build scripts would be run again for each command that has other
/// values.
fn remove_package_variables(command: &mut Command) {
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_of_this_package)) {
        command.env_remove(name);
    }
}

/// Returns true for variables that `cargo run` sets for the package that it runs.
fn is_of_this_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    if status.success() { ExitCode::SUCCESS } else { code.map_or(ExitCode::FAILURE, ExitCode::from) }
}

/// Returns the lines that say which tests were left out, and the reason.
fn summary(left_out: &[LeftOut], missing: &[Program]) -> String {
    let mut tests: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for program in missing {
        tests.entry(program.name).or_default();
    }
    for left_out in left_out {
        tests.entry(&left_out.requirement).or_default().push(&left_out.test);
    }
    let lines = tests.into_iter().map(|(name, mut tests)| {
        let reason = match missing.iter().find(|program| program.name == name) {
            Some(program) => format!("{} is not installed (Debian: {})", program.title, program.packages.join(" ")),
            None => format!("`--without {name}`"),
        };
        tests.sort_unstable();
        tests.dedup();
        match tests.len() {
            0 => format!("{reason}: no test left out\n"),
            count => format!("{reason}: left out {count}\n  {}\n", tests.join("\n  ")),
        }
    });
    lines.collect()
}

/// File to which test programs append the tests that are left out.
struct Report {
    path: PathBuf,
}

impl Report {
    fn new(root: &Path) -> Result<Self> {
        let folder = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target));
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
        // By process: two commands may run at the same time.
        Ok(Self { path: folder.join(format!("left-out-{}.txt", std::process::id())) })
    }

    fn read(&self) -> Result<Vec<LeftOut>> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(text.lines().filter_map(LeftOut::parse).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", self.path.display())),
        }
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        options: Options,
    }

    fn parse(arguments: &[&str]) -> Result<Options, clap::Error> {
        Arguments::try_parse_from([&["test"], arguments].concat()).map(|arguments| arguments.options)
    }

    fn left_out(requirement: &str, test: &str) -> LeftOut {
        LeftOut { requirement: requirement.to_owned(), test: test.to_owned() }
    }

    #[test]
    fn the_summary_names_each_test_with_the_reason() {
        let missing: Vec<_> = programs::of_tests().into_iter().filter(|program| program.name != "chromium").collect();
        let tests = [
            left_out("redis", "webhook_once::in_redis"),
            left_out("chromium", "it::chromium::scripts"),
            left_out("redis", "webhook_once::away"),
            left_out("redis", "webhook_once::away"),
        ];
        assert_eq!(
            summary(&tests, &missing),
            "`--without chromium`: left out 1\n  it::chromium::scripts\n\
             python3 with the modules venv and ensurepip is not installed (Debian: python3 python3-venv): no test left out\n\
             redis-server is not installed (Debian: redis-server): left out 2\n  \
             webhook_once::away\n  webhook_once::in_redis\n"
        );
        assert_eq!(summary(&[], &[]), "");
    }

    #[test]
    fn nothing_is_left_out_in_a_continuous_integration() {
        for (value, expected) in
            [(None, false), (Some(""), false), (Some("false"), false), (Some("1"), true), (Some("true"), true)]
        {
            assert_eq!(is_ci(value), expected, "{value:?}");
        }
        let error = require_none(&programs::of_tests()).unwrap_err().to_string();
        for program in programs::of_tests() {
            assert!(error.contains(program.title), "{error}");
        }
        assert!(require_none(&[]).is_ok());
    }

    #[test]
    fn only_a_person_who_says_yes_gives_permission() {
        for (line, expected) in
            [("\n", true), ("y\n", true), ("Yes\r\n", true), ("n\n", false), ("what?\n", false), ("", false)]
        {
            assert_eq!(is_yes(line), expected, "{line:?}");
        }
    }

    #[test]
    fn options_are_read() {
        assert!(parse(&["--yes", "--require-all"]).is_ok_and(|options| options.programs.yes && options.require_all));
        assert_eq!(parse(&["--without", "redis,python"]).unwrap().without, ["redis", "python"]);
        assert_eq!(parse(&["--", "-p", "pictify"]).unwrap().arguments, ["-p", "pictify"]);
        assert!(matches!(parse(&["fast"]).unwrap().part, Some(Part::Fast)));
        assert!(matches!(parse(&["mutants", "--list", "retry"]).unwrap().part, Some(Part::Mutants(_))));
        assert!(matches!(parse(&["soak"]).unwrap().part, Some(Part::Soak { seconds: 600 })));
        let install = parse(&["install", "--yes", "openssl", "cc"]).unwrap().part;
        let expected = ["openssl", "cc"];
        assert!(matches!(install, Some(Part::Install { options, names }) if options.yes && names == expected));
        for wrong in [
            &["--without", "gimp"][..],
            &["soak", "--seconds", "0"],
            &["--without", "redis", "--require-all"],
            &["slow"],
            &["install", "gimp"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
