//! Content and size of the pages of PDF files.

use crate::support::{
    Response, get,
    pdf::{filled_rects, image_count, link_rect, near, pdf, sizes, text, title},
    post,
    receiver::Receiver,
};
use pictify_emulator::{EgressPolicy, Emulator};
use serde_json::{Value, json};
use std::time::Duration;

/// HTML of a page that is red from edge to edge.
const RED: &str = "<body style='margin:0'><div style='height:100vh;background:red'></div>";

async fn template(emulator: &Emulator, template: Value) -> String {
    let response = post(emulator, "/templates", &template).await;
    response.json()["template"]["uid"].as_str().unwrap_or_else(|| panic!("{response:?}")).to_owned()
}

async fn html_template(emulator: &Emulator, html: &str) -> String {
    template(emulator, json!({"name": "t", "html": html})).await
}

async fn render(emulator: &Emulator, uid: &str, options: Value) -> Response {
    post(emulator, "/pdf/render", &json!({"templateUid": uid, "options": options})).await
}

#[tokio::test]
async fn a_page_has_the_size_of_its_preset() {
    let emulator = Emulator::start().await.unwrap();
    let uid = html_template(&emulator, "x").await;
    for (options, preset, size) in [
        (json!({}), "A4", (595.28, 841.89)),
        (json!({"preset": "A4"}), "A4", (595.28, 841.89)),
        (json!({"preset": "Letter"}), "Letter", (612.0, 792.0)),
        (json!({"preset": "Legal"}), "Legal", (612.0, 1008.0)),
        (json!({"preset": "A3"}), "A3", (841.89, 1190.55)),
        (json!({"preset": "A5"}), "A5", (419.53, 595.28)),
        (json!({"preset": "Tabloid"}), "Tabloid", (792.0, 1224.0)),
        (json!({"preset": "A5", "landscape": true}), "A5", (595.28, 419.53)),
        (json!({"preset": "A5", "landscape": false}), "A5", (419.53, 595.28)),
        (json!({"preset": "custom", "customSize": {"width": 400, "height": 200}}), "custom", (300.0, 150.0)),
    ] {
        let response = render(&emulator, &uid, options.clone()).await;
        assert_eq!(sizes(&pdf(&emulator, &response).await), [size], "{options}");
        let body = response.json();
        assert_eq!((&body["preset"], &body["pageCount"]), (&json!(preset), &json!(1)));
        let stated = ["width", "height"].map(|side| body["pageSize"][side].as_f64().unwrap());
        assert!(
            (stated[0] - f64::from(size.0)).abs() + (stated[1] - f64::from(size.1)).abs() < 0.01,
            "{options}: {stated:?}"
        );
    }
}

#[tokio::test]
async fn a_template_render_accepts_template_presets_and_returns_the_size_in_pixels() {
    let emulator = Emulator::start().await.unwrap();
    let plain = html_template(&emulator, "x").await;
    let letter =
        template(&emulator, json!({"name": "t", "html": "x", "outputFormat": "pdf", "pdfPreset": "LETTER"})).await;
    for (uid, body, size, pixels) in [
        (&plain, json!({}), (595.28, 841.89), (794, 1123)),
        (&plain, json!({"preset": "A4_LANDSCAPE"}), (841.89, 595.28), (1123, 794)),
        (&plain, json!({"preset": "LETTER_LANDSCAPE"}), (792.0, 612.0), (1056, 816)),
        (&plain, json!({"preset": "LEGAL"}), (612.0, 1008.0), (816, 1344)),
        (&plain, json!({"preset": "TABLOID"}), (792.0, 1224.0), (1056, 1632)),
        (&plain, json!({"width": 400, "height": 200}), (300.0, 150.0), (400, 200)),
        (&letter, json!({}), (612.0, 792.0), (816, 1056)),
        (&letter, json!({"preset": "A3"}), (841.89, 1190.55), (1123, 1587)),
    ] {
        let mut body = body;
        body["format"] = json!("pdf");
        let response = post(&emulator, &format!("/templates/{uid}/render"), &body).await;
        let result = &response.json()["results"][0];
        assert_eq!((&result["format"], &result["layout"]), (&json!("pdf"), &json!("default")), "{body}: {response:?}");
        assert_eq!((&result["width"], &result["height"]), (&json!(pixels.0), &json!(pixels.1)), "{body}");
        let file = get(&emulator, result["url"].as_str().unwrap().strip_prefix(emulator.url()).unwrap()).await;
        assert_eq!(sizes(&lopdf::Document::load_mem(&file.body).unwrap()), [size], "{body}");
    }
}

