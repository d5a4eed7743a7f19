//! Signals to stop a program that runs the emulator.

use std::{env, io, thread};
use tokio::sync::oneshot;

/// Environment variable: if it is set, the program stops when its standard input is closed. The system closes a pipe when
/// the process at its other end has ended, even if that was killed, so no server is left behind.
const STOP_WITH_STDIN: &str = "PICTIFY_STOP_WITH_STDIN";

/// Waits for the signal to stop: Ctrl-C, or SIGTERM as service managers and containers send it. If the environment variable
/// `PICTIFY_STOP_WITH_STDIN` is set, the end of standard input is one, too.
///
/// # Errors
/// If the signal handlers cannot be installed.
pub async fn shutdown_signal() -> io::Result<()> {
    tokio::select! {
        signal = process_signal() => signal,
        () = stdin_closed() => Ok(()),
    }
}

async fn process_signal() -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            signal = tokio::signal::ctrl_c() => signal,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Waits for the end of standard input if the environment asks for it, else forever.
async fn stdin_closed() {
    if env::var_os(STOP_WITH_STDIN).is_none_or(|value| value.is_empty()) {
        return std::future::pending().await;
    }
    let (closed, wait) = oneshot::channel();
    // A thread of its own: a runtime does not end before its blocking tasks, and this one may never end.
    let reader = thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        // The input is discarded. An error means that it cannot be read any longer.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = closed.send(());
    });
    match reader {
        Ok(_) => drop(wait.await),
        Err(_) => std::future::pending().await,
    }
}
