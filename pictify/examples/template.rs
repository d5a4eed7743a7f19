//! A stored template: created, its values validated before a render is paid for, rendered in several layouts.
//!
//! `cargo run --example template`, with `PICTIFY_API_KEY` set.

use pictify::{
    Client, Result,
    templates::{RenderFormat, TemplateSource},
};
use std::path::Path;

#[derive(serde::Serialize)]
struct Card {
    title: &'static str,
    author: &'static str,
}

pub(crate) async fn run(client: &Client, folder: &Path) -> Result<()> {
    let source = TemplateSource::html("<h1>{{title}}</h1><p>by {{author}}</p>");
    let template = client.templates().create("Blog card", source).size(1200, 630).send().await?;

    let card = Card { title: "Rust", author: "Ada" };
    if let Err(error) = client.templates().validate_variables(&template.uid, &card).send().await {
        eprintln!("the values do not match the template: {error}");
    }

    let image = client.templates().render(&template.uid, &card).format(RenderFormat::Webp).quality(0.8);
    client.download(&image.send().await?).to_file(folder.join("blog-card.webp")).await?;

    let layouts = client.templates().render_layouts(&template.uid, &card, ["default", "twitter-post"]).send().await?;
    for image in &layouts.results {
        println!("{}: {}", image.layout.as_deref().unwrap_or("default"), image.url);
    }
    // A layout that fails does not fail the others.
    for failed in &layouts.errors {
        let layout = failed.layout.as_deref().unwrap_or("default");
        eprintln!("{layout}: {}", failed.error.as_deref().unwrap_or("no reason given"));
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new(".")).await
}
