//! Command `pictify emulator`.

use crate::{failure::Failure, progress};
use pictify_emulator::{Options, worker::WorkerCommand};
use std::io::{self, Write};

pub async fn serve(mut options: Options) -> Result<(), Failure> {
    options.worker_command = WorkerCommand::current_program().ok();
    let emulator = options.start().await.map_err(|error| Failure::other(error.to_string()))?;
    let url = emulator.url();
    // Output errors are ignored: the emulator also runs when nothing reads its output.
    let _ = writeln!(io::stdout(), "Pictify emulator listening on {url}");
    progress::note(&format!("Use it with PICTIFY_API_KEY=anything PICTIFY_BASE_URL={url}; stop it with Ctrl-C."));
    let signal = pictify_emulator::shutdown_signal().await;
    signal.map_err(|error| Failure::other(format!("cannot wait for the stop signal: {error}")))?;
    emulator.shutdown().await;
    Ok(())
}
