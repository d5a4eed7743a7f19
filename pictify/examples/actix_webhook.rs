//! A service on actix-web that is told of finished renders, and trusts nobody else.
//!
//! `cargo run --example actix_webhook --features actix`, with `PICTIFY_WEBHOOK_SECRET` set to what came with the
//! subscription.

use actix_web::{App, HttpResponse, HttpServer, dev::Server, web};
use pictify::webhooks::{Event, SignedDelivery, Verifier};
use std::{io, net::TcpListener};

async fn told(delivery: SignedDelivery) -> HttpResponse {
    match &delivery.delivery.event {
        Event::RenderCompleted(render) => println!("rendered: {:?}", render.url),
        Event::RenderFailed(render) => println!("failed: {:?}", render.error),
        other => println!("{}", other.name()),
    }
    HttpResponse::NoContent().finish()
}

pub(crate) fn serve(verifier: Verifier, listener: TcpListener) -> io::Result<Server> {
    let app = move || App::new().app_data(verifier.clone()).route("/pictify", web::post().to(told));
    Ok(HttpServer::new(app).listen(listener)?.run())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let verifier = Verifier::new(std::env::var("PICTIFY_WEBHOOK_SECRET")?)?;
    let listener = TcpListener::bind("127.0.0.1:3000")?;
    println!("listening at http://{}/pictify", listener.local_addr()?);
    Ok(serve(verifier, listener)?.await?)
}
