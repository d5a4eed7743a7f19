//! A social card from HTML, rendered as PNG and saved to a file.
//!
//! `cargo run --example social_card`, with `PICTIFY_API_KEY` and, for an emulator, `PICTIFY_BASE_URL` set.

use pictify::{Client, Result, escape_html, images::Source};
use std::path::Path;

const STYLE: &str = "
<style>
  body { margin: 0; width: 1200px; height: 630px; background: linear-gradient(135deg, #667eea, #764ba2); color: white;
         font-family: sans-serif; display: flex; flex-direction: column; justify-content: center }
  h1 { font-size: 72px; margin: 0 80px 20px }
  p { font-size: 36px; margin: 0 80px }
</style>
";

pub(crate) async fn run(client: &Client, folder: &Path) -> Result<()> {
    // As a user may type them.
    let (title, subtitle) = ("Types that cannot be <misused>", "An SDK for Pictify & its API, in Rust");
    let html = format!("{STYLE}<h1>{}</h1><p>{}</p>", escape_html(title), escape_html(subtitle));
    let image = client.images().create(Source::html(html)).size(1200, 630).send().await?;
    let bytes = client.download(&image).to_file(folder.join("card.png")).await?;
    println!("{bytes} bytes, also at {}", image.url);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new(".")).await
}
