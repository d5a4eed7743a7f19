//! Workflows: documents from rows, by runs, hooks and previews.

use crate::support::{JSON, KEY, Response, get, post, send};
use pictify_emulator::{
    Emulator,
    render::{Embedded, Page, RenderError, RenderedImage, Renderer},
};
use serde_json::{Value, json};
use std::{
    sync::{Mutex, mpsc},
    time::Duration,
};

/// Creates a template of 40 by 20 pixels with one variable, and returns its uid.
async fn template(emulator: &Emulator) -> String {
    let body = json!({
        "name": "Certificate", "width": 40, "height": 20,
        "html": "<body style='margin:0;background:{{colour}}'></body>",
        "variableDefinitions": [{"name": "colour", "validation": {"maxLength": 8}}],
    });
    let created = post(emulator, "/templates", &body).await;
    created.json()["template"]["uid"].as_str().unwrap_or_else(|| panic!("{created:?}")).to_owned()
}

/// Starts a run of a template, and waits until it has ended.
async fn run(emulator: &Emulator, template: &str, rows: Value, delivery: Value) -> Value {
    let body = json!({"templateUid": template, "rows": rows, "columnMapping": {"colour": "c"}, "delivery": delivery});
    let started = post(emulator, "/workflow", &body).await;
    let uid = started.json()["run"]["uid"].as_str().unwrap_or_else(|| panic!("{started:?}")).to_owned();
    wait_until_ended(emulator, &format!("/workflow/{uid}")).await["run"].clone()
}

