//! Frames and timing of animated GIFs.

use image::{AnimationDecoder, Frame, Rgba, codecs::gif::GifDecoder};
use pictify_emulator::render::{
    AnimationInfo, Embedded, Format, GifSettings, Page, RenderError, RenderedImage, Renderer,
};
use std::{io::Cursor, time::Duration};

const RED: Rgba<u8> = Rgba([255, 0, 0, 255]);
const WHITE: Rgba<u8> = Rgba([255; 4]);

fn page(html: &str, (width, height): (u32, u32), settings: GifSettings) -> Page {
    Page { html: html.to_owned(), width, height, format: Format::Gif(settings), ..Page::default() }
}

/// Returns the HTML of a red block of 10 by 10 pixels with an animation. `go` moves it 90 pixels to the right.
fn block(animation: &str) -> String {
    format!(
        "<style>@keyframes go {{ to {{ transform: translateX(90px) }} }} @keyframes tint {{ to {{ color: blue }} }}
        body {{ margin: 0 }} p {{ margin: 0; width: 10px; height: 10px; background: red; animation: {animation} }}
        </style><p></p>"
    )
}

fn render(html: &str, settings: GifSettings) -> RenderedImage {
    Embedded::new().render(&page(html, (100, 10), settings)).unwrap_or_else(|error| panic!("{html}: {error}"))
}

fn frames(gif: &RenderedImage) -> Vec<Frame> {
    GifDecoder::new(Cursor::new(&gif.bytes)).unwrap().into_frames().collect_frames().unwrap()
}

fn milliseconds(frame: &Frame) -> u32 {
    let (milliseconds, parts) = frame.delay().numer_denom_ms();
    milliseconds / parts
}

/// Returns the left edge of the block.
fn position(frame: &Frame) -> u32 {
    (0..100).find(|x| frame.buffer().get_pixel(*x, 5)[1] < 128).expect("a block")
}

#[test]
fn each_frame_shows_the_animation_at_its_time() {
    for (animation, settings, expected) in [
        ("go 1s linear infinite", GifSettings::LOW, &[0, 9, 18, 27, 36, 45, 54, 63, 72, 81][..]),
        ("go 1s linear infinite reverse", GifSettings::LOW, &[90, 81, 72, 63, 54, 45, 36, 27, 18, 9]),
        ("go .5s linear infinite alternate", GifSettings::LOW, &[0, 18, 36, 54, 72, 90, 72, 54, 36, 18]),
        ("go 1s linear -500ms infinite", GifSettings::LOW, &[45, 54, 63, 72, 81, 0, 9, 18, 27, 36]),
        ("go 1s linear 300ms infinite", GifSettings::LOW, &[0, 9, 18, 27, 36, 45, 54, 63, 72, 81]),
        ("go 400ms linear 200ms forwards", GifSettings::LOW, &[0, 22, 45, 67, 90]),
        (
            "go 400ms linear both",
            GifSettings { frames_per_second: 5, max_duration: Duration::from_secs(1) },
            &[0, 45, 90],
        ),
    ] {
        let found: Vec<_> = frames(&render(&block(animation), settings)).iter().map(position).collect();
        let is_near = found.len() == expected.len()
            && found.iter().zip(expected).all(|(found, expected)| found.abs_diff(*expected) < 2);
        assert!(is_near, "{animation}: {found:?}, not {expected:?}");
    }
}

#[test]
fn the_result_contains_the_frame_count_and_the_duration() {
    for (animation, settings, count, duration) in [
        ("go 2s linear infinite", GifSettings::LOW, 20, 2000),
        ("go 2s linear infinite", GifSettings::MEDIUM, 30, 2000),
        ("go 2s linear infinite", GifSettings::HIGH, 48, 2000),
        ("go 1s linear infinite, tint 1.5s infinite", GifSettings::LOW, 30, 3000),
        ("go 20s linear infinite", GifSettings::LOW, 100, 10_000),
        // Consecutive identical frames are stored as one.
        ("go 2s steps(2, jump-none) infinite", GifSettings::HIGH, 2, 2000),
        ("go 1s 3s forwards steps(1)", GifSettings::LOW, 2, 4100),
    ] {
        let gif = render(&block(animation), settings);
        let expected = AnimationInfo { frames: count, duration: Duration::from_millis(duration) };
        assert_eq!((gif.width, gif.height, gif.animation), (100, 10, Some(expected)), "{animation}");
        let frames = frames(&gif);
        assert_eq!(frames.len(), count as usize, "{animation}");
        let shown: u32 = frames.iter().map(milliseconds).sum();
        assert_eq!(u64::from(shown), duration, "{animation}");
    }
    let halves = frames(&render(&block("go 2s steps(2, jump-none) infinite"), GifSettings::HIGH));
    assert_eq!(halves.iter().map(milliseconds).collect::<Vec<_>>(), [1000, 1000]);
}

