//! A service on actix-web that receives webhook deliveries of finished renders, verifies them, and processes each of
//! them once.
//!
//! `cargo run --example actix_webhook --features actix,delivery-store`, with `PICTIFY_WEBHOOK_SECRET` set to the
//! secret of the subscription.

use actix_web::{App, HttpServer, dev::Server, web};
use pictify::webhooks::{DeliveryDeduplicator, Event, HandleError, HandleOutcome, SignedDelivery, Verifier};
use std::{
    io::{self, Write},
    net::TcpListener,
};

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
    deduplicator: web::Data<DeliveryDeduplicator>,
    delivery: SignedDelivery,
) -> Result<HandleOutcome<()>, HandleError<io::Error>> {
    let handled = deduplicator.handle(delivery.dedup_key(), async { process(&delivery.event) }).await;
    handled.inspect_err(|error| eprintln!("{error}"))
}

pub(crate) fn serve(verifier: Verifier, listener: TcpListener) -> io::Result<Server> {
    let deduplicator = web::Data::new(DeliveryDeduplicator::in_memory());
    let app = move || {
        let app = App::new().app_data(verifier.clone()).app_data(deduplicator.clone());
        app.route("/pictify", web::post().to(receive))
    };
    Ok(HttpServer::new(app).listen(listener)?.run())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let verifier = Verifier::new(std::env::var("PICTIFY_WEBHOOK_SECRET")?)?;
    let listener = TcpListener::bind("127.0.0.1:3000")?;
    println!("listening at http://{}/pictify", listener.local_addr()?);
    Ok(serve(verifier, listener)?.await?)
}
