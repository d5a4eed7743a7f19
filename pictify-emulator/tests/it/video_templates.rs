//! Video templates: storing, checking and rendering.

use crate::support::{JSON, KEY, Response, file_path, get, post, send};
use image::{AnimationDecoder, Frame, Rgba, RgbaImage, codecs::gif::GifDecoder};
use pictify_emulator::Emulator;
use serde_json::{Value, json};
use std::io::Cursor;

const TEASER: &str = include_str!("scenes/teaser.tsx");

/// Returns a scene whose component returns `content`, an expression of the frame `f` and the props `p`.
fn scene(fields: &str, content: &str) -> String {
    format!(
        "import {{z}} from 'zod';\nimport * as R from 'remotion';\nexport const schema = z.object({{{fields}}});\n\
        export default (p) => {{ const f = R.useCurrentFrame(); return {content}; }};\n"
    )
}

/// Returns a scene of 40 by 20 pixels with a bar that grows by one pixel a frame.
fn bar() -> String {
    scene(
        "color: z.string().max(9).default('#ff0000')",
        "<div style={{width: 40, height: 20, background: 'white'}}>\
        <div style={{width: f + 1, height: 20, background: p.color}} /></div>",
    )
}

fn template(tsx: &str) -> Value {
    json!({"name": "Bar", "kind": "tsx", "tsx": tsx, "width": 40, "height": 20, "fps": 10, "durationInFrames": 20})
}

async fn created(emulator: &Emulator, body: &Value) -> Value {
    let response = post(emulator, "/video/templates", body).await;
    assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
    response.json()["template"].clone()
}

fn path(template: &Value, rest: &str) -> String {
    format!("/video/templates/{}{rest}", template["uid"].as_str().unwrap())
}

async fn put(emulator: &Emulator, path: &str, body: &Value) -> Response {
    send(emulator, &format!("PUT {path}"), &[KEY, JSON], body.to_string().as_bytes()).await
}

async fn delete(emulator: &Emulator, path: &str) -> Response {
    send(emulator, &format!("DELETE {path}"), &[KEY], b"").await
}

/// Renders a frame as an image.
async fn preview(emulator: &Emulator, template: &Value, body: &Value) -> RgbaImage {
    let response = post(emulator, &path(template, "/preview"), body).await;
    let file = get(emulator, &file_path(emulator, &response)).await;
    image::load_from_memory(&file.body).unwrap().to_rgba8()
}

async fn frames(emulator: &Emulator, response: &Response) -> Vec<Frame> {
    let file = get(emulator, &file_path(emulator, response)).await;
    assert_eq!(file.header("content-type"), Some("image/gif"));
    GifDecoder::new(Cursor::new(&file.body)).unwrap().into_frames().collect_frames().unwrap()
}

/// Returns the width of a bar of this colour.
fn width(image: &RgbaImage, color: [u8; 3]) -> usize {
    let [red, green, blue] = color;
    (0..image.width()).filter(|x| *image.get_pixel(*x, 10) == Rgba([red, green, blue, 255])).count()
}

/// Posts an invalid video template, and returns the errors.
async fn errors(emulator: &Emulator, body: &Value) -> Vec<String> {
    let response = post(emulator, "/video/templates", body).await;
    assert_eq!(response.status, 422, "{response:?}");
    serde_json::from_value(response.json()["errors"].clone()).unwrap()
}

#[tokio::test]
async fn the_schema_of_a_scene_defines_its_variables() {
    let emulator = Emulator::start().await.unwrap();
    let body =
        json!({"name": "Teaser", "kind": "tsx", "tsx": TEASER, "width": 640, "height": 360, "durationInFrames": 60});
    let template = created(&emulator, &body).await;
    let variables = get(&emulator, &path(&template, "/variables")).await.json();
    let definitions = json!([
        {"name": "title", "type": "text", "defaultValue": "Hello, Rust", "description": "The large line",
            "validation": {"minLength": 1, "maxLength": 40}},
        {"name": "accent", "type": "color", "defaultValue": "#ff5533"},
        {"name": "points", "type": "array", "defaultValue": ["Fast", "Safe", "Offline"]},
        {"name": "year", "type": "number", "defaultValue": 2026},
        {"name": "bold", "type": "boolean", "defaultValue": true},
        {"name": "footer", "type": "text"},
    ]);
    assert_eq!(variables["variables"], definitions);
    assert_eq!(variables["referenced"], json!(["title", "accent", "points", "year", "bold", "footer"]));
    assert_eq!((&variables["kind"], &variables["templateName"]), (&json!("tsx"), &json!("Teaser")));
    assert_eq!(template["variableDefinitions"], definitions);
}

