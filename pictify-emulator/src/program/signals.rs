//! Signals that stop the program.

use std::io;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Awaits the signals that stop the program.
pub(super) struct Signals {
    /// Signal of service managers and containers.
    #[cfg(unix)]
    terminate: Signal,
    /// Signal of a terminal that is closed. Without a terminal it keeps its effect, because `nohup` ignores it.
    #[cfg(unix)]
    hangup: Option<Signal>,
}

impl Signals {
    /// Installs the handlers. From here on, the signals do not end the process by themselves.
    pub(super) fn new() -> io::Result<Self> {
        #[cfg(unix)]
        {
            let has_terminal = io::IsTerminal::is_terminal(&io::stderr());
            let hangup = has_terminal.then(|| signal(SignalKind::hangup())).transpose()?;
            Ok(Self { terminate: signal(SignalKind::terminate())?, hangup })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the next signal and returns its name.
    pub(super) async fn next(&mut self) -> &'static str {
        let interrupt = async {
            if tokio::signal::ctrl_c().await.is_err() {
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
                () = interrupt => "SIGINT",
                _ = self.terminate.recv() => "SIGTERM",
                _ = hangup => "SIGHUP",
            }
        }
        #[cfg(not(unix))]
        {
            interrupt.await;
            "Ctrl-C"
        }
    }
}
