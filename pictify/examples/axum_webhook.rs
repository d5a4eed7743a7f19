//! A service that is told of finished renders, trusts nobody else, and handles each of them once.
//!
//! `cargo run --example axum_webhook --features axum,delivery-store`, with `PICTIFY_WEBHOOK_SECRET` set to what came with
//! the subscription.

use axum::{
    Router,
    extract::{FromRef, State},
    http::StatusCode,
    routing::post,
};
use pictify::webhooks::{DeliveryDeduplicator, Event, SignedDelivery, Verifier};
use std::io::{self, Write};

#[derive(Clone)]
struct Webhooks {
    verifier: Verifier,
    once: DeliveryDeduplicator,
}

impl FromRef<Webhooks> for Verifier {
    fn from_ref(webhooks: &Webhooks) -> Self {
        webhooks.verifier.clone()
    }
}

/// What is to be done once. When it fails the delivery comes again.
fn note(event: &Event) -> io::Result<()> {
    let mut out = io::stdout();
    match event {
        Event::RenderCompleted(render) => writeln!(out, "rendered: {:?}", render.url),
        Event::RenderFailed(render) => writeln!(out, "failed: {:?}", render.error),
        other => writeln!(out, "{}", other.name()),
    }
}

async fn told(State(webhooks): State<Webhooks>, delivery: SignedDelivery) -> StatusCode {
    match webhooks.once.handle(delivery.dedup_key(), async { note(&delivery.delivery.event) }).await {
        Ok(handled) => StatusCode::from_u16(handled.status()).unwrap_or_default(),
        Err(error) => {
            eprintln!("{error}");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

pub(crate) fn app(verifier: Verifier) -> Router {
    let webhooks = Webhooks { verifier, once: DeliveryDeduplicator::in_memory() };
    Router::new().route("/pictify", post(told)).with_state(webhooks)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let verifier = Verifier::new(std::env::var("PICTIFY_WEBHOOK_SECRET")?)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening at http://{}/pictify", listener.local_addr()?);
    Ok(axum::serve(listener, app(verifier)).await?)
}