#[tokio::test]
async fn a_schema_may_be_a_plain_object_and_name_its_types() {
    let emulator = Emulator::start().await.unwrap();
    let tsx = "import {z} from 'zod';
        export const schema = {
            title: z.string().default('Hi'),
            accent: z.string().default('blue').describe('color'),
            logo: z.string().describe('image').default('https://example.com/a.png'),
            clip: z.string().default('').describe('video'),
            song: z.string().default('').describe('audio'),
            note: z.string().default('').describe('A colour of the image'),
            count: z.number().default(1).describe('number'),
        };
        export default ({title, accent, logo, clip, song, note, count}) =>
            <p style={{background: accent}}>{title}{logo}{clip}{song}{note}{count}</p>;";
    let body = json!({"name": "Plain", "kind": "tsx", "tsx": tsx, "width": 40, "height": 20, "durationInFrames": 10});
    let template = created(&emulator, &body).await;
    let definitions = json!([
        {"name": "title", "type": "text", "defaultValue": "Hi"},
        {"name": "accent", "type": "color", "defaultValue": "blue"},
        {"name": "logo", "type": "image", "defaultValue": "https://example.com/a.png"},
        {"name": "clip", "type": "video", "defaultValue": ""},
        {"name": "song", "type": "audio", "defaultValue": ""},
        {"name": "note", "type": "text", "defaultValue": "", "description": "A colour of the image"},
        {"name": "count", "type": "number", "defaultValue": 1},
    ]);
    assert_eq!(template["variableDefinitions"], definitions);
    preview(&emulator, &template, &json!({"variables": {"accent": "red"}})).await;
    let invalid = post(&emulator, &path(&template, "/preview"), &json!({"variables": {"title": 7}})).await;
    assert_eq!(invalid.status, 422, "the values are checked as those of a zod object");
    for (schema, message) in [
        ("{title: 'Hi'}", "schema.title: this is not a zod type"),
        ("{}", ""),
        ("[]", "The scene must export a zod object as schema"),
        ("7", "The scene must export a zod object as schema"),
        ("z.string()", "The scene must export a zod object as schema"),
    ] {
        let tsx = format!("import {{z}} from 'zod'; export const schema = {schema}; export default () => null;");
        let body = json!({"name": "x", "kind": "tsx", "tsx": tsx, "width": 40, "height": 20});
        match message {
            "" => _ = created(&emulator, &body).await,
            message => assert_eq!(errors(&emulator, &body).await, [message], "{schema}"),
        }
    }
}

#[tokio::test]
async fn a_realistic_scene_is_rendered() {
    let emulator = Emulator::start().await.unwrap();
    let body =
        json!({"name": "Teaser", "kind": "tsx", "tsx": TEASER, "width": 640, "height": 360, "durationInFrames": 60});
    let template = created(&emulator, &body).await;
    let variables = json!({"title": "Maya", "accent": "#00ff41", "points": ["One"]});
    let image = preview(&emulator, &template, &json!({"frame": 45, "variables": variables})).await;
    let [background, accent] = [[17, 24, 39, 255], [0, 255, 65, 255]].map(Rgba);
    let bar: Vec<_> = (0..640).filter(|x| *image.get_pixel(*x, 356) == accent).collect();
    assert_eq!((bar.len(), bar.first(), bar.last()), (480, Some(&0), Some(&479)), "three quarters of the width");
    assert_eq!(*image.get_pixel(600, 356), background);
    let white = |rows: std::ops::Range<u32>| {
        rows.flat_map(|y| (0..640).map(move |x| (x, y))).filter(|(x, y)| image.get_pixel(*x, *y)[0] > 240).count()
    };
    assert!(white(40..120) > 500, "the title");
    assert!(white(120..180) > 50, "the point");
    assert_eq!(white(180..350), 0, "no other text, after both parts of the series");
}

#[tokio::test]
async fn unsupported_imports_fail_only_when_rendered() {
    let emulator = Emulator::start().await.unwrap();
    let tsx =
        format!("import {{noise2D}} from '@remotion/noise';\n{}const n = `${{noise2D('x', 1, 2)}}`;", scene("", "n"));
    let mut body = template(&tsx);
    body["variableDefinitions"] = json!([{"name": "title", "type": "text"}]);
    let template = created(&emulator, &body).await;
    assert_eq!(template["variableDefinitions"], body["variableDefinitions"], "the definitions of the request are used");
    let rejected = post(&emulator, &path(&template, "/preview"), &json!({})).await;
    let message = "The emulator does not support noise2D of @remotion/noise";
    assert_eq!((rejected.status, &rejected.json()["message"]), (501, &json!(message)));
}

