//! The `pictify-emulator` command.

mod health;

use clap::{Parser, Subcommand};
use pictify_emulator::Options;
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Run a local Pictify: the same API with real renders, without an account.
///
/// Tests control it by its admin API, which /_emulator/openapi.json describes.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(flatten)]
    options: Options,

    #[command(subcommand)]
    command: Option<Command>,
}

/// Subcommands. Without one, the server runs.
#[derive(Debug, Subcommand)]
enum Command {
    /// Check that a server is healthy: exit code 0 if it is, else 1.
    Health(health::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { options, command } = Arguments::parse();
    let result = match command {
        Some(Command::Health(arguments)) => arguments.run().await,
        None => pictify_emulator::run(options).await.map_err(|error| error.to_string()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // An error of writing is ignored: nothing reads the output.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
