//! Rendering with an installed Chromium.

use crate::{
    agent::{SHOP, image_of},
    support::{get, post, receiver::Receiver, render_image, site::start_site},
};
use pictify_emulator::{
    EgressPolicy, Emulator,
    render::{Chromium, Format, GifSettings, Page, RenderError, RenderedImage, Renderer},
};
use serde_json::json;
use std::time::Duration;

fn chromium(egress_policy: EgressPolicy) -> Option<Chromium> {
    test_requirements::require("chromium").then(|| Chromium::find(egress_policy).unwrap())
}

fn page(html: &str, width: u32, height: u32) -> Page {
    Page { html: html.to_owned(), width, height, ..Page::default() }
}

fn pixel(image: &RenderedImage, x: u32, y: u32) -> [u8; 3] {
    image::load_from_memory(&image.bytes).unwrap().to_rgb8().get_pixel(x, y).0
}

#[test]
fn scripts_and_modern_css_are_supported() {
    let Some(engine) = chromium(EgressPolicy::Public) else { return };
    let html = "<body style='margin:0'><script>document.body.style.background = '#00ff00'</script>
        <div style='width:40px;height:40px;clip-path:circle(20px);background:color-mix(in srgb, red, blue)'></div>";
    let image = engine.render(&page(html, 100, 60)).unwrap();
    assert_eq!((image.width, image.height), (100, 60));
    assert_eq!((pixel(&image, 90, 50), pixel(&image, 1, 1)), ([0, 255, 0], [0, 255, 0]));
    assert_eq!(pixel(&image, 20, 20), [128, 0, 128]);
}

#[test]
fn format_quality_and_selector_apply() {
    let Some(engine) = chromium(EgressPolicy::Public) else { return };
    let noise = "<body style='margin:0;background:conic-gradient(red,blue,lime,white,black,red) 0 0/7px 5px'>";
    let size = |format, quality| {
        let page = Page { format, quality: Some(quality), ..page(noise, 200, 100) };
        let bytes = engine.render(&page).unwrap().bytes;
        (image::guess_format(&bytes).unwrap(), bytes.len())
    };
    for (format, expected) in [(Format::Jpeg, image::ImageFormat::Jpeg), (Format::Webp, image::ImageFormat::WebP)] {
        let (good, poor) = (size(format, 95), size(format, 10));
        assert_eq!((good.0, poor.0), (expected, expected));
        assert!(good.1 > poor.1 * 2, "{} and {}", good.1, poor.1);
    }
    let part = "<body style='margin:0;height:2000px'><p hidden class=a></p>
        <div class=a style='position:absolute;top:900px;left:30px;width:50px;height:20px;background:#f00'></div>";
    let image = engine.render(&Page { selector: Some(".a".to_owned()), ..page(part, 200, 100) }).unwrap();
    assert_eq!((image.width, image.height, pixel(&image, 25, 10)), (50, 20, [255, 0, 0]));
    for (selector, message) in
        [(".b", "No element matches the selector .b"), ("..", "The selector .. is not valid CSS")]
    {
        let result = engine.render(&Page { selector: Some(selector.to_owned()), ..page(part, 200, 100) });
        assert_eq!(result, Err(RenderError::InvalidInput(message.to_owned())));
    }
}

#[test]
fn an_animation_is_rendered_frame_by_frame() {
    let Some(engine) = chromium(EgressPolicy::Public) else { return };
    let html = "<style>@keyframes k { from { margin-left: 0 } to { margin-left: 80px } }
        i { display: block; width: 20px; height: 20px; background: red; animation: k 1s linear infinite alternate }
        body { margin: 0 }</style><i></i>";
    let image = engine.render(&Page { format: Format::Gif(GifSettings::LOW), ..page(html, 100, 20) }).unwrap();
    let animation = image.animation.unwrap();
    assert_eq!((animation.frames, animation.duration), (20, Duration::from_secs(2)));
    let still = engine.render(&Page { format: Format::Gif(GifSettings::LOW), ..page("<p>still", 100, 20) });
    assert_eq!(still, Err(RenderError::NoAnimation));
}

