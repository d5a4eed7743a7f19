//! Batches: rendering in the background, progress, cancelling, resuming.

use crate::support::{get, pdf, post, receiver::Receiver};
use pictify_emulator::{
    EgressPolicy, Emulator,
    render::{Embedded, Page, RenderError, RenderedImage, Renderer},
};
use serde_json::{Value, json};
use std::{
    sync::{Mutex, mpsc},
    time::Duration,
};

async fn template(emulator: &Emulator) -> String {
    let body = json!({
        "name": "card", "html": "<body style='background: {{colour}}'>{{guest}}", "width": 40, "height": 30,
        "strictVariables": true,
        "variableDefinitions": [
            {"name": "guest", "type": "text", "required": true},
            {"name": "colour", "type": "text", "defaultValue": "#ff0000"},
        ],
        "layouts": {"wide": {"name": "Wide", "width": 80, "height": 30, "html": "<b>{{guest}}"}},
    });
    let response = post(emulator, "/templates", &body).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.json()["template"]["uid"].as_str().unwrap().to_owned()
}

/// Starts a batch, and returns its id.
async fn start_batch(emulator: &Emulator, template: &str, body: &Value) -> String {
    let response = post(emulator, &format!("/templates/{template}/batch-render"), body).await;
    assert_eq!(response.status, 202, "{response:?}");
    response.json()["batchId"].as_str().unwrap().to_owned()
}

async fn results(emulator: &Emulator, batch: &str) -> Value {
    get(emulator, &format!("/templates/batch/{batch}/results")).await.json()
}