#[tokio::test]
async fn each_variable_set_becomes_a_page_with_selectable_text() {
    let emulator = Emulator::start().await.unwrap();
    let uid = html_template(&emulator, "<h1>{{title}}</h1><p>Größe {{n}}, {{#each items}}{{this}} {{/each}}</p>").await;
    let sets = json!([
        {"title": "First page", "n": 1, "items": ["a", "b"]},
        {"title": "Second page", "n": 22, "items": []},
        {"title": "Third page", "n": 333, "items": ["only"]},
    ]);
    let body = json!({"templateUid": uid, "variableSets": sets, "options": {"title": "Größen"}});
    let response = post(&emulator, "/pdf/multi-page", &body).await;
    assert_eq!(response.json()["pageCount"], 3);
    let file = pdf(&emulator, &response).await;
    let pages = [1, 2, 3].map(|page| text(&file, page));
    assert_eq!(pages, ["First page Größe 1, a b", "Second page Größe 22,", "Third page Größe 333, only"]);
    assert_eq!(title(&file).as_deref(), Some("Größen"));
    assert_eq!(emulator.billed_renders(), 3, "one render per page");

    let body = json!({"format": "pdf", "variables": {"title": "Same", "n": 0}, "variableSets": [{"n": 1}, {"n": 2}]});
    let response = post(&emulator, &format!("/templates/{uid}/render"), &body).await.json();
    let url = response["results"][0]["url"].as_str().unwrap_or_else(|| panic!("{response}"));
    let file = get(&emulator, url.strip_prefix(emulator.url()).unwrap()).await;
    let file = lopdf::Document::load_mem(&file.body).unwrap();
    assert_eq!([1, 2].map(|page| text(&file, page)), ["Same Größe 1,", "Same Größe 2,"]);

    let listed = get(&emulator, "/render?format=PDF").await.json();
    assert_eq!((&listed["pagination"]["total"], &listed["renders"][1]["pageCount"]), (&json!(2), &json!(3)));
    let page = String::from_utf8(get(&emulator, "/").await.body).unwrap();
    let first_page =
        format!("<img src=\"/_emulator/ui/renders/{}/pages/1\"", listed["renders"][1]["id"].as_str().unwrap());
    assert!(
        page.contains("3 pages") && page.contains(&first_page),
        "the gallery draws the first page of a PDF: {page}"
    );
    assert!(!page.contains("<img src=\"/media/"), "a browser cannot show a PDF as an image");
}

#[tokio::test]
async fn the_content_fills_the_page_inside_the_margins() {
    let emulator = Emulator::start().await.unwrap();
    let uid = html_template(&emulator, RED).await;
    for (options, expected) in [
        (json!({}), [0.0, 0.0, 595.28, 841.89]),
        (json!({"margins": {"top": 40, "right": 20, "bottom": 80, "left": 100}}), [75.0, 60.0, 580.28, 811.89]),
        (json!({"margins": {"left": 100}, "landscape": true}), [75.0, 0.0, 841.89, 595.28]),
        (json!({"margins": {"left": 100}, "scale": 0.5}), [75.0, 0.0, 595.28, 841.89]),
        (json!({"margins": {"top": 100.5}, "scale": 2}), [0.0, 0.0, 595.28, 766.5]),
    ] {
        let found = filled_rects(&pdf(&emulator, &render(&emulator, &uid, options.clone()).await).await);
        assert!(found.iter().any(|block| near(block, &expected)), "{options}: {found:?}, not {expected:?}");
    }
}

#[tokio::test]
async fn content_is_scaled_and_shrunk_to_the_width_of_the_page() {
    let emulator = Emulator::start().await.unwrap();
    for (width, options, expected) in [
        (200, json!({}), [0.0, 150.0]),
        (200, json!({"scale": 0.5}), [0.0, 75.0]),
        (200, json!({"scale": 2}), [0.0, 300.0]),
        // Wider content is shrunk to fit, at most to half of its size.
        (1000, json!({}), [0.0, 595.28]),
        (1587, json!({}), [0.0, 595.28]),
        (3174, json!({}), [0.0, 1190.55]),
    ] {
        let body = format!("<body style='margin:0'><div style='width:{width}px;height:9px;background:red'></div>");
        let uid = html_template(&emulator, &body).await;
        let found = filled_rects(&pdf(&emulator, &render(&emulator, &uid, options.clone()).await).await);
        assert!(found.iter().any(|block| near(&[block[0], block[2]], &expected)), "{width} {options}: {found:?}");
    }
}

