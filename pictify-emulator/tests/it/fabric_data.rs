//! Errors in FabricJS canvases, escaping and variables.

use crate::support::canvas::*;
use pictify_emulator::render::fabric::{self, FabricErrorKind};
use serde_json::{Value, json};

#[test]
fn errors_have_a_location() {
    let group = |object: Value| json!({"objects": [{"type": "rect"}, {"type": "group", "objects": [object]}]});
    let one = |object: Value| json!({"objects": [object]});
    let deep = (0..40).fold(json!({"type": "rect"}), |inner, _| json!({"type": "group", "objects": [inner]}));
    for (canvas, message) in [
        (json!([]), "fabricJSData must be an object, not []"),
        (json!({"objects": {}}), "objects must be a list, not {}"),
        (json!({"objects": [7]}), "objects[0] must be an object, not 7"),
        (one(json!({})), "objects[0].type must be the name of a type, not missing"),
        (one(json!({"type": "Hexagon"})), "objects[0]: objects of type Hexagon cannot be drawn"),
        (group(json!({"type": "hexagon"})), "objects[1].objects[0]: objects of type hexagon cannot be drawn"),
        (
            group(json!({"type": "rect", "fill": "no color"})),
            "objects[1].objects[0].fill must be a CSS colour, not \"no color\"",
        ),
        (one(json!({"type": "rect", "left": "x"})), "objects[0].left must be a number of at most a million, not \"x\""),
        (
            one(json!({"type": "rect", "left": 1e12})),
            "objects[0].left must be a number of at most a million, not 1000000000000.0",
        ),
        (one(json!({"type": "rect", "width": -1})), "objects[0].width must be zero or more, not -1"),
        (
            one(json!({"type": "rect", "originX": "middle"})),
            "objects[0].originX must be left, top, center, right or bottom, not \"middle\"",
        ),
        (one(json!({"type": "rect", "visible": 1})), "objects[0].visible must be true or false, not 1"),
        (one(json!({"type": "rect", "skewX": 90})), "objects[0].skewX must be less than 90 degrees, not 90"),
        (one(json!({"type": "path", "path": "M 0 0 Q"})), "objects[0].path must be SVG path data, not \"M 0 0 Q\""),
        (one(json!({"type": "path", "path": [["M", {}]]})), "objects[0].path must be SVG path data, not [[\"M\",{}]]"),
        (
            one(json!({"type": "polygon", "points": [{"x": 1}, {"x": []}]})),
            "objects[0].points[1].x must be a number of at most a million, not []",
        ),
        (one(json!({"type": "text", "text": 7})), "objects[0].text must be text, not 7"),
        (
            one(json!({"type": "text", "text": "x", "fontWeight": "thick"})),
            "objects[0].fontWeight must be normal, bold or a number from 1 to 1000, not \"thick\"",
        ),
        (
            one(json!({"type": "text", "text": "x", "styles": [{"start": 0, "end": 1, "style": {"fill": "x"}}]})),
            "objects[0].styles[0].style.fill must be a CSS colour, not \"x\"",
        ),
        (
            one(json!({"type": "image", "src": "file:///etc/passwd"})),
            "objects[0].src must be a data: or https: URL, not \"file:///etc/passwd\"",
        ),
        (
            one(json!({"type": "image", "src": "https://example.com/a.png"})),
            "objects[0].width must be a number, because the size of the image is unknown, not missing",
        ),
        (
            one(json!({"type": "rect", "fill": {"type": "conic"}})),
            "objects[0].fill.type must be linear or radial, not \"conic\"",
        ),
        (
            one(json!({"type": "rect", "fill": {"colorStops": [{"color": "x"}]}})),
            "objects[0].fill.colorStops[0].color must be a CSS colour, not \"x\"",
        ),
        (
            one(json!({"type": "rect", "shadow": {"color": "x"}})),
            "objects[0].shadow.color must be a CSS colour, not \"x\"",
        ),
        (
            one(json!({"type": "rect", "shadow": {"blur": 100_000}})),
            "objects[0].shadow: the offset or blur is more than 2000 pixels",
        ),
        (
            one(json!({"type": "rect", "clipPath": {"type": "text"}})),
            "objects[0].clipPath: objects of type text in a clip path cannot be drawn",
        ),
        (json!({"background": "x"}), "background must be a CSS colour, not \"x\""),
        (json!({"backgroundImage": {"type": "none"}}), "backgroundImage: objects of type none cannot be drawn"),
        (json!({"width": 5000}), "fabricJSData: a canvas must have 1 to 4096 pixels per side, not 5000 by 720"),
        (
            json!({"objects": vec![json!({"type": "rect"}); 5_001]}),
            "objects[5000]: a canvas may have at most 5000 objects",
        ),
        (
            one(json!({"type": "polyline", "points": vec![json!({}); 50_001]})),
            "objects[0].points: more than the 50000 points that the emulator draws",
        ),
        (one(json!({"type": "text", "text": "x".repeat(100_001)})), "objects[0].text: more than 100000 characters"),
    ] {
        assert_eq!(fabric::page(&canvas, None).unwrap_err().to_string(), message);
    }
    let error = fabric::page(&one(deep), None).unwrap_err();
    let expected = FabricErrorKind::LimitExceeded("groups are nested more than 30 levels deep".to_owned());
    assert_eq!(error.kind, expected);
    let error = fabric::page(&one(json!({"type": "path", "path": "x".repeat(500)})), None).unwrap_err();
    assert!(error.to_string().len() < 200, "{error}");
}

#[test]
fn text_cannot_inject_markup() {
    let markup = "</div><div style=\"background:red;position:fixed;inset:0\">&amp;'";
    for object in [
        json!({"type": "text", "text": markup, "fontSize": 5}),
        json!({"type": "text", "text": "x", "fontFamily": format!("a';background:red;x:'{markup}")}),
        json!({"type": "image", "width": 1, "height": 1, "src": format!("https://x/\"{markup}")}),
    ] {
        let image = draw(&json!([object]));
        assert!(image.pixels().all(|pixel| !near(*pixel, RED)), "{object}");
    }
}

#[test]
fn variables_and_conditions_are_evaluated() {
    let canvas = json!({
        "version": "{{v}}", "background": "{{color}}", "objects": [
            {"type": "{{t}}", "text": "Hello {{name}}", "_if": "yes"},
            {"type": "text", "text": "{{broken}}", "_if": "no"},
            {"type": "group", "_if": "", "objects": [
                {"type": "rect", "fill": {"colorStops": [{"color": "{{color}}"}]}, "clipPath": {"_if": "no"}, "left": 5},
                {"type": "rect", "_if": false},
            ]},
        ],
    });
    let interpolate = |text: &str| match text {
        "{{broken}}" => Err("no such variable"),
        text => Ok(text.replace("{{name}}", "Ada").replace("{{color}}", "red")),
    };
    let condition = |text: &str| match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("no such condition"),
    };
    let expected = json!({
        "version": "{{v}}", "background": "red", "objects": [
            {"type": "{{t}}", "text": "Hello Ada"},
            {"type": "group", "objects": [{"type": "rect", "fill": {"colorStops": [{"color": "red"}]}, "left": 5}]},
        ],
    });
    assert_eq!(fabric::fill_in(&canvas, interpolate, condition), Ok(expected));
    for (object, message) in [
        (json!({"text": "{{broken}}"}), "objects[1].text: no such variable"),
        (json!({"_if": "what"}), "objects[1]._if: no such condition"),
    ] {
        let canvas = json!({"objects": [{}, object]});
        let error = fabric::fill_in(&canvas, interpolate, condition).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
