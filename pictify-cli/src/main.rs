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
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Image { command: ImageCommand::Create(arguments) } => image::create(arguments).await,
        Command::Emulator(arguments) => emulator::serve(arguments).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            progress::note(&format!("error: {failure}"));
            failure.code()
        }
    }
}
