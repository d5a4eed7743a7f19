//! Forms of requests that clients of the service send and that the documents do not mention.

use crate::support::{JSON, KEY, call, create, get, get_without_key, ok, post, render_image, send};
use image::Rgba;
use pictify_emulator::Emulator;
use serde_json::{Value, json};

const RED: Rgba<u8> = Rgba([255, 0, 0, 255]);

#[tokio::test]
async fn empty_and_null_members_count_as_absent() {
    let emulator = Emulator::start().await.unwrap();
    let template = json!({"name": "T", "html": "{{a}}|{{b}}", "variableDefinitions": [
        {"name": "a", "type": "text", "defaultValue": "", "description": null},
    ]});
    let template = ok(&emulator, "POST /templates", template).await["template"].clone();
    let uid = template["uid"].as_str().unwrap();
    assert_eq!(template["variableDefinitions"][0]["defaultValue"], "", "a default may be empty");
    let moving = "<style>@keyframes a{to{opacity:0}} body{margin:0} p{margin:0;height:9px;background:red;animation:a 1s infinite}</style><p>";
    for (line, body) in [
        ("POST /image".to_owned(), json!({"html": "x", "url": "", "template": null, "width": 9, "height": null})),
        ("POST /image".to_owned(), json!({"url": "", "template": uid, "variables": null, "selector": ""})),
        ("POST /image".to_owned(), json!({"html": "x", "width": "", "height": 9, "fileExtension": ""})),
        ("POST /gif".to_owned(), json!({"html": moving, "url": "", "width": 9, "height": 9, "quality": null})),
        ("POST /pdf/render".to_owned(), json!({"templateUid": uid, "options": {"preset": "", "customSize": null}})),
        ("POST /templates".to_owned(), json!({"name": "", "html": "x", "fabricJSData": null, "tags": null})),
        (format!("POST /templates/{uid}/render"), json!({"width": null, "height": null, "layout": "", "format": ""})),
        (
            format!("POST /templates/{uid}/multi-size-render"),
            json!({"sizes": [{"preset": "", "width": 20, "height": 20, "label": null}], "quality": null}),
        ),
        (format!("POST /templates/{uid}/batch-render"), json!({"variableSets": [{}], "csvUrl": "", "layouts": null})),
    ] {
        let (status, response) = call(&emulator, &line, &body).await;
        assert!(status < 300, "{line} {body}: {status} {response}");
        assert_eq!(response["totalErrors"].as_u64().unwrap_or_default(), 0, "{response}");
    }
    // A required member that is empty or null is missing.
    for (body, missing) in [(json!({"expression": ""}), "expression"), (json!({"expression": null}), "expression")] {
        let (status, response) = call(&emulator, "POST /templates/expression/validate", &body).await;
        assert_eq!((status, &response["message"]), (400, &json!(format!("body \"{missing}\" is a required property"))));
    }
}

/// The values of variables, and other data of the caller, are not members of the request.
#[tokio::test]
async fn the_callers_own_data_may_be_empty_and_null() {
    let emulator = Emulator::start().await.unwrap();
    let body = json!({"expression": "isString(a) && a == '' && b == null", "variables": {"a": "", "b": null}});
    let tested = ok(&emulator, "POST /templates/expression/test", body).await;
    assert_eq!(tested["result"], true, "{tested}");
    let interpolated = ok(&emulator, "POST /templates/expression/interpolate", json!({"text": ""})).await;
    assert_eq!(interpolated["result"], "");
    let template = ok(&emulator, "POST /templates", json!({"name": "T", "html": "x"})).await;
    let binding = json!({"templateId": template["template"]["uid"], "mapping": {"a": "$.a"}, "defaults": {"a": "", "b": null},
        "dataSource": {"type": "static", "staticData": {"a": "", "b": null}}});
    let binding = ok(&emulator, "POST /bindings", binding).await;
    assert_eq!(binding["binding"]["defaults"], json!({"a": "", "b": null}), "{binding}");
}