#[tokio::test]
async fn a_link_has_the_position_of_its_text() {
    let emulator = Emulator::start().await.unwrap();
    let page =
        "<body style='margin:0'><a href='https://example.com' style='display:block;width:200px;height:40px'>x</a>";
    let uid = html_template(&emulator, page).await;
    for (options, expected) in [
        (json!({}), [0.0, 811.89, 150.0, 841.89]),
        (json!({"scale": 0.5, "margins": {"left": 20, "top": 40}}), [15.0, 796.89, 90.0, 811.89]),
    ] {
        let found = link_rect(&pdf(&emulator, &render(&emulator, &uid, options.clone()).await).await);
        assert!(near(&found, &expected), "{options}: {found:?}, not {expected:?}");
    }
}

#[tokio::test]
async fn print_background_false_removes_backgrounds() {
    let emulator = Emulator::start().await.unwrap();
    let uid = html_template(&emulator, "<body style='background:#eef'><p style='background:red'>x</p>").await;
    let file = pdf(&emulator, &render(&emulator, &uid, json!({"margins": {"left": 40}})).await).await;
    let found = filled_rects(&file);
    assert!(found.iter().any(|block| near(block, &[30.0, 0.0, 595.28, 841.89])), "{found:?}");
    let file = pdf(&emulator, &render(&emulator, &uid, json!({"printBackground": false})).await).await;
    assert_eq!((filled_rects(&file), text(&file, 1)), (vec![], "x".to_owned()));
}

#[tokio::test]
async fn print_media_rules_apply() {
    let emulator = Emulator::start().await.unwrap();
    let css = "<style>@media print { .screen { display: none } } @media screen { .print { display: none } }</style>";
    let uid = html_template(&emulator, &format!("{css}<p class=screen>screen</p><p class=print>print</p>")).await;
    assert_eq!(text(&pdf(&emulator, &render(&emulator, &uid, json!({})).await).await, 1), "print");
}

#[tokio::test]
async fn content_that_does_not_fit_on_its_page_is_cut() {
    let emulator = Emulator::start().await.unwrap();
    let rows = (0..200).map(|row| format!("<p>row{row}</p>")).collect::<Vec<_>>().concat();
    let uid = html_template(&emulator, &rows).await;
    let file = pdf(&emulator, &render(&emulator, &uid, json!({})).await).await;
    let text = text(&file, 1);
    assert_eq!(sizes(&file).len(), 1);
    assert!(text.starts_with("row0 row1 row2") && !text.contains("row99"), "{text}");
}

#[tokio::test]
async fn a_page_with_an_unsupported_filter_is_embedded_as_an_image() {
    let emulator = Emulator::start().await.unwrap();
    for (filter, expected, count) in [("none", "Hello", 0), ("sepia(1)", "Hello", 0), ("blur(2px)", "", 1)] {
        let uid = html_template(&emulator, &format!("<p style='filter:{filter}'>Hello</p>")).await;
        let file = pdf(&emulator, &render(&emulator, &uid, json!({"margins": {"top": 9}})).await).await;
        assert_eq!((text(&file, 1).as_str(), image_count(&file, 1)), (expected, count), "{filter}");
    }
}

#[tokio::test]
async fn a_canvas_is_scaled_to_fit_and_centred_and_its_text_is_selectable() {
    let emulator = Emulator::start().await.unwrap();
    let canvas = json!({"version": "5.3.0", "objects": [
        {"type": "rect", "left": 0, "top": 0, "width": 1000, "height": 500, "strokeWidth": 0, "fill": "red"},
        {"type": "textbox", "left": 100, "top": 100, "width": 800, "fontSize": 60, "text": "Hello {{name}}"},
    ]});
    let uid = template(&emulator, json!({"name": "t", "fabricJSData": canvas, "width": 1000, "height": 500})).await;
    let sets = json!([{"name": "Ada"}, {"name": "Grace"}]);
    let size = json!({"preset": "custom", "customSize": {"width": 500, "height": 500}, "margins": {"left": 100}});
    let body = json!({"templateUid": uid, "variableSets": sets, "options": size});
    let file = pdf(&emulator, &post(&emulator, "/pdf/multi-page", &body).await).await;
    assert_eq!([1, 2].map(|page| text(&file, page)), ["Hello Ada", "Hello Grace"]);
    let found = filled_rects(&file);
    let expected = [75.0, 112.5, 375.0, 262.5];
    assert!(found.iter().any(|block| near(block, &expected)), "{found:?}, not {expected:?}");
}

