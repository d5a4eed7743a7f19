//! Process of the browser, with all processes that it starts.
//!
//! On Unix a shell is between this process and the browser. It makes the limits of the operating system apply to all of them,
//! and kills them when its standard input ends: also when this process has been killed.

use super::failed;
use crate::render::RenderError;
use std::{ffi::OsString, path::Path, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// Maximum duration of the start.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Maximum time to wait until the killed processes have ended.
#[cfg(unix)]
const END_TIMEOUT: Duration = Duration::from_secs(2);

/// Text before the address of the debugger, on standard error of the browser.
const ADDRESS_PREFIX: &str = "DevTools listening on ";

/// Script of the shell. Its first argument is the maximum memory of each process in kilobytes. The processes are in the group
/// of the shell.
#[cfg(unix)]
const SCRIPT: &str = r#"
ulimit -c 0; ulimit -d "$1"; shift
exec 3<&0
{ cat <&3 >/dev/null 2>&1; kill -9 0; } &
"$@" </dev/null 3<&-
kill -9 0
"#;

/// Maximum memory of each process of the browser, in kilobytes. A usual tab needs a quarter. The sum of all is limited by
/// [`MemoryWatch`](super::memory_watch::MemoryWatch), which is slower.
#[cfg(unix)]
const MAX_PROCESS_KILOBYTES: u64 = 900 * 1024;

/// Running browser. Dropping it kills all its processes.
pub(super) struct BrowserProcess {
    child: Child,
    /// Address of the debugger.
    pub(super) address: String,
}

impl BrowserProcess {
    /// Starts the browser, and waits until its debugger listens.
    pub(super) async fn start(
        executable: &Path,
        arguments: impl IntoIterator<Item = OsString>,
        fontconfig: &Path,
    ) -> Result<Self, RenderError> {
        let mut command = command(executable);
        command
            .args(arguments)
            .env("FONTCONFIG_FILE", fontconfig)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(not_started)?;
        let stderr = child.stderr.take().ok_or_else(|| failed("Chromium has no standard error"))?;
        let mut lines = BufReader::new(stderr).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await.map_err(not_started)? {
                if let Some(address) = line.strip_prefix(ADDRESS_PREFIX) {
                    return Ok(address.trim().to_owned());
                }
            }
            Err(not_started("it ended"))
        };
        let address = tokio::time::timeout(START_TIMEOUT, listening).await.map_err(not_started)??;
        // The browser would wait for a full pipe to be read.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, address })
    }

    /// Returns the ID of the group with all processes of the browser.
    #[cfg(target_os = "linux")]
    pub(super) fn group(&self) -> Option<i32> {
        self.child.id().and_then(|id| i32::try_from(id).ok())
    }

    /// Kills all processes of the browser and waits until they have ended.
    pub(super) async fn end(mut self) {
        #[cfg(unix)]
        {
            use rustix::process::{Pid, test_kill_process_group};

            let group = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
            drop(self.child.stdin.take());
            let ended = async {
                let _ = self.child.wait().await;
                while group.is_some_and(|group| test_kill_process_group(group).is_ok()) {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            let _ = tokio::time::timeout(END_TIMEOUT, ended).await;
        }
        #[cfg(not(unix))]
        let _ = self.child.kill().await;
    }
}

#[cfg(unix)]
fn command(executable: &Path) -> Command {
    use std::ffi::OsStr;

    let mut command = Command::new("sh");
    let limit = MAX_PROCESS_KILOBYTES.to_string();
    command.args([OsStr::new("-c"), OsStr::new(SCRIPT), OsStr::new("sh"), OsStr::new(&limit), executable.as_os_str()]);
    command.process_group(0);
    command
}

#[cfg(not(unix))]
fn command(executable: &Path) -> Command {
    let mut command = Command::new(executable);
    command.kill_on_drop(true);
    command
}

fn not_started(error: impl std::fmt::Display) -> RenderError {
    failed(format!("Chromium did not start: {error}"))
}
