//! Log of the process: lines on standard error, and the log file of the data folder.

use super::run_log::RunLog;
use crate::{emulator::RUN, options::LogFormat};
use std::{
    backtrace::Backtrace,
    io::{self, IsTerminal},
    path::Path,
};
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterFn, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Filter without `RUST_LOG`: what the emulator does, and what fails elsewhere. Chromium's protocol has messages that
/// its library does not know, and warns of them.
const DEFAULT_FILTER: &str = "error,pictify_emulator=info,chromiumoxide=off";

/// Sets the subscriber and the panic hook of the process.
pub(super) fn init(format: LogFormat, data_dir: Option<&Path>) {
    let has_colors = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    // An error of writing is not reported: the report would go to the same broken pipe, and panic.
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(has_colors).log_internal_errors(false);
    let lines = match format {
        LogFormat::Text => Some(lines.with_target(false).boxed()),
        LogFormat::Json => Some(lines.json().flatten_event(true).boxed()),
        LogFormat::Off => None,
    };
    let log_file = data_dir.map(RunLog::in_folder).map(|log| {
        let lines = fmt::layer().with_writer(move || log.clone()).with_ansi(false).log_internal_errors(false);
        lines.with_target(false).with_filter(run_filter())
    });
    let filter = std::env::var("RUST_LOG").ok().filter(|filter| !filter.trim().is_empty());
    let filter = filter.and_then(|filter| EnvFilter::try_new(filter).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(DEFAULT_FILTER));
    let is_silent = lines.is_none();
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(filter)).with(log_file);
    if subscriber.try_init().is_err() {
        // The process has a subscriber already.
        tracing::debug!("the log of this process is that of its host");
    }
    log_panics(is_silent);
}

/// Returns the filter of the log file: the start, the end and failures, but no requests.
fn run_filter() -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    filter_fn(|event| {
        let is_own = event.target().starts_with("pictify_emulator");
        event.target() == RUN || is_own && *event.level() <= Level::WARN
    })
}

/// Logs panics with their backtraces. `is_silent`: standard error has no log, so that the usual message is printed.
fn log_panics(is_silent: bool) {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!(target: RUN, backtrace = %Backtrace::force_capture(), "{panic}");
        if is_silent {
            usual(panic);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{env, fs, process::Command, thread};

    /// Folder of the data, for the process that panics.
    const FOLDER: &str = "PICTIFY_TEST_PANIC_FOLDER";

    /// The hook is that of the whole process, so the test starts itself as a process of its own.
    #[test]
    fn panics_are_logged_with_their_backtrace() {
        if let Some(folder) = env::var_os(FOLDER) {
            init(LogFormat::Off, Some(Path::new(&folder)));
            assert!(thread::spawn(|| panic!("injected")).join().is_err());
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut test = Command::new(env::current_exe().unwrap());
        test.args(["--exact", "program::logging::tests::panics_are_logged_with_their_backtrace"]);
        let output = test.env(FOLDER, folder.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let log = fs::read_to_string(folder.path().join("emulator.log")).unwrap();
        for expected in ["ERROR", "panicked at", "injected", "backtrace="] {
            assert!(log.contains(expected), "{expected}: {log}");
        }
    }
}
