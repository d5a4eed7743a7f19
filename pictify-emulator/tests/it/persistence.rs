//! Resources can be created, listed, read, updated, rendered and deleted, and survive a restart.

use crate::support::{call, get, ok, post, send};
use pictify_emulator::Emulator;
use serde_json::{Value, json};

/// Returns the size of an image and the colour of its centre.
async fn colour(emulator: &Emulator, url: &Value) -> (u32, u32, [u8; 3]) {
    let file = get(emulator, url.as_str().unwrap().strip_prefix(emulator.url()).unwrap()).await;
    let rendered = image::load_from_memory(&file.body).unwrap().to_rgb8();
    (rendered.width(), rendered.height(), rendered.get_pixel(rendered.width() / 2, rendered.height() / 2).0)
}

#[tokio::test]
async fn a_template_is_created_read_updated_rendered_and_deleted() {
    let emulator = Emulator::start().await.unwrap();
    let html = r#"<body style="margin:0;background:{{colour}}"></body>"#;
    let created =
        ok(&emulator, "POST /templates", json!({"name": "Card", "html": html, "width": 30, "height": 20})).await;
    assert_eq!(created["addedVariables"], json!(["colour"]));
    let uid = created["template"]["uid"].as_str().unwrap();
    let path = format!("/templates/{uid}");
    let template = ok(&emulator, &format!("GET {path}"), Value::Null).await["template"].clone();
    assert_eq!((&template, &template["engine"]), (&created["template"], &json!("html")));

    let list = ok(&emulator, "GET /templates", Value::Null).await;
    assert_eq!((&list["templates"][0]["name"], list["templates"][0].get("html")), (&json!("Card"), None));
    assert_eq!(list["pagination"]["total"], 1);

    let change = json!({"name": "Card 2", "variableDefinitions": [{"name": "colour", "type": "color", "defaultValue": "#00ff00"}]});
    let changed = ok(&emulator, &format!("PUT {path}"), change).await["template"].clone();
    assert_eq!((&changed["name"], &changed["html"]), (&json!("Card 2"), &json!(html)));
    let variables = ok(&emulator, &format!("GET {path}/variables"), Value::Null).await;
    assert_eq!((&variables["templateName"], &variables["variables"][0]["type"]), (&json!("Card 2"), &json!("color")));

    let by_default = ok(&emulator, &format!("POST {path}/render"), json!({})).await;
    assert_eq!(colour(&emulator, &by_default["results"][0]["url"]).await, (30, 20, [0, 255, 0]));
    let values = json!({"variables": {"colour": "#ff0000"}, "width": 10, "height": 10});
    let red = ok(&emulator, &format!("POST {path}/render"), values).await;
    assert_eq!(colour(&emulator, &red["results"][0]["url"]).await, (10, 10, [255, 0, 0]));
    let by_url = get(&emulator, &format!("/r/{uid}.png?colour=%230000ff")).await;
    assert_eq!(by_url.header("content-type"), Some("image/png"));
    assert_eq!(image::load_from_memory(&by_url.body).unwrap().to_rgb8().get_pixel(5, 5).0, [0, 0, 255]);
    assert_eq!(send(&emulator, &format!("GET /r/{uid}.png?token=k"), &[], b"").await.status, 200);
    assert_eq!(send(&emulator, &format!("GET /r/{uid}.png"), &[], b"").await.status, 401);

    let renders = ok(&emulator, &format!("GET /render?template={uid}&limit=2"), Value::Null).await;
    assert_eq!((renders["pagination"]["total"].clone(), renders["counts"]["PNG"].clone()), (json!(4), json!(4)));
    assert_eq!(ok(&emulator, &format!("DELETE {path}"), Value::Null).await["message"], "Template deleted successfully");
    for line in [format!("GET {path}"), format!("DELETE {path}"), format!("GET {path}/variables")] {
        assert_eq!(
            call(&emulator, &line, &Value::Null).await,
            (404, json!({"message": "Template not found"})),
            "{line}"
        );
    }
}

