//! Rendering of text on a FabricJS canvas.

use crate::support::canvas::*;
use serde_json::{Value, json};

#[test]
fn text_is_drawn_inside_its_box() {
    let text = json!({"type": "text", "text": "Hxg", "fontSize": 20, "fontFamily": "Arial", "fill": "red", "left": 50, "top": 50, "strokeWidth": 0});
    let anchored = |x: &str, y: &str| json!({"originX": x, "originY": y});
    // One line is 22.6 pixels high; the letters are about 38 pixels wide.
    for (case, change, [left, top, right, bottom], min_pixels) in [
        ("origin top left", json!({}), [50, 50, 92, 73], 100),
        ("origin center", anchored("center", "center"), [29, 38, 71, 62], 100),
        ("origin bottom right", anchored("right", "bottom"), [8, 27, 50, 50], 100),
        ("rotated by 90 degrees", json!({"angle": 90}), [27, 50, 50, 92], 100),
        ("rotated by 180 degrees", merge(anchored("center", "center"), &json!({"angle": 180})), [29, 38, 71, 62], 100),
        ("scaled", merge(anchored("center", "center"), &json!({"scaleX": 2, "scaleY": 2})), [8, 27, 92, 74], 400),
        ("mirrored", json!({"flipX": true}), [50, 50, 92, 73], 100),
        ("two lines", json!({"text": "Hx\ngH"}), [50, 50, 85, 100], 100),
        ("an empty line between", json!({"text": "H\n\nH", "top": 10}), [50, 10, 75, 86], 100),
        ("as i-text", json!({"type": "i-text"}), [50, 50, 92, 73], 100),
        ("as IText", json!({"type": "IText"}), [50, 50, 92, 73], 100),
        ("bold and italic", json!({"fontWeight": "bold", "fontStyle": "italic"}), [50, 50, 96, 73], 130),
        ("weight as a number", json!({"fontWeight": 700}), [50, 50, 96, 73], 130),
        (
            "wrapped",
            json!({"type": "textbox", "text": "Hx Hx Hx", "width": 40, "left": 10, "top": 10}),
            [10, 10, 50, 90],
            200,
        ),
        (
            "a word that is wider than its box",
            json!({"type": "textbox", "text": "HxHxHx", "width": 10, "left": 10}),
            [10, 50, 95, 73],
            200,
        ),
        (
            "split by grapheme",
            json!({"type": "textbox", "text": "HxHxHx", "width": 30, "left": 10, "top": 10, "splitByGrapheme": true}),
            [10, 10, 40, 90],
            200,
        ),
        ("letter spacing", json!({"text": "xx", "charSpacing": 1000, "left": 20}), [20, 50, 66, 73], 50),
        ("stroked", json!({"fill": "", "stroke": "red", "strokeWidth": 2}), [49, 49, 96, 76], 100),
    ] {
        let image = draw(&json!([merge(text.clone(), &change)]));
        let found = drawn_rect(&image).unwrap_or_else(|| panic!("{case}: the image is empty"));
        let inside = found[0] >= left && found[1] >= top && found[2] <= right && found[3] <= bottom;
        assert!(inside, "{case}: {found:?} is outside of {:?}", [left, top, right, bottom]);
        let count = image.pixels().filter(|pixel| !near(**pixel, WHITE)).count();
        assert!(count >= min_pixels, "{case}: {count} pixels are drawn");
    }
}

#[test]
fn the_baseline_is_at_the_position_of_fabric() {
    for (font_size, line_height) in [(20.0, 1.16), (40.0, 1.0), (40.0, 2.0), (60.0, 1.16)] {
        let text = json!({"type": "text", "text": "H\nH", "fontSize": font_size, "lineHeight": line_height, "left": 10, "top": 10, "strokeWidth": 0});
        let image = render(&json!({"objects": [text]}), (100, 300));
        let rows: Vec<_> = (0..300).filter(|y| (0..100).any(|x| near(*image.get_pixel(x, *y), BLACK))).collect();
        let gap = rows.windows(2).position(|rows| rows[1] > rows[0] + 1).expect("two lines");
        for (line, bottom) in [(0.0, rows[gap]), (1.0, rows[rows.len() - 1])] {
            let baseline = 10.0 + font_size * (1.13 * 0.778 + line * 1.13 * line_height);
            let error = f64::from(bottom + 1) - baseline;
            assert!(error.abs() < 2.0, "{font_size}, {line_height}, line {line}: {error} pixels too low");
        }
    }
}

#[test]
fn text_is_aligned_in_its_box() {
    for (align, middle) in [("left", 25), ("center", 50), ("right", 75)] {
        let text = json!({"type": "textbox", "text": "H", "fontSize": 20, "width": 80, "left": 10, "top": 10, "textAlign": align});
        let [left, _, right, _] = drawn_rect(&draw(&json!([text]))).unwrap();
        assert!(u32::midpoint(left, right).abs_diff(middle) < 16, "{align}: {left} to {right}");
    }
}

#[test]
fn styles_apply_to_single_characters() {
    let text = json!({"type": "text", "text": "MM\nMM", "fontSize": 30, "fontFamily": "Arial", "fontWeight": "bold", "left": 10, "top": 10});
    let blue = json!({"fill": "blue"});
    for styles in [json!([{"start": 1, "end": 3, "style": blue}]), json!({"0": {"1": blue}, "1": {"0": blue}})] {
        let image = draw(&json!([merge(text.clone(), &json!({"styles": styles}))]));
        let has_blue = |left: u32, top: u32| {
            (left..left + 25).any(|x| (top..top + 25).any(|y| near(*image.get_pixel(x, y), BLUE)))
        };
        assert_eq!(
            [(10, 10), (42, 10), (10, 55), (42, 55)].map(|(x, y)| has_blue(x, y)),
            [false, true, true, false],
            "{styles}"
        );
    }
    let count = |change: Value, color| {
        let image = draw(&json!([merge(text.clone(), &change)]));
        image.pixels().filter(|pixel| near(**pixel, color)).count()
    };
    assert!(count(json!({"underline": true}), BLACK) > count(json!({}), BLACK) + 100);
    assert!(count(json!({"text": "l l", "linethrough": true}), BLACK) > count(json!({"text": "l l"}), BLACK) + 30);
    assert!(count(json!({"textBackgroundColor": "red"}), RED) > 1_500);
    let gradient =
        json!({"type": "linear", "coords": {"x1": 0, "y1": 0, "x2": 60, "y2": 0}, "colorStops": stops("red", "blue")});
    assert!(count(json!({"fill": gradient}), RED) > 30 && count(json!({"fill": gradient}), BLUE) > 30);
    let outlined = json!({"fill": "red", "stroke": "blue", "strokeWidth": 6, "text": "M"});
    let below = merge(outlined.clone(), &json!({"paintFirst": "stroke"}));
    assert!(
        count(below.clone(), RED) > count(outlined, RED) + 100 && count(below, BLUE) > 200,
        "the fill is above the stroke"
    );
}