#[test]
fn text_uses_the_built_in_fonts() {
    let Some(engine) = chromium(EgressPolicy::Public) else { return };
    let dark = |html: &str| {
        let image = engine.render(&page(html, 200, 60)).unwrap();
        let pixels = image::load_from_memory(&image.bytes).unwrap().to_rgb8();
        let dark = pixels.pixels().filter(|pixel| pixel.0.iter().any(|channel| *channel < 200)).count();
        let coloured = pixels.pixels().filter(|pixel| pixel.0[0].abs_diff(pixel.0[2]) > 60).count();
        (dark, coloured)
    };
    let (sans, mono) = (dark("<p style='font:40px sans-serif'>iiii"), dark("<p style='font:40px monospace'>iiii"));
    assert!(sans.0 > 100 && mono.0 > 100 && sans.0 != mono.0, "{sans:?} {mono:?}");
    // Emoji that DejaVu also contains are black and white, so this one is not among them.
    assert!(dark("<p style='font:40px sans-serif'>🎉🎉").1 > 100, "emoji must be in colour");
}

#[tokio::test]
async fn requests_of_a_page_follow_the_egress_policy() {
    let (Some(open), Some(closed)) = (chromium(EgressPolicy::Loopback), chromium(EgressPolicy::Public)) else { return };
    let mut receiver = Receiver::start(vec![(
        "200 OK\r\nContent-Type: text/css\r\nAccess-Control-Allow-Origin: *",
        "body { background: #00f }".to_owned(),
    )])
    .await;
    let body = json!({"html": format!("<link rel=stylesheet href='{}'>", receiver.url), "width": 40, "height": 40});
    for (engine, egress_policy, expected) in
        [(closed, EgressPolicy::Public, [255, 255, 255]), (open, EgressPolicy::Loopback, [0, 0, 255])]
    {
        let emulator = Emulator::builder().renderer(engine).egress_policy(egress_policy).start().await.unwrap();
        let found = render_image(&emulator, &body).await;
        assert_eq!(found.get_pixel(20, 20).0[..3], expected, "{egress_policy:?}");
        emulator.shutdown().await;
    }
    assert!(receiver.next().await.head.contains("user-agent: pictify-emulator"));
    assert!(receiver.is_quiet(), "the engine with the public policy must not send a request");
}

#[tokio::test]
async fn a_live_page_runs_its_scripts() {
    let Some(engine) = chromium(EgressPolicy::Loopback) else { return };
    let emulator = Emulator::builder().renderer(engine).egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let html =
        "<body></body><script>document.body.style.background = location.search === '?q=1' ? '#0f0' : '#f00'</script>";
    let receiver = Receiver::start(vec![("200 OK\r\nContent-Type: text/html", html.to_owned())]).await;
    let found = render_image(&emulator, &json!({"url": receiver.url, "width": 40, "height": 40})).await;
    assert_eq!(found.get_pixel(20, 20).0, [0, 255, 0, 255]);
    let example = post(&emulator, "/image", &json!({"url": "https://example.com/", "width": 400, "height": 300})).await;
    assert_eq!(example.status, 200, "{example:?}");
    emulator.shutdown().await;
}

#[test]
fn a_page_that_never_loads_times_out_and_the_next_is_rendered() {
    let Some(engine) = chromium(EgressPolicy::Public) else { return };
    let engine = engine.timeout(Duration::from_secs(8));
    let busy = engine.render(&page("<script>for (;;) {}</script>", 40, 40));
    assert_eq!(busy, Err(RenderError::TimedOut));
    let image = engine.render(&page("<body style='background:#f00'>", 40, 40)).unwrap();
    assert_eq!(pixel(&image, 20, 20), [255, 0, 0]);
}

