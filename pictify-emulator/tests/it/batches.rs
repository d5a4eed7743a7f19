//! Batches: rendered in the background, looked at, cancelled, gone on with.

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
        "name": "card", "html": "<body style='background: {{colour}}'>{{who}}", "width": 40, "height": 30,
        "strictVariables": true,
        "variableDefinitions": [
            {"name": "who", "type": "text", "required": true},
            {"name": "colour", "type": "text", "defaultValue": "#ff0000"},
        ],
        "layouts": {"wide": {"name": "Wide", "width": 80, "height": 30, "html": "<b>{{who}}"}},
    });
    let answer = post(emulator, "/templates", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["template"]["uid"].as_str().unwrap().to_owned()
}

/// Begins a batch; its id.
async fn begin(emulator: &Emulator, template: &str, body: &Value) -> String {
    let answer = post(emulator, &format!("/templates/{template}/batch-render"), body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()["batchId"].as_str().unwrap().to_owned()
}

async fn results(emulator: &Emulator, batch: &str) -> Value {
    get(emulator, &format!("/templates/batch/{batch}/results")).await.json()
}

/// The results, once they are as wanted.
async fn until(emulator: &Emulator, batch: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let reached = async {
        loop {
            let results = results(emulator, batch).await;
            if wanted(&results) {
                return results;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reached).await.expect("a batch that goes on")
}

fn is_over(results: &Value) -> bool {
    !["pending", "processing"].contains(&results["status"].as_str().unwrap())
}

#[tokio::test]
async fn each_set_of_variables_is_an_item() {
    let emulator = Emulator::start().await.unwrap();
    let template = template(&emulator).await;
    let sets = json!([{"who": "Ada", "colour": "#00ff00"}, {"colour": "#0000ff"}, {"who": "Grace"}]);
    let batch = begin(&emulator, &template, &json!({"variableSets": sets, "format": "png"})).await;
    let results = until(&emulator, &batch, is_over).await;
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
    assert!(results["errors"][0]["error"].as_str().unwrap().contains("who"), "{results}");
    let first = &results["results"][0];
    assert_eq!((&first["index"], &first["variables"]), (&json!(0), &json!(["who", "colour"])));
    let item = &first["results"][0];
    assert_eq!((&item["layout"], &item["width"], &item["format"]), (&json!("default"), &json!(40), &json!("png")));
    let path = item["url"].as_str().unwrap().strip_prefix(emulator.url()).unwrap();
    let picture = image::load_from_memory(&get(&emulator, path).await.body).unwrap().to_rgb8();
    assert_eq!(picture.get_pixel(39, 29).0, [0, 255, 0]);
    assert_eq!(emulator.billed_renders(), 2, "what failed is not billed");
}

#[tokio::test]
async fn items_have_layouts() {
    let emulator = Emulator::start().await.unwrap();
    let template = template(&emulator).await;
    let layouts = json!({"variableSets": [{"who": "Ada"}], "layouts": ["default", "wide", "none"]});
    let batch = begin(&emulator, &template, &layouts).await;
    let item = until(&emulator, &batch, is_over).await["results"][0].clone();
    let sizes: Vec<_> = item["results"].as_array().unwrap().iter().map(|result| &result["width"]).collect();
    assert_eq!(sizes, [40, 80]);
    assert_eq!(item["errors"], json!([{"layout": "none", "error": "Layout not found"}]));
    let single = json!({"variableSets": [{"who": "Ada"}, {"who": "Grace"}], "layout": "none"});
    let batch = begin(&emulator, &template, &single).await;
    assert_eq!(until(&emulator, &batch, is_over).await["status"], "failed");
    assert_eq!(emulator.billed_renders(), 2);
}

/// Each item is a document of its own, also for the server that goes on with the batch.
#[tokio::test]
async fn items_may_be_pdfs() {
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let template = template(&emulator).await;
    let table = Receiver::start(vec![("200 OK\r\nContent-Type: text/csv", "who\nAda\nGrace\n".to_owned())]).await;
    for body in [
        json!({"variableSets": [{"who": "Ada"}, {"who": "Grace"}], "format": "pdf"}),
        json!({"csvUrl": table.url, "format": "pdf"}),
    ] {
        let batch = begin(&emulator, &template, &body).await;
        let results = until(&emulator, &batch, is_over).await;
        for (index, who) in ["Ada", "Grace"].into_iter().enumerate() {
            let url = results["results"][index]["results"][0]["url"].as_str().unwrap_or_else(|| panic!("{results}"));
            let file = get(&emulator, url.strip_prefix(emulator.url()).unwrap()).await;
            let pdf = lopdf::Document::load_mem(&file.body).unwrap();
            assert_eq!((pdf.get_pages().len(), pdf::text(&pdf, 1).as_str()), (1, who), "{body}");
        }
    }
    assert_eq!(emulator.billed_renders(), 4);
}

#[tokio::test]
async fn the_items_may_stand_in_a_table() {
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let template = template(&emulator).await;
    let found = "name,shade\nAda,#00ff00\nGrace,#0000ff\n".to_owned();
    let answers =
        [("302 Found\r\nLocation: /table", String::new()), ("200 OK", found), ("404 Not Found", String::new())];
    let receiver = Receiver::start(answers.to_vec()).await;
    let mappings = json!({"who": "name", "colour": "shade"});
    let batch = begin(&emulator, &template, &json!({"csvUrl": receiver.url, "mappings": mappings})).await;
    let results = until(&emulator, &batch, is_over).await;
    assert_eq!((&results["status"], &results["completedItems"]), (&json!("completed"), &json!(2)));

    let path = format!("/templates/{template}/batch-render");
    for (body, expected) in [
        (json!({"csvUrl": receiver.url}), "csvUrl: 127.0.0.1 answered 404"),
        (json!({"csvUrl": "http://10.0.0.1/x.csv"}), "csvUrl: 10.0.0.1 is no address that the emulator may connect to"),
        (json!({"csvUrl": "file:///etc/passwd"}), "csvUrl: The URL cannot be used: it begins with file:"),
        (json!({}), "Give either variableSets or csvUrl"),
        (json!({"variableSets": [{}], "csvUrl": receiver.url}), "Give either variableSets or csvUrl"),
        (json!({"variableSets": vec![json!({}); 1001]}), "A batch has 1000 items at most, not 1001"),
    ] {
        let (status, text) = post(&emulator, &path, &body).await.says();
        assert!(status == 400 && text.starts_with(expected), "{status} {text}");
    }
}

#[tokio::test]
async fn addresses_can_be_left_to_the_webhook() {
    let emulator = Emulator::builder().include_batch_urls(false).start().await.unwrap();
    let mut receiver = Receiver::taking_all().await;
    for event in ["render.completed", "render.failed", "batch.completed"] {
        let body = json!({"event": event, "targetUrl": receiver.url});
        assert_eq!(post(&emulator, "/webhook-subscriptions", &body).await.status, 201);
    }
    let template = template(&emulator).await;
    let batch = begin(&emulator, &template, &json!({"variableSets": [{"who": "Ada"}, {}]})).await;
    let results = until(&emulator, &batch, is_over).await;
    assert_eq!(results["results"], json!([{"index": 0, "success": true, "variables": ["who"]}]));
    let mut told = Vec::new();
    for _ in 0..3 {
        let body: Value = serde_json::from_slice(&receiver.next().await.body).unwrap();
        told.push(body);
    }
    told.sort_by_key(|body| body["event"].to_string());
    let [of_batch, completed, failed] = told.try_into().unwrap();
    assert_eq!((&of_batch["data"]["batchId"], &of_batch["data"]["status"]), (&json!(batch), &json!("partial")));
    assert_eq!(completed["data"]["variables"], json!({"who": "Ada"}));
    assert_eq!(failed["data"]["errorCode"], "INVALID_VARIABLE");
}

/// Renders what the test lets through.
#[derive(Debug)]
struct Gate(Mutex<mpsc::Receiver<()>>);

impl Renderer for Gate {
    fn render(&self, page: &Page) -> Result<RenderedImage, RenderError> {
        self.0.lock().unwrap().recv().map_err(|_| RenderError::Failed("closed".to_owned()))?;
        Embedded::new().render(page)
    }
}

#[tokio::test]
async fn a_cancelled_batch_begins_nothing_more() {
    let (open, gate) = mpsc::channel();
    let emulator = Emulator::builder().renderer(Gate(Mutex::new(gate))).start().await.unwrap();
    let template = template(&emulator).await;
    let sets: Vec<_> = (0..10).map(|number| json!({"who": number.to_string()})).collect();
    let batch = begin(&emulator, &template, &json!({"variableSets": sets, "concurrency": 1})).await;
    open.send(()).unwrap();
    let results = until(&emulator, &batch, |results| results["completedItems"] == 1).await;
    assert_eq!((&results["status"], &results["progress"]), (&json!("processing"), &json!(10.0)));
    let path = format!("/templates/batch/{batch}/cancel");
    assert_eq!(post(&emulator, &path, &json!({})).await.json()["status"], "cancelled");
    // The item that was begun is rendered and stays billed.
    for _ in 0..9 {
        open.send(()).unwrap();
    }
    let results = until(&emulator, &batch, |results| results["completedItems"] == 2).await;
    assert_eq!(results["status"], "cancelled");
    let (status, text) = post(&emulator, &path, &json!({})).await.says();
    assert_eq!((status, text.as_str()), (409, "The batch is cancelled and cannot be cancelled"));
    for path in ["cancel", "results"] {
        let line = if path == "cancel" { "POST" } else { "GET" };
        let answer = crate::support::send(
            &emulator,
            &format!("{line} /templates/batch/NONE/{path}"),
            &[crate::support::KEY, crate::support::JSON],
            b"{}",
        )
        .await;
        assert_eq!(answer.says(), (404, "Batch not found".to_owned()));
    }
    assert_eq!(emulator.billed_renders(), 2);
}

#[tokio::test]
async fn the_next_server_goes_on_where_the_last_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (open, gate) = mpsc::channel();
    let emulator = Emulator::builder().data_dir(folder.path()).renderer(Gate(Mutex::new(gate))).start().await.unwrap();
    let template = template(&emulator).await;
    let sets: Vec<_> = (0..5).map(|number| json!({"who": number.to_string()})).collect();
    let batch = begin(&emulator, &template, &json!({"variableSets": sets, "concurrency": 1})).await;
    open.send(()).unwrap();
    open.send(()).unwrap();
    let before = until(&emulator, &batch, |results| results["completedItems"] == 2).await;
    emulator.shutdown().await;
    let emulator = Emulator::builder().data_dir(folder.path()).start().await.unwrap();
    let after = until(&emulator, &batch, is_over).await;
    assert_eq!((&after["status"], &after["completedItems"]), (&json!("completed"), &json!(5)));
    for index in 0..2 {
        let id = |results: &Value| results["results"][index]["results"][0]["id"].clone();
        assert_eq!(id(&before), id(&after), "what was rendered is not rendered again");
    }
    assert_eq!(emulator.billed_renders(), 5);
}

#[tokio::test]
async fn renders_end_with_the_month() {
    let emulator = Emulator::builder().renders_per_month(2).start().await.unwrap();
    let template = template(&emulator).await;
    let sets: Vec<_> = (0..4).map(|number| json!({"who": number.to_string()})).collect();
    let batch = begin(&emulator, &template, &json!({"variableSets": sets, "concurrency": 1})).await;
    let results = until(&emulator, &batch, is_over).await;
    assert_eq!((&results["completedItems"], &results["failedItems"]), (&json!(2), &json!(2)));
    assert_eq!(results["errors"][0]["error"], "Monthly renders used up.");
    assert_eq!(emulator.billed_renders(), 2);
}
