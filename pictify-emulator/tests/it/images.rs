//! Content of rendered images.

use crate::support::{get, post, red_png, render_image, site::start_site};
use image::{Rgba, RgbaImage};
use pictify_emulator::{EgressPolicy, Emulator, Profile};
use serde_json::{Value, json};
use std::collections::HashMap;

const RED: Rgba<u8> = Rgba([255, 0, 0, 255]);
const BLUE: Rgba<u8> = Rgba([0, 0, 255, 255]);
const WHITE: Rgba<u8> = Rgba([255; 4]);

fn page(html: &str, width: u32, height: u32) -> Value {
    json!({"html": html, "width": width, "height": height})
}

fn count(image: &RgbaImage, color: Rgba<u8>) -> usize {
    image.pixels().filter(|pixel| **pixel == color).count()
}

fn near(found: Rgba<u8>, expected: Rgba<u8>) -> bool {
    found.0.iter().zip(expected.0).all(|(found, expected)| found.abs_diff(expected) < 12)
}

#[tokio::test]
async fn text_is_drawn_in_its_color_on_white() {
    let emulator = Emulator::start().await.unwrap();
    let image = render_image(&emulator, &page(r#"<h1 style="color:#667eea">Hello</h1>"#, 300, 100)).await;
    assert_eq!(image.dimensions(), (300, 100));
    assert!(count(&image, Rgba([0x66, 0x7e, 0xea, 255])) > 300);
    assert!(count(&image, WHITE) > 20_000);
}

#[tokio::test]
async fn the_default_size_is_1280_by_720() {
    let emulator = Emulator::start().await.unwrap();
    assert_eq!(render_image(&emulator, &json!({"html": "x"})).await.dimensions(), (1280, 720));
    assert_eq!(render_image(&emulator, &json!({"html": "x", "width": 30.0})).await.dimensions(), (30, 720));
}

#[tokio::test]
async fn the_background_is_white_in_every_format() {
    let emulator = Emulator::start().await.unwrap();
    let html = r#"<body style="margin:0"><div style="width:50px;height:50px;background:rgba(255,0,0,.5)">"#;
    for format in ["png", "jpeg", "webp"] {
        let body = json!({"html": html, "width": 200, "height": 100, "fileExtension": format});
        let image = render_image(&emulator, &body).await;
        for (x, y, expected) in [(150, 50, WHITE), (25, 25, Rgba([255, 127, 127, 255]))] {
            let found = *image.get_pixel(x, y);
            assert!(near(found, expected), "{format} {x},{y}: {found:?}");
        }
    }
}

#[tokio::test]
async fn the_background_of_html_or_body_covers_the_viewport() {
    let emulator = Emulator::start().await.unwrap();
    let half = Rgba([255, 127, 127, 255]);
    for (css, inside, outside) in [
        ("body { background: red }", RED, RED),
        ("body { background: rgba(255, 0, 0, .5) }", half, half),
        ("body { background: linear-gradient(red, red) }", RED, RED),
        ("body { color: red; background: currentColor }", RED, RED),
        ("html { background: blue }", BLUE, BLUE),
        ("html { background: blue } body { background: red }", RED, BLUE),
        ("body { background: red } * { border: 0; margin: 3px; opacity: 1; display: block }", RED, RED),
    ] {
        let html = format!("<style>body {{ width: 20px; height: 20px }} {css}</style><i></i>");
        let image = render_image(&emulator, &page(&html, 100, 80)).await;
        let found = (*image.get_pixel(15, 15), *image.get_pixel(90, 70));
        assert!(near(found.0, inside) && near(found.1, outside), "{css}: {found:?}");
    }
}

#[tokio::test]
async fn last_child_still_matches_the_last_element_of_the_page() {
    let emulator = Emulator::start().await.unwrap();
    let html = "<style>p { background: blue; height: 9px } p:last-child { background: red }</style><p></p><p></p>";
    let image = render_image(&emulator, &page(html, 50, 80)).await;
    assert!(count(&image, RED) > 200 && count(&image, BLUE) > 200);
}

const SHAPES: &str = r#"<style>
  body { margin: 10px } .box { width: 60px; height: 40px; background: red }
  .far { position: absolute; left: 5000px } .none { display: none } .empty { width: 0; height: 0 }
  .turned { width: 100px; height: 100px; transform: rotate(45deg); margin: 40px }
  .doubled { width: 30px; height: 10px; transform: scale(2); transform-origin: 0 0 }
  .stubborn { width: 25px; height: 15px; translate: 5px 5px }
</style>
<div class="box" id="a"></div><p>some <b style="color:red">bold</b> text <b>more</b></p>
<ul style="margin:0"><li>one<li style="width:70px;height:30px">two<li>three</ul>
<div class="stubborn"></div><div class="doubled"></div><div class="turned"></div>
<div class="none late" style="width:9px"></div><div class="late" style="width:44px;height:22px"></div>
<i class="mixed">i</i><div class="mixed" style="width:300px;height:9px"></div>
<div style="display:flex"><u class="o" style="order:2;width:11px;height:7px"></u><u class="o" style="width:9px"></u></div>
<div class="far">far</div><div class="empty"></div>"#;

#[tokio::test]
async fn a_selector_crops_to_the_first_element_with_a_box() {
    let emulator = Emulator::start().await.unwrap();
    for (selector, size) in [
        ("#a", (60, 40)),
        (".box", (60, 40)),
        ("body > div.box", (60, 40)),
        ("li:nth-child(2)", (70, 30)),
        ("p, #a", (60, 40)),
        ("#none, #a", (60, 40)),
        (".late", (44, 22)),
        (".stubborn", (25, 15)),
        (".doubled", (60, 20)),
        (".turned", (142, 142)),
        (".o", (11, 7)),
    ] {
        let mut body = page(SHAPES, 400, 500);
        body["selector"] = selector.into();
        let found = render_image(&emulator, &body).await.dimensions();
        // A rotated element can be between two pixels.
        let tolerance = u32::from(selector == ".turned");
        let close = found.0.abs_diff(size.0) <= tolerance && found.1.abs_diff(size.1) <= tolerance;
        assert!(close, "{selector}: {found:?}");
    }
}

#[tokio::test]
async fn a_selector_finds_inline_elements() {
    let emulator = Emulator::start().await.unwrap();
    let body = |selector: &str| json!({"html": SHAPES, "width": 400, "height": 500, "selector": selector});
    let bold = render_image(&emulator, &body("p b")).await;
    assert!((20..60).contains(&bold.width()) && (10..30).contains(&bold.height()), "{:?}", bold.dimensions());
    assert!(count(&bold, RED) > 20, "the first match is red");
    let mixed = render_image(&emulator, &body(".mixed")).await;
    assert!(mixed.width() < 30, "the first match is the inline element: {:?}", mixed.dimensions());
}

#[tokio::test]
async fn a_selector_without_a_visible_match_is_an_error() {
    let emulator = Emulator::start().await.unwrap();
    for (selector, error) in [
        ("#nothing", "No element matches the selector #nothing"),
        (".none:not(.late)", "No element matches the selector .none:not(.late)"),
        (".box::before", "No element matches the selector .box::before"),
        ("pictify-canvas", "No element matches the selector pictify-canvas"),
        ("div >", "The selector div > is not valid CSS"),
        ("div;", "The selector div; is not valid CSS"),
        ("div /*", "The selector div /* is not valid CSS"),
        ("@media print", "The selector @media print is not valid CSS"),
        ("p{} div", "The selector p{} div is not valid CSS"),
        (".far", "The selected element is outside the image or has no size"),
        (".empty", "The selected element is outside the image or has no size"),
    ] {
        let body = json!({"html": SHAPES, "width": 400, "height": 500, "selector": selector});
        let response = post(&emulator, "/image", &body).await;
        let expected = json!({"error": error, "code": "render_failed"});
        assert_eq!((response.status, response.json()), (422, expected));
    }
    assert_eq!(get(&emulator, "/image").await.json()["images"], json!([]));
}

#[tokio::test]
async fn emoji_are_in_color() {
    let emulator = Emulator::start().await.unwrap();
    for emoji in ["\u{1F600}", "\u{1F680}", "\u{2764}\u{FE0F}"] {
        let html = format!(r#"<p style="font-size:60px;color:#000">{emoji}</p>"#);
        let image = render_image(&emulator, &page(&html, 120, 160)).await;
        let colored = image.pixels().filter(|pixel| pixel[0].abs_diff(pixel[2]) > 60).count();
        assert!(colored > 300, "{emoji}: {colored}");
    }
}

#[tokio::test]
async fn the_built_in_fonts_cover_more_than_latin() {
    let emulator = Emulator::start().await.unwrap();
    let mut seen = Vec::new();
    for text in
        ["\u{e9}\u{df}", "\u{3a9}\u{3bb}", "\u{416}\u{448}", "\u{645}\u{631}", "\u{2192}\u{2713}", "\u{4e2d}\u{6587}"]
    {
        seen.push(render_image(&emulator, &page(&format!("<h1>{text}</h1>"), 90, 90)).await.into_raw());
    }
    let unique: std::collections::HashSet<_> = seen.iter().collect();
    assert_eq!(unique.len(), seen.len(), "missing glyphs would look the same");
}

#[tokio::test]
async fn images_can_be_data_uris() {
    let emulator = Emulator::start().await.unwrap();
    let svg = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='50' height='40'%3E%3Crect width='50' height='40' fill='red'/%3E%3C/svg%3E";
    for html in [
        format!(r#"<img src="{}" width="50" height="40">"#, red_png()),
        format!(r#"<img src="{svg}">"#),
        format!(r#"<div style="width:50px;height:40px;background:url({})">"#, red_png()),
        r#"<svg width="50" height="40"><rect width="50" height="40" fill="red"/></svg>"#.to_owned(),
    ] {
        let image = render_image(&emulator, &page(&html, 100, 100)).await;
        assert_eq!(count(&image, RED), 50 * 40, "{html}");
    }
}

#[tokio::test]
async fn an_invalid_image_is_an_error() {
    let emulator = Emulator::start().await.unwrap();
    let cut = &red_png()[..120];
    let response = post(&emulator, "/image", &page(&format!(r#"<img src="{cut}">"#), 50, 50)).await;
    let (status, error) = response.status_and_message();
    assert!(status == 422 && error.starts_with("An image in the page cannot be read: "), "{status} {error}");
}

#[tokio::test]
async fn invalid_html_is_parsed_as_in_a_browser() {
    let emulator = Emulator::start().await.unwrap();
    for html in [
        r"</p></div><div style='background:red;width:20px;height:20px'><p><b></i>",
        "<!-- x --><!doctype html><html><body><div style=background:red;width:20px;height:20px>",
        "\u{feff}<div style=\"background:red;width:20px;height:20px\"></div></body></html><p>",
        r#"<div style="background:nothing;background:red;width:20px;;height:20px;wid"></div>"#,
        r#"<div style="background:red;width:20px;height:20px"><![CDATA[x]]></div>"#,
    ] {
        assert_eq!(count(&render_image(&emulator, &page(html, 60, 60)).await, RED), 400, "{html}");
    }
}

/// Page of 1,000 pixels with a part below the viewport. Its height uses the viewport.
const TALL: &str = "<body style='margin:0'><div style='height:100vh;background:#00ff00'></div>
    <div class=low style='width:80px;height:700px;background:#ff0000'></div>";

#[tokio::test]
async fn a_selector_reaches_below_the_viewport() {
    let emulator = Emulator::start().await.unwrap();
    let body = json!({"html": TALL, "width": 400, "height": 300, "selector": ".low"});
    let image = render_image(&emulator, &body).await;
    assert_eq!(image.dimensions(), (80, 700));
    assert_eq!(count(&image, RED), 80 * 700);
}

#[tokio::test]
async fn full_page_captures_the_whole_height_of_a_page_from_a_url() {
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let endless = "<body style='margin:0'><p style='height:900000px'>";
    let html = "Content-Type: text/html";
    let site = start_site(HashMap::from([
        ("/tall", (html, TALL.as_bytes().to_vec())),
        ("/short", (html, b"<p>short".to_vec())),
        ("/endless", (html, endless.as_bytes().to_vec())),
    ]))
    .await;
    for (page, full_page, height) in [
        ("tall", json!(true), 1000),
        ("tall", json!(false), 300),
        ("tall", Value::Null, 300),
        ("short", json!(true), 300),
        ("endless", json!(true), 16_384),
    ] {
        let body = json!({"url": format!("{site}/{page}"), "width": 400, "height": 300, "fullPage": full_page});
        let image = render_image(&emulator, &body).await;
        assert_eq!(image.dimensions(), (400, height), "{body}");
        if (page, height) == ("tall", 1000) {
            assert_eq!((count(&image, RED), *image.get_pixel(399, 299)), (80 * 700, Rgba([0, 255, 0, 255])));
        }
    }
}

#[tokio::test]
async fn the_documented_profile_reports_the_size_of_images() {
    for (profile, expected) in [(Profile::Live, json!([null, null])), (Profile::Documented, json!([60, 40]))] {
        let emulator = Emulator::builder().profile(profile).start().await.unwrap();
        let image = post(&emulator, "/image", &page("<p>x", 60, 40)).await.json();
        assert_eq!(json!([image["width"], image["height"]]), expected);
        let stored = get(&emulator, &format!("/image/{}", image["id"].as_str().unwrap())).await.json()["image"].clone();
        assert_eq!(json!([stored["width"], stored["height"]]), expected);
    }
}