#[tokio::test]
async fn the_presets_are_listed_with_their_sizes_in_points() {
    let emulator = Emulator::start().await.unwrap();
    let presets = get(&emulator, "/pdf/presets").await.json()["presets"].clone();
    let names: Vec<_> = presets.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["A4", "Letter", "Legal", "A3", "A5", "Tabloid"]);
    assert_eq!(presets["Letter"], json!({"name": "Letter", "width": 612.0, "height": 792.0}));
}

#[tokio::test]
async fn rejected_requests_are_not_billed() {
    let emulator = Emulator::start().await.unwrap();
    let plain = html_template(&emulator, "{{n}}").await;
    let broken = html_template(&emulator, "<img src='data:image/png,nothing'>").await;
    let large = html_template(&emulator, &"{{n}}".repeat(20)).await;
    let long = html_template(&emulator, "<div style='height:1e9px'>x</div>").await;
    let blurred = html_template(&emulator, "<p style='filter:blur(2px)'>x").await;
    let one = |uid: &str, options: Value| ("/pdf/render", json!({"templateUid": uid, "options": options}));
    let many = |uid: &str, count: usize| {
        ("/pdf/multi-page", json!({"templateUid": uid, "variableSets": vec![json!({}); count]}))
    };
    let custom = |side: u32| json!({"preset": "custom", "customSize": {"width": side, "height": side}});
    let rendered = format!("/templates/{plain}/render");
    let larger = format!("/templates/{large}/render");
    let values = json!({"format": "pdf", "variables": {"n": "x".repeat(20_000)}, "variableSets": vec![json!({}); 100]});
    for ((path, body), status, error) in [
        (one("none", json!({})), 404, "Template none not found"),
        (("/pdf/render", json!({})), 400, "templateUid"),
        (one(&plain, json!({"preset": "A9"})), 400, "Unknown preset A9: use one of A4, Letter, Legal, A3, A5, Tabloid"),
        (one(&plain, json!({"preset": "custom"})), 400, "The preset custom needs customSize"),
        (one(&plain, json!({"preset": "custom", "customSize": {"width": 0, "height": 9}})), 400, "customSize/width"),
        (one(&plain, custom(19_201)), 400, "A page must have 1 to 19200 pixels per side, not 19201 by 19201"),
        (
            one(&plain, json!({"margins": {"left": 400, "right": 400}})),
            400,
            "The margins leave no space for content on a page of 794",
        ),
        (one(&plain, json!({"margins": {"top": 1e300}})), 400, "The margins leave no space"),
        (one(&plain, json!({"margins": {"top": -1}})), 400, "margins/top"),
        (one(&plain, json!({"scale": 3})), 400, "options/scale"),
        (many(&plain, 0), 400, "variableSets"),
        (many(&plain, 101), 400, "variableSets may have 1 to 100 sets, one for each page, not 101"),
        ((larger.as_str(), values), 422, "The pages have more than the 33554432 bytes of HTML"),
        (one(&long, json!({})), 422, "pixels long, more than the 200 pages of 1123 pixels that the emulator lays out"),
        (one(&broken, json!({})), 422, "An image in the page cannot be read"),
        (one(&blurred, custom(5_000)), 422, "5000 by 5000 pixels are more than the maximum of 4096 pixels per side"),
        ((rendered.as_str(), json!({"format": "pdf", "variableSets": []})), 400, "variableSets may have 1 to 100 sets"),
        ((rendered.as_str(), json!({"format": "pdf", "preset": "A9"})), 400, "Unknown preset A9"),
    ] {
        let (found, message) = post(&emulator, path, &body).await.status_and_message();
        assert!(found == status && message.contains(error), "{body:.200}: {found} {message}, not {status} {error}");
    }
    assert_eq!(emulator.billed_renders(), 0);
    let response = render(&emulator, &plain, custom(19_200)).await;
    assert_eq!(sizes(&pdf(&emulator, &response).await), [(14_400.0, 14_400.0)], "the maximum size");
}

/// The resources of all pages together must be fetched within one render timeout, even if each page waits for one.
#[tokio::test(start_paused = true)]
async fn fetching_resources_of_all_pages_has_one_timeout() {
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let silent = Receiver::start(vec![("", String::new())]).await;
    let html = format!("<img src='{}&page={{{{page}}}}'>", silent.url);
    let template = post(&emulator, "/templates", &json!({"name": "slow", "html": html})).await.json();
    let sets: Vec<_> = (0..20).map(|page| json!({"page": page.to_string()})).collect();
    let body = json!({"templateUid": template["template"]["uid"], "variableSets": sets});
    let started = tokio::time::Instant::now();
    let response = post(&emulator, "/pdf/multi-page", &body).await;
    assert_eq!((response.status, response.json()["code"].as_str()), (504, Some("render_timeout")), "{response:?}");
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}
