//! Webhooks: signatures, retries, the delivery log, and resending.

use crate::support::{
    JSON, KEY, create, get, post,
    receiver::{Received, Receiver},
    send,
};
use pictify::webhooks::{Event, Verifier};
use pictify_emulator::Emulator;
use serde_json::{Value, json};

const OK: &str = "200 OK";
const SERVER_ERROR: &str = "500 Internal Server Error";

async fn subscribe(emulator: &Emulator, event: &str, url: &str, filters: Value) -> Value {
    let body = json!({"event": event, "targetUrl": url, "filters": filters});
    let response = post(emulator, "/webhook-subscriptions", &body).await;
    assert_eq!(response.status, 201, "{response:?}");
    response.json()["subscription"].clone()
}

async fn subscription(emulator: &Emulator, uid: &Value) -> Value {
    get(emulator, &format!("/webhook-subscriptions/{}", uid.as_str().unwrap())).await.json()["subscription"].clone()
}

/// Waits until the only delivery is not pending any more, and returns it.
async fn finished_delivery(emulator: &Emulator) -> Value {
    let finished = async {
        loop {
            let deliveries = get(emulator, "/_emulator/deliveries").await.json()["deliveries"].clone();
            assert!(deliveries.as_array().unwrap().len() <= 1, "{deliveries}");
            if deliveries[0].is_object() && deliveries[0]["status"] != "pending" {
                return deliveries[0].clone();
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), finished).await.expect("a delivery that finishes")
}

/// Verifies and parses a delivery with the SDK.
fn verify(received: &Received, secret: &Value) -> pictify::webhooks::Delivery {
    let verifier = Verifier::new(secret.as_str().unwrap()).unwrap();
    let signature = received.header("x-pictify-signature").unwrap();
    verifier.verify_and_parse(&received.body, signature).unwrap()
}

#[tokio::test]
async fn a_render_is_delivered_and_verified_by_the_sdk() {
    let emulator = Emulator::start().await.unwrap();
    let mut receiver = Receiver::accepting_all().await;
    let known = subscribe(&emulator, "render.completed", &receiver.url, json!({})).await;
    let image = create(&emulator, "<p>Hello", 200, 100).await.json();
    let received = receiver.next().await;
    assert!(received.head.starts_with("POST /here?q=1 HTTP/1.1"), "{}", received.head);
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.header("x-pictify-event"), Some("render.completed"));
    let delivery = verify(&received, &known["secret"]);
    let Event::RenderCompleted(render) = &delivery.event else { panic!("{delivery:?}") };
    assert_eq!(render.url.as_ref().map(ToString::to_string), image["url"].as_str().map(str::to_owned));
    assert_eq!((render.width, render.height), (Some(200), Some(100)));

    let delivery = finished_delivery(&emulator).await;
    assert_eq!(received.header("x-pictify-delivery-id"), delivery["id"].as_str());
    assert_eq!(delivery["body"].as_str().map(str::as_bytes), Some(received.body.as_slice()));
    assert_eq!((&delivery["status"], &delivery["attempts"][0]["responseCode"]), (&json!("delivered"), &json!(204)));
    let after = subscription(&emulator, &known["uid"]).await;
    assert_eq!((&after["deliveryCount"], &after["failureCount"]), (&json!(1), &json!(0)));
    assert_eq!(after["lastDelivery"]["status"], "delivered");
}

#[tokio::test]
async fn only_matching_subscriptions_get_a_delivery() {
    let emulator = Emulator::start().await.unwrap();
    let mut receiver = Receiver::accepting_all().await;
    let template = json!({"html": "<p>{{name}}", "name": "t", "width": 100, "height": 100});
    let template = post(&emulator, "/templates", &template).await.json()["template"]["uid"].clone();
    let paused = subscribe(&emulator, "render.completed", &receiver.url, json!({})).await;
    let path = format!("/webhook-subscriptions/{}", paused["uid"].as_str().unwrap());
    let body = json!({"status": "paused"}).to_string();
    assert_eq!(send(&emulator, &format!("PUT {path}"), &[KEY, JSON], body.as_bytes()).await.status, 200);
    subscribe(&emulator, "render.failed", &receiver.url, json!({})).await;
    subscribe(&emulator, "render.completed", &receiver.url, json!({"templateId": "OTHER"})).await;
    subscribe(&emulator, "render.completed", &receiver.url, json!({"templateId": template, "type": "image"})).await;

    assert_eq!(create(&emulator, "<p>not of the template", 100, 100).await.status, 200);
    let path = format!("/templates/{}/render", template.as_str().unwrap());
    assert_eq!(post(&emulator, &path, &json!({"variables": {"name": "Ada"}})).await.status, 200);
    let data: Value = serde_json::from_slice(&receiver.next().await.body).unwrap();
    assert_eq!(data["data"]["templateId"], template);
    assert_eq!(data["data"]["variables"], json!({"name": "Ada"}));
    assert_eq!(finished_delivery(&emulator).await["event"], "render.completed");
    assert!(receiver.is_quiet());

    let broken = post(&emulator, "/image", &json!({"html": "<p>", "selector": "#none", "width": 9, "height": 9})).await;
    assert_eq!(broken.status, 422, "{broken:?}");
    let received = receiver.next().await;
    assert_eq!(received.header("x-pictify-event"), Some("render.failed"));
    let data: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(data["data"]["error"], broken.json()["error"]);
}

