//! A service on actix-web that is told of finished renders, trusts nobody else, and handles each of them once.
//!
//! `cargo run --example actix_webhook --features actix,delivery-store`, with `PICTIFY_WEBHOOK_SECRET` set to what came with
//! the subscription.

use actix_web::{App, HttpResponse, HttpServer, dev::Server, http::StatusCode, web};
use pictify::webhooks::{DeliveryDeduplicator, Event, SignedDelivery, Verifier};
use std::{
    io::{self, Write},
    net::TcpListener,
};

/// What is to be done once. When it fails the delivery comes again.
fn note(event: &Event) -> io::Result<()> {
    let mut out = io::stdout();
    match event {
        Event::RenderCompleted(render) => writeln!(out, "rendered: {:?}", render.url),
        Event::RenderFailed(render) => writeln!(out, "failed: {:?}", render.error),
        other => writeln!(out, "{}", other.name()),
    }
}

async fn told(once: web::Data<DeliveryDeduplicator>, delivery: SignedDelivery) -> HttpResponse {
    match once.handle(delivery.dedup_key(), async { note(&delivery.delivery.event) }).await {
        Ok(handled) => HttpResponse::new(StatusCode::from_u16(handled.status()).unwrap_or_default()),
        Err(error) => {
            eprintln!("{error}");
            HttpResponse::InternalServerError().finish()
        }
    }
}

pub(crate) fn serve(verifier: Verifier, listener: TcpListener) -> io::Result<Server> {
    let once = web::Data::new(DeliveryDeduplicator::in_memory());
    let app = move || {
        let app = App::new().app_data(verifier.clone()).app_data(once.clone());
        app.route("/pictify", web::post().to(told))
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
