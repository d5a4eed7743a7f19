//! The `pictify-emulator` command.

mod health;

use clap::{Parser, Subcommand};
use pictify_emulator::{
    Options,
    worker::{self, WorkerCommand},
};
use std::{
    fmt,
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

    /// Run renders for a server.
    #[command(name = worker::SUBCOMMAND, hide = true)]
    Worker(worker::Arguments),
}

fn main() -> ExitCode {
    let Arguments { mut options, command } = Arguments::parse();
    match command {
        Some(Command::Worker(arguments)) => arguments.run(),
        Some(Command::Health(arguments)) => run(arguments.run()),
        None => {
            options.worker_command = WorkerCommand::current_program().ok();
            run(pictify_emulator::run(options))
        }
    }
}

#[tokio::main]
async fn run(command: impl Future<Output = Result<(), impl fmt::Display>>) -> ExitCode {
    match command.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // An error of writing is ignored: nothing reads the output.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