#[tokio::test]
async fn concurrent_renders_share_one_browser() {
    let Some(engine) = chromium(EgressPolicy::Public) else { return };
    let emulator = Emulator::builder().renderer(engine).start().await.unwrap();
    let renders = (0..8u8).map(|number| {
        let emulator = &emulator;
        async move {
            let html = format!("<body style='background:rgb({number}, 0, 0)'>");
            let found = render_image(emulator, &json!({"html": html, "width": 20, "height": 20})).await;
            assert_eq!(found.get_pixel(10, 10).0, [number, 0, 0, 255]);
        }
    });
    futures_util::future::join_all(renders).await;
    assert_eq!(get(&emulator, "/_emulator/ledger").await.json()["renders"], 8);
    emulator.shutdown().await;
}

#[test]
fn a_page_that_exceeds_the_memory_limit_crashes_and_the_next_is_rendered() {
    let Some(engine) = chromium(EgressPolicy::Public) else { return };
    let greedy = "<script>const all = []; for (;;) all.push(new Array(1e6).fill({}))</script>";
    let result = engine.render(&page(greedy, 40, 40));
    assert!(matches!(result, Err(RenderError::Failed(_) | RenderError::OutOfMemory { .. })), "{result:?}");
    let image = engine.render(&page("<body style='background:#f00'>", 40, 40)).unwrap();
    assert_eq!(pixel(&image, 20, 20), [255, 0, 0]);
}

/// The number of concurrent requests is limited because each response may be large.
#[test]
fn a_page_has_at_most_8_concurrent_requests() {
    let Some(engine) = chromium(EgressPolicy::Loopback) else { return };
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let images: Vec<_> = (0..40).map(|number| format!("<img src='http://{address}/{number}.png'>")).collect();
    let images = images.concat();
    let error = engine.timeout(Duration::from_secs(3)).render(&page(&images, 40, 40)).unwrap_err();
    assert_eq!(error, RenderError::TimedOut);
    silent.set_nonblocking(true).unwrap();
    let requests = std::iter::from_fn(|| silent.accept().ok()).count();
    assert_eq!(requests, 8);
}

/// The agent, selectors and whole pages give the same sizes with both engines.
#[tokio::test]
async fn both_engines_capture_the_same_parts_of_a_page() {
    let Some(engine) = chromium(EgressPolicy::Loopback) else { return };
    let builder = || Emulator::builder().egress_policy(EgressPolicy::Loopback);
    let (embedded, browser) = (builder().start().await.unwrap(), builder().renderer(engine).start().await.unwrap());
    let files = [("/shop", ("Content-Type: text/html", SHOP.as_bytes().to_vec()))];
    let site = start_site(files.into_iter().collect()).await;
    let url = format!("{site}/shop");
    let agent = |prompt: &str| ("/image/agent-screenshot", json!({"prompt": format!("{prompt} {url}")}));
    for (path, body) in [
        agent("Capture the pricing table on"),
        agent("the hero of"),
        agent("features"),
        agent("opening hours"),
        agent("newsletter form"),
        agent("news"),
        agent("unicorns"),
        ("/image", json!({"url": url, "width": 500, "height": 400, "fullPage": true})),
        ("/image", json!({"url": url, "width": 500, "height": 400, "fullPage": false})),
        ("/image", json!({"url": url, "width": 500, "height": 400, "selector": "form, .pricing"})),
        ("/image", json!({"url": url, "width": 500, "height": 400, "selector": "section:nth-of-type(2)"})),
        ("/image", json!({"url": url, "width": 500, "height": 400, "selector": ".news"})),
    ] {
        let mut images = Vec::new();
        for emulator in [&embedded, &browser] {
            let response = post(emulator, path, &body).await;
            assert_eq!(response.status, 200, "{body}: {response:?}");
            images.push(image_of(emulator, &response.json()["url"]).await);
        }
        assert_eq!(images[0], images[1], "{body}");
    }
}
