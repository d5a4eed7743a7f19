//! Hundreds of badges: a batch that continues after a crash and bills no row twice.
//!
//! `cargo run --example badges_batch`, with `PICTIFY_API_KEY` set. Run it again after a crash: it continues.

use pictify::{Client, Result, batches::BatchJob};
use std::{fs, path::Path, time::Duration};

pub(crate) async fn run(client: &Client, folder: &Path) -> Result<()> {
    let checkpoint = folder.join("badges.json");
    let stored = fs::read(&checkpoint).ok().and_then(|json| serde_json::from_slice(&json).ok());
    let mut job: BatchJob = if let Some(job) = stored {
        job
    } else {
        let people = (1..=250).map(|n| serde_json::json!({"name": format!("Guest {n}")}));
        client.batches().create("XK4P2M9QZT", people).into_job()
    };
    // Stores the job before and after each request.
    job.start(client).checkpoint(|job| fs::write(&checkpoint, serde_json::to_vec(job)?)).send().await?;

    let rows = job
        .wait(client)
        .timeout(Duration::from_secs(600))
        .on_progress(|progress| println!("{} of {}", progress.completed, progress.total))
        .send()
        .await?;
    for row in rows.iter().filter(|row| row.ok != Some(true)) {
        eprintln!("row {}: {}", row.index, row.errors.join("; "));
    }
    // The service may send the URLs by webhook only.
    println!("{} rows, {} with URLs", rows.len(), rows.iter().filter(|row| !row.urls().is_empty()).count());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new(".")).await
}
