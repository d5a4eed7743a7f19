//! Rendering of FabricJS canvases and checks of the images.

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

/// Renders a canvas of 100 by 100 pixels with these objects.
pub fn draw(objects: &Value) -> RgbaImage {
    render(&json!({"version": "5.3.0", "objects": objects}), (100, 100))
}

pub fn near(found: Rgba<u8>, expected: Rgba<u8>) -> bool {
    found.0.iter().zip(expected.0).all(|(found, expected)| found.abs_diff(expected) < 24)
}

/// Returns the bounding box of all pixels that are not white: left, top, right, bottom.
pub fn drawn_rect(image: &RgbaImage) -> Option<[u32; 4]> {
    let drawn = image.enumerate_pixels().filter(|(_, _, pixel)| !near(**pixel, WHITE)).map(|(x, y, _)| (x, y));
    drawn.fold(None, |rect, (x, y)| {
        let [left, top, right, bottom] = rect.unwrap_or([x, y, x, y]);
        Some([left.min(x), top.min(y), right.max(x), bottom.max(y)])
    })
}

/// Returns a red square of 40 by 40 pixels at the centre of the canvas, with the members of `change`.
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

/// Test case: a name, an object, and the expected colours at points (x, y, colour).
pub type Case<'a> = (&'a str, Value, &'a [(u32, u32, Rgba<u8>)]);

pub fn check(cases: Vec<Case>) {
    for (case, object, points) in cases {
        check_points(case, &draw(&json!([object])), points);
    }
}

pub fn check_points(case: &str, image: &RgbaImage, points: &[(u32, u32, Rgba<u8>)]) {
    for (x, y, expected) in points {
        let found = *image.get_pixel(*x, *y);
        assert!(near(found, *expected), "{case} at {x},{y}: {found:?}, not {expected:?}");
    }
}