#[tokio::test]
async fn templates_are_checked_when_stored_and_variables_when_rendered() {
    let emulator = Emulator::start().await.unwrap();
    for (html, code) in [
        ("{{shout name}}", "HELPER_NOT_ALLOWED"),
        ("{{{name}}}", "RAW_HTML_NOT_ALLOWED"),
        ("{{#if a}}", "HANDLEBARS_COMPILE_ERROR"),
    ] {
        let (status, response) = call(&emulator, "POST /templates", &json!({"name": "Card", "html": html})).await;
        assert_eq!((status, response["code"].as_str()), (422, Some(code)), "{html}: {response}");
    }
    assert_eq!(ok(&emulator, "GET /templates", Value::Null).await["pagination"]["total"], 0);
    let definition = json!([{"name": "name", "validation": {"required": true, "maxLength": 5}}]);
    let template = json!({"name": "Card", "html": "{{uppercase name}}", "variableDefinitions": definition});
    let uid = ok(&emulator, "POST /templates", template).await["template"]["uid"].take();
    let path = format!("POST /templates/{}/render", uid.as_str().unwrap());
    let (status, response) = call(&emulator, &path, &json!({})).await;
    assert_eq!((status, response["code"].as_str()), (422, Some("VARIABLE_REQUIRED")));
    assert_eq!(call(&emulator, &path, &json!({"variables": {"name": "too long"}})).await.0, 422);
    assert_eq!(emulator.billed_renders(), 0);
}

#[tokio::test]
async fn failures_of_layouts_and_sizes_are_reported_one_by_one() {
    let emulator = Emulator::start().await.unwrap();
    let layouts = json!({"square": {"name": "Square", "width": 12, "height": 12}});
    let template = json!({"name": "Card", "html": "<p>{{title}}", "width": 30, "height": 20, "layouts": layouts});
    let template = ok(&emulator, "POST /templates", template).await["template"].clone();
    let path = format!("POST /templates/{}", template["uid"].as_str().unwrap());
    let body = json!({"layouts": ["default", "square", "round"], "format": "webp"});
    let response = ok(&emulator, &format!("{path}/render"), body).await;
    let found: Vec<_> =
        response["results"].as_array().unwrap().iter().map(|one| (&one["layout"], &one["width"])).collect();
    assert_eq!(found, [(&json!("default"), &json!(30)), (&json!("square"), &json!(12))]);
    assert_eq!(response["errors"], json!([{"layout": "round", "error": "Layout not found"}]));
    assert_eq!(
        (&response["totalLayouts"], &response["totalRendered"], &response["totalErrors"]),
        (&json!(3), &json!(2), &json!(1))
    );

    let sizes =
        json!([{"preset": "display-300x250"}, {"width": 40, "height": 10, "label": "strip"}, {"preset": "none"}]);
    let response = ok(&emulator, &format!("{path}/multi-size-render"), json!({"sizes": sizes})).await;
    let labels: Vec<_> = response["results"].as_array().unwrap().iter().map(|one| &one["size"]["label"]).collect();
    assert_eq!(labels, [&json!("display-300x250"), &json!("strip")]);
    assert_eq!((&response["totalSizes"], &response["totalErrors"]), (&json!(3), &json!(1)));
}

#[tokio::test]
async fn a_canvas_is_rendered_and_stored_as_a_template() {
    let emulator = Emulator::start().await.unwrap();
    let canvas = json!({"version": "5.3.0", "objects": [
        {"type": "rect", "left": 0, "top": 0, "width": 40, "height": 40, "fill": "{{lowercase(colour)}}", "strokeWidth": 0},
        {"type": "rect", "left": 0, "top": 0, "width": 40, "height": 40, "fill": "#00ff00", "_if": "count > 2"},
    ]});
    let body =
        json!({"fabricJSData": canvas, "variables": {"colour": "#FF0000", "count": 1}, "width": 40, "height": 40});
    let red = ok(&emulator, "POST /image/canvas", body).await;
    assert_eq!(colour(&emulator, &red["url"]).await, (40, 40, [255, 0, 0]));
    let template = json!({"name": "Canvas", "fabricJSData": canvas, "width": 40, "height": 40});
    let template = ok(&emulator, "POST /templates", template).await;
    assert_eq!(
        (&template["template"]["engine"], &template["addedVariables"]),
        (&json!("fabric"), &json!(["colour", "count"]))
    );
    let body = json!({"template": template["template"]["uid"], "variables": {"colour": "#0000ff", "count": 3}});
    let green = ok(&emulator, "POST /image", body).await;
    assert_eq!(colour(&emulator, &green["url"]).await, (40, 40, [0, 255, 0]));
    let invalid = json!({"name": "Wrong", "fabricJSData": {"objects": [{"type": "text", "text": "{{1 +}}"}]}});
    let (status, response) = call(&emulator, "POST /templates", &invalid).await;
    assert_eq!((status, response["code"].as_str()), (422, Some("EXPRESSION_ERROR")));
}

