//! The `pictify-emulator` command.

use clap::Parser;
use pictify_emulator::Options;
use std::{
    io::{self, Write},
    process::ExitCode,
};

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
    match pictify_emulator::run(Arguments::parse().options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // An error of writing is ignored: nothing reads the output.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