#[test]
fn a_full_rotation_is_animated() {
    for keyframes in
        ["to { transform: rotate(360deg) }", "from { transform: rotate(-1turn) } to { transform: rotate(0) }"]
    {
        let html = format!(
            "<style>@keyframes spin {{ {keyframes} }} body {{ margin: 0 }}
            p {{ margin: 0; width: 40px; height: 40px; animation: spin 1s linear infinite }}
            b {{ display: block; margin: auto; width: 10px; height: 10px; background: red }}</style><p><b></b></p>"
        );
        let settings = GifSettings { frames_per_second: 4, ..GifSettings::LOW };
        let gif = Embedded::new().render(&page(&html, (40, 40), settings)).unwrap();
        let quarters = [(20, 5), (35, 20), (20, 35), (5, 20)];
        for (index, frame) in frames(&gif).iter().enumerate() {
            let found = quarters.map(|(x, y)| *frame.buffer().get_pixel(x, y) == RED);
            assert_eq!(found, [0, 1, 2, 3].map(|quarter| quarter == index), "{keyframes}, frame {index}");
        }
    }
}

#[test]
fn a_gif_repeats_forever() {
    let image = render(&block("go 1s infinite"), GifSettings::LOW);
    let mut decoder = gif::DecodeOptions::new().read_info(Cursor::new(&image.bytes)).unwrap();
    while decoder.read_next_frame().unwrap().is_some() {}
    assert_eq!(decoder.repeat(), gif::Repeat::Infinite);
}

#[test]
fn only_the_changed_part_of_a_frame_is_stored() {
    let rows = (0..200).map(|n| format!("<i style='background:hsl({n} 90% 50%)'></i>")).collect::<Vec<_>>().concat();
    let html = format!("<style>i {{ display: block; height: 1px }}</style>{rows}{}", block("go 1s linear infinite"));
    let render = |html: &str| Embedded::new().render(&page(html, (400, 300), GifSettings::MEDIUM)).unwrap();
    let moving = render(&html);
    let whole: usize = 400 * 300;
    let count = moving.animation.unwrap().frames;
    assert!(moving.bytes.len() < whole, "{} bytes for {count} frames", moving.bytes.len());
    let last = &frames(&moving)[14];
    assert_eq!(last.buffer().dimensions(), (400, 300));
    let row = (0..300).find(|y| *last.buffer().get_pixel(88, *y) == RED).expect("the block at its last position");
    assert_eq!(*last.buffer().get_pixel(20, row), WHITE, "the block must not be at an earlier position");
}

#[test]
fn a_selector_crops_every_frame() {
    let html = r"<style>@keyframes f { 50% { background: red } } p { animation: f 1s infinite; width: 30px; height: 20px }</style>x<p></p>";
    let mut page = page(html, (100, 100), GifSettings::LOW);
    page.selector = Some("p".to_owned());
    let gif = Embedded::new().render(&page).unwrap();
    assert_eq!((gif.width, gif.height), (30, 20));
    assert_eq!(*frames(&gif)[5].buffer().get_pixel(15, 10), RED);
}

#[test]
fn a_page_without_a_running_animation_is_an_error() {
    for html in [
        "still".to_owned(),
        block("none"),
        block("nowhere 1s infinite"),
        block("tint 1s infinite"),
        block("go 0s infinite"),
        block("go 1s 0 infinite paused"),
        block("go 1s -2s"),
        format!("<div style=display:none>{}</div>x", block("go 1s infinite")),
    ] {
        let error = Embedded::new().render(&page(&html, (100, 10), GifSettings::LOW)).unwrap_err();
        assert_eq!(error, RenderError::NoAnimation, "{html}");
    }
}

#[test]
fn a_gif_with_too_many_pixels_is_rejected() {
    let page = page(&block("go 60s infinite"), (2000, 2000), GifSettings::HIGH);
    let error = Embedded::new().render(&page).unwrap_err().to_string();
    assert!(error.starts_with("720 frames of 2000 by 2000 are more than the 400000000 pixels"), "{error}");
}

/// The sample of the official Python client: a fade without a space in its style sheet.
#[test]
fn a_minified_fade_is_animated() {
    let html = "<style>@keyframes f{0%{opacity:.3}50%{opacity:1}100%{opacity:.3}}p{margin:0;height:10px;background:red;\
        animation:f 2s infinite}body{margin:0}</style><p></p>";
    let found: Vec<_> =
        frames(&render(html, GifSettings::LOW)).iter().map(|frame| frame.buffer().get_pixel(5, 5)[1]).collect();
    let (first, middle) = (found[0], found[found.len() / 2]);
    assert!(found.len() > 10 && first > 150 && middle < 30, "{found:?}");
}