#[tokio::test]
async fn gifs_and_images_are_listed_separately() {
    let emulator = Emulator::start().await.unwrap();
    let html = "<style>@keyframes a{to{transform:translateX(20px)}}p{animation:a 1s infinite}</style><p>o";
    let gif = ok(&emulator, "POST /gif", json!({"html": html, "width": 40, "height": 30, "quality": "low"})).await;
    let uid = gif["gif"]["uid"].as_str().unwrap();
    assert_eq!((&gif["gif"]["width"], &gif["gif"]["animationLength"]), (&json!(40), &json!(1000)));
    let found = ok(&emulator, &format!("GET /gif/{uid}"), Value::Null).await;
    assert_eq!(found["gif"]["url"], gif["gif"]["url"]);
    assert_eq!(ok(&emulator, "GET /gif", Value::Null).await["pagination"]["total"], 1);
    assert_eq!(ok(&emulator, "GET /image", Value::Null).await["pagination"]["total"], 0);
    assert_eq!(call(&emulator, &format!("GET /image/{uid}"), &Value::Null).await.0, 404);
    let still = post(&emulator, "/gif", &json!({"html": "<p>o", "width": 40, "height": 30})).await;
    assert_eq!((still.status, still.json()["code"].as_str()), (422, Some("NO_FRAMES_CAPTURED")));
    assert_eq!(ok(&emulator, &format!("DELETE /{uid}"), Value::Null).await["message"], "Media deleted successfully");
    assert_eq!(call(&emulator, &format!("DELETE /{uid}"), &Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_subscription_returns_its_secret_only_once() {
    let emulator = Emulator::start().await.unwrap();
    let body = json!({"event": "render.completed", "targetUrl": "https://example.com/hook"});
    let created = ok(&emulator, "POST /webhook-subscriptions", body).await["subscription"].clone();
    assert!(created["secret"].as_str().unwrap().starts_with("whsec_"));
    let path = format!("/webhook-subscriptions/{}", created["uid"].as_str().unwrap());
    let paused = ok(&emulator, &format!("PUT {path}"), json!({"status": "paused"})).await["subscription"].clone();
    assert_eq!((&paused["status"], paused.get("secret")), (&json!("paused"), None));
    for (query, total) in [("", 1), ("?status=paused", 1), ("?status=active", 0), ("?event=binding.updated", 0)] {
        let list = ok(&emulator, &format!("GET /webhook-subscriptions{query}"), Value::Null).await;
        assert_eq!(list["pagination"]["total"], total, "{query}");
    }
    assert_eq!(ok(&emulator, &format!("DELETE {path}"), Value::Null).await, json!({"deleted": true}));
    assert_eq!(call(&emulator, &format!("GET {path}"), &Value::Null).await.0, 404);
}

#[tokio::test]
async fn an_account_reports_its_billed_renders() {
    let emulator = Emulator::start().await.unwrap();
    assert_eq!(ok(&emulator, "GET /api/users/plans", Value::Null).await["usage"]["count"], 0);
    ok(&emulator, "POST /image", json!({"html": "x", "width": 9, "height": 9})).await;
    assert_eq!(call(&emulator, "POST /image", &json!({"html": "x", "width": 0})).await.0, 400);
    assert_eq!(ok(&emulator, "GET /api/users/plans", Value::Null).await["usage"]["count"], 1);
    let token = ok(&emulator, "POST /api/users/api-tokens", json!({})).await["apiToken"].clone();
    assert_eq!(token["token"].as_str().unwrap().len(), 64);
    assert_eq!(ok(&emulator, "GET /api/users/api-tokens", Value::Null).await["apiTokens"], json!([token]));
    ok(&emulator, &format!("DELETE /api/users/api-tokens/{}", token["uid"].as_str().unwrap()), Value::Null).await;
    assert_eq!(ok(&emulator, "GET /api/users/api-tokens", Value::Null).await["apiTokens"], json!([]));
}

#[tokio::test]
async fn a_data_folder_restores_all_data_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Emulator::builder().data_dir(folder.path()).start();
    let first = start().await.unwrap();
    let image = ok(&first, "POST /image", json!({"html": "x", "width": 9, "height": 9})).await;
    ok(&first, "POST /templates", json!({"name": "Card", "html": "x"})).await;
    let file = image["url"].as_str().unwrap().strip_prefix(first.url()).unwrap().to_owned();
    first.shutdown().await;
    let second = start().await.unwrap();
    assert_eq!(ok(&second, "GET /templates", Value::Null).await["templates"][0]["name"], "Card");
    assert_eq!(ok(&second, "GET /image", Value::Null).await["images"][0]["id"], image["id"]);
    assert_eq!(&get(&second, &file).await.body[1..4], b"PNG");

    let not_a_folder = folder.path().join("pictify.sqlite");
    let error = Emulator::builder().data_dir(&not_a_folder).start().await.unwrap_err();
    let expected = format!("the emulator cannot store its data in {}: ", not_a_folder.display());
    assert!(error.to_string().starts_with(&expected), "{error}");
}
