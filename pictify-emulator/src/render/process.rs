//! Worker process, as the server sees it: starts it, sends it jobs, and explains why it ended.

use super::{
    RenderError,
    wire::{self, LENGTH_BYTES},
};
use std::{ffi::OsString, fmt, io, path::PathBuf, process::Stdio};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// Maximum number of bytes of its standard error that explain why a process ended.
const MAX_EXPLANATION_BYTES: u64 = 4096;

/// Text of the standard library on standard error before it aborts a process that cannot allocate memory.
const OUT_OF_MEMORY_TEXT: &str = "memory allocation of";

/// Name of the subcommand that starts a worker process.
pub const SUBCOMMAND: &str = "render-worker";

/// Command that starts a worker process. The command must call [`worker::Arguments::run`](crate::worker::Arguments::run).
#[derive(Clone, Debug)]
pub struct WorkerCommand {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl WorkerCommand {
    /// Creates a command from a program and its arguments. The server adds further arguments.
    pub fn new(program: impl Into<PathBuf>, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self { program: program.into(), arguments: arguments.into_iter().map(Into::into).collect() }
    }

    /// Creates the command that starts this program again, with the subcommand [`SUBCOMMAND`].
    ///
    /// # Errors
    /// If the path of this program cannot be determined.
    pub fn current_program() -> io::Result<Self> {
        // This path stays valid, and its version the same, when the file of the program is replaced.
        let program = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
        Ok(Self::new(program, [SUBCOMMAND]))
    }
}

/// Running worker process. Dropping it kills the process.
pub(super) struct WorkerProcess {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// Number of jobs that were sent to it.
    pub(super) jobs: u32,
    memory_megabytes: u32,
}

impl WorkerProcess {
    /// Starts a process that may use this much memory.
    pub(super) fn start(command: &WorkerCommand, memory_megabytes: u32) -> Result<Self, RenderError> {
        let mut process = Command::new(&command.program);
        process
            .args(&command.arguments)
            .arg(format!("--memory={memory_megabytes}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A job needs no environment, which may contain secrets. Windows programs do not start without one.
        if cfg!(unix) {
            process.env_clear();
        }
        // In a group of its own it does not get the signal of Ctrl-C: the server first finishes the renders in progress.
        #[cfg(unix)]
        process.arg0("pictify-render-worker").process_group(0);
        let mut child = process.spawn().map_err(|error| failed(format!("cannot start a worker process: {error}")))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(stdin), Some(stdout)) => Ok(Self { child, stdin, stdout, jobs: 0, memory_megabytes }),
            _ => Err(failed("a worker process has no input or output")),
        }
    }

    /// Returns `true` if the process has not ended.
    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a request and returns the body of the response. If this future is dropped, the process must be dropped too.
    ///
    /// # Errors
    /// [`RenderError::OutOfMemory`] if the process ended because it needs more memory than its limit, otherwise
    /// [`RenderError::Failed`].
    pub(super) async fn call(&mut self, request: &[u8]) -> Result<Vec<u8>, RenderError> {
        self.jobs += 1;
        match self.exchange(request).await {
            Ok(response) => Ok(response),
            Err(error) => Err(self.explain_end(&error).await),
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.stdin.write_all(request).await?;
        self.stdin.flush().await?;
        let mut length = [0; LENGTH_BYTES];
        self.stdout.read_exact(&mut length).await?;
        let mut body = vec![0; wire::read_length(length)?];
        self.stdout.read_exact(&mut body).await?;
        Ok(body)
    }

    /// Returns the error for a process whose output ended before its response.
    async fn explain_end(&mut self, error: &io::Error) -> RenderError {
        // Kills a process that has closed its output, or sent an invalid response.
        let _ = self.child.start_kill();
        let status = self.child.wait().await;
        let mut text = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            let _ = stderr.take(MAX_EXPLANATION_BYTES).read_to_end(&mut text).await;
        }
        let text = String::from_utf8_lossy(&text);
        if text.contains(OUT_OF_MEMORY_TEXT) {
            return RenderError::OutOfMemory { limit_megabytes: self.memory_megabytes };
        }
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        tracing::warn!(%status, %error, output = text.trim(), "a worker process ended during a job");
        failed("the engine cannot handle this page")
    }
}

impl fmt::Debug for WorkerProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerProcess").field("id", &self.child.id()).field("jobs", &self.jobs).finish_non_exhaustive()
    }
}

fn failed(message: impl Into<String>) -> RenderError {
    RenderError::Failed(message.into())
}
