//! Rendering of the shapes, images and groups of a FabricJS canvas.

use crate::support::{canvas::*, red_png};
use pictify_emulator::render::fabric;
use serde_json::{Value, json};

/// Moves the object to the centre of the canvas.
fn at_center(object: Value) -> Value {
    let center =
        json!({"originX": "center", "originY": "center", "left": 50, "top": 50, "strokeWidth": 0, "fill": "red"});
    merge(object, &center)
}

#[test]
fn a_rect_is_placed_and_painted() {
    check(vec![
        ("a rect", square(&json!({})), &[(50, 50, RED), (31, 31, RED), (68, 68, RED), (28, 50, WHITE)][..]),
        ("in the spelling of version 6", square(&json!({"type": "Rect"})), &[(50, 50, RED)]),
        ("without a fill", square(&json!({"fill": null})), &[(50, 50, WHITE)]),
        ("hidden", square(&json!({"visible": false})), &[(50, 50, WHITE)]),
        ("round corners", square(&json!({"rx": 20})), &[(50, 50, RED), (32, 32, WHITE), (50, 31, RED)]),
        ("turned", square(&json!({"angle": 45})), &[(50, 24, RED), (76, 50, RED), (32, 32, WHITE), (68, 68, WHITE)]),
        ("scaled", square(&json!({"scaleX": 2, "scaleY": 0.5})), &[(12, 50, RED), (88, 50, RED), (50, 38, WHITE)]),
        ("skewed", square(&json!({"skewX": 45})), &[(36, 32, RED), (14, 32, RED), (86, 32, WHITE), (84, 68, RED)]),
        ("half transparent", square(&json!({"opacity": 0.5})), &[(50, 50, PINK), (28, 50, WHITE)]),
        (
            "stroke",
            square(&json!({"stroke": "blue", "strokeWidth": 8})),
            &[(50, 50, RED), (31, 50, BLUE), (27, 50, BLUE), (24, 50, WHITE)],
        ),
        (
            "stroke below",
            square(&json!({"stroke": "blue", "strokeWidth": 8, "paintFirst": "stroke"})),
            &[(33, 50, RED), (28, 50, BLUE)],
        ),
        (
            "scaled stroke",
            square(&json!({"stroke": "blue", "strokeWidth": 4, "scaleX": 2})),
            &[(8, 50, BLUE), (13, 50, BLUE), (50, 30, BLUE), (50, 34, RED)],
        ),
        (
            "unscaled stroke",
            square(&json!({"stroke": "blue", "strokeWidth": 4, "scaleX": 2, "strokeUniform": true})),
            &[(10, 50, BLUE), (14, 50, RED)],
        ),
        (
            "dashes",
            square(&json!({"fill": "", "stroke": "blue", "strokeWidth": 4, "strokeDashArray": [20, 20]})),
            &[(40, 30, BLUE), (60, 30, WHITE)],
        ),
    ]);
}

#[test]
fn every_shape_is_drawn() {
    check(vec![
        (
            "a circle",
            at_center(json!({"type": "circle", "radius": 20})),
            &[(50, 50, RED), (50, 32, RED), (34, 34, WHITE)],
        ),
        (
            "half a circle",
            at_center(json!({"type": "circle", "radius": 20, "endAngle": 180})),
            &[(50, 60, RED), (50, 40, WHITE)],
        ),
        (
            "an ellipse",
            at_center(json!({"type": "ellipse", "rx": 40, "ry": 10})),
            &[(12, 50, RED), (88, 50, RED), (50, 38, WHITE)],
        ),
        (
            "a triangle",
            at_center(json!({"type": "triangle", "width": 40, "height": 40})),
            &[(50, 50, RED), (33, 68, RED), (33, 34, WHITE), (67, 34, WHITE)],
        ),
        (
            "upside down",
            at_center(json!({"type": "triangle", "width": 40, "height": 40, "flipY": true})),
            &[(50, 50, RED), (33, 68, WHITE), (34, 32, RED)],
        ),
        (
            "a line",
            json!({"type": "line", "x1": -30, "y1": 30, "x2": 30, "y2": -30, "left": 20, "top": 20, "stroke": "blue", "strokeWidth": 6}),
            &[(53, 53, BLUE), (30, 76, BLUE), (30, 30, WHITE)],
        ),
        (
            "a polyline",
            json!({"type": "polyline", "points": [{"x": 10, "y": 10}, {"x": 90, "y": 10}, {"x": 90, "y": 90}], "fill": "red", "stroke": "blue", "strokeWidth": 4}),
            &[(50, 10, BLUE), (90, 50, BLUE), (70, 30, RED), (30, 70, WHITE)],
        ),
        (
            "a polygon",
            json!({"type": "polygon", "points": [{"x": 10, "y": 10}, {"x": 90, "y": 10}, {"x": 90, "y": 90}], "left": 0, "top": 20, "fill": "red", "strokeWidth": 0}),
            &[(60, 30, RED), (78, 80, RED), (20, 80, WHITE), (88, 50, WHITE)],
        ),
        (
            "a path",
            json!({"type": "path", "path": "M0 0 H40 V40 H0 Z M10 10 H30 V30 H10 Z", "fill": "red", "fillRule": "evenodd", "left": 30, "top": 30, "strokeWidth": 0}),
            &[(35, 35, RED), (50, 50, WHITE), (65, 65, RED), (25, 25, WHITE)],
        ),
        (
            "a path as a list",
            json!({"type": "Path", "path": [["M", 0, 0], ["L", 40, 0], ["L", 40, 40], ["z"]], "fill": "red", "left": 30, "top": 30, "strokeWidth": 0}),
            &[(65, 40, RED), (35, 60, WHITE)],
        ),
        (
            "an image",
            at_center(json!({"type": "image", "src": red_png(), "scaleX": 20, "scaleY": 20})),
            &[(50, 50, RED), (32, 32, RED), (28, 50, WHITE)],
        ),
        (
            "an image, cropped",
            at_center(
                json!({"type": "FabricImage", "src": red_png(), "cropX": 1, "width": 1, "height": 2, "scaleX": 20, "scaleY": 20}),
            ),
            &[(50, 50, RED), (42, 50, RED), (38, 50, WHITE)],
        ),
    ]);
}

