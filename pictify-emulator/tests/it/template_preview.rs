//! Previews of designs: rendered, but neither stored nor billed.

use crate::support::{JSON, KEY, get, post, send};
use base64::{Engine, engine::general_purpose::STANDARD};
use image::{GenericImageView, ImageFormat};
use pictify_emulator::Emulator;
use serde_json::{Value, json};

/// Requests a preview and decodes its data URL.
async fn preview(emulator: &Emulator, body: &Value) -> (Value, String, Vec<u8>) {
    let response = post(emulator, "/templates/preview", body).await;
    assert_eq!(response.status, 200, "{response:?}");
    let preview = response.json();
    let (head, data) = preview["dataUrl"].as_str().unwrap().split_once(";base64,").unwrap();
    (preview.clone(), head.to_owned(), STANDARD.decode(data).unwrap())
}

#[tokio::test]
async fn a_preview_contains_the_image_and_leaves_nothing_behind() {
    let emulator = Emulator::builder().renders_per_month(0).start().await.unwrap();
    let html = "<body style='margin:0;background:{{color}}'>";
    let canvas = json!({"version": "5.3.0", "background": "{{color}}", "objects": []});
    let red = json!({"color": "#ff0000"});
    let default = json!([{"name": "color", "type": "color", "defaultValue": "#ff0000"}]);
    for (body, kind, format, size) in [
        (json!({"html": html, "variables": red, "width": 30, "height": 20}), "png", ImageFormat::Png, (30, 20)),
        (
            json!({"fabricJSData": canvas, "variables": red, "width": 30, "height": 20}),
            "png",
            ImageFormat::Png,
            (30, 20),
        ),
        (json!({"html": html, "variableDefinitions": default}), "png", ImageFormat::Png, (1080, 1080)),
        (
            json!({"html": html, "variables": red, "width": 8, "height": 9, "format": "jpeg"}),
            "jpeg",
            ImageFormat::Jpeg,
            (8, 9),
        ),
        (
            json!({"html": html, "variables": red, "width": 8, "height": 9, "format": "webp"}),
            "webp",
            ImageFormat::WebP,
            (8, 9),
        ),
    ] {
        let (preview, head, bytes) = preview(&emulator, &body).await;
        assert_eq!(head, format!("data:image/{kind}"));
        assert_eq!((&preview["width"], &preview["height"]), (&json!(size.0), &json!(size.1)), "{body}");
        assert_eq!(preview["format"], kind);
        assert_eq!(image::guess_format(&bytes).unwrap(), format);
        let image = image::load_from_memory(&bytes).unwrap();
        let pixel = image.get_pixel(size.0 / 2, size.1 / 2).0;
        assert!(image.dimensions() == size && pixel[0] > 240 && pixel[1] < 15, "{pixel:?}");
    }
    assert_eq!(emulator.billed_renders(), 0);
    assert_eq!(get(&emulator, "/render").await.json()["renders"], json!([]));
    assert_eq!(get(&emulator, "/templates").await.json()["templates"], json!([]));
}

#[tokio::test]
async fn a_preview_fails_as_a_template_would() {
    let emulator = Emulator::start().await.unwrap();
    for (body, status, code) in [
        (json!({}), 400, None),
        (json!({"html": "x", "fabricJSData": {"objects": []}}), 400, None),
        (json!({"html": "{{#if a}}"}), 422, Some("HANDLEBARS_COMPILE_ERROR")),
        (json!({"html": "{{{a}}}"}), 422, Some("RAW_HTML_NOT_ALLOWED")),
        (json!({"html": "{{a}}", "strictVariables": true}), 422, Some("UNDEFINED_VARIABLE")),
        (json!({"html": "x".repeat(500 * 1024 + 1)}), 413, Some("TEMPLATE_TOO_LARGE")),
        (json!({"html": "<p>still", "format": "gif"}), 422, Some("NO_FRAMES_CAPTURED")),
    ] {
        let response = post(&emulator, "/templates/preview", &body).await;
        assert_eq!((response.status, response.json()["code"].as_str()), (status, code), "{response:?}");
    }
    assert_eq!(send(&emulator, "POST /templates/preview", &[JSON], b"{}").await.status, 401);
}

#[tokio::test]
async fn a_key_has_60_previews_a_minute() {
    let emulator = Emulator::start().await.unwrap();
    for remaining in (0..60).rev() {
        let response = post(&emulator, "/templates/preview", &json!({})).await;
        assert_eq!(response.status, 400);
        assert_eq!(response.header("x-ratelimit-remaining"), Some(&*remaining.to_string()));
    }
    let rejected = post(&emulator, "/templates/preview", &json!({})).await;
    let wait: u32 = rejected.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!((rejected.status, rejected.header("x-ratelimit-limit")), (429, Some("60")));
    let other = ["Authorization: Bearer other", JSON];
    assert_eq!(send(&emulator, "POST /templates/preview", &other, b"{}").await.status, 400, "a limit for each key");
    let unlimited = send(&emulator, "GET /templates", &[KEY], b"").await;
    assert_eq!((unlimited.status, unlimited.header("x-ratelimit-limit")), (200, None), "a limit of this operation");
}
