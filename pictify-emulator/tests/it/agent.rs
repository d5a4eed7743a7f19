//! Screenshots from a prompt: the chosen element, the event stream, and errors.

use crate::support::{get, post, site::start_site};
use pictify_emulator::{EgressPolicy, Emulator};
use serde_json::{Value, json};
use std::collections::HashMap;

const HTML: &str = "Content-Type: text/html; charset=utf-8";

/// Page with a part for each rule. The table is below the viewport.
pub const SHOP: &str = "<!doctype html><title>Pricing</title><style>
    body { margin: 0; font-family: sans-serif } .hero { height: 200px; background: #102040; color: white }
    #features { height: 300px; background: #00ff00 } .spacer { height: 900px }
    .pricing { display: block; width: 300px; height: 120px; background: #ff0000 }
    form { width: 200px; height: 80px; background: #0000ff } .old-news { display: none }
    .news { width: 150px; height: 60px; background: #ffff00 }</style>
    <div class=hero><h1>Rent a boat</h1><p>By the hour.</p></div>
    <section id=features><h2>Features</h2><ul><li>Oars</ul></section>
    <div class=spacer></div>
    <table class=pricing><tr><td>Boat<td>10</table>
    <section style='width:250px;height:90px;background:#00ffff'><h2>Opening hours</h2><p>Daily</p></section>
    <form aria-label='Newsletter sign-up'><input></form>
    <div class='news old-news'>hidden</div><div class=news>Boats are back</div>";

/// Page without anything to find.
const TALL: &str = "<body style='margin:0;background:#ff00ff'><div style='height:100vh'></div>
    <div style='height:50px;overflow:hidden'><p style='height:9000px'>x</div><p style='height:450px;margin:0'>end";

async fn start() -> (Emulator, String) {
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let site = start_site(HashMap::from([
        ("/shop", (HTML, SHOP.as_bytes().to_vec())),
        ("/tall", (HTML, TALL.as_bytes().to_vec())),
    ]))
    .await;
    (emulator, site)
}

/// Returns the size and a pixel of the stored file.
pub async fn image_of(emulator: &Emulator, url: &Value) -> (u32, u32, [u8; 3]) {
    let path = url.as_str().unwrap().strip_prefix(emulator.url()).unwrap();
    let body = get(emulator, path).await.body;
    let image = image::load_from_memory(&body).unwrap().to_rgb8();
    let (width, height) = image.dimensions();
    (width, height, image.get_pixel(width - 3, height - 3).0)
}

async fn take(emulator: &Emulator, prompt: &str) -> Value {
    let response = post(emulator, "/image/agent-screenshot", &json!({"prompt": prompt})).await;
    assert_eq!(response.status, 200, "{prompt}: {response:?}");
    response.json()
}

#[tokio::test]
async fn the_element_of_the_prompt_is_captured() {
    let (emulator, site) = start().await;
    let cases = [
        ("Capture the pricing table on", (300, 120, [255, 0, 0]), "table.pricing"),
        ("the hero of", (1280, 200, [16, 32, 64]), "div.hero"),
        ("Please show me the features section at", (1280, 300, [0, 255, 0]), "#features"),
        ("opening hours on", (250, 90, [0, 255, 255]), ""),
        ("The newsletter form, see", (200, 80, [0, 0, 255]), "form"),
        // The first element with that class has no box.
        ("news from", (150, 60, [255, 255, 0]), ""),
    ];
    for (prompt, expected, selector) in cases {
        let prompt = format!("{prompt} {site}/shop.");
        let shot = take(&emulator, &prompt).await;
        assert_eq!(image_of(&emulator, &shot["url"]).await, expected, "{shot}");
        let metadata = &shot["metadata"];
        assert_eq!((&metadata["prompt"], &metadata["url"]), (&json!(prompt), &json!(format!("{site}/shop"))));
        assert!(metadata["executionTime"].is_u64(), "{metadata}");
        if !selector.is_empty() {
            assert_eq!(metadata["selector"], selector);
        }
        // The selector in the metadata finds the same element.
        if let Some(selector) = metadata["selector"].as_str() {
            let body = json!({"url": metadata["url"], "selector": selector});
            let image = post(&emulator, "/image", &body).await.json();
            assert_eq!(image_of(&emulator, &image["url"]).await, expected, "{selector}");
        }
    }
    let hero = take(&emulator, &format!("the hero of {site}/shop")).await;
    assert_eq!(hero["metadata"]["elementDescription"], "div \"Rent a boat\"");
    assert!(emulator.billed_renders() > 6);
}

#[tokio::test]
async fn without_a_match_the_whole_page_is_captured() {
    let (emulator, site) = start().await;
    for (prompt, size) in [("unicorns on", (1280, 720)), ("Screenshot of", (1280, 720)), ("a unicorn at", (800, 300))] {
        let body = json!({"prompt": format!("{prompt} {site}/tall"), "width": size.0, "height": size.1});
        let shot = post(&emulator, "/image/agent-screenshot", &body).await.json();
        // Content that an element clips does not make the page higher.
        let expected = (size.0, size.1 + 500, [255, 0, 255]);
        assert_eq!(image_of(&emulator, &shot["url"]).await, expected, "{shot}");
        assert_eq!(shot["metadata"]["selector"], Value::Null);
        assert_eq!(shot["metadata"]["elementDescription"], "whole page");
    }
    let example = take(&emulator, "Capture the pricing table on example.com").await;
    assert_eq!(example["metadata"]["url"], "https://example.com/");
    assert_eq!(emulator.billed_renders(), 4);
}

/// Returns the events of a stream.
async fn events(emulator: &Emulator, body: &Value) -> Vec<Value> {
    let response = post(emulator, "/image/agent-screenshot-stream", body).await;
    assert_eq!(response.status, 200, "{response:?}");
    assert!(response.header("content-type").unwrap().starts_with("text/event-stream"));
    let text = String::from_utf8_lossy(&response.body).into_owned();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_stream_tells_each_step() {
    let (emulator, site) = start().await;
    // The field `url` goes before the prompt.
    let events = events(&emulator, &json!({"prompt": "pricing on example.com", "url": format!("{site}/shop")})).await;
    let expected = ["connected", "start", "progress", "progress", "progress", "complete", "saved", "end"];
    assert_eq!(types(&events), expected);
    let steps: Vec<_> = events[2..5].iter().map(|event| event["data"]["step"].clone()).collect();
    assert_eq!(steps, ["navigating", "matching", "capturing"]);
    assert!(events.iter().all(|event| event["data"]["timestamp"].is_string()));
    let saved = &events[6]["data"];
    assert_eq!(image_of(&emulator, &saved["url"]).await, (300, 120, [255, 0, 0]));
    assert_eq!(saved["metadata"]["selector"], "table.pricing");
    let id = saved["id"].as_str().unwrap();
    assert_eq!(get(&emulator, &format!("/image/{id}")).await.json()["image"]["url"], saved["url"]);
    assert_eq!(emulator.billed_renders(), 1);
}

#[tokio::test]
async fn errors_have_the_formats_of_the_contract() {
    let (emulator, site) = start().await;
    let restricted = Emulator::start().await.unwrap();
    for path in ["/image/agent-screenshot", "/image/agent-screenshot-stream"] {
        for (body, message) in [
            (json!({"prompt": "the pricing table"}), "The prompt must contain the URL or the host of a page"),
            (json!({"prompt": " "}), "Prompt is required"),
            (json!({"prompt": "x", "url": "ftp://example.com/"}), "its scheme is ftp:"),
        ] {
            let (status, found) = post(&emulator, path, &body).await.status_and_message();
            assert!(status == 400 && found.contains(message), "{path} {body}: {status} {found}");
        }
    }
    for (emulator, url, details) in [
        (&emulator, format!("{site}/none"), "127.0.0.1 returned status 404"),
        (&restricted, format!("{site}/shop"), "127.0.0.1 is not an address that the emulator may connect to"),
        (&emulator, "http://10.1.2.3/".to_owned(), "10.1.2.3 is not an address that the emulator may connect to"),
    ] {
        let body = json!({"prompt": format!("pricing on {url}")});
        let response = post(emulator, "/image/agent-screenshot", &body).await;
        let error = response.json();
        assert_eq!((response.status, &error["error"]), (500, &json!("Agent screenshot failed")));
        assert!(error["details"].as_str().unwrap().contains(details), "{error}");
        let events = events(emulator, &body).await;
        assert_eq!(types(&events), ["connected", "start", "progress", "error", "end"]);
        assert!(events[3]["data"]["error"].as_str().unwrap().contains(details), "{events:?}");
        assert_eq!(emulator.billed_renders(), 0);
    }
    let limited = Emulator::builder().renders_per_month(1).start().await.unwrap();
    take(&limited, "example.com").await;
    for path in ["/image/agent-screenshot", "/image/agent-screenshot-stream"] {
        let response = post(&limited, path, &json!({"prompt": "example.com"})).await;
        assert_eq!((response.status, &response.json()["code"]), (429, &json!("quota_exceeded")));
    }
}

#[tokio::test]
async fn hostile_pages_and_prompts_are_handled() {
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let pages: HashMap<&'static str, (&'static str, Vec<u8>)> = HashMap::from([
        ("/deep", (HTML, "<div class=pricing>".repeat(60_000).into_bytes())),
        ("/many", (HTML, "<i>pricing</i>".repeat(60_000).into_bytes())),
        ("/marked", (HTML, b"<p data-pictify-capture=0>x</p><p class=pricing>y</p>".to_vec())),
        ("/binary", (HTML, vec![0xff, 0x00, b'<', 0xc3, b'>', b'<', b'/'])),
        ("/zero", (HTML, b"<p class=pricing style='width:0;height:0;margin:0'></p>".to_vec())),
        ("/empty", (HTML, Vec::new())),
    ]);
    let site = start_site(pages).await;
    for (path, status) in
        [("deep", 500), ("many", 500), ("marked", 200), ("binary", 200), ("zero", 200), ("empty", 200)]
    {
        let body = json!({"prompt": format!("pricing on {site}/{path}")});
        let response = post(&emulator, "/image/agent-screenshot", &body).await;
        assert_eq!(response.status, status, "{path}: {response:?}");
    }
    for prompt in [
        "\u{0}\u{202e} example.com",
        "example.com:99999",
        "https://example.com:0/../..",
        "'s .com 's",
        "(((((example.com",
    ] {
        let status = post(&emulator, "/image/agent-screenshot", &json!({"prompt": prompt})).await.status;
        assert!([200, 400].contains(&status), "{prompt}: {status}");
    }
}
