//! Hostile pages: each ends in an image or in a typed error, and the server keeps running.

use crate::support::{create, get, post};
use pictify_emulator::Emulator;
use serde_json::{Value, json};
use std::{io::ErrorKind, net::TcpListener};

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().concat()
}

fn svg(content: &str) -> String {
    format!(r#"<svg width="40" height="40" xmlns="http://www.w3.org/2000/svg">{content}</svg>"#)
}

/// Returns an SVG with eleven levels of ten `use` elements each.
fn use_bomb() -> String {
    let group = |level: u32| {
        let uses = format!(r##"<use href="#a{}"/>"##, level - 1).repeat(10);
        format!(r#"<g id="a{level}">{uses}</g>"#)
    };
    let groups = join((1..12).map(group));
    svg(&format!(r##"<defs><g id="a0"><rect width="9" height="9"/></g>{groups}</defs><use href="#a11"/>"##))
}

/// Returns an image element with the header of a PNG of this size and no pixel data.
fn png_header(width: u32, height: u32) -> String {
    let size: Vec<u8> = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let chunk = [b"IHDR".as_slice(), &size, &[8, 6, 0, 0, 0]].concat();
    let bytes = [b"\x89PNG\r\n\x1a\n\0\0\0\x0d".as_slice(), &chunk, &crc(&chunk).to_be_bytes()].concat();
    let hex = join(bytes.iter().map(|byte| format!("%{byte:02x}")));
    format!(r#"<img src="data:image/png,{hex}">"#)
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[tokio::test]
async fn pages_over_the_limits_are_rejected() {
    let emulator = Emulator::start().await.unwrap();
    for (html, error) in [
        ("<div>".repeat(10_000), "element nesting exceeded the maximum depth of 512"),
        ("x ".repeat(2_500_000), "The page has 5000000 bytes of text, more than the 1048576"),
        ("<p>x".repeat(50_000), "elements and text nodes, more than the 50000"),
        ("x".repeat(9_000_000), "The page has 9000000 bytes of HTML, more than the 8388608"),
        (png_header(30_000, 30_000), "The page has 900000000 pixels in images, more than the 67108864"),
        (png_header(4_000, 4_000).repeat(5), "An image in the page cannot be read"),
    ] {
        let (status, found) = create(&emulator, &html, 40, 40).await.status_and_message();
        assert!(status == 422 && found.contains(error), "{status} {found}");
    }
    let (status, error) = post(&emulator, "/image", &with_selector(&":is(".repeat(5_000))).await.status_and_message();
    assert!(status == 422 && error.len() < 400, "{status} {error}");
    assert_eq!(create(&emulator, "x", 9, 9).await.status, 200, "the server keeps running");
}

fn with_selector(selector: &str) -> Value {
    json!({"html": "<p>x</p>".repeat(50), "width": 40, "height": 40, "selector": selector})
}

#[tokio::test]
async fn expensive_pages_render_within_the_limits() {
    let emulator = Emulator::start().await.unwrap();
    let variables = join((1..30).map(|n| format!("--a{n}:{};", format!("var(--a{}) ", n - 1).repeat(10))));
    let rules = join((0..2_000).map(|n| format!(".c{n} p > a {{ color: red }}")));
    for html in [
        "<div style=display:flex>".repeat(500),
        "<b>".repeat(500),
        "<!--".repeat(100_000),
        "<".repeat(20_000),
        format!("<style>{}</style>x", "a{".repeat(20_000)),
        format!("<style>{rules}</style><p class=c1>x"),
        format!("<style>p {{ width: {}1px }}</style><p>x", "calc(".repeat(20_000)),
        format!("<style>:root {{ --a0: xxxxxxxx; {variables} }} p {{ width: var(--a29) }}</style><p>x"),
        r#"<p style="font-size:1000000px">W"#.to_owned(),
        r#"<div style="width:20000px;height:20000px;background:red">x"#.to_owned(),
        r#"<div style="width:1e9px;height:1e9px;background:radial-gradient(red,blue);border-radius:50%;filter:blur(9px)">x"#.to_owned(),
        r#"<div style="width:99999999px;height:9px;border:1px dotted red">x"#.to_owned(),
        r#"<div style="display:grid;grid-template-columns:repeat(1000000,1fr)"><p style="grid-area:999999/999999">x"#.to_owned(),
        format!("<table><tr>{}", "<td colspan=1000 rowspan=65534>x".repeat(50)),
        r#"<svg width="1000000" height="1000000"><circle r="400000"/></svg>"#.to_owned(),
        svg(r#"<filter id="f"><feGaussianBlur stdDeviation="99999"/></filter><rect filter="url(#f)" width="40" height="40"/>"#),
        use_bomb(),
        "<style>@keyframes a { to { opacity: 0 } } p { animation: a 1ms infinite }</style><p>x".to_owned(),
        "<script>while (true) {}</script>x".to_owned(),
        format!("\u{0}\u{1}\u{202e}{}", "e\u{301}\u{202e}".repeat(2_000)),
        "<ol reversed>".repeat(50) + &"<li>x".repeat(500),
    ] {
        let response = create(&emulator, &html, 40, 40).await;
        let start: String = html.chars().take(60).collect();
        assert_eq!(response.status, 200, "{start}: {}", String::from_utf8_lossy(&response.body));
    }
}

#[tokio::test]
async fn the_largest_image_with_effects_renders() {
    let emulator = Emulator::start().await.unwrap();
    let html = r#"<body style="background:linear-gradient(red,blue)"><p style="text-shadow:0 0 9px #000">x</p>
        <div style="width:300px;height:300px;filter:blur(9px);box-shadow:0 0 20px red">x</div>"#;
    assert_eq!(create(&emulator, html, 4096, 4096).await.status, 200);
}

#[tokio::test]
async fn pages_cannot_make_the_server_fetch_local_addresses_or_files() {
    let emulator = Emulator::start().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let trap = format!("http://{}/x", listener.local_addr().unwrap());
    let secret = std::env::current_exe().unwrap();
    let secret = secret.display();
    let html = format!(
        r#"<style>@import url({trap}); @import "file://{secret}"; @font-face {{ font-family: f; src: url({trap}) }}
            body {{ background: url({trap}), url(file://{secret}); font-family: f }}</style>
        <link rel="stylesheet" href="{trap}"><base href="{trap}">
        <img src="{trap}"><img src="{secret}"><img src="file://{secret}"><img srcset="{trap} 2x">
        <iframe src="{trap}"></iframe><object data="{trap}"></object><script src="{trap}"></script>
        <svg><image href="{trap}"/><use href="{trap}#a"/></svg><video src="{trap}" poster="{trap}"></video>x"#
    );
    assert_eq!(create(&emulator, &html, 40, 40).await.status, 200);
    let error = listener.accept().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "a connection would be pending");
}

#[tokio::test]
async fn concurrent_requests_are_all_served() {
    let emulator = std::sync::Arc::new(Emulator::start().await.unwrap());
    let tasks: Vec<_> = (0..12)
        .map(|n| {
            let emulator = emulator.clone();
            tokio::spawn(async move { create(&emulator, &format!("<p>{n}"), 30, 30).await.status })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 200);
    }
    assert_eq!(get(&emulator, "/image").await.json()["pagination"]["total"], 12);
}
