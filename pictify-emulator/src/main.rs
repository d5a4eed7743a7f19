//! The `pictify-emulator` command.

use clap::{Parser, Subcommand};
use pictify_emulator::{
    Options,
    worker::{self, WorkerCommand},
};
use std::process::ExitCode;

/// Run a local Pictify: the same API with real renders, without an account.
///
/// Tests control it by its admin API, which /_emulator/openapi.json describes.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(flatten)]
    options: Options,

    #[command(subcommand)]
    subcommand: Option<Hidden>,
}

/// Subcommands that are not for users.
#[derive(Debug, Subcommand)]
enum Hidden {
    /// Run renders for a server.
    #[command(name = worker::SUBCOMMAND, hide = true)]
    Worker(worker::Arguments),
}

fn main() -> ExitCode {
    let Arguments { mut options, subcommand } = Arguments::parse();
    if let Some(Hidden::Worker(arguments)) = subcommand {
        return arguments.run();
    }
    options.worker_command = WorkerCommand::current_program().ok();
    run(options)
}

#[tokio::main]
async fn run(options: Options) -> ExitCode {
    let emulator = match options.start().await {
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
