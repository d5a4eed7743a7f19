//! A banner that follows a data source, and its URL for web pages.
//!
//! `cargo run --example live_banner --features cron`, with `PICTIFY_API_KEY` set.

use pictify::{Client, Result, bindings::BindingSource, escape_html, images::ImageFormat};
use std::path::Path;

pub(crate) async fn run(client: &Client, _folder: &Path) -> Result<()> {
    let source = BindingSource::http("https://example.com/repos/octo/demo")?.bearer_token("example-token");
    let mapping = [("stars", "stargazers_count"), ("forks", "forks_count")];
    let binding = client.bindings().create("XK4P2M9QZT", source, mapping).schedule("0 * * * *").send().await?;
    if let Some(url) = &binding.render_url {
        println!("URL from the service: {url}");
    }

    let id = binding.uid.unwrap_or_default();
    let url = client.links().binding(id, ImageFormat::Png).url()?;
    println!(r#"<img src="{}">"#, escape_html(url.as_str()));
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new(".")).await
}