#[test]
fn effects_are_drawn() {
    check(vec![
        (
            "a background of its own",
            at_center(json!({"type": "circle", "radius": 20, "backgroundColor": "green"})),
            &[(50, 50, RED), (32, 32, GREEN), (28, 50, WHITE)],
        ),
        (
            "a clip path",
            square(
                &json!({"clipPath": {"type": "circle", "radius": 10, "left": 0, "top": 0, "originX": "center", "originY": "center"}}),
            ),
            &[(50, 50, RED), (38, 38, WHITE)],
        ),
        (
            "an inverted clip path",
            square(
                &json!({"clipPath": {"type": "circle", "radius": 10, "left": 0, "top": 0, "originX": "center", "originY": "center", "inverted": true}}),
            ),
            &[(50, 50, WHITE), (34, 34, RED)],
        ),
        (
            "a shadow",
            square(&json!({"shadow": {"color": "blue", "offsetX": 10, "offsetY": 20, "blur": 0}})),
            &[(50, 50, RED), (75, 85, BLUE), (75, 65, BLUE), (35, 75, WHITE)],
        ),
        (
            "a shadow as text",
            square(&json!({"shadow": "rgb(0, 0, 255) 10px 20px 0"})),
            &[(50, 50, RED), (75, 85, BLUE)],
        ),
        (
            "the shadow of an object outside the canvas",
            square(&json!({"left": -30, "shadow": {"color": "blue", "offsetX": 50}})),
            &[(10, 50, BLUE), (60, 50, WHITE)],
        ),
    ]);
}

#[test]
fn left_and_top_are_the_origin_of_the_box_with_its_stroke() {
    let object =
        json!({"type": "rect", "left": 40, "top": 40, "width": 20, "height": 20, "stroke": "red", "strokeWidth": 4});
    for (change, version, expected) in [
        (json!({}), "5.3.0", [40, 40, 63, 63]),
        (json!({"originX": "right", "originY": "bottom"}), "5.3.0", [16, 16, 39, 39]),
        (json!({"originX": "center", "originY": "center"}), "5.3.0", [28, 28, 51, 51]),
        (json!({"originX": 1, "originY": 0}), "5.3.0", [16, 40, 39, 63]),
        (json!({"angle": 90}), "5.3.0", [16, 40, 39, 63]),
        (json!({"angle": 180, "originX": "right", "originY": "bottom"}), "5.3.0", [40, 40, 63, 63]),
        (json!({}), "7.0.0", [28, 28, 51, 51]),
        (json!({"scaleX": -1, "flipY": true}), "6.0.0", [40, 40, 63, 63]),
    ] {
        let canvas = json!({"version": version, "objects": [merge(object.clone(), &change)]});
        assert_eq!(drawn_rect(&render(&canvas, (100, 100))), Some(expected), "{change} in version {version}");
    }
}

