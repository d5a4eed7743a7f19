//! An animated GIF from HTML with a CSS animation.
//!
//! `cargo run --example animated_gif`, with `PICTIFY_API_KEY` set.

use pictify::{Client, Result, gifs::GifQuality, images::Source};
use std::path::Path;

const BLINKING: &str = "<style>@keyframes f { 50% { opacity: .2 } } p { animation: f 2s infinite }</style><p>Now</p>";

pub(crate) async fn run(client: &Client, folder: &Path) -> Result<()> {
    let gif = client.gifs().create(Source::html(BLINKING)).size(400, 200).quality(GifQuality::High).send().await?;
    client.download(&gif).to_file(folder.join("now.gif")).await?;
    // The service may leave out the number of frames.
    if let Some(frames) = gif.frame_count {
        println!("{frames} frames");
    }
    println!("{}", gif.url);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new(".")).await
}
