//! The `pictify-emulator` command.

use clap::Parser;
use pictify_emulator::Options;
use std::process::ExitCode;

/// Run a local Pictify: the same API with real renders, without an account.
///
/// Tests control it by its admin API, which /_emulator/openapi.json describes.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    let emulator = match Arguments::parse().options.start().await {
        Ok(emulator) => emulator,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("Pictify emulator listening on {}", emulator.url());
    if let Err(error) = pictify_emulator::shutdown_signal().await {
        eprintln!("error: cannot wait for the shutdown signal: {error}");
        return ExitCode::FAILURE;
    }
    emulator.shutdown().await;
    ExitCode::SUCCESS
}
