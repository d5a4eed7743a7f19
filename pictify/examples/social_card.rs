//! A social card from HTML, rendered as PNG and saved to a file.
//!
//! `cargo run --example social_card`, with `PICTIFY_API_KEY` and, for an emulator, `PICTIFY_BASE_URL` set.

use pictify::{Client, Result, images::Source};
use std::path::Path;

const CARD: &str = "
<style>
  body { margin: 0; width: 1200px; height: 630px; background: linear-gradient(135deg, #667eea, #764ba2); color: white;
         font-family: sans-serif; display: flex; flex-direction: column; justify-content: center }
  h1 { font-size: 72px; margin: 0 80px 20px }
  p { font-size: 36px; margin: 0 80px }
</style>
<h1>Types that cannot be misused</h1>
<p>An SDK for Pictify, in Rust</p>
";

pub(crate) async fn run(client: &Client, folder: &Path) -> Result<()> {
    let image = client.images().create(Source::html(CARD)).size(1200, 630).send().await?;
    let bytes = client.download(&image).to_file(folder.join("card.png")).await?;
    println!("{bytes} bytes, also at {}", image.url);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new(".")).await
}