/// Polls the results until they satisfy the condition.
async fn wait_until(emulator: &Emulator, batch: &str, condition: impl Fn(&Value) -> bool) -> Value {
    let polling = async {
        loop {
            let results = results(emulator, batch).await;
            if condition(&results) {
                return results;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), polling).await.expect("the batch makes progress")
}

fn has_ended(results: &Value) -> bool {
    !["pending", "processing"].contains(&results["status"].as_str().unwrap())
}

#[tokio::test]
async fn each_set_of_variables_becomes_an_item() {
    let emulator = Emulator::start().await.unwrap();
    let template = template(&emulator).await;
    let sets = json!([{"guest": "Ada", "colour": "#00ff00"}, {"colour": "#0000ff"}, {"guest": "Grace"}]);
    let batch = start_batch(&emulator, &template, &json!({"variableSets": sets, "format": "png"})).await;
    let results = wait_until(&emulator, &batch, has_ended).await;
    for (name, expected) in [
        ("batchId", json!(batch)),
        ("status", json!("partial")),
        ("progress", json!(100.0)),
        ("totalItems", json!(3)),
        ("completedItems", json!(2)),
        ("failedItems", json!(1)),
    ] {
        assert_eq!(results[name], expected, "{name}: {results}");
    }
    assert_eq!(results["errors"][0]["index"], 1);
    assert!(results["errors"][0]["error"].as_str().unwrap().contains("guest"), "{results}");
    let first = &results["results"][0];
    assert_eq!((&first["index"], &first["variables"]), (&json!(0), &json!(["guest", "colour"])));
    let item = &first["results"][0];
    assert_eq!((&item["layout"], &item["width"], &item["format"]), (&json!("default"), &json!(40), &json!("png")));
    let path = item["url"].as_str().unwrap().strip_prefix(emulator.url()).unwrap();
    let image = image::load_from_memory(&get(&emulator, path).await.body).unwrap().to_rgb8();
    assert_eq!(image.get_pixel(39, 29).0, [0, 255, 0]);
    assert_eq!(emulator.billed_renders(), 2, "a failed item is not billed");
}

#[tokio::test]
async fn items_are_rendered_in_each_layout() {
    let emulator = Emulator::start().await.unwrap();
    let template = template(&emulator).await;
    let layouts = json!({"variableSets": [{"guest": "Ada"}], "layouts": ["default", "wide", "none"]});
    let batch = start_batch(&emulator, &template, &layouts).await;
    let item = wait_until(&emulator, &batch, has_ended).await["results"][0].clone();
    let sizes: Vec<_> = item["results"].as_array().unwrap().iter().map(|result| &result["width"]).collect();
    assert_eq!(sizes, [40, 80]);
    assert_eq!(item["errors"], json!([{"layout": "none", "error": "Layout not found"}]));
    let single = json!({"variableSets": [{"guest": "Ada"}, {"guest": "Grace"}], "layout": "none"});
    let batch = start_batch(&emulator, &template, &single).await;
    assert_eq!(wait_until(&emulator, &batch, has_ended).await["status"], "failed");
    assert_eq!(emulator.billed_renders(), 2);
}

#[tokio::test]
async fn items_can_be_pdfs() {
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let template = template(&emulator).await;
    let table = Receiver::start(vec![("200 OK\r\nContent-Type: text/csv", "guest\nAda\nGrace\n".to_owned())]).await;
    for body in [
        json!({"variableSets": [{"guest": "Ada"}, {"guest": "Grace"}], "format": "pdf"}),
        json!({"csvUrl": table.url, "format": "pdf"}),
    ] {
        let batch = start_batch(&emulator, &template, &body).await;
        let results = wait_until(&emulator, &batch, has_ended).await;
        for (index, name) in ["Ada", "Grace"].into_iter().enumerate() {
            let url = results["results"][index]["results"][0]["url"].as_str().unwrap_or_else(|| panic!("{results}"));
            let file = get(&emulator, url.strip_prefix(emulator.url()).unwrap()).await;
            let pdf = lopdf::Document::load_mem(&file.body).unwrap();
            assert_eq!((pdf.get_pages().len(), pdf::text(&pdf, 1).as_str()), (1, name), "{body}");
        }
    }
    assert_eq!(emulator.billed_renders(), 4);
}

#[tokio::test]
async fn items_can_come_from_a_csv_table() {
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let template = template(&emulator).await;
    let table = "name,shade\nAda,#00ff00\nGrace,#0000ff\n".to_owned();
    let responses =
        [("302 Found\r\nLocation: /table", String::new()), ("200 OK", table), ("404 Not Found", String::new())];
    let receiver = Receiver::start(responses.to_vec()).await;
    let mappings = json!({"guest": "name", "colour": "shade"});
    let batch = start_batch(&emulator, &template, &json!({"csvUrl": receiver.url, "mappings": mappings})).await;
    let results = wait_until(&emulator, &batch, has_ended).await;
    assert_eq!((&results["status"], &results["completedItems"]), (&json!("completed"), &json!(2)));

    let path = format!("/templates/{template}/batch-render");
    for (body, expected) in [
        (json!({"csvUrl": receiver.url}), "csvUrl: 127.0.0.1 returned status 404"),
        (
            json!({"csvUrl": "http://10.0.0.1/x.csv"}),
            "csvUrl: 10.0.0.1 is not an address that the emulator may connect to",
        ),
        (json!({"csvUrl": "file:///etc/passwd"}), "csvUrl: The URL cannot be used: its scheme is file:"),
        (json!({}), "Give variableSets or csvUrl: exactly one of them"),
        (json!({"variableSets": [{}], "csvUrl": receiver.url}), "Give variableSets or csvUrl: exactly one of them"),
        (json!({"variableSets": vec![json!({}); 1001]}), "A batch may have at most 1000 items, not 1001"),
    ] {
        let (status, text) = post(&emulator, &path, &body).await.status_and_message();
        assert!(status == 400 && text.starts_with(expected), "{status} {text}");
    }
}

#[tokio::test]
async fn urls_can_be_limited_to_the_webhook() {
    let emulator = Emulator::builder().include_batch_urls(false).start().await.unwrap();
    let mut receiver = Receiver::accepting_all().await;
    for event in ["render.completed", "render.failed", "batch.completed"] {
        let body = json!({"event": event, "targetUrl": receiver.url});
        assert_eq!(post(&emulator, "/webhook-subscriptions", &body).await.status, 201);
    }
    let template = template(&emulator).await;
    let batch = start_batch(&emulator, &template, &json!({"variableSets": [{"guest": "Ada"}, {}]})).await;
    let results = wait_until(&emulator, &batch, has_ended).await;
    assert_eq!(results["results"], json!([{"index": 0, "success": true, "variables": ["guest"]}]));
    let mut events = Vec::new();
    for _ in 0..3 {
        let body: Value = serde_json::from_slice(&receiver.next().await.body).unwrap();
        events.push(body);
    }
    events.sort_by_key(|body| body["event"].to_string());
    let [batch_event, completed, failed] = events.try_into().unwrap();
    assert_eq!((&batch_event["data"]["batchId"], &batch_event["data"]["status"]), (&json!(batch), &json!("partial")));
    assert_eq!(completed["data"]["variables"], json!({"guest": "Ada"}));
    assert_eq!(failed["data"]["errorCode"], "INVALID_VARIABLE");
}

/// Renderer that waits for a message of the test before each render.
#[derive(Debug)]
struct Gate(Mutex<mpsc::Receiver<()>>);

impl Renderer for Gate {
    fn render(&self, page: &Page) -> Result<RenderedImage, RenderError> {
        self.0.lock().unwrap().recv().map_err(|_| RenderError::Failed("closed".to_owned()))?;
        Embedded::new().render(page)
    }
}

#[tokio::test]
async fn a_cancelled_batch_starts_no_more_items() {
    let (open, gate) = mpsc::channel();
    let emulator = Emulator::builder().renderer(Gate(Mutex::new(gate))).start().await.unwrap();
    let template = template(&emulator).await;
    let sets: Vec<_> = (0..10).map(|number| json!({"guest": number.to_string()})).collect();
    let batch = start_batch(&emulator, &template, &json!({"variableSets": sets, "concurrency": 1})).await;
    open.send(()).unwrap();
    let results = wait_until(&emulator, &batch, |results| results["completedItems"] == 1).await;
    assert_eq!((&results["status"], &results["progress"]), (&json!("processing"), &json!(10.0)));
    let path = format!("/templates/batch/{batch}/cancel");
    assert_eq!(post(&emulator, &path, &json!({})).await.json()["status"], "cancelled");
    // The item that was started is rendered and billed.
    for _ in 0..9 {
        open.send(()).unwrap();
    }
    let results = wait_until(&emulator, &batch, |results| results["completedItems"] == 2).await;
    assert_eq!(results["status"], "cancelled");
    let (status, text) = post(&emulator, &path, &json!({})).await.status_and_message();
    assert_eq!((status, text.as_str()), (409, "The batch is cancelled and cannot be cancelled"));
    for path in ["cancel", "results"] {
        let line = if path == "cancel" { "POST" } else { "GET" };
        let response = crate::support::send(
            &emulator,
            &format!("{line} /templates/batch/NONE/{path}"),
            &[crate::support::KEY, crate::support::JSON],
            b"{}",
        )
        .await;
        assert_eq!(response.status_and_message(), (404, "Batch not found".to_owned()));
    }
    assert_eq!(emulator.billed_renders(), 2);
}

#[tokio::test]
async fn a_batch_resumes_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (open, gate) = mpsc::channel();
    let emulator = Emulator::builder().data_dir(folder.path()).renderer(Gate(Mutex::new(gate))).start().await.unwrap();
    let template = template(&emulator).await;
    let sets: Vec<_> = (0..5).map(|number| json!({"guest": number.to_string()})).collect();
    let batch = start_batch(&emulator, &template, &json!({"variableSets": sets, "concurrency": 1})).await;
    open.send(()).unwrap();
    open.send(()).unwrap();
    let before = wait_until(&emulator, &batch, |results| results["completedItems"] == 2).await;
    emulator.shutdown().await;
    let emulator = Emulator::builder().data_dir(folder.path()).start().await.unwrap();
    let after = wait_until(&emulator, &batch, has_ended).await;
    assert_eq!((&after["status"], &after["completedItems"]), (&json!("completed"), &json!(5)));
    for index in 0..2 {
        let id = |results: &Value| results["results"][index]["results"][0]["id"].clone();
        assert_eq!(id(&before), id(&after), "finished items are not rendered again");
    }
    assert_eq!(emulator.billed_renders(), 5);
}