/// Polls a path until the run or job has ended, and returns the last response.
async fn wait_until_ended(emulator: &Emulator, path: &str) -> Value {
    let polling = async {
        loop {
            let response = get(emulator, path).await;
            assert_eq!(response.status, 200, "{response:?}");
            let body = response.json();
            let status = if body["run"].is_null() { &body["status"] } else { &body["run"]["status"] };
            if !["queued", "rendering", "running"].iter().any(|unfinished| status == unfinished) {
                return body;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), polling).await.expect("the work ends")
}

async fn colour(emulator: &Emulator, url: &Value) -> [u8; 3] {
    let path = url.as_str().and_then(|url| url.strip_prefix(emulator.url())).unwrap_or_else(|| panic!("{url}"));
    let image = image::load_from_memory(&get(emulator, path).await.body).unwrap().to_rgba8();
    assert_eq!(image.dimensions(), (40, 20));
    let [red, green, blue, _] = image.get_pixel(20, 10).0;
    [red, green, blue]
}

async fn delete(emulator: &Emulator, path: &str) -> Response {
    send(emulator, &format!("DELETE {path}"), &[KEY], b"").await
}

#[tokio::test]
async fn a_run_renders_a_document_for_each_row() {
    let emulator = Emulator::start().await.unwrap();
    let uid = template(&emulator).await;
    let rows = json!([{"c": "#ff0000"}, {"c": "much too long a value"}, {"c": "#0000ff", "email": "maya@example.com"}]);
    let run = run(&emulator, &uid, rows, json!({"email": true})).await;
    assert_eq!(run["status"], "completed");
    assert_eq!(run["counts"], json!({"total": 3, "rendered": 2, "delivered": 0, "failed": 1}));
    let items = run["items"].as_array().unwrap();
    for (index, colour_of_row) in [(0, [255, 0, 0]), (2, [0, 0, 255])] {
        let item = &items[index];
        assert_eq!((&item["index"], &item["status"]), (&json!(index), &json!("rendered")));
        assert_eq!(
            (&item["deliveryStatus"], &item["error"]),
            (&json!("queued"), &Value::Null),
            "the emulator sends no documents"
        );
        assert_eq!(colour(&emulator, &item["url"]).await, colour_of_row);
    }
    let error = "Variable \"colour\" has more than 8 characters";
    assert_eq!(items[1], json!({"index": 1, "status": "failed", "deliveryStatus": null, "error": error, "url": null}));

    // The documents are in the render history and in the ledger.
    let renders = get(&emulator, &format!("/render?template={uid}")).await.json();
    assert_eq!(renders["counts"]["ALL"], 2);
    let ledger = get(&emulator, "/_emulator/ledger").await.json();
    assert_eq!(ledger["renders"], 2);
    assert!(ledger["entries"].as_array().unwrap().iter().all(|entry| entry["operation"] == "createWorkflowRun"));

    let listed = get(&emulator, "/workflow").await.json();
    assert_eq!(listed["runs"][0]["uid"], run["uid"]);
    assert_eq!(listed["runs"][0].get("items"), None, "lists do not contain items");
    let stats = get(&emulator, "/workflow/stats").await.json();
    assert_eq!(stats, json!({"stats": {"totalRuns": 1, "documentsRendered": 2, "documentsDelivered": 0}}));
}

#[tokio::test]
async fn the_status_of_a_run_depends_on_its_rows() {
    let emulator = Emulator::start().await.unwrap();
    let uid = template(&emulator).await;
    let bad = json!({"c": "much too long a value"});
    for (rows, status) in [(json!([]), "completed"), (json!([bad, bad]), "failed"), (json!([{}, bad]), "completed")] {
        let run = run(&emulator, &uid, rows.clone(), json!({"email": false})).await;
        assert_eq!(run["status"], status, "{rows}");
        let items = run["items"].as_array().unwrap();
        assert!(items.iter().all(|item| item["deliveryStatus"].is_null()), "no delivery is configured: {items:?}");
    }
}

#[tokio::test]
async fn runs_and_hooks_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Emulator::builder().data_dir(folder.path()).start();
    let emulator = start().await.unwrap();
    let uid = template(&emulator).await;
    let before = run(&emulator, &uid, json!([{"c": "#ff0000"}]), json!({"email": true})).await;
    let hook = post(&emulator, "/workflow/hooks", &json!({"name": "x", "templateUid": uid})).await.json();
    emulator.shutdown().await;

    let emulator = start().await.unwrap();
    let after = get(&emulator, &format!("/workflow/{}", before["uid"].as_str().unwrap())).await.json()["run"].clone();
    assert_eq!((&after["status"], &after["counts"]), (&before["status"], &before["counts"]));
    assert_eq!(colour(&emulator, &after["items"][0]["url"]).await, [255, 0, 0]);
    let sent = post(&emulator, hook["hook"]["path"].as_str().unwrap(), &json!({"colour": "#00ff00"})).await;
    assert_eq!(sent.json(), json!({"accepted": true}));
    let stats = get(&emulator, "/workflow/stats").await.json();
    assert_eq!(stats["stats"]["totalRuns"], 2);
}

