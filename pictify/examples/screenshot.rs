//! A screenshot of a live page, or of one element of it.
//!
//! `cargo run --example screenshot`, with `PICTIFY_API_KEY` set.

use pictify::{Client, Result, images::Source};
use std::path::Path;

pub(crate) async fn run(client: &Client, folder: &Path) -> Result<()> {
    let page = Source::url("https://example.com")?;
    let image = client.images().create(page).size(1280, 800).selector("main").send().await?;
    client.download(&image).to_file(folder.join("screenshot.png")).await?;
    println!("{}", image.url);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new(".")).await
}
