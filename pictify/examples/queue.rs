//! Requests as data: one program puts them into a queue, another one sends them.
//!
//! `cargo run --example queue`, with `PICTIFY_API_KEY` and, for an emulator, `PICTIFY_BASE_URL` set.

use pictify::{
    Client, IdempotencyKey, Result,
    images::{CreateImage, Source},
};
use std::path::Path;

pub(crate) async fn run(client: &Client, _folder: &Path) -> Result<()> {
    let queue: Vec<String> = ["Monday", "Tuesday"]
        .map(|day| {
            let request: CreateImage = client.images().create(Source::html(day)).size(400, 100).into_request();
            serde_json::to_string(&request).expect("requests serialise")
        })
        .into();

    for (number, json) in queue.iter().enumerate() {
        let request: CreateImage = serde_json::from_str(json).expect("the queue contains requests");
        let key = IdempotencyKey::new(format!("queue-2026-08-04-{number}"))?;
        println!("{}", client.call(request).with_idempotency_key(key).send().await?.url);
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new(".")).await
}
