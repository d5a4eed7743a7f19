//! All images of the account, from all pages of the list, in one HTML page.
//!
//! `cargo run --example gallery`, with `PICTIFY_API_KEY` and, for an emulator, `PICTIFY_BASE_URL` set.

use pictify::{Client, Result, escape_html};
use std::{fmt::Write, path::Path};

pub(crate) async fn run(client: &Client, folder: &Path) -> Result<()> {
    let mut images = client.images().list().limit(100).items();
    let (mut html, mut count) = (String::from("<!doctype html>"), 0);
    while let Some(image) = images.try_next().await? {
        let _ = writeln!(html, r#"<img src="{}" width="300">"#, escape_html(&image.url));
        count += 1;
    }
    std::fs::write(folder.join("gallery.html"), html).expect("the folder is writable");
    println!("{count} images");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new(".")).await
}