#[tokio::test]
async fn a_failed_delivery_is_retried_with_the_same_bytes() {
    let emulator = Emulator::builder().webhook_retry_speedup(1e9).start().await.unwrap();
    let responses = [SERVER_ERROR, "302 Found\r\nLocation: http://127.0.0.1:1/", OK];
    let mut receiver = Receiver::start(responses.map(|head| (head, String::new())).to_vec()).await;
    let known = subscribe(&emulator, "render.completed", &receiver.url, json!({})).await;
    create(&emulator, "<p>Hello", 100, 100).await;
    let (first, second, third) = (receiver.next().await, receiver.next().await, receiver.next().await);
    for repeated in [&second, &third] {
        assert_eq!(repeated.body, first.body);
        assert_eq!(repeated.header("x-pictify-delivery-id"), first.header("x-pictify-delivery-id"));
        verify(repeated, &known["secret"]);
    }
    let delivery = finished_delivery(&emulator).await;
    let codes: Vec<_> =
        delivery["attempts"].as_array().unwrap().iter().map(|attempt| &attempt["responseCode"]).collect();
    assert_eq!(codes, [500, 302, 200]);
    assert_eq!(delivery["status"], "delivered");
    let after = subscription(&emulator, &known["uid"]).await;
    assert_eq!((&after["deliveryCount"], &after["failureCount"]), (&json!(3), &json!(2)));
}

#[tokio::test]
async fn the_last_failure_pauses_the_subscription_and_a_delivery_can_be_resent() {
    let emulator = Emulator::builder().webhook_retry_speedup(1e9).start().await.unwrap();
    let mut responses = vec![(SERVER_ERROR, String::new()); 6];
    responses.push((OK, String::new()));
    let mut receiver = Receiver::start(responses).await;
    let known = subscribe(&emulator, "render.completed", &receiver.url, json!({})).await;
    create(&emulator, "<p>Hello", 100, 100).await;
    for _ in 0..6 {
        receiver.next().await;
    }
    let delivery = finished_delivery(&emulator).await;
    assert_eq!((&delivery["status"], delivery["attempts"].as_array().unwrap().len()), (&json!("failed"), 6));
    let after = subscription(&emulator, &known["uid"]).await;
    assert_eq!((&after["status"], &after["lastDelivery"]["responseCode"]), (&json!("paused"), &json!(500)));

    let resend = format!("/_emulator/deliveries/{}/resend", delivery["id"].as_str().unwrap());
    assert_eq!(post(&emulator, &resend, &json!({})).await.status, 200);
    assert_eq!(finished_delivery(&emulator).await["attempts"][6]["error"], "The subscription is deleted or not active");
    let path = format!("/webhook-subscriptions/{}", known["uid"].as_str().unwrap());
    let body = json!({"status": "active"}).to_string();
    assert_eq!(send(&emulator, &format!("PUT {path}"), &[KEY, JSON], body.as_bytes()).await.status, 200);
    assert_eq!(post(&emulator, &resend, &json!({})).await.status, 200);
    receiver.next().await;
    let delivery = finished_delivery(&emulator).await;
    assert_eq!((&delivery["status"], delivery["attempts"].as_array().unwrap().len()), (&json!("delivered"), 8));
    assert_eq!(post(&emulator, "/_emulator/deliveries/del_NONE/resend", &json!({})).await.status, 404);
}

#[tokio::test]
async fn a_pending_delivery_is_resumed_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Emulator::builder().data_dir(folder.path()).start();
    let mut receiver = Receiver::start(vec![("", String::new()), (OK, String::new())]).await;
    let emulator = start().await.unwrap();
    let known = subscribe(&emulator, "render.completed", &receiver.url, json!({})).await;
    create(&emulator, "<p>Hello", 100, 100).await;
    let first = receiver.next().await;
    emulator.shutdown().await;
    let emulator = start().await.unwrap();
    let second = receiver.next().await;
    assert_eq!(second.body, first.body);
    verify(&second, &known["secret"]);
    assert_eq!(finished_delivery(&emulator).await["status"], "delivered");
}

#[tokio::test]
async fn every_event_has_a_test_delivery() {
    let emulator = Emulator::start().await.unwrap();
    let mut receiver = Receiver::accepting_all().await;
    for event in [
        "render.completed",
        "render.failed",
        "batch.completed",
        "batch.failed",
        "binding.updated",
        "binding.failed",
        "experiment.started",
        "experiment.completed",
        "experiment.winner_declared",
    ] {
        let known = subscribe(&emulator, event, &receiver.url, json!({"templateId": "OTHER"})).await;
        let path = format!("/webhook-subscriptions/{}/test", known["uid"].as_str().unwrap());
        assert_eq!(post(&emulator, &path, &json!({})).await.json(), json!({"success": true}));
        let delivery = verify(&receiver.next().await, &known["secret"]);
        assert_eq!(delivery.event.name(), event);
        assert!(!matches!(delivery.event, Event::Unknown { .. }), "{event} has a type of its own");
    }
}

#[tokio::test]
async fn private_addresses_get_no_deliveries() {
    let emulator = Emulator::builder().webhook_retry_speedup(1e9).start().await.unwrap();
    subscribe(&emulator, "render.completed", "http://10.0.0.1/hook", json!({})).await;
    create(&emulator, "<p>Hello", 100, 100).await;
    let delivery = finished_delivery(&emulator).await;
    let error = delivery["attempts"][0]["error"].as_str().unwrap();
    assert!(error.starts_with("10.0.0.1 is not an address that the emulator may connect to"), "{error}");
}
