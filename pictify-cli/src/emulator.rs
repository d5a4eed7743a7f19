//! `pictify emulator`.

use crate::{failure::Failure, progress};
use pictify_emulator::Options;
use std::io::{self, Write};

pub async fn serve(options: Options) -> Result<(), Failure> {
    let emulator = options.start().await.map_err(|error| Failure::other(error.to_string()))?;
    let url = emulator.url();
    // Who started it may read neither.
    let _ = writeln!(io::stdout(), "Pictify emulator listening on {url}");
    progress::note(&format!("Use it with PICTIFY_API_KEY=anything PICTIFY_BASE_URL={url}; stop it with Ctrl-C."));
    let asked = pictify_emulator::shutdown_signal().await;
    asked.map_err(|error| Failure::other(format!("The end cannot be waited for: {error}")))?;
    emulator.shutdown().await;
    Ok(())
}