#[tokio::test]
async fn items_beyond_the_monthly_quota_fail() {
    let emulator = Emulator::builder().renders_per_month(2).start().await.unwrap();
    let template = template(&emulator).await;
    let sets: Vec<_> = (0..4).map(|number| json!({"guest": number.to_string()})).collect();
    let batch = start_batch(&emulator, &template, &json!({"variableSets": sets, "concurrency": 1})).await;
    let results = wait_until(&emulator, &batch, has_ended).await;
    assert_eq!((&results["completedItems"], &results["failedItems"]), (&json!(2), &json!(2)));
    assert_eq!(results["errors"][0]["error"], "Monthly renders used up.");
    assert_eq!(emulator.billed_renders(), 2);
}

#[tokio::test]
async fn a_batch_is_delivered_to_its_own_webhook_url() {
    let emulator = Emulator::start().await.unwrap();
    let template = template(&emulator).await;
    for (sets, event, status) in [
        (json!([{"guest": "Ada"}, {"guest": "Grace"}]), "batch.completed", "completed"),
        (json!([{"guest": "Ada"}, {}]), "batch.completed", "partial"),
        (json!([{}]), "batch.failed", "failed"),
    ] {
        let mut receiver =
            Receiver::start(vec![("500 Internal Server Error", String::new()), ("200 OK", String::new())]).await;
        let body = json!({"variableSets": sets, "webhookUrl": receiver.url});
        let batch = start_batch(&emulator, &template, &body).await;
        let first = receiver.next().await;
        assert_eq!(first.header("x-pictify-event"), Some(event));
        assert_eq!(first.header("x-pictify-signature"), None, "there is no secret for a signature");
        let delivery: Value = serde_json::from_slice(&first.body).unwrap();
        assert_eq!((&delivery["event"], &delivery["data"]["batchId"]), (&json!(event), &json!(batch)));
        assert_eq!(delivery["data"]["status"], status);
        // The failed attempt is repeated with the same bytes.
        let second = receiver.next().await;
        let id = "x-pictify-delivery-id";
        assert_eq!((first.body, first.head.contains(id)), (second.body, true));
    }
    for url in ["ftp://example.com/", "nothing"] {
        let body = json!({"variableSets": [{"guest": "Ada"}], "webhookUrl": url});
        let response = post(&emulator, &format!("/templates/{template}/batch-render"), &body).await;
        assert_eq!(response.status, 400, "{response:?}");
    }
}

#[tokio::test]
async fn the_webhook_url_of_a_batch_must_be_a_public_address() {
    let emulator = Emulator::start().await.unwrap();
    let template = template(&emulator).await;
    let body = json!({"variableSets": [{"guest": "Ada"}], "webhookUrl": "http://10.0.0.1/"});
    start_batch(&emulator, &template, &body).await;
    let attempted = async {
        loop {
            let deliveries = get(&emulator, "/_emulator/deliveries").await.json()["deliveries"].clone();
            if let Some(error) = deliveries[0]["attempts"][0]["error"].as_str() {
                return error.to_owned();
            }
        }
    };
    let error = tokio::time::timeout(Duration::from_secs(30), attempted).await.expect("an attempt");
    assert!(error.contains("10.0.0.1 is not an address"), "{error}");
}