#[tokio::test]
async fn a_preview_renders_one_frame() {
    let emulator = Emulator::start().await.unwrap();
    let template = created(&emulator, &template(&bar())).await;
    for (body, color, expected) in [
        (json!({}), [255, 0, 0], 1),
        (json!({"frame": 9}), [255, 0, 0], 10),
        (json!({"frame": 19, "variables": {"color": "#0000ff"}}), [0, 0, 255], 20),
    ] {
        assert_eq!(width(&preview(&emulator, &template, &body).await, color), expected, "{body}");
    }
    let beyond = post(&emulator, &path(&template, "/preview"), &json!({"frame": 20})).await;
    let message = "frame 20 is out of range: the video has 20 frames, counted from 0";
    assert_eq!((beyond.status, beyond.json()), (422, json!({"errors": [message]})));
    assert_eq!(emulator.billed_renders(), 3, "a failed request is not billed");
}

#[tokio::test]
async fn a_gif_has_every_second_frame() {
    let emulator = Emulator::start().await.unwrap();
    let template = created(&emulator, &template(&bar())).await;
    let body = json!({"format": "gif", "variables": {"color": "#00ff00"}});
    let rendered = post(&emulator, &path(&template, "/render"), &body).await;
    assert_eq!((&rendered.json()["durationInFrames"], &rendered.json()["format"]), (&json!(20), &json!("gif")));
    let frames = frames(&emulator, &rendered).await;
    let widths: Vec<_> = frames.iter().map(|frame| width(frame.buffer(), [0, 255, 0])).collect();
    assert_eq!(widths, [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    assert!(frames.iter().all(|frame| frame.delay().numer_denom_ms() == (200, 1)), "two seconds in total");

    let renders = get(&emulator, &format!("/render?template={}", template["uid"].as_str().unwrap())).await.json();
    let render = &renders["renders"][0];
    assert_eq!((&render["format"], &render["width"], &render["height"]), (&json!("GIF"), &json!(40), &json!(20)));
    assert_eq!((&render["url"], &render["animationLength"]), (&rendered.json()["url"], &json!(2000)));
    let ledger = get(&emulator, "/_emulator/ledger").await.json();
    assert_eq!((&ledger["renders"], &ledger["entries"][0]["operation"]), (&json!(1), &json!("renderVideo")));
}

#[tokio::test]
async fn unsupported_renders_fail_and_are_not_billed() {
    let emulator = Emulator::start().await.unwrap();
    let code = created(&emulator, &template(&bar())).await;
    let timeline = created(&emulator, &json!({"name": "x", "kind": "timeline", "projectJson": {}})).await;
    let unsupported = "import {Player} from '@remotion/shapes'; import {Video} from 'remotion'; import {z} from 'zod';
        export const schema = z.object({}); export default () => <Video src='x.mp4' />";
    let unsupported = created(&emulator, &template(unsupported)).await;
    let bridge = "render_bridge_not_installed";
    for (path, body, code, message) in [
        (path(&code, "/render"), json!({}), bridge, "The emulator cannot render mp4 files: use the format gif"),
        (
            path(&timeline, "/render"),
            json!({"format": "gif"}),
            bridge,
            "The emulator cannot render timelines: use a code template",
        ),
        (
            path(&timeline, "/preview"),
            json!({}),
            "preview_not_supported",
            "The emulator cannot preview timelines: use a code template",
        ),
        (path(&unsupported, "/preview"), json!({}), bridge, "The emulator does not support Video of remotion"),
    ] {
        let rejected = post(&emulator, &path, &body).await;
        assert_eq!(
            (rejected.status, rejected.json()),
            (501, json!({"message": message, "code": code})),
            "{path} {body}"
        );
    }
    let generated = post(&emulator, "/video/templates/generate", &json!({"prompt": "A teaser"})).await;
    assert_eq!((generated.status, &generated.json()["code"]), (503, &json!("ai_unavailable")));
    assert_eq!(emulator.billed_renders(), 0);
}

#[tokio::test]
async fn values_must_match_the_schema() {
    let emulator = Emulator::start().await.unwrap();
    let fields = "text: z.string().min(2).max(3).default('ab'), count: z.number().int().min(1).default(1),
        flag: z.boolean().default(true), mode: z.enum(['a', 'b']).default('a'), list: z.array(z.string()).max(1).default([])";
    let template = created(&emulator, &template(&scene(fields, "<b>{p.text}</b>"))).await;
    for (variables, message) in [
        (json!({"text": 7}), "Variable \"text\" is not of type string"),
        (json!({"text": "x"}), "Variable \"text\" is less than 2 characters"),
        (json!({"text": "abcd"}), "Variable \"text\" is more than 3 characters"),
        (json!({"count": 1.5}), "Variable \"count\" is not a whole number"),
        (json!({"count": 0}), "Variable \"count\" is less than 1"),
        (json!({"flag": "yes"}), "Variable \"flag\" is not of type boolean"),
        (json!({"mode": "c"}), "Variable \"mode\" is not one of a, b"),
        (json!({"list": ["x", "y"]}), "Variable \"list\" is more than 1 items"),
    ] {
        // Values are checked also for a format that cannot be rendered.
        for (rest, format) in [("/preview", "png"), ("/render", "gif"), ("/render", "mp4")] {
            let rejected =
                post(&emulator, &path(&template, rest), &json!({"variables": variables, "format": format})).await;
            let expected = json!({"message": message, "code": "invalid_variable"});
            assert_eq!((rejected.status, rejected.json()), (422, expected), "{variables} {rest}");
        }
    }
    let valid = json!({"variables": {"text": null, "mode": "b", "other": {"is": "passed"}}});
    assert_eq!(post(&emulator, &path(&template, "/preview"), &valid).await.status, 200);

    let definitions = json!([{"name": "title", "required": true}]);
    let body = json!({"name": "x", "kind": "timeline", "projectJson": {}, "variableDefinitions": definitions});
    let timeline = created(&emulator, &body).await;
    let rejected = post(&emulator, &path(&timeline, "/render"), &json!({})).await;
    assert_eq!((rejected.status, &rejected.json()["code"]), (422, &json!("invalid_variable")));
}

#[tokio::test]
async fn invalid_code_is_rejected_with_its_position_and_not_stored() {
    let emulator = Emulator::start().await.unwrap();
    let valid = scene("", "null");
    for (tsx, expected) in [
        ("const = 1;".to_owned(), "1:7 Unexpected token"),
        (format!("{valid}\nlet a; let a;"), "6:5 Identifier `a` has already been declared"),
        (
            format!("import fs from 'fs';\n{valid}"),
            "1:16 Cannot import fs: a scene imports only remotion, @remotion/*, react and zod",
        ),
        (format!("{valid}import('./other');"), "5:1 A scene is one file: import() is not allowed"),
        ("export default () => null".to_owned(), "The scene must export a zod object as schema"),
        (
            "import {z} from 'zod'; export const schema = z.object({});".to_owned(),
            "The scene must export a component by default",
        ),
        (scene("title: z.string()", "null"), "schema.title: it needs a default"),
        (
            scene("card: z.object({})", "null"),
            "schema.card: the fields of a schema must be flat, this one is an object",
        ),
        (scene("title: 7", "null"), "schema.title: this is not a zod type"),
        (format!("{valid}throw new Error('no')"), "Error: no"),
        (format!("{valid}throw 'no'"), "no"),
        (format!("{valid}missing()"), "ReferenceError: missing is not defined"),
        (format!("{valid}await new Promise(() => {{}})"), "The scene waits for a promise that never settles"),
        ("(".repeat(200), "The brackets of the code are nested 200 levels deep; the limit is 128"),
    ] {
        let errors = errors(&emulator, &template(&tsx)).await;
        assert_eq!(errors[0], expected, "{tsx}");
    }
    assert_eq!(get(&emulator, "/video/templates").await.json(), json!({"templates": []}));
    for (body, expected) in [
        (json!({"name": "x", "kind": "tsx"}), "tsx is required for the kind tsx"),
        (json!({"name": "x", "kind": "timeline", "tsx": valid}), "projectJson is required for the kind timeline"),
        (json!({"name": "x", "kind": "film"}), "kind film is not one of timeline, tsx"),
    ] {
        assert_eq!(errors(&emulator, &body).await, [expected]);
    }
}

#[tokio::test]
async fn oversized_code_is_rejected_and_the_server_continues() {
    let emulator = Emulator::start().await.unwrap();
    let valid = scene("", "null");
    // The text of a stack overflow error depends on the code.
    let stack = "Error: ";
    for (tsx, expected) in [
        (format!("{valid}const a = {}1", "!".repeat(100_000)), stack),
        (format!("{valid}const a = {}{}", "<b>".repeat(15_000), "</b>".repeat(15_000)), stack),
        (format!("{valid}let a; {}1", "a=".repeat(50_000)), stack),
        (format!("{valid}//{}", "x".repeat(140_000)), "The code has 140"),
        (format!("{valid}const a = {}1", "a=>".repeat(30_000)), stack),
    ] {
        let errors = errors(&emulator, &template(&tsx)).await;
        assert!(errors[0].contains(expected) && errors[0].len() < 400, "{errors:?}");
    }
    created(&emulator, &template(&bar())).await;
}

#[tokio::test]
async fn templates_are_stored_listed_changed_copied_and_deleted() {
    let emulator = Emulator::start().await.unwrap();
    let project = json!({"tracks": [{"text": "{{title}}"}]});
    let body = json!({"name": "Intro", "kind": "timeline", "projectJson": project, "variableDefinitions": [{"name": "title"}]});
    let intro = created(&emulator, &body).await;
    for (name, value) in
        [("width", json!(1080)), ("fps", json!(30)), ("durationInFrames", json!(240)), ("status", json!("draft"))]
    {
        assert_eq!(intro[name], value, "{name}");
    }
    assert_eq!(intro["projectJson"], project);
    assert_eq!(get(&emulator, &path(&intro, "/variables")).await.json()["referenced"], json!(["title"]));
    let bar = created(&emulator, &template(&bar())).await;

    let changed =
        put(&emulator, &path(&bar, ""), &json!({"name": "Bar 2", "status": "published", "fps": 20})).await.json();
    let changed = &changed["template"];
    assert_eq!(
        (&changed["name"], &changed["status"], &changed["fps"]),
        (&json!("Bar 2"), &json!("published"), &json!(20))
    );
    assert_eq!(changed["variableDefinitions"], bar["variableDefinitions"], "omitted members are unchanged");
    let bad = put(&emulator, &path(&bar, ""), &json!({"name": "never", "tsx": "const = 1"})).await;
    assert_eq!((bad.status, bad.json()), (422, json!({"errors": ["1:7 Unexpected token"]})));
    assert_eq!(get(&emulator, &path(&bar, "")).await.json()["template"], *changed, "the template is unchanged");

    let copy = post(&emulator, &path(&bar, "/duplicate"), &json!({})).await.json()["template"].clone();
    assert_eq!((&copy["name"], &copy["status"], &copy["tsx"]), (&json!("Bar 2 (copy)"), &json!("draft"), &bar["tsx"]));
    let winter = post(&emulator, &path(&bar, "/duplicate"), &json!({"name": "Winter"})).await.json();
    assert_eq!(winter["template"]["name"], "Winter");

    let listed = get(&emulator, "/video/templates").await.json();
    let names: Vec<_> =
        listed["templates"].as_array().unwrap().iter().map(|template| template["name"].clone()).collect();
    assert_eq!(names, ["Winter", "Bar 2 (copy)", "Bar 2", "Intro"]);
    let text = listed.to_string();
    assert!(!text.contains("tsx\":") && !text.contains("projectJson") && !text.contains("_used"), "{text}");

    assert_eq!(delete(&emulator, &path(&bar, "")).await.json(), json!({"success": true}));
    for response in [
        delete(&emulator, &path(&bar, "")).await,
        get(&emulator, &path(&bar, "")).await,
        get(&emulator, &path(&bar, "/variables")).await,
        put(&emulator, &path(&bar, ""), &json!({})).await,
        post(&emulator, &path(&bar, "/render"), &json!({})).await,
        post(&emulator, &path(&bar, "/preview"), &json!({})).await,
        post(&emulator, &path(&bar, "/duplicate"), &json!({})).await,
    ] {
        assert_eq!(response.status_and_message(), (404, "Video template not found".to_owned()));
    }
    assert_eq!(preview(&emulator, &copy, &json!({})).await.dimensions(), (40, 20), "the copy still exists");
}

#[tokio::test]
async fn an_exhausted_quota_returns_402() {
    let emulator = Emulator::builder().renders_per_month(0).start().await.unwrap();
    let template = created(&emulator, &template(&bar())).await;
    let rejected = post(&emulator, &path(&template, "/render"), &json!({"format": "gif"})).await;
    assert_eq!((rejected.status, &rejected.json()["code"]), (402, &json!("quota_exceeded")));
}
