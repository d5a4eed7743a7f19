use crate::contract::{Row, row};
use pictify::webhooks::{WebhookEventType, WebhookPlatform, WebhookSubscriptionStatus};

const SUBSCRIPTION: &str = "WH3N8YD5KC";

pub fn rows() -> Vec<Row> {
    vec![
        row("listWebhookSubscriptions", |client| {
            let call = client.webhooks().list().event(WebhookEventType::RenderCompleted);
            call.status(WebhookSubscriptionStatus::Active).platform(WebhookPlatform::Custom).page(1).limit(20)
        }),
        row("createWebhookSubscription", |client| {
            let call = client.webhooks().create(WebhookEventType::RenderCompleted, "https://hooks.example.net/pictify");
            call.unwrap().platform(WebhookPlatform::Custom).template("XK4P2M9QZT")
        }),
        row("getWebhookSubscription", |client| client.webhooks().get(SUBSCRIPTION)),
        row("updateWebhookSubscription", |client| client.webhooks().pause(SUBSCRIPTION)),
        row("deleteWebhookSubscription", |client| client.webhooks().delete(SUBSCRIPTION)),
        row("testWebhookSubscription", |client| client.webhooks().test(SUBSCRIPTION)),
    ]
}
