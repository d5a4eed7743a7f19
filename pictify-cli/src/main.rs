//! Program `pictify`: a command line interface for Pictify.
//!
//! | file | contents |
//! |---|---|
//! | `arguments.rs` | command line arguments |
//! | `session.rs` | client of a command: for the configured server, or for a temporary emulator |
//! | `image.rs`, `emulator.rs` | the commands |
//! | `failure.rs` | errors and exit codes |
//! | `progress.rs` | spinner and messages on standard error |

mod arguments;
mod emulator;
mod failure;
mod image;
mod progress;
mod session;

use arguments::{Arguments, Command, ImageCommand};
use clap::Parser;
use failure::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Image { command: ImageCommand::Create(arguments) } => run(image::create(arguments)),
        Command::Emulator(options) => run(emulator::serve(options)),
        Command::Worker(arguments) => arguments.run(),
    }
}

#[tokio::main]
async fn run(command: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    match command.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            progress::note(&format!("error: {failure}"));
            failure.code()
        }
    }
}
