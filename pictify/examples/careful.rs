//! Error handling of a service: wait, fix, check or give up.
//!
//! `cargo run --example careful`, with `PICTIFY_API_KEY` and, for an emulator, `PICTIFY_BASE_URL` set.

use pictify::{Client, ErrorKind, Result, images::Source};
use std::{path::Path, time::Duration};

pub(crate) async fn run(client: &Client, _folder: &Path) -> Result<()> {
    // One deadline for all calls that serve one request of a user.
    let deadline = client.deadline(Duration::from_secs(20));
    for (width, height) in [(1200, 630), (0, 630)] {
        let call = client.images().create(Source::html("<h1>Hello</h1>")).size(width, height).with_deadline(deadline);
        match call.send_with_response().await {
            Ok(response) => println!("{} after {} attempts", response.url, response.meta.attempts.len()),
            Err(error) if error.outcome_unknown() => println!("may have been rendered and billed: {error}"),
            Err(error) => match error.kind() {
                ErrorKind::Validation => println!("a mistake in our request: {error}"),
                ErrorKind::QuotaExceeded | ErrorKind::Authentication => println!("for the operator: {error}"),
                _ if error.is_retryable() => println!("retry later: {error}"),
                _ => return Err(error),
            },
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new(".")).await
}
