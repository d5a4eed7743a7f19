//! Signals that stop the program.

use std::{env, io, thread};
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Environment variable: if it is set, the program stops when its standard input is closed. The system closes a pipe when
/// the process at its other end has ended, even if that was killed, so no server is left behind.
const STOP_WITH_STDIN: &str = "PICTIFY_STOP_WITH_STDIN";

/// Awaits the signals that stop the program.
pub(super) struct Signals {
    /// Signal of service managers and containers.
    #[cfg(unix)]
    terminate: Signal,
    /// Signal of Ctrl-C in a terminal.
    #[cfg(unix)]
    interrupt: Signal,
    /// Signal of a terminal that is closed. Without a terminal it keeps its effect, because `nohup` ignores it.
    #[cfg(unix)]
    hangup: Option<Signal>,
    /// Receives the end of standard input, if that is a signal.
    stdin_closed: Option<oneshot::Receiver<()>>,
}

impl Signals {
    /// Installs the handlers. From here on, the signals do not end the process by themselves.
    pub(super) fn new() -> io::Result<Self> {
        let is_wanted = env::var_os(STOP_WITH_STDIN).is_some_and(|value| !value.is_empty());
        let stdin_closed = is_wanted.then(watch_stdin).transpose()?;
        #[cfg(unix)]
        {
            let has_terminal = io::IsTerminal::is_terminal(&io::stderr());
            let hangup = has_terminal.then(|| signal(SignalKind::hangup())).transpose()?;
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
                hangup,
                stdin_closed,
            })
        }
        #[cfg(not(unix))]
        Ok(Self { stdin_closed })
    }

    /// Waits for the next signal and returns its name.
    pub(super) async fn next(&mut self) -> &'static str {
        let stdin_closed = async {
            if let Some(closed) = self.stdin_closed.as_mut() {
                // An error means that the thread has ended without a message, which it never does.
                let _ = closed.await;
                self.stdin_closed = None;
            } else {
                std::future::pending::<()>().await;
            }
        };
        #[cfg(unix)]
        {
            let hangup = async {
                match &mut self.hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = self.interrupt.recv() => "SIGINT",
                _ = self.terminate.recv() => "SIGTERM",
                _ = hangup => "SIGHUP",
                () = stdin_closed => "end of standard input",
            }
        }
        #[cfg(not(unix))]
        {
            let interrupt = async {
                if tokio::signal::ctrl_c().await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = interrupt => "Ctrl-C",
                () = stdin_closed => "end of standard input",
            }
        }
    }
}

/// Starts a thread that reads standard input to its end. A task would keep the runtime from ending.
fn watch_stdin() -> io::Result<oneshot::Receiver<()>> {
    let (closed, receiver) = oneshot::channel();
    thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        // The input is discarded. An error means that it cannot be read any longer.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = closed.send(());
    })?;
    Ok(receiver)
}
