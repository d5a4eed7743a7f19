//! The client without `async`: the quick start, a screenshot, a template, many images, a list, an error.
//!
//! `cargo run --example blocking --features blocking`, with `PICTIFY_API_KEY` and, for an emulator, `PICTIFY_BASE_URL`
//! set.

use pictify::{
    Result,
    blocking::Client,
    images::{ImageFormat, Source},
    send_all,
    templates::TemplateSource,
};
use std::path::Path;

pub(crate) fn run(client: &Client, folder: &Path) -> Result<()> {
    let html = r#"<h1 style="color:#667eea">Hello</h1>"#;
    let image = client.images().create(Source::html(html)).size(1200, 630).format(ImageFormat::Png).send()?;
    client.download(&image).to_file(folder.join("hello.png"))?;

    let page = Source::url("https://example.com")?;
    println!("{}", client.images().create(page).size(1200, 630).full_page(false).send()?.url);

    let template = client.templates().create("Card", TemplateSource::html("<h1>{{title}}</h1>")).send()?;
    println!("{}", client.templates().render(&template.uid, &serde_json::json!({"title": "My post"})).send()?.url);

    let calls = (1..=4).map(|n| client.images().create(Source::html(format!("<p>{n}"))).size(100, 50));
    for completed in send_all(calls).concurrency(2) {
        println!("{}: {}", completed.index, completed.result?.url);
    }

    for image in client.images().list().items() {
        println!("{}", image?.url);
    }

    // Nothing is sent: the client finds the error.
    if let Err(error) = client.images().create(Source::html("")).send() {
        println!("{error}");
    }
    Ok(())
} // There is no `close`: the connections and the background thread end with the last clone of the client.

fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new("."))
}
