//! A service that receives webhook deliveries of finished renders, verifies them, and processes each of them once.
//!
//! `cargo run --example axum_webhook --features axum,delivery-store`, with `PICTIFY_WEBHOOK_SECRET` set to the secret
//! of the subscription.

use axum::{
    Router,
    extract::{FromRef, State},
    routing::post,
};
use pictify::webhooks::{DeliveryDeduplicator, Event, HandleError, HandleOutcome, SignedDelivery, Verifier};
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
        Event::RenderCompleted(render) => {
            writeln!(out, "rendered: {}", render.url.as_deref().unwrap_or("without a URL"))
        }
        Event::RenderFailed(render) => {
            writeln!(out, "failed: {}", render.error.as_deref().unwrap_or("no reason given"))
        }
        other => writeln!(out, "{}", other.name()),
    }
}

async fn receive(
    State(webhooks): State<Webhooks>,
    delivery: SignedDelivery,
) -> Result<HandleOutcome<()>, HandleError<io::Error>> {
    let handled = webhooks.deduplicator.handle(delivery.dedup_key(), async { process(&delivery.event) }).await;
    handled.inspect_err(|error| eprintln!("{error}"))
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