#[tokio::test]
async fn the_newest_runs_are_listed() {
    let emulator = Emulator::start().await.unwrap();
    let uid = template(&emulator).await;
    for number in 0..22 {
        let body = json!({"templateUid": uid, "rows": [], "packType": number.to_string()});
        assert_eq!(post(&emulator, "/workflow", &body).await.status, 200);
    }
    let runs = get(&emulator, "/workflow").await.json()["runs"].as_array().unwrap().clone();
    let numbers: Vec<_> = runs.iter().map(|run| run["packType"].as_str().unwrap().to_owned()).collect();
    assert_eq!(numbers, (2..22).rev().map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn rows_beyond_the_monthly_quota_fail() {
    let emulator = Emulator::builder().renders_per_month(1).start().await.unwrap();
    let uid = template(&emulator).await;
    let run = run(&emulator, &uid, json!([{"c": "red"}, {"c": "red"}]), json!({})).await;
    let errors: Vec<_> = run["items"].as_array().unwrap().iter().map(|item| item["error"].clone()).collect();
    assert_eq!(errors, [Value::Null, "Monthly renders used up.".into()]);
    let rejected = post(&emulator, "/workflow", &json!({"templateUid": uid, "rows": [{}]})).await;
    assert_eq!((rejected.status, &rejected.json()["code"]), (429, &json!("quota_exceeded")));
}

#[tokio::test]
async fn only_rendered_items_with_an_address_are_delivered_again() {
    let emulator = Emulator::start().await.unwrap();
    let uid = template(&emulator).await;
    let rows = json!([{"c": "red"}, {"c": "red", "to": "maya@example.com"}, {"c": "much too long", "to": "a@b.c"}]);
    let run = run(&emulator, &uid, rows, json!({"email": false})).await;
    let run = run["uid"].as_str().unwrap();
    let resend = |index: &'static str, body: Value| {
        let (emulator, path) = (&emulator, format!("/workflow/{run}/items/{index}/resend"));
        async move { post(emulator, &path, &body).await }
    };
    for (index, body) in [("1", json!({})), ("0", json!({"email": "other@example.com"}))] {
        let redelivered = resend(index, body).await.json();
        assert_eq!(
            (&redelivered["item"]["deliveryStatus"], &redelivered["item"]["error"]),
            (&json!("queued"), &Value::Null)
        );
        assert_eq!(redelivered["item"]["index"].to_string(), index);
        assert_eq!(redelivered["counts"], json!({"total": 3, "rendered": 2, "delivered": 0, "failed": 1}));
        let items = get(&emulator, &format!("/workflow/{run}")).await.json()["run"]["items"].clone();
        assert_eq!(items[index.parse::<usize>().unwrap()]["deliveryStatus"], "queued", "the status is stored");
    }
    for (index, body, status, message) in [
        ("0", json!({}), 400, "Row 0 has no email address: set email"),
        ("2", json!({}), 409, "Item 2 has not been rendered and cannot be delivered"),
        ("3", json!({}), 404, "Item not found"),
        ("x", json!({}), 400, "params/index x is not an integer from 0"),
        ("-1", json!({}), 400, "params/index -1 is not an integer from 0"),
    ] {
        assert_eq!(resend(index, body).await.status_and_message(), (status, message.to_owned()), "{index}");
    }
}

#[tokio::test]
async fn a_hook_renders_each_received_row() {
    let emulator = Emulator::start().await.unwrap();
    let uid = template(&emulator).await;
    let body =
        json!({"name": "Finished", "templateUid": uid, "columnMapping": {"colour": "c"}, "delivery": {"email": true}});
    let created = post(&emulator, "/workflow/hooks", &body).await.json()["hook"].clone();
    let path = created["path"].as_str().unwrap();
    assert_eq!(created["url"], format!("{}{path}", emulator.url()));

    // The secret in the path authenticates the sender, so no API key is needed.
    let sent = send(&emulator, &format!("POST {path}"), &[JSON], br##"{"c": "#00ff00"}"##).await;
    assert_eq!((sent.status, sent.json()), (200, json!({"accepted": true})));
    let runs = get(&emulator, "/workflow").await.json()["runs"].clone();
    assert_eq!((&runs[0]["hookUid"], &runs[0]["counts"]["total"]), (&created["uid"], &json!(1)));
    let run = wait_until_ended(&emulator, &format!("/workflow/{}", runs[0]["uid"].as_str().unwrap())).await;
    let item = &run["run"]["items"][0];
    assert_eq!(item["deliveryStatus"], "queued");
    assert_eq!(colour(&emulator, &item["url"]).await, [0, 255, 0]);

    let secret = path.rsplit('/').next().unwrap();
    let listed = get(&emulator, "/workflow/hooks").await;
    assert_eq!(listed.json()["hooks"][0]["uid"], created["uid"]);
    for (source, response) in [("list", &listed), ("page", &get(&emulator, "/").await)] {
        let text = String::from_utf8_lossy(&response.body);
        assert!(!text.contains(secret), "the {source} contains the secret: {text}");
    }

    let wrong = format!("{}{}", &path[..path.len() - secret.len()], secret.to_uppercase());
    assert_eq!(post(&emulator, &wrong, &json!({})).await.status, 401);
    let hook = format!("/workflow/hooks/{}", created["uid"].as_str().unwrap());
    assert_eq!(delete(&emulator, &hook).await.json(), json!({"success": true}));
    assert_eq!(delete(&emulator, &hook).await.status, 404);
    assert_eq!(
        post(&emulator, path, &json!({})).await.status_and_message(),
        (404, "Workflow hook not found".to_owned())
    );
    assert_eq!(get(&emulator, "/workflow/hooks").await.json(), json!({"hooks": []}));
    assert_eq!(emulator.billed_renders(), 1);
}

#[tokio::test]
async fn a_preview_renders_one_row() {
    let emulator = Emulator::start().await.unwrap();
    let uid = template(&emulator).await;
    for (format, ending) in [(json!("png"), "png"), (json!("webp"), "webp"), (Value::Null, "png")] {
        let mut body = json!({"templateUid": uid, "row": {"c": "#0000ff"}, "columnMapping": {"colour": "c"}});
        if !format.is_null() {
            body["outputFormat"] = format;
        }
        let preview = post(&emulator, "/workflow/preview", &body).await.json();
        assert_eq!((&preview["width"], &preview["height"]), (&json!(40), &json!(20)));
        assert!(preview["url"].as_str().unwrap().ends_with(ending), "{preview}");
        assert_eq!(colour(&emulator, &preview["url"]).await, [0, 0, 255], "from the mapped column");
    }
    // A variable without a mapping uses the column with its name.
    let unmapped = json!({"templateUid": uid, "row": {"colour": "#ff0000"}});
    let preview = post(&emulator, "/workflow/preview", &unmapped).await.json();
    assert_eq!(colour(&emulator, &preview["url"]).await, [255, 0, 0]);
    for format in ["mp4", "gif", "pdf"] {
        let body = json!({"templateUid": uid, "row": {}, "outputFormat": format});
        let rejected = post(&emulator, "/workflow/preview", &body).await;
        assert_eq!((rejected.status, &rejected.json()["code"]), (400, &json!("output_format_mismatch")), "{format}");
    }
    // A template with the output format pdf becomes a PDF.
    let template = json!({"name": "letter", "html": "<p>{{colour}}", "outputFormat": "pdf", "pdfPreset": "A5"});
    let uid = post(&emulator, "/templates", &template).await.json()["template"]["uid"].clone();
    let preview = post(&emulator, "/workflow/preview", &json!({"templateUid": uid, "row": {"colour": "red"}})).await;
    let path = preview.json()["url"].as_str().unwrap().strip_prefix(emulator.url()).unwrap().to_owned();
    assert!(get(&emulator, &path).await.body.starts_with(b"%PDF"));
}

#[tokio::test]
async fn the_preview_of_a_video_is_an_asynchronous_job() {
    let emulator = Emulator::start().await.unwrap();
    let tsx = "import {z} from 'zod'; import {useCurrentFrame} from 'remotion';
        export const schema = z.object({colour: z.string().max(8).default('#ffffff')});
        export default ({colour}) => <p style={{margin: 0, height: 20, width: 40 - useCurrentFrame(), background: colour}} />;";
    let body = json!({"name": "Bar", "kind": "tsx", "tsx": tsx, "width": 40, "height": 20, "durationInFrames": 10});
    let video = post(&emulator, "/video/templates", &body).await.json()["template"]["uid"].clone();
    for (format, row, expected) in [
        (None, json!({"c": "#0000ff"}), Ok([0, 0, 255])),
        (Some("gif"), json!({"c": "#ff0000"}), Ok([255, 0, 0])),
        (Some("mp4"), json!({}), Err("The emulator cannot render mp4 files: use the format gif")),
        (Some("gif"), json!({"c": "much too long"}), Err("Variable \"colour\" is more than 8 characters")),
    ] {
        let mut body = json!({"templateUid": video, "row": row, "columnMapping": {"colour": "c"}});
        if let Some(format) = format {
            body["outputFormat"] = format.into();
        }
        let queued = post(&emulator, "/workflow/preview", &body).await;
        assert_eq!(queued.status, 202, "{queued:?}");
        let queued = queued.json();
        assert_eq!(queued["status"], "queued");
        let job =
            wait_until_ended(&emulator, &format!("/workflow/preview/{}", queued["jobId"].as_str().unwrap())).await;
        match expected {
            Ok(expected) => {
                assert_eq!(
                    (&job["status"], &job["width"], &job["height"]),
                    (&json!("completed"), &json!(40), &json!(20)),
                    "{job}"
                );
                assert_eq!(colour(&emulator, &job["url"]).await, expected);
            }
            Err(message) => assert_eq!(job, json!({"status": "failed", "message": message})),
        }
    }
    let png = json!({"templateUid": video, "row": {}, "outputFormat": "png"});
    let rejected = post(&emulator, "/workflow/preview", &png).await;
    assert_eq!((rejected.status, &rejected.json()["code"]), (400, &json!("output_format_mismatch")));

    // The default format of a run is one that the emulator can render.
    let run = run(&emulator, video.as_str().unwrap(), json!([{"c": "#0000ff"}]), json!({})).await;
    assert!(run["items"][0]["url"].to_string().ends_with(".gif\""), "{run}");
    assert_eq!(emulator.billed_renders(), 3);
}

#[tokio::test]
async fn missing_documents_are_not_found() {
    let emulator = Emulator::start().await.unwrap();
    for (path, body, message) in [
        ("/workflow", json!({"templateUid": "NONE", "rows": []}), "Template not found"),
        ("/workflow/hooks", json!({"templateUid": "NONE", "name": "x"}), "Template not found"),
        ("/workflow/preview", json!({"templateUid": "NONE", "row": {}}), "Template not found"),
        ("/workflow/hooks/NONE/secret", json!({}), "Workflow hook not found"),
        ("/workflow/NONE/items/0/resend", json!({}), "Workflow run not found"),
    ] {
        assert_eq!(post(&emulator, path, &body).await.status_and_message(), (404, message.to_owned()), "{path}");
    }
    for (path, message) in
        [("/workflow/NONE", "Workflow run not found"), ("/workflow/preview/NONE", "Workflow preview not found")]
    {
        assert_eq!(get(&emulator, path).await.status_and_message(), (404, message.to_owned()), "{path}");
    }
}

/// Renderer that reports the start of each render, and waits for a message of the test before it continues.
#[derive(Debug)]
struct Gate {
    start_sender: mpsc::Sender<()>,
    go: Mutex<mpsc::Receiver<()>>,
}

impl Renderer for Gate {
    fn render(&self, page: &Page) -> Result<RenderedImage, RenderError> {
        let _ = self.start_sender.send(());
        let _ = self.go.lock().unwrap().recv();
        Embedded::new().render(page)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_fails_when_its_server_stops() {
    let folder = tempfile::tempdir().unwrap();
    let ((start_sender, started), (open, go)) = (mpsc::channel(), mpsc::channel());
    let gate = Gate { start_sender, go: Mutex::new(go) };
    let emulator = Emulator::builder().data_dir(folder.path()).renderer(gate).start().await.unwrap();
    let uid = template(&emulator).await;
    let body = json!({"templateUid": uid, "rows": [{}, {}, {}]});
    let run = post(&emulator, "/workflow", &body).await.json()["run"]["uid"].clone();
    let started = tokio::task::spawn_blocking(move || started.recv().map(|()| started)).await.unwrap().unwrap();
    emulator.shutdown().await;
    open.send(()).unwrap();
    let next = tokio::task::spawn_blocking(move || started.recv()).await.unwrap();
    assert!(next.is_err(), "the second row is not started, and the renderer is dropped");

    let emulator = Emulator::builder().data_dir(folder.path()).start().await.unwrap();
    let run = get(&emulator, &format!("/workflow/{}", run.as_str().unwrap())).await.json()["run"].clone();
    assert_eq!((&run["status"], &run["counts"]["failed"]), (&json!("failed"), &json!(3)), "{run}");
}
