//! A service that receives webhook deliveries of finished renders, verifies them, and processes each of them once.
//!
//! `cargo run --example axum_webhook --features axum,delivery-store`, with `PICTIFY_WEBHOOK_SECRET` set to the secret
//! of the subscription.

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
    deduplicator: DeliveryDeduplicator,
}

impl FromRef<Webhooks> for Verifier {
    fn from_ref(webhooks: &Webhooks) -> Self {
        webhooks.verifier.clone()
    }
}

/// Processes an event. After an error, the service sends the delivery again.
fn process(event: &Event) -> io::Result<()> {
    let mut out = io::stdout();
    match event {
        Event::RenderCompleted(render) => writeln!(out, "rendered: {:?}", render.url),
        Event::RenderFailed(render) => writeln!(out, "failed: {:?}", render.error),
        other => writeln!(out, "{}", other.name()),
    }
}

async fn receive(State(webhooks): State<Webhooks>, delivery: SignedDelivery) -> StatusCode {
    match webhooks.deduplicator.handle(delivery.dedup_key(), async { process(&delivery.delivery.event) }).await {
        Ok(outcome) => StatusCode::from_u16(outcome.status()).unwrap_or_default(),
        Err(error) => {
            eprintln!("{error}");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

pub(crate) fn app(verifier: Verifier) -> Router {
    let webhooks = Webhooks { verifier, deduplicator: DeliveryDeduplicator::in_memory() };
    Router::new().route("/pictify", post(receive)).with_state(webhooks)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let verifier = Verifier::new(std::env::var("PICTIFY_WEBHOOK_SECRET")?)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening at http://{}/pictify", listener.local_addr()?);
    Ok(axum::serve(listener, app(verifier)).await?)
}
