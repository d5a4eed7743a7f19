//! The engine that is an installed Chromium. Without one these tests have nothing to say, except where CI runs them.

use crate::support::{get, picture, post, receiver::Receiver};
use pictify_emulator::{
    EgressPolicy, Emulator,
    render::{Chromium, Format, GifSettings, Page, Picture, RenderError, Renderer},
};
use serde_json::json;
use std::time::Duration;

fn chromium(reach: EgressPolicy) -> Option<Chromium> {
    match Chromium::find(reach) {
        Ok(engine) => Some(engine),
        Err(error) if std::env::var_os("CI").is_some() => panic!("{error}"),
        Err(error) => {
            eprintln!("not tested: {error}");
            None
        }
    }
}

fn page(html: &str, width: u32, height: u32) -> Page {
    Page { html: html.to_owned(), width, height, ..Page::default() }
}

fn pixel(picture: &Picture, x: u32, y: u32) -> [u8; 3] {
    image::load_from_memory(&picture.bytes).unwrap().to_rgb8().get_pixel(x, y).0
}

#[test]
fn scripts_and_all_of_css_count() {
    let Some(engine) = chromium(EgressPolicy::Public) else { return };
    let html = "<body style='margin:0'><script>document.body.style.background = '#00ff00'</script>
        <div style='width:40px;height:40px;clip-path:circle(20px);background:color-mix(in srgb, red, blue)'></div>";
    let picture = engine.render(&page(html, 100, 60)).unwrap();
    assert_eq!((picture.width, picture.height), (100, 60));
    assert_eq!((pixel(&picture, 90, 50), pixel(&picture, 1, 1)), ([0, 255, 0], [0, 255, 0]));
    assert_eq!(pixel(&picture, 20, 20), [128, 0, 128]);
}

#[test]
fn formats_qualities_and_parts_are_what_was_asked_for() {
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
    let picture = engine.render(&Page { selector: Some(".a".to_owned()), ..page(part, 200, 100) }).unwrap();
    assert_eq!((picture.width, picture.height, pixel(&picture, 25, 10)), (50, 20, [255, 0, 0]));
    for (selector, says) in [(".b", "No element matches the selector .b"), ("..", "The selector .. is not valid CSS")] {
        let wrong = engine.render(&Page { selector: Some(selector.to_owned()), ..page(part, 200, 100) });
        assert_eq!(wrong, Err(RenderError::Input(says.to_owned())));
    }
}

#[test]
fn a_loop_is_taken_frame_by_frame() {
    let Some(engine) = chromium(EgressPolicy::Public) else { return };
    let html = "<style>@keyframes k { from { margin-left: 0 } to { margin-left: 80px } }
        i { display: block; width: 20px; height: 20px; background: red; animation: k 1s linear infinite alternate }
        body { margin: 0 }</style><i></i>";
    let picture = engine.render(&Page { format: Format::Gif(GifSettings::LOW), ..page(html, 100, 20) }).unwrap();
    let motion = picture.motion.unwrap();
    assert_eq!((motion.frames, motion.duration), (20, Duration::from_secs(2)));
    let still = engine.render(&Page { format: Format::Gif(GifSettings::LOW), ..page("<p>still", 100, 20) });
    assert_eq!(still, Err(RenderError::Motionless));
}

#[test]
fn text_is_readable_where_no_font_is_installed() {
    let Some(engine) = chromium(EgressPolicy::Public) else { return };
    let dark = |html: &str| {
        let picture = engine.render(&page(html, 200, 60)).unwrap();
        let pixels = image::load_from_memory(&picture.bytes).unwrap().to_rgb8();
        let dark = pixels.pixels().filter(|pixel| pixel.0.iter().any(|channel| *channel < 200)).count();
        let coloured = pixels.pixels().filter(|pixel| pixel.0[0].abs_diff(pixel.0[2]) > 60).count();
        (dark, coloured)
    };
    let (sans, mono) = (dark("<p style='font:40px sans-serif'>iiii"), dark("<p style='font:40px monospace'>iiii"));
    assert!(sans.0 > 100 && mono.0 > 100 && sans.0 != mono.0, "{sans:?} {mono:?}");
    // Those that DejaVu has, too, come from it.
    assert!(dark("<p style='font:40px sans-serif'>🎉🎉").1 > 100, "emoji have colours");
}

