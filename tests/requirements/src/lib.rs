//! Programs that some tests need: Redis, Chromium, Python.
//!
//! A test that needs one begins with
//!
//! ```ignore
//! if !test_requirements::require("redis") {
//!     return;
//! }
//! ```
//!
//! If the program is not installed the test fails: a test that passes without running is worse than one that fails. It is
//! left out only if [`WITHOUT`] names the program, which `cargo xtask test` does for programs that are missing; it then
//! reports each test that was left out.

pub mod environment;

use std::{
    env,
    fs::OpenOptions,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    thread,
};

/// Environment variable with the names of the programs, separated by commas, whose tests are left out.
pub const WITHOUT: &str = "PICTIFY_TEST_WITHOUT";

/// Environment variable with the path of a file; a line for each test that is left out is appended to it.
pub const REPORT: &str = "PICTIFY_TEST_REPORT";

/// Program that some tests need.
#[derive(Debug)]
pub struct Requirement {
    /// Name in [`WITHOUT`] and in [`require`].
    pub name: &'static str,
    /// Name of the program in messages.
    pub title: &'static str,
    /// Debian packages that contain it.
    pub packages: &'static [&'static str],
    /// Returns true if it is installed.
    pub is_installed: fn() -> bool,
}

/// All programs that tests need.
pub const ALL: [Requirement; 3] = [
    Requirement {
        name: "redis",
        title: "redis-server",
        packages: &["redis-server"],
        is_installed: || succeeds("redis-server", &["--version"]),
    },
    Requirement { name: "chromium", title: "Chromium", packages: &["chromium"], is_installed: has_chromium },
    Requirement {
        name: "python",
        title: "python3 with the modules venv and ensurepip",
        packages: &["python3", "python3-venv"],
        // Debian has `venv` and its requirements in a separate package.
        is_installed: || succeeds("python3", &["-c", "import venv, ensurepip"]),
    },
];

/// Test that is left out, as a line of the file that [`REPORT`] names.
#[derive(Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Name of the missing program.
    pub requirement: String,
    /// Test program and path of the test, such as `webhook_once::in_redis`.
    pub test: String,
}

impl LeftOut {
    /// Parses a line of the report.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (requirement, test) = line.split_once('\t')?;
        Some(Self { requirement: requirement.to_owned(), test: test.to_owned() })
    }
}

/// Returns true if the calling test may run, and false if it is left out because [`WITHOUT`] names the program.
///
/// Call it on the thread of the test, whose name is that of the test.
///
/// # Panics
/// If the program is neither installed nor named by [`WITHOUT`], or if `name` is unknown.
#[must_use]
pub fn require(name: &str) -> bool {
    let requirement = ALL.iter().find(|requirement| requirement.name == name);
    let requirement = requirement.unwrap_or_else(|| panic!("{name} is not a requirement of tests"));
    if is_without(env::var(WITHOUT).ok().as_deref(), name) {
        report(name);
        return false;
    }
    assert!((requirement.is_installed)(), "{}", missing(requirement));
    true
}

fn missing(requirement: &Requirement) -> String {
    format!(
        "{} is not installed, and this test needs it: run `cargo xtask test`, which installs it on Debian and Ubuntu ({}), \
         or leave the test out with {WITHOUT}={}",
        requirement.title,
        requirement.packages.join(" "),
        requirement.name
    )
}

fn is_without(variable: Option<&str>, name: &str) -> bool {
    variable.is_some_and(|names| names.split(',').any(|without| without.trim() == name))
}

/// Appends the calling test to the report.
fn report(name: &str) {
    let program = env::current_exe().ok();
    let program = program.as_deref().and_then(Path::file_stem).and_then(|stem| stem.to_str()).unwrap_or("unknown");
    let test = thread::current().name().unwrap_or("unknown").to_owned();
    let line = format!("{name}\t{}::{test}\n", without_hash(program));
    eprint!("left out, {name} is missing: {line}");
    if let Some(path) = env::var_os(REPORT) {
        // One write per line: test programs append at the same time.
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the report can be written");
    }
}

/// Returns the name of a test program without the hash that cargo appends.
fn without_hash(program: &str) -> &str {
    match program.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => program,
    }
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Looks in the places in which the emulator looks, except for the registry of Windows.
fn has_chromium() -> bool {
    const NAMES: [&str; 7] = [
        "chromium",
        "chromium-browser",
        "chrome",
        "chrome-browser",
        "google-chrome-stable",
        "msedge",
        "microsoft-edge",
    ];
    const PATHS: [&str; 6] = [
        "/opt/chromium.org/chromium",
        "/opt/google/chrome",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    ];
    let in_path = |name: &str| {
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(&file).is_file()))
    };
    env::var_os("CHROME").is_some_and(|path| Path::new(&path).exists())
        || NAMES.into_iter().any(in_path)
        || PATHS.into_iter().any(|path| Path::new(path).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_left_out_only_if_the_variable_names_its_program() {
        for (variable, expected) in [
            (None, false),
            (Some(""), false),
            (Some("redis"), true),
            (Some("chromium, redis"), true),
            (Some("chromium"), false),
            (Some("redis-server"), false),
        ] {
            assert_eq!(is_without(variable, "redis"), expected, "{variable:?}");
        }
    }

    #[test]
    fn a_missing_program_is_named_with_its_remedies() {
        let message = missing(&ALL[0]);
        for part in ["redis-server is not installed", "cargo xtask test", "PICTIFY_TEST_WITHOUT=redis"] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    #[should_panic(expected = "gimp is not a requirement of tests")]
    fn an_unknown_name_is_a_mistake_of_the_test() {
        let _ = require("gimp");
    }

    #[test]
    fn the_report_names_the_test_without_the_hash_of_its_program() {
        assert_eq!(without_hash("webhook_once-0123456789abcdef"), "webhook_once");
        assert_eq!(without_hash("it"), "it");
        assert_eq!(without_hash("test-requirements"), "test-requirements");
        let expected = LeftOut { requirement: "redis".into(), test: "webhook_once::in_redis".into() };
        assert_eq!(LeftOut::parse("redis\twebhook_once::in_redis"), Some(expected));
        assert_eq!(LeftOut::parse("else"), None);
    }
}