#[test]
fn gradients_are_drawn() {
    let linear = |coords: Value| json!({"type": "linear", "coords": coords, "colorStops": stops("red", "blue")});
    let across = linear(json!({"x1": 0, "y1": 0, "x2": 40, "y2": 0}));
    let relative = merge(linear(json!({"x1": 0, "y1": 0, "x2": 0, "y2": 1})), &json!({"gradientUnits": "percentage"}));
    let moved = merge(across.clone(), &json!({"offsetX": 20}));
    let turned = merge(across.clone(), &json!({"gradientTransform": [0, 1, -1, 0, 0, 0]}));
    let clear = merge(
        across.clone(),
        &json!({"colorStops": [{"offset": 0, "color": "red", "opacity": 0}, {"offset": 1, "color": "red", "opacity": 1}]}),
    );
    let radial = |r1, r2| json!({"type": "radial", "coords": {"x1": 20, "y1": 20, "r1": r1, "x2": 20, "y2": 20, "r2": r2}, "colorStops": stops("red", "blue")});
    for (case, paint, points) in [
        ("across", &across, [(31, 50, RED), (50, 50, PURPLE), (69, 50, BLUE)]),
        ("relative", &relative, [(50, 31, RED), (50, 50, PURPLE), (50, 69, BLUE)]),
        ("moved", &moved, [(31, 50, RED), (50, 50, RED), (69, 50, PURPLE)]),
        ("turned", &turned, [(50, 31, RED), (50, 50, PURPLE), (50, 69, BLUE)]),
        ("clear", &clear, [(31, 50, WHITE), (50, 50, PINK), (69, 50, RED)]),
        ("radial", &radial(0, 20), [(50, 50, RED), (60, 50, PURPLE), (31, 31, BLUE)]),
        ("radial, inwards", &radial(20, 0), [(50, 50, BLUE), (60, 50, PURPLE), (31, 31, RED)]),
    ] {
        let image = draw(&json!([square(&json!({"fill": paint}))]));
        check_points(case, &image, &points);
    }
    let stroked = draw(&json!([square(&json!({"fill": "", "stroke": across, "strokeWidth": 10}))]));
    assert!(near(*stroked.get_pixel(28, 50), RED) && near(*stroked.get_pixel(72, 50), BLUE));
}

#[test]
fn groups_transform_their_objects() {
    let group = |change: Value, objects: Value| {
        let group = json!({"type": "group", "left": 50, "top": 50, "width": 40, "height": 40, "originX": "center", "originY": "center", "objects": objects});
        draw(&json!([merge(group, &change)]))
    };
    let corner =
        json!({"type": "rect", "left": -20, "top": -20, "width": 10, "height": 10, "fill": "red", "strokeWidth": 0});
    for (case, change, points) in [
        ("plain", json!({}), [(35, 35, RED), (65, 35, WHITE)]),
        ("turned", json!({"angle": 90}), [(65, 35, RED), (35, 35, WHITE)]),
        ("scaled", json!({"scaleX": 2}), [(20, 35, RED), (35, 35, WHITE)]),
        ("mirrored", json!({"flipX": true}), [(65, 35, RED), (35, 35, WHITE)]),
        ("half transparent", json!({"opacity": 0.5}), [(35, 35, PINK), (65, 35, WHITE)]),
        ("hidden", json!({"visible": false}), [(35, 35, WHITE), (65, 35, WHITE)]),
        (
            "clipped",
            json!({"clipPath": {"type": "rect", "left": 0, "top": -20, "width": 20, "height": 40}}),
            [(35, 35, WHITE), (65, 35, WHITE)],
        ),
        ("shadow", json!({"angle": 90, "shadow": {"color": "blue", "offsetX": -30}}), [(65, 35, RED), (35, 35, BLUE)]),
    ] {
        let image = group(change, json!([corner]));
        check_points(case, &image, &points);
    }
    let inner = json!({"type": "Group", "left": 0, "top": 0, "width": 20, "height": 20, "angle": 180, "objects": [
        {"type": "rect", "left": -10, "top": -10, "width": 10, "height": 10, "fill": "red", "strokeWidth": 0},
    ]});
    // The inner group rotates about its top left corner, which is the centre of the canvas.
    let nested = group(json!({"angle": 180}), json!([inner]));
    assert_eq!(drawn_rect(&nested), Some([50, 50, 59, 59]));
}

#[test]
fn the_background_of_a_canvas_is_drawn() {
    let gradient = json!({"type": "linear", "gradientUnits": "percentage", "coords": {"x2": 1}, "colorStops": stops("red", "blue")});
    let image = json!({"type": "image", "src": red_png(), "scaleX": 50, "scaleY": 50});
    for (canvas, left, right) in [
        (json!({"background": "red"}), RED, RED),
        (json!({"backgroundColor": "red"}), RED, RED),
        (json!({"background": "rgba(255,0,0,.5)"}), PINK, PINK),
        (json!({"background": gradient}), RED, BLUE),
        (json!({"backgroundImage": image}), RED, RED),
        (json!({"backgroundImage": merge(image.clone(), &json!({"scaleX": 25})), "background": "blue"}), RED, BLUE),
        (json!({"overlayImage": image, "background": "blue"}), RED, RED),
        (
            json!({"clipPath": {"type": "rect", "width": 50, "height": 100}, "objects": [square(&json!({"width": 100, "height": 100}))]}),
            RED,
            WHITE,
        ),
    ] {
        let image = render(&canvas, (100, 100));
        let found = (*image.get_pixel(2, 50), *image.get_pixel(97, 50));
        assert!(near(found.0, left) && near(found.1, right), "{canvas}: {found:?}");
    }
}

#[test]
fn the_requested_size_overrides_that_of_the_canvas() {
    for (canvas, size, expected) in [
        (json!({}), None, (1280, 720)),
        (json!({"width": 300, "height": 200}), None, (300, 200)),
        (json!({"width": 300, "height": 200}), Some((40, 30)), (40, 30)),
    ] {
        let page = fabric::page(&canvas, size).unwrap();
        assert_eq!((page.width, page.height), expected, "{canvas}");
    }
}
