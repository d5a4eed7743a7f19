//! Errors of commands, with their exit codes.

use pictify::{Error, ErrorKind};
use std::{fmt, path::Path, process::ExitCode};

/// Failure of a command: a message of one line, and an exit code.
#[derive(Debug)]
pub struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// Creates a failure for invalid arguments.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }

    /// Creates a failure for a local error without its own exit code.
    pub fn other(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// Creates a failure for a file that cannot be read or written.
    pub fn file(verb: &str, path: &Path, error: &std::io::Error) -> Self {
        Self { message: format!("cannot {verb} {}: {error}", path.display()), code: 8 }
    }

    /// Converts the failure of a delivery after the image was rendered and billed. The message includes the URL.
    pub fn after_render(self, url: &str) -> Self {
        Self { message: format!("{}; the image was rendered: {url}", self.message), code: 9 }
    }

    pub fn code(&self) -> ExitCode {
        self.code.into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
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
        Self { message: error.to_string(), code }
    }
}
