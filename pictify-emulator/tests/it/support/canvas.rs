//! Canvases as pictures.

use image::{Rgba, RgbaImage};
use pictify_emulator::render::{Embedded, Format, Page, Renderer, fabric};
use serde_json::{Value, json};

pub const RED: Rgba<u8> = Rgba([255, 0, 0, 255]);
pub const GREEN: Rgba<u8> = Rgba([0, 128, 0, 255]);
pub const BLUE: Rgba<u8> = Rgba([0, 0, 255, 255]);
pub const PURPLE: Rgba<u8> = Rgba([128, 0, 128, 255]);
pub const PINK: Rgba<u8> = Rgba([255, 128, 128, 255]);
pub const BLACK: Rgba<u8> = Rgba([0, 0, 0, 255]);
pub const WHITE: Rgba<u8> = Rgba([255; 4]);

pub fn render(data: &Value, size: (u32, u32)) -> RgbaImage {
    let page = fabric::page(data, Some(size)).unwrap_or_else(|error| panic!("{error}"));
    let page = Page { html: page.html, width: page.width, height: page.height, format: Format::Png, ..Page::default() };
    image::load_from_memory(&Embedded::new().render(&page).unwrap().bytes).unwrap().to_rgba8()
}

/// A canvas of 100 by 100 with these objects.
pub fn draw(objects: &Value) -> RgbaImage {
    render(&json!({"version": "5.3.0", "objects": objects}), (100, 100))
}

pub fn near(found: Rgba<u8>, expected: Rgba<u8>) -> bool {
    found.0.iter().zip(expected.0).all(|(found, expected)| found.abs_diff(expected) < 24)
}

/// The smallest box around what is not white: left, top, right, bottom.
pub fn ink(picture: &RgbaImage) -> Option<[u32; 4]> {
    let inked = picture.enumerate_pixels().filter(|(_, _, pixel)| !near(**pixel, WHITE)).map(|(x, y, _)| (x, y));
    inked.fold(None, |ink, (x, y)| {
        let [left, top, right, bottom] = ink.unwrap_or([x, y, x, y]);
        Some([left.min(x), top.min(y), right.max(x), bottom.max(y)])
    })
}

/// An object of 40 by 40 around the middle of the canvas, changed by `change`.
pub fn square(change: &Value) -> Value {
    let object = json!({
        "type": "rect", "left": 50, "top": 50, "originX": "center", "originY": "center", "width": 40, "height": 40,
        "fill": "red", "strokeWidth": 0,
    });
    merge(object, change)
}

pub fn merge(mut object: Value, change: &Value) -> Value {
    for (name, value) in change.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

pub fn stops(from: &str, to: &str) -> Value {
    json!([{"offset": 0, "color": from}, {"offset": 1, "color": to}])
}

/// A picture with the points that it must show: what it shows, the object, and x, y, colour.
pub type Case<'a> = (&'a str, Value, &'a [(u32, u32, Rgba<u8>)]);

pub fn check(cases: Vec<Case>) {
    for (what, object, points) in cases {
        check_points(what, &draw(&json!([object])), points);
    }
}

pub fn check_points(what: &str, picture: &RgbaImage, points: &[(u32, u32, Rgba<u8>)]) {
    for (x, y, expected) in points {
        let found = *picture.get_pixel(*x, *y);
        assert!(near(found, *expected), "{what} at {x},{y}: {found:?}, not {expected:?}");
    }
}
