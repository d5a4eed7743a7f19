//! `pictify emulator`.

use crate::{arguments, failure::Failure};
use pictify_emulator::Emulator;

pub async fn serve(arguments: arguments::Emulator) -> Result<(), Failure> {
    let arguments::Emulator { host, port, api_keys } = arguments;
    let emulator = Emulator::builder().host(host).port(port).api_keys(api_keys).start().await;
    let emulator = emulator.map_err(|error| Failure::other(error.to_string()))?;
    println!("Pictify emulator listening on {}", emulator.url());
    eprintln!("Use it with PICTIFY_API_KEY=anything PICTIFY_BASE_URL={}; stop it with Ctrl-C.", emulator.url());
    tokio::signal::ctrl_c().await.map_err(|error| Failure::other(format!("Ctrl-C cannot be waited for: {error}")))?;
    emulator.shutdown().await;
    Ok(())
}
