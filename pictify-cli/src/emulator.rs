//! Command `pictify emulator`.

use crate::failure::Failure;
use pictify_emulator::{Options, worker::WorkerCommand};

pub async fn serve(mut options: Options) -> Result<(), Failure> {
    options.worker_command = WorkerCommand::current_program().ok();
    pictify_emulator::run(options).await.map_err(|error| Failure::other(error.to_string()))
}
