//! Pages loaded from a URL, and remote resources of pages.

use crate::support::{get, post, site::start_site};
use pictify_emulator::{EgressPolicy, Emulator};
use serde_json::{Value, json};
use std::collections::HashMap;

fn png(colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(4, 4, image::Rgb(colour)).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

const HTML: &str = "Content-Type: text/html; charset=utf-8";

async fn pixels(emulator: &Emulator, body: &Value, places: &[(u32, u32)]) -> Vec<[u8; 3]> {
    let image = crate::support::render_image(emulator, body).await;
    places.iter().map(|(x, y)| image.get_pixel(*x, *y).0[..3].try_into().unwrap()).collect()
}

const RED: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 255, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const WHITE: [u8; 3] = [255, 255, 255];

#[tokio::test]
async fn images_and_style_sheets_of_a_page_are_loaded() {
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let page = "<link rel=stylesheet href='css/main.css'><link rel=stylesheet href=none.css>
        <style>#d { background: url('red.png?a=1&b=2') }</style>
        <body><img src=/red.png><div id=b></div><img src=none.png><div id=d></div>";
    let css = "body { margin: 0 } img, div { position: absolute; top: 0; width: 10px; height: 10px }
        #b { left: 10px; background: url(../blue.png) } img:last-of-type { left: 20px } #d { left: 30px }";
    let site = start_site(HashMap::from([
        ("/here/page", (HTML, page.as_bytes().to_vec())),
        ("/here/css/main.css", ("Content-Type: text/css", css.as_bytes().to_vec())),
        ("/red.png", ("Content-Type: image/png", png([255, 0, 0]))),
        ("/here/red.png?a=1&b=2", ("Content-Type: image/png", png([0, 255, 0]))),
        ("/here/blue.png", ("Content-Type: image/png", png([0, 0, 255]))),
    ]))
    .await;
    let places = [(5, 5), (15, 5), (25, 5), (35, 5)];
    let live = json!({"url": format!("{site}/here/page"), "width": 40, "height": 10});
    assert_eq!(pixels(&emulator, &live, &places).await, [RED, BLUE, WHITE, GREEN]);

    // HTML in the request can also reference remote resources. The URL can be an image instead of a page.
    let html = format!(
        "<body style='margin:0;background:url({site}/here/blue.png)'><img style='display:block' src='{site}/red.png'>"
    );
    let inline = json!({"html": html, "width": 40, "height": 10});
    assert_eq!(pixels(&emulator, &inline, &[(2, 2), (20, 8)]).await, [RED, BLUE]);
    let image_only = json!({"url": format!("{site}/red.png"), "width": 8, "height": 8});
    assert_eq!(pixels(&emulator, &image_only, &[(2, 2), (6, 6)]).await, [RED, WHITE]);
}

#[tokio::test]
async fn a_page_that_cannot_be_loaded_is_an_error() {
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let restricted = Emulator::start().await.unwrap();
    let site = start_site(HashMap::from([
        ("/away", ("Location: http://10.0.0.1/", Vec::new())),
        ("/data", ("Content-Type: application/pdf", b"%PDF".to_vec())),
        ("/large", (HTML, vec![b' '; 4 * 1024 * 1024 + 1])),
    ]))
    .await;
    for (emulator, url, code, message) in [
        (&emulator, format!("{site}/none"), "url_fetch_failed", "127.0.0.1 returned status 404"),
        (&emulator, format!("{site}/data"), "url_fetch_failed", "is not a page: its content type is application/pdf"),
        (&emulator, format!("{site}/large"), "url_fetch_failed", "more than 4194304 bytes"),
        (&emulator, "ftp://example.org/".to_owned(), "url_fetch_failed", "its scheme is ftp:"),
        (&restricted, format!("{site}/none"), "blocked_url", "127.0.0.1 is not an address"),
        (&restricted, "http://localhost:1/".to_owned(), "blocked_url", "localhost is not an address"),
        (&emulator, "http://192.168.0.1/".to_owned(), "blocked_url", "192.168.0.1 is not an address"),
    ] {
        for path in ["/image", "/gif", "/gif/capture"] {
            let response = post(emulator, path, &json!({"url": url})).await;
            let body = response.json();
            assert_eq!((response.status, &body["code"]), (422, &json!(code)), "{path} {url}: {body}");
            assert!(body["error"].as_str().unwrap().contains(message), "{body}");
        }
    }
    // The target of a redirect is checked like the first URL.
    let mut receiver =
        crate::support::receiver::Receiver::start(vec![("302 Found\r\nLocation: http://10.0.0.1/", String::new())])
            .await;
    let response = post(&emulator, "/image", &json!({"url": receiver.url})).await;
    assert_eq!((response.status, &response.json()["code"]), (422, &json!("blocked_url")));
    receiver.next().await;
    assert_eq!(emulator.billed_renders(), 0);
}

#[tokio::test]
async fn example_com_is_built_in() {
    let emulator = Emulator::start().await.unwrap();
    let page = json!({"url": "https://example.com/any", "width": 800, "height": 400});
    let colours = pixels(&emulator, &page, &[(5, 5)]).await;
    assert_eq!(colours, [[244, 244, 251]]);
    let response = post(
        &emulator,
        "/gif/capture",
        &json!({"url": "https://example.com", "width": 800, "height": 600,
        "quality": "low", "frameDurationSeconds": 1}),
    )
    .await;
    let body = response.json();
    assert_eq!(response.status, 200, "{body}");
    assert_eq!(
        (&body["gif"]["animationLength"], &body["metadata"]["frameCount"]),
        (&json!(1000), &json!(10)),
        "{body}"
    );
    let path = body["gif"]["url"].as_str().unwrap().strip_prefix(emulator.url()).unwrap().to_owned();
    assert!(get(&emulator, &path).await.body.starts_with(b"GIF89a"));
}
