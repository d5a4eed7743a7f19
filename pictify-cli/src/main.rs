//! The `pictify` command.
//!
//! | file | holds |
//! |---|---|
//! | `arguments.rs` | what can be typed |
//! | `session.rs` | which server a command talks to: the one that is configured, or an emulator of its own |
//! | `image.rs`, `emulator.rs` | the commands |
//! | `failure.rs` | exit codes |
//! | `progress.rs` | the spinner, and lines on standard error |

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
