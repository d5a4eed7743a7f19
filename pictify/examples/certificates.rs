//! Concurrent rendering of certificates: an image for each row. A failed row does not affect the others.
//!
//! `cargo run --example certificates`, with `PICTIFY_API_KEY` and, for an emulator, `PICTIFY_BASE_URL` set.

use pictify::{Client, Result, SpendLimit, escape_html, images::Source, send_all};
use std::path::Path;

const PEOPLE: [&str; 5] = ["Maya Chen", "Ada Lovelace", "Grace Hopper", "Alan Turing", "Edsger Dijkstra"];

pub(crate) async fn run(client: &Client, folder: &Path) -> Result<()> {
    let calls = PEOPLE.map(|name| {
        let html = format!(
            "<body style='margin:0;background:#fffbf0;text-align:center;font-family:serif'>
             <h1 style='margin-top:80px;font-size:48px;color:#7a5c00'>Certificate</h1>
             <p style='font-size:36px'>{}</p>",
            escape_html(name)
        );
        client.images().create(Source::html(html)).size(800, 400)
    });
    let mut results = send_all(calls).concurrency(4);
    while let Some(completed) = results.next().await {
        let name = PEOPLE[usize::try_from(completed.index).unwrap_or_default()];
        match completed.result {
            Ok(image) => {
                let path = folder.join(format!("{}.png", name.replace(' ', "-").to_lowercase()));
                client.download(&image).to_file(&path).await?;
                println!("{name}: {}", path.display());
            }
            // The render may have been billed: check the render history, do not send it again.
            Err(error) if error.outcome_unknown() => eprintln!("{name}: check the render history first: {error}"),
            Err(error) => eprintln!("{name}: {error}"),
        }
    }
    println!("{} renders spent", client.renders_spent());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    // The spend limit stops an endless loop.
    let client = Client::builder().spend_limit(SpendLimit::renders(100)).build()?;
    run(&client, Path::new(".")).await
}