#[tokio::test]
async fn only_the_server_reaches_out() {
    let (Some(open), Some(closed)) = (chromium(EgressPolicy::Loopback), chromium(EgressPolicy::Public)) else { return };
    let mut receiver = Receiver::start(vec![(
        "200 OK\r\nContent-Type: text/css\r\nAccess-Control-Allow-Origin: *",
        "body { background: #00f }".to_owned(),
    )])
    .await;
    let body = json!({"html": format!("<link rel=stylesheet href='{}'>", receiver.url), "width": 40, "height": 40});
    for (engine, reach, expected) in
        [(closed, EgressPolicy::Public, [255, 255, 255]), (open, EgressPolicy::Loopback, [0, 0, 255])]
    {
        let emulator = Emulator::builder().renderer(engine).reach(reach).start().await.unwrap();
        let found = picture(&emulator, &body).await;
        assert_eq!(found.get_pixel(20, 20).0[..3], expected, "{reach:?}");
        emulator.shutdown().await;
    }
    assert!(receiver.next().await.head.contains("user-agent: pictify-emulator"));
    assert!(receiver.is_quiet(), "the closed one sent nothing");
}

#[tokio::test]
async fn a_live_page_runs_its_scripts() {
    let Some(engine) = chromium(EgressPolicy::Loopback) else { return };
    let emulator = Emulator::builder().renderer(engine).reach(EgressPolicy::Loopback).start().await.unwrap();
    let html =
        "<body></body><script>document.body.style.background = location.search === '?q=1' ? '#0f0' : '#f00'</script>";
    let receiver = Receiver::start(vec![("200 OK\r\nContent-Type: text/html", html.to_owned())]).await;
    let found = picture(&emulator, &json!({"url": receiver.url, "width": 40, "height": 40})).await;
    assert_eq!(found.get_pixel(20, 20).0, [0, 255, 0, 255]);
    let example = post(&emulator, "/image", &json!({"url": "https://example.com/", "width": 400, "height": 300})).await;
    assert_eq!(example.status, 200, "{example:?}");
    emulator.shutdown().await;
}

#[test]
fn a_page_that_never_ends_is_given_up_and_the_next_is_served() {
    let Some(engine) = chromium(EgressPolicy::Public) else { return };
    let engine = engine.time_limit(Duration::from_secs(8));
    let busy = engine.render(&page("<script>for (;;) {}</script>", 40, 40));
    assert_eq!(busy, Err(RenderError::TimedOut));
    let picture = engine.render(&page("<body style='background:#f00'>", 40, 40)).unwrap();
    assert_eq!(pixel(&picture, 20, 20), [255, 0, 0]);
}

#[tokio::test]
async fn many_at_once_share_one_browser() {
    let Some(engine) = chromium(EgressPolicy::Public) else { return };
    let emulator = Emulator::builder().renderer(engine).start().await.unwrap();
    let renders = (0..8u8).map(|number| {
        let emulator = &emulator;
        async move {
            let html = format!("<body style='background:rgb({number}, 0, 0)'>");
            let found = picture(emulator, &json!({"html": html, "width": 20, "height": 20})).await;
            assert_eq!(found.get_pixel(10, 10).0, [number, 0, 0, 255]);
        }
    });
    futures_util::future::join_all(renders).await;
    assert_eq!(get(&emulator, "/_emulator/ledger").await.json()["renders"], 8);
    emulator.shutdown().await;
}

#[test]
fn a_page_that_takes_all_memory_loses_its_tab_and_the_next_is_served() {
    let Some(engine) = chromium(EgressPolicy::Public) else { return };
    let greedy = "<script>const all = []; for (;;) all.push(new Array(1e6).fill({}))</script>";
    assert_eq!(engine.render(&page(greedy, 40, 40)), Err(RenderError::Failed("the page crashed its tab".to_owned())));
    let picture = engine.render(&page("<body style='background:#f00'>", 40, 40)).unwrap();
    assert_eq!(pixel(&picture, 20, 20), [255, 0, 0]);
}

/// As many as there is room for in memory: each may be large.
#[test]
fn a_page_is_given_a_few_things_at_once() {
    let Some(engine) = chromium(EgressPolicy::Loopback) else { return };
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let pictures: Vec<_> = (0..40).map(|number| format!("<img src='http://{address}/{number}.png'>")).collect();
    let pictures = pictures.concat();
    let error = engine.time_limit(Duration::from_secs(3)).render(&page(&pictures, 40, 40)).unwrap_err();
    assert_eq!(error, RenderError::TimedOut);
    silent.set_nonblocking(true).unwrap();
    let came = std::iter::from_fn(|| silent.accept().ok()).count();
    assert_eq!(came, 8);
}
