//! A service that is told of finished renders, and trusts nobody else.
//!
//! `cargo run --example axum_webhook --features axum`, with `PICTIFY_WEBHOOK_SECRET` set to what came with the subscription.

use axum::{Router, http::StatusCode, routing::post};
use pictify::webhooks::{Event, SignedDelivery, Verifier};

async fn told(delivery: SignedDelivery) -> StatusCode {
    match &delivery.delivery.event {
        Event::RenderCompleted(render) => println!("rendered: {:?}", render.url),
        Event::RenderFailed(render) => println!("failed: {:?}", render.error),
        other => println!("{}", other.name()),
    }
    StatusCode::NO_CONTENT
}

pub(crate) fn app(verifier: Verifier) -> Router {
    Router::new().route("/pictify", post(told)).with_state(verifier)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let verifier = Verifier::new(std::env::var("PICTIFY_WEBHOOK_SECRET")?)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening at http://{}/pictify", listener.local_addr()?);
    Ok(axum::serve(listener, app(verifier)).await?)
}