#[tokio::test]
async fn a_size_over_the_maximum_is_reduced() {
    let emulator = Emulator::start().await.unwrap();
    let canvas = json!({"version": "5.3.0", "objects": []});
    for (path, body, expected) in [
        ("/image", json!({"html": "x", "width": 5000, "height": 2}), (4096, 2)),
        ("/image", json!({"html": "x", "width": 2, "height": 1_000_000}), (2, 4096)),
        ("/image/canvas", json!({"fabricJSData": canvas, "width": 4097, "height": 2}), (4096, 2)),
    ] {
        let response = post(&emulator, path, &body).await;
        assert_eq!(response.status, 200, "{response:?}");
        let url = response.json()["url"].as_str().unwrap().strip_prefix(emulator.url()).unwrap().to_owned();
        let file = image::load_from_memory(&get(&emulator, &url).await.body).unwrap();
        assert_eq!((file.width(), file.height()), expected, "{body}");
    }
}

#[tokio::test]
async fn a_template_and_its_preview_have_a_possible_size() {
    let emulator = Emulator::start().await.unwrap();
    let canvas = json!({"version": "5.3.0", "width": 321, "height": 123, "objects": []});
    for (body, expected) in [
        (json!({"name": "T", "html": "x", "width": 9000, "height": 2}), (4096, 2)),
        (json!({"name": "T", "html": "x", "width": 2, "height": 1e12}), (2, 4096)),
        (json!({"name": "T", "fabricJSData": canvas}), (321, 123)),
        (json!({"name": "T", "fabricJSData": canvas, "width": 20, "height": 10}), (20, 10)),
    ] {
        let (preview, made) = (
            ok(&emulator, "POST /templates/preview", body.clone()).await,
            ok(&emulator, "POST /templates", body).await,
        );
        for found in [&preview, &made["template"]] {
            assert_eq!((&found["width"], &found["height"]), (&json!(expected.0), &json!(expected.1)), "{found}");
        }
    }
}

#[tokio::test]
async fn the_capture_of_a_gif_accepts_three_qualities() {
    let emulator = Emulator::start().await.unwrap();
    let body = json!({"url": "https://example.com", "quality": "best"});
    let (status, response) = call(&emulator, "POST /gif/capture", &body).await;
    assert_eq!((status, &response["code"]), (400, &json!("INVALID_QUALITY")), "{response}");
}

#[tokio::test]
async fn a_stream_may_have_its_key_in_the_query() {
    let emulator = Emulator::builder().api_keys(["secret-key"]).start().await.unwrap();
    for (query, expected) in [("?token=secret-key", 200), ("?token=other", 401), ("", 401)] {
        let path = format!("/image/agent-screenshot-stream{query}");
        let body = r#"{"prompt": "The heading on example.com"}"#;
        let response = send(&emulator, &format!("POST {path}"), &[JSON], body.as_bytes()).await;
        assert_eq!(response.status, expected, "{query}");
    }
}

#[tokio::test]
async fn png_means_all_raster_formats_in_the_history() {
    let emulator = Emulator::start().await.unwrap();
    for format in ["png", "jpg", "jpeg", "webp"] {
        post(&emulator, "/image", &json!({"html": "x", "width": 9, "height": 9, "fileExtension": format})).await;
    }
    let template = ok(&emulator, "POST /templates", json!({"name": "T", "html": "x"})).await;
    let pdf = json!({"templateUid": template["template"]["uid"]});
    ok(&emulator, "POST /pdf/render", pdf).await;
    for (query, total) in [("?format=PNG", 4), ("?format=png", 4), ("?format=PDF", 1), ("?format=ALL", 5), ("", 5)] {
        let list = get(&emulator, &format!("/render{query}")).await.json();
        assert_eq!(list["pagination"]["total"], total, "{query}");
        assert_eq!(list["counts"], json!({"ALL": 5, "PNG": 4, "PDF": 1, "GIF": 0, "MP4": 0}));
    }
}

