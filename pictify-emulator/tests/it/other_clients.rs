//! Requests of published clients: the MCP server, the n8n node and the web application. The official Python client runs
//! against the emulator in `tests/conformance`.

use crate::support::{KEY, ok, send};
use pictify_emulator::{Emulator, html_templates::HtmlTemplate, variables::VariableDefinition};
use serde_json::{Value, json};

const MOVING: &str = "<style>@keyframes a{to{margin-left:9px}} p{margin:0;width:3px;height:3px;background:red;animation:a \
    1s linear infinite}</style><p>";

const SCENE: &str = "import {z} from 'zod'; import {useCurrentFrame} from 'remotion';
    export const schema = z.object({color: z.string().default('#ff0000').describe('color')});
    export default ({color}) => <div style={{width: useCurrentFrame() + 1, height: 20, background: color}} />;";

/// Request of a client, and the response that it reads.
struct Exchange {
    line: String,
    body: Option<Value>,
    status: u16,
    /// Members that the client reads, by JSON pointer. `null` means any value but null.
    reads: Vec<(&'static str, Value)>,
}

fn exchange<const N: usize>(
    line: impl Into<String>,
    body: impl Into<Option<Value>>,
    status: u16,
    reads: [(&'static str, Value); N],
) -> Exchange {
    Exchange { line: line.into(), body: body.into(), status, reads: reads.into() }
}

/// Sends the requests with the headers of a client, and compares the responses.
async fn assert_exchanges(emulator: &Emulator, headers: &[&str], exchanges: Vec<Exchange>) {
    for Exchange { line, body, status, reads } in exchanges {
        let text = body.as_ref().map(Value::to_string).unwrap_or_default();
        let json = body.is_some().then_some("Content-Type: application/json");
        let headers: Vec<_> = headers.iter().copied().chain(json).collect();
        let response = send(emulator, &line, &headers, text.as_bytes()).await;
        assert_eq!(response.status, status, "{line} {text}: {response:?}");
        let found = response.json();
        for (pointer, expected) in reads {
            let value = found.pointer(pointer).unwrap_or(&Value::Null);
            let matches = if expected.is_null() { !value.is_null() } else { *value == expected };
            assert!(matches, "{line} {text}: {pointer} is {value}, not {expected}, in {found}");
        }
    }
}

async fn html_template(emulator: &Emulator) -> String {
    let body = json!({"name": "Card", "engine": "html", "html": "<p>{{title}}</p>", "width": 60, "height": 40,
        "layouts": {"wide": {"name": "Wide", "width": 80, "height": 40}}});
    ok(emulator, "POST /templates", body).await["template"]["uid"].as_str().unwrap().to_owned()
}

async fn video_template(emulator: &Emulator) -> String {
    let body = json!({"name": "Bar", "kind": "tsx", "tsx": SCENE, "width": 40, "height": 20, "durationInFrames": 5});
    ok(emulator, "POST /video/templates", body).await["template"]["uid"].as_str().unwrap().to_owned()
}

const ANY: Value = Value::Null;

#[tokio::test]
async fn the_requests_of_the_mcp_server_work() {
    let emulator = Emulator::start().await.unwrap();
    let (uid, video) = (html_template(&emulator).await, video_template(&emulator).await);
    // A body has a content type; a request without a body has none.
    let headers = [KEY, "User-Agent: @pictify/mcp-server/0.5.0", "X-Pictify-MCP-Source: claude"];
    let exchanges: Vec<_> = [templates_of_the_mcp_server(&uid), videos_of_the_mcp_server(&video), deletions(&uid)]
        .into_iter()
        .flatten()
        .collect();
    assert_exchanges(&emulator, &headers, exchanges).await;
}

fn templates_of_the_mcp_server(uid: &str) -> Vec<Exchange> {
    let canvas = json!({"version": "5.3.0", "objects": []});
    let title = json!({"title": "Hi"});
    let definition = json!([{"name": "title", "type": "text", "defaultValue": "", "description": "The large line"}]);
    vec![
        exchange(
            "GET /templates?page=1&limit=12&sort=newest&outputFormat=all",
            None,
            200,
            [("/templates/0/uid", json!(uid)), ("/pagination/total", json!(1))],
        ),
        exchange(format!("GET /templates/{uid}"), None, 200, [("/template/name", json!("Card"))]),
        exchange(format!("GET /templates/{uid}/variables"), None, 200, [("/variables/0/name", json!("title"))]),
        exchange("POST /templates", json!({"name": "A", "html": "<b>{{x}}</b>"}), 200, [("/template/uid", ANY)]),
        exchange(
            "POST /templates",
            json!({"name": "B", "fabricJSData": canvas, "width": 50, "height": 50, "type": "card",
            "category": "team", "tags": ["a"], "variableDefinitions": definition, "outputFormat": "image"}),
            200,
            [("/template/engine", json!("fabric")), ("/template/tags", json!(["a"]))],
        ),
        exchange(
            format!("PUT /templates/{uid}"),
            json!({"name": "Card 2", "variableDefinitions": definition}),
            200,
            [("/template/name", json!("Card 2"))],
        ),
        exchange(
            format!("POST /templates/{uid}/render"),
            json!({"format": "png", "quality": 0.9}),
            200,
            [("/results/0/url", ANY), ("/totalRendered", json!(1)), ("/totalErrors", json!(0))],
        ),
        exchange(
            format!("POST /templates/{uid}/render"),
            json!({"variables": title, "format": "jpeg", "quality": 0.9, "layouts": ["default", "wide"]}),
            200,
            [("/results/1/layout", json!("wide")), ("/results/1/width", json!(80)), ("/templateUid", json!(uid))],
        ),
        exchange(
            format!("POST /templates/{uid}/render"),
            json!({"format": "pdf", "quality": 0.9, "variableSets": [title, title], "preset": "Letter"}),
            200,
            [("/results/0/format", json!("pdf")), ("/totalRendered", json!(1))],
        ),
        exchange(
            format!("POST /templates/{uid}/multi-size-render"),
            json!({"variables": title, "sizes": [{"preset": "email-header"}, {"width": 20, "height": 10}], "format": "png",
            "quality": 0.9}),
            200,
            [("/results/1/size/width", json!(20)), ("/totalErrors", json!(0))],
        ),
        exchange(
            format!("POST /templates/{uid}/batch-render"),
            json!({"format": "png", "quality": 0.9, "concurrency": 5, "variableSets": [title]}),
            202,
            [("/batchId", ANY), ("/totalItems", json!(1)), ("/status", json!("pending"))],
        ),
        exchange("GET /templates/batch/none/results", None, 404, [("/message", ANY)]),
        exchange("POST /templates/batch/none/cancel", None, 404, [("/message", ANY)]),
        exchange(
            "POST /image",
            json!({"html": "<p>x", "width": 30, "height": 20, "fileExtension": "png"}),
            200,
            [("/url", ANY), ("/id", ANY)],
        ),
        exchange(
            "GET /render?format=PNG&limit=24&offset=0",
            None,
            200,
            [("/renders/0/url", ANY), ("/counts/PNG", ANY)],
        ),
        exchange("GET /image?limit=30&offset=0", None, 200, [("/images/0/url", ANY)]),
        exchange(
            "POST /templates/expression/validate",
            json!({"expression": "a +"}),
            200,
            [("/valid", json!(false)), ("/error", ANY)],
        ),
        exchange("GET /templates/expression/functions", None, 200, [("/functions/0/name", ANY)]),
    ]
}

fn videos_of_the_mcp_server(video: &str) -> Vec<Exchange> {
    vec![
        exchange("GET /video/templates", None, 200, [("/templates/0/kind", json!("tsx"))]),
        exchange(
            format!("GET /video/templates/{video}/variables"),
            None,
            200,
            [("/variables/0/type", json!("color")), ("/templateName", json!("Bar"))],
        ),
        exchange(
            "POST /video/templates",
            json!({"name": "Own", "kind": "tsx", "tsx": SCENE, "width": 40, "height": 20,
            "fps": 10, "durationInFrames": 10, "status": "draft"}),
            200,
            [("/template/uid", ANY), ("/template/variableDefinitions/0/name", json!("color"))],
        ),
        exchange(
            format!("POST /video/templates/{video}/render"),
            json!({"format": "gif"}),
            200,
            [("/url", ANY), ("/durationInFrames", json!(5)), ("/format", json!("gif"))],
        ),
        exchange(format!("POST /video/templates/{video}/duplicate"), None, 200, [("/template/status", json!("draft"))]),
        exchange(
            format!("PUT /video/templates/{video}"),
            json!({"name": "Bar 2"}),
            200,
            [("/template/name", json!("Bar 2"))],
        ),
        exchange(format!("DELETE /video/templates/{video}"), None, 200, []),
    ]
}

fn deletions(uid: &str) -> Vec<Exchange> {
    vec![
        exchange(format!("DELETE /templates/{uid}"), None, 200, []),
        exchange(format!("GET /templates/{uid}"), None, 404, [("/message", ANY)]),
    ]
}

#[tokio::test]
async fn the_requests_of_the_n8n_node_work() {
    let emulator = Emulator::start().await.unwrap();
    let uid = html_template(&emulator).await;
    let headers = [KEY, "User-Agent: n8n-nodes-pictify/1.0.2", "Accept: application/json"];
    let title = json!({"title": "Hi"});
    let exchanges = vec![
        exchange("GET /templates?limit=1", None, 200, [("/templates/0/uid", json!(uid))]),
        exchange("GET /templates", None, 200, [("/templates/0/uid", json!(uid))]),
        exchange(format!("GET /templates/{uid}"), None, 200, [("/template/uid", json!(uid))]),
        exchange("GET /templates/a%2Fb", None, 404, [("/message", ANY)]),
        exchange(
            format!("POST /templates/{uid}/render"),
            json!({"variables": {}, "format": "png"}),
            200,
            [("/results/0/url", ANY)],
        ),
        exchange(
            format!("POST /templates/{uid}/render"),
            json!({"variables": title, "format": "webp", "quality": 0.8, "width": 90, "height": 30, "layout": "wide"}),
            200,
            [("/results/0/layout", json!("wide")), ("/results/0/width", json!(90))],
        ),
        exchange(
            format!("POST /templates/{uid}/render"),
            json!({"variables": title, "format": "pdf"}),
            200,
            [("/results/0/format", json!("pdf"))],
        ),
        exchange(
            format!("POST /templates/{uid}/render"),
            json!({"variables": title, "format": "pdf", "width": 300, "height": 200}),
            200,
            [("/results/0/width", json!(300))],
        ),
        exchange(
            "POST /image",
            json!({"html": "<p>x", "width": 1280, "height": 720, "fileExtension": "jpg"}),
            200,
            [("/url", ANY)],
        ),
        exchange(
            "POST /gif",
            json!({"width": 20, "height": 10, "quality": "medium", "html": MOVING}),
            200,
            [("/gif/url", ANY), ("/gif/uid", ANY)],
        ),
        exchange("POST /gif", json!({"quality": "low", "template": uid, "variables": title}), 422, [("/error", ANY)]),
        exchange(
            format!("POST /templates/{uid}/batch-render"),
            json!({"variableSets": [title, title], "format": "jpg", "quality": 0.9, "concurrency": 5}),
            202,
            [("/batchId", ANY), ("/totalItems", json!(2))],
        ),
    ];
    assert_exchanges(&emulator, &headers, exchanges).await;
}

#[tokio::test]
async fn the_requests_of_the_web_application_work() {
    let emulator = Emulator::start().await.unwrap();
    let (uid, video) = (html_template(&emulator).await, video_template(&emulator).await);
    let origin = format!("Origin: {}", emulator.url());
    let headers = [KEY, &*origin];
    let exchanges = vec![
        exchange(
            "POST /image",
            json!({"html": "<p>x", "url": "", "width": 60, "height": 40, "selector": ""}),
            200,
            [("/url", ANY)],
        ),
        exchange("POST /image", json!({"html": "<p>x", "width": 600, "height": null}), 200, [("/url", ANY)]),
        exchange(
            "POST /image",
            json!({"template": uid, "variables": {"title": "Hi"}, "format": "png"}),
            200,
            [("/url", ANY)],
        ),
        exchange(
            "POST /gif",
            json!({"html": MOVING, "url": "", "width": 20, "height": 10, "framesPerSecond": 5}),
            200,
            [("/gif/url", ANY)],
        ),
        exchange(
            "POST /templates/preview",
            json!({"html": "<p>{{title}}</p>", "variables": {"title": "Hi"},
            "variableDefinitions": [{"name": "title", "type": "text"}], "width": 60, "height": 40, "format": "png",
            "jsEnabled": false, "strictVariables": false}),
            200,
            [("/dataUrl", ANY), ("/width", json!(60))],
        ),
        exchange("GET /templates/search?q=card&page=1&limit=12", None, 200, [("/templates/0/uid", json!(uid))]),
        exchange(
            "POST /templates/expression/interpolate",
            json!({"text": "Hello {{capitalize(name)}}", "variables": {"name": "ada"}}),
            200,
            [("/result", json!("Hello Ada"))],
        ),
        exchange("POST /templates/batch/none/cancel", json!({}), 404, [("/message", ANY)]),
        exchange("GET /gif?limit=30&offset=0", None, 200, [("/pagination/total", json!(1))]),
        exchange(
            "POST /workflow/preview",
            json!({"templateUid": video, "row": {"c": "#00ff00"},
            "columnMapping": {"color": "c"}, "outputFormat": "gif"}),
            202,
            [("/jobId", ANY), ("/status", json!("queued"))],
        ),
        exchange("GET /api/users/", None, 200, [("/user/email", ANY)]),
        exchange("GET /api/users/plans", None, 200, [("/monthlyLimit", ANY)]),
    ];
    assert_exchanges(&emulator, &headers, exchanges).await;
    // A beacon sends one event as text, without a key.
    let event = json!({"event": "impression", "experiment": "none"}).to_string();
    let beacon = send(&emulator, "POST /s/events", &["Content-Type: text/plain", &*origin], event.as_bytes()).await;
    assert_eq!((beacon.status, &beacon.json()["errors"][0]["index"]), (200, &json!(0)), "{beacon:?}");
}

/// Snippets that the web application and the official skill insert, with the texts that they promise.
#[test]
fn the_snippets_of_the_web_application_render_their_texts() {
    let data = json!({
        "price": 42, "count": 1234, "ratio": 0.72, "createdAt": "2026-04-18T14:30:00Z", "day": "2026-04-23",
        "name": " jane ", "title": "hello world", "body": "Lorem ipsum dolor sit amet, consectetur", "empty": [],
        "tags": ["new", "sale"], "exact": 42.349, "amounts": [1000, 234], "scores": [85, 90], "isPremium": true,
        "items": [{"name": "Mug", "price": 12.5}, {"name": "Pen", "price": 3}], "user": {"name": "Ada"},
    });
    for (source, text) in [
        (r#"{{currency price "USD"}}"#, "$42.00"),
        ("{{number count}}", "1,234"),
        ("{{percent ratio}}", "72%"),
        ("{{date createdAt}}", "Apr 18, 2026"),
        (r#"{{date createdAt "short"}}"#, "Apr 18, 2026"),
        (r#"{{date createdAt "long"}}"#, "April 18, 2026"),
        (r#"{{date createdAt "YYYY-MM-DD"}}"#, "2026-04-18"),
        (r#"{{date day "short"}}"#, "Apr 23, 2026"),
        ("{{time createdAt}}", "2:30 PM"),
        ("{{uppercase (trim name)}}", "JANE"),
        ("{{titleCase title}}", "Hello World"),
        (r#"{{truncate body 26 "…"}}"#, "Lorem ipsum dolor sit amet…"),
        (r#"{{default nobody "Guest"}}"#, "Guest"),
        ("{{coalesce nobody nothing title}}", "hello world"),
        (r#"{{#if (isEmpty empty)}}none{{/if}}{{#if (contains tags "new")}}!{{/if}}"#, "none!"),
        ("{{round exact 2}} {{sum amounts}} {{average scores}}", "42.35 1234 87.5"),
        (r#"{{currency (sum amounts) "USD"}}"#, "$1,234.00"),
        ("{{#if isPremium}}Pro{{else}}Free{{/if}}{{#unless isPremium}}!{{/unless}}", "Pro"),
        (
            r#"{{#each items}}<li>{{this.name}}: {{currency this.price "USD"}}</li>{{/each}}"#,
            "<li>Mug: $12.50</li><li>Pen: $3.00</li>",
        ),
        ("{{#each tags}}{{@index}}. {{this}}{{#unless @last}}, {{/unless}}{{/each}}", "0. new, 1. sale"),
        ("{{#with user}}{{name}}{{/with}} {{user.name}}", "Ada Ada"),
    ] {
        let template = HtmlTemplate::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
        let definitions = VariableDefinition::read_all(&json!([]));
        let rendered = template.render(data.as_object().unwrap(), &definitions, false);
        assert_eq!(rendered.as_deref(), Ok(text), "{source}");
    }
}
