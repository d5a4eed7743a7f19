//! The HTML dashboard.

use crate::support::{create, get, post, send};
use pictify_emulator::Emulator;
use serde_json::json;

#[tokio::test]
async fn the_dashboard_lists_renders_and_requests_and_escapes_them() {
    let emulator = Emulator::start().await.unwrap();
    let empty = send(&emulator, "GET /", &[], b"").await;
    let text = String::from_utf8(empty.body.clone()).unwrap();
    assert!(text.contains("Nothing was rendered yet."), "{text}");
    assert!(empty.header("content-security-policy").unwrap().starts_with("default-src 'none'"));

    let image = create(&emulator, "<p>x", 20, 10).await.json();
    let definition = json!([{"name": "colour", "defaultValue": "\"><script>"}]);
    let template = json!({"name": "<script>alert(1)</script>", "html": "<body style='margin:0;background:{{colour}}'>",
        "variableDefinitions": definition, "width": 20, "height": 10});
    let template = post(&emulator, "/templates", &template).await.json();
    get(&emulator, "/templates/%3Cscript%3E").await;
    let page = send(&emulator, "GET /", &[], b"").await;
    let text = String::from_utf8(page.body).unwrap();
    let file = image["url"].as_str().unwrap().strip_prefix(emulator.url()).unwrap();
    for expected in [file, "PNG 20 × 10", "&lt;script&gt;alert(1)", "<b>1</b> renders billed", "POST /image"] {
        assert!(text.contains(expected), "{expected} is missing: {text}");
    }
    assert_eq!(text.matches("<script").count(), 1, "its own script only");

    let uid = template["template"]["uid"].as_str().unwrap();
    let preview = send(&emulator, &format!("GET /_emulator/preview/{uid}.png?colour=%23ff0000"), &[], b"").await;
    let rendered = image::load_from_memory(&preview.body).unwrap().to_rgb8();
    assert_eq!((rendered.width(), rendered.get_pixel(5, 5).0), (20, [255, 0, 0]));
    assert_eq!(emulator.billed_renders(), 1, "a preview costs nothing");
    assert_eq!(send(&emulator, "GET /_emulator/preview/none.png", &[], b"").await.status, 404);
    assert_eq!(send(&emulator, "GET /_emulator/dashboard.js", &[], b"").await.status, 200);
}
