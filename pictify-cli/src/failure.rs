//! What went wrong, and the exit code that scripts see.

use pictify::{Error, ErrorKind};
use std::{fmt, path::Path, process::ExitCode};

/// Why a command failed: one line and an exit code.
#[derive(Debug)]
pub struct Failure {
    line: String,
    code: u8,
}

impl Failure {
    /// The arguments make no sense together.
    pub fn usage(line: impl Into<String>) -> Self {
        Self { line: line.into(), code: 2 }
    }

    /// Something on this side failed that has no code of its own.
    pub fn other(line: impl Into<String>) -> Self {
        Self { line: line.into(), code: 1 }
    }

    /// A file cannot be read or written.
    pub fn file(verb: &str, path: &Path, error: &std::io::Error) -> Self {
        Self { line: format!("{} cannot be {verb}: {error}", path.display()), code: 8 }
    }

    /// The picture is rendered, and billed, and is not where it should be.
    pub fn rendered(self, url: &str) -> Self {
        Self { line: format!("{}; it was rendered: {url}", self.line), code: 9 }
    }

    pub fn code(&self) -> ExitCode {
        self.code.into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        use ErrorKind::{
            Authentication, Config, Connect, Io, Permission, QuotaExceeded, RateLimited, Timeout, Transport, Validation,
        };
        let code = match error.kind() {
            _ if error.outcome_unknown() => 7,
            Config | Validation => 2,
            Authentication | Permission => 3,
            RateLimited | QuotaExceeded => 4,
            Connect | Timeout | Transport => 6,
            Io => 8,
            _ => 5,
        };
        Self { line: error.to_string(), code }
    }
}
