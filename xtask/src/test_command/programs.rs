//! Programs and libraries that tests and checks need, and the Debian packages that contain them.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Program or library.
pub struct Program {
    /// Name in `--without`.
    pub name: &'static str,
    /// Name in messages.
    pub title: &'static str,
    /// Debian packages.
    pub packages: &'static [&'static str],
    /// Tests or checks that need it.
    pub purpose: &'static str,
    is_installed: fn() -> bool,
}

impl Program {
    /// Returns true if it is not installed.
    pub fn is_missing(&self) -> bool {
        !(self.is_installed)()
    }
}

/// Returns the programs that `cargo test --workspace` needs besides a Rust toolchain with a C compiler.
pub fn of_tests() -> Vec<Program> {
    let programs = test_requirements::ALL.into_iter().map(|requirement| Program {
        name: requirement.name,
        title: requirement.title,
        packages: requirement.packages,
        purpose: "tests",
        is_installed: requirement.is_installed,
    });
    programs.collect()
}

/// Returns the programs of the tests, and the tools with which all features are built.
pub fn all() -> Vec<Program> {
    let tools = [
        // It has linked this program; a compiler of C is another matter only where the linker is not called `cc`.
        Program {
            name: "cc",
            title: "a C compiler",
            packages: &["build-essential"],
            purpose: "the crates ring, rusqlite and rquickjs",
            is_installed: || succeeds("cc", &["--version"]),
        },
        Program {
            name: "pkg-config",
            title: "pkg-config",
            packages: &["pkg-config"],
            purpose: "the feature native-tls",
            is_installed: || succeeds("pkg-config", &["--version"]),
        },
        Program {
            name: "openssl",
            title: "the headers of OpenSSL",
            packages: &["libssl-dev"],
            purpose: "the feature native-tls",
            is_installed: || {
                succeeds("pkg-config", &["--exists", "openssl"]) || Path::new("/usr/include/openssl/ssl.h").exists()
            },
        },
    ];
    tools.into_iter().chain(of_tests()).collect()
}

/// Returns true if a command can be run and succeeds. It prints nothing.
pub fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