#[tokio::test]
async fn operations_without_input_need_no_body() {
    let emulator = Emulator::start().await.unwrap();
    let lines = [
        "/templates/batch/none/cancel",
        "/experiments/api/none/start",
        "/experiments/api/none/pause",
        "/bindings/none/refresh",
        "/bindings/none/pause",
        "/bindings/none/resume",
        "/bindings/none/test",
        "/webhook-subscriptions/none/test",
    ];
    for path in lines {
        for (headers, body) in [(&[KEY][..], ""), (&[KEY, JSON], ""), (&[KEY, JSON], "{}"), (&[KEY, JSON], "null")] {
            let response = send(&emulator, &format!("POST {path}"), headers, body.as_bytes()).await;
            assert_eq!(response.status, 404, "{path} {headers:?} {body:?}: {response:?}");
        }
    }
    let token = send(&emulator, "POST /api/users/api-tokens", &[KEY, JSON], b"").await;
    assert_eq!(token.status, 200);
    let needs_input = send(&emulator, "POST /image", &[KEY, JSON], b"").await;
    assert_eq!((needs_input.status, &needs_input.json()["code"]), (400, &json!("FST_ERR_CTP_EMPTY_JSON_BODY")));
}

#[tokio::test]
async fn css_is_appended_to_the_page() {
    let emulator = Emulator::start().await.unwrap();
    let html = "<style>body { background: blue; margin: 0 }</style><p>x</p>";
    let css = "body { background: red } p { display: none }";
    let image = render_image(&emulator, &json!({"html": html, "css": css, "width": 20, "height": 20})).await;
    assert!(image.pixels().all(|pixel| *pixel == RED), "the page's own rules come first");
    let template = json!({"name": "T", "html": html, "width": 20, "height": 20});
    let template = ok(&emulator, "POST /templates", template).await["template"]["uid"].clone();
    let image = render_image(&emulator, &json!({"template": template, "css": css, "width": 20, "height": 20})).await;
    assert!(image.pixels().all(|pixel| *pixel == RED), "a template too");
    let closing = json!({"html": html, "css": "</style><p style='display:block'>y", "width": 20, "height": 20});
    assert_eq!(post(&emulator, "/image", &closing).await.status, 200);
    assert_eq!(create(&emulator, "x", 9, 9).await.status, 200, "css is optional");
}

#[tokio::test]
async fn a_numeric_gif_quality_means_the_nearest_preset() {
    let emulator = Emulator::start().await.unwrap();
    let html = "<style>@keyframes a{to{margin-left:90px}} body{margin:0} p{margin:0;width:5px;height:5px;background:red;animation:a 1s linear infinite}</style><p>";
    let mut sizes = Vec::new();
    for quality in
        ["low", "medium", "high"].map(Value::from).into_iter().chain([0, 10, 30, 70, 80, 100].map(Value::from))
    {
        let gif = json!({"html": html, "width": 100, "height": 5, "quality": quality});
        let gif = ok(&emulator, "POST /gif", gif).await;
        let url = gif["gif"]["url"].as_str().unwrap().strip_prefix(emulator.url()).unwrap().to_owned();
        sizes.push(get(&emulator, &url).await.body);
    }
    let [low, medium, high] = [0, 1, 2].map(|index| &sizes[index]);
    assert!(low.len() < medium.len() && medium.len() < high.len());
    assert_eq!(sizes[3..].iter().collect::<Vec<_>>(), [low, low, medium, medium, high, high]);
    let invalid = post(&emulator, "/gif", &json!({"html": html, "quality": true})).await;
    assert_eq!(invalid.status, 400);
}

#[tokio::test]
async fn the_health_check_has_two_paths() {
    let emulator = Emulator::start().await.unwrap();
    let [health, alias] =
        [get_without_key(&emulator, "/healthcheck", &[]).await, get_without_key(&emulator, "/health", &[]).await];
    assert_eq!((health.status, health.json()), (alias.status, alias.json()));
    assert_eq!(alias.status, 200);
    assert_eq!(get(&emulator, "/v1/health").await.status, 200);
}

#[tokio::test]
async fn a_spending_cap_is_a_quota() {
    let emulator = Emulator::builder().renders_per_month(5).spending_cap(1).start().await.unwrap();
    assert_eq!(create(&emulator, "x", 9, 9).await.status, 200);
    let rejected = create(&emulator, "x", 9, 9).await;
    assert_eq!((rejected.status, &rejected.json()["code"]), (429, &json!("spending_cap_reached")));
    assert_eq!(rejected.header("retry-after"), None, "waiting does not help");
    assert_eq!(emulator.billed_renders(), 1);
}
