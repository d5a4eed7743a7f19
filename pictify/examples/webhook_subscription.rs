//! A webhook subscription to the finished renders of a template, and a list of all subscriptions.
//!
//! `cargo run --example webhook_subscription`, with `PICTIFY_API_KEY` set.

use pictify::{Client, Result, webhooks::WebhookEventType};
use std::path::Path;

pub(crate) async fn run(client: &Client, folder: &Path) -> Result<()> {
    let url = "https://hooks.example.net/pictify";
    let call = client.webhooks().create(WebhookEventType::RenderCompleted, url).template("XK4P2M9QZT");
    let subscription = call.send().await?;
    // Only this response contains the secret.
    if let Some(secret) = &subscription.secret {
        std::fs::write(folder.join("webhook.secret"), secret.expose()).expect("the folder is writable");
    }
    println!("subscribed: {}", subscription.uid.as_deref().unwrap_or("the service returned no ID"));

    let mut all = client.webhooks().list().items();
    while let Some(subscription) = all.try_next().await? {
        println!("{}", subscription.target_url.as_deref().unwrap_or("a subscription without a URL"));
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    run(&Client::from_env()?, Path::new(".")).await
}
