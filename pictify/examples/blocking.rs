//! The client without `async`: one image, a list, and many images.
//!
//! `cargo run --example blocking --features blocking`, with `PICTIFY_API_KEY` and, for an emulator, `PICTIFY_BASE_URL`
//! set.

use pictify::{Result, blocking::Client, images::Source, send_all};
use std::path::Path;

pub(crate) fn run(client: &Client, folder: &Path) -> Result<()> {
    let html = r#"<h1 style="color:#667eea">Hello</h1>"#;
    let image = client.images().create(Source::html(html)).size(1200, 630).send()?;
    client.download(&image).to_file(folder.join("hello.png"))?;

    let calls = (1..=4).map(|n| client.images().create(Source::html(format!("<p>{n}"))).size(100, 50));
    for completed in send_all(calls).concurrency(2) {
        println!("{}: {}", completed.index, completed.result?.url);
    }

    for image in client.images().list().items() {
        println!("{}", image?.url);
    }
    Ok(())
}

fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new("."))
}
