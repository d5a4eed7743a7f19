//! `pictify emulator`.

use crate::{arguments, failure::Failure, progress};
use pictify_emulator::Emulator;
use std::io::{self, Write};

pub async fn serve(arguments: arguments::Emulator) -> Result<(), Failure> {
    let arguments::Emulator { host, port, api_keys } = arguments;
    let emulator = Emulator::builder().host(host).port(port).api_keys(api_keys).start().await;
    let emulator = emulator.map_err(|error| Failure::other(error.to_string()))?;
    let url = emulator.url();
    // Who started it may read neither.
    let _ = writeln!(io::stdout(), "Pictify emulator listening on {url}");
    progress::note(&format!("Use it with PICTIFY_API_KEY=anything PICTIFY_BASE_URL={url}; stop it with Ctrl-C."));
    tokio::signal::ctrl_c().await.map_err(|error| Failure::other(format!("Ctrl-C cannot be waited for: {error}")))?;
    emulator.shutdown().await;
    Ok(())
}
