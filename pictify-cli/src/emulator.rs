//! Command `pictify emulator`.

use crate::failure::Failure;
use pictify_emulator::Options;

pub async fn serve(options: Options) -> Result<(), Failure> {
    pictify_emulator::run(options).await.map_err(|error| Failure::other(error.to_string()))
}
