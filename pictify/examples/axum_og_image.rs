//! A website with link preview images, which are rendered at the first request.
//!
//! `cargo run --example axum_og_image --features axum,og-image`, with `PICTIFY_TEMPLATE` set to the uid of a template
//! with the variables `title` and `author`. Then `curl -i 'http://127.0.0.1:3000/og/Hello?author=Ada'`.

use axum::Router;
use pictify::{Client, og_image::OgImages, templates::RenderFormat};

pub(crate) fn app(client: &Client, template: &str) -> Router {
    let cards = OgImages::new(client, template, ["title", "author"])
        .configure_request(|call| call.size(1200, 630).format(RenderFormat::Jpeg))
        .fallback("https://example.com/default-card.png")
        .on_error(|error| eprintln!("{error}"));
    Router::new().route("/og/{title}", cards.axum_route())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = app(&Client::from_env()?, &std::env::var("PICTIFY_TEMPLATE")?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening at http://{}/og/Hello", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
