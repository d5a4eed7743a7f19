//! The HTML pages.

use crate::support::{create, get, ok, post, sample_data::SampleData, send};
use pictify_emulator::Emulator;
use serde_json::{Value, json};

/// Returns the text of a page, which must have this status.
async fn page(emulator: &Emulator, path: &str, status: u16) -> String {
    let response = send(emulator, &format!("GET {path}"), &[], b"").await;
    assert_eq!(response.status, status, "{path}: {response:?}");
    String::from_utf8(response.body).unwrap()
}

/// Sends a form, and returns the path that it leads to.
async fn submit(emulator: &Emulator, path: &str, form: &str) -> String {
    let form_type = "Content-Type: application/x-www-form-urlencoded";
    let response = send(emulator, &format!("POST /_emulator/ui/{path}"), &[form_type], form.as_bytes()).await;
    assert_eq!(response.status, 303, "{path}: {response:?}");
    response.header("location").unwrap().to_owned()
}

#[tokio::test]
async fn every_page_is_served_with_its_policy_and_escapes_what_users_sent() {
    let emulator = Emulator::start().await.unwrap();
    let data = SampleData::create(&emulator, "http://127.0.0.1:9/").await;
    for (name, path) in data.views() {
        let response = send(&emulator, &format!("GET {path}"), &[], b"").await;
        assert_eq!((name, response.status), (name, 200), "{response:?}");
        let policy = response.header("content-security-policy").unwrap();
        for rule in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
            assert!(policy.contains(rule), "{name}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{name}: {policy}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{name}");
        let text = String::from_utf8(response.body).unwrap();
        assert!(!text.contains("<script>"), "{name}: a script of a user: {text}");
        assert!(!text.contains("style=\"") && !text.contains(" onclick"), "{name} has inline code");
        assert!(text.contains("</html>"), "{name}");
    }
}

#[tokio::test]
async fn an_empty_server_teaches_the_first_request() {
    let emulator = Emulator::start().await.unwrap();
    let text = page(&emulator, "/", 200).await;
    for expected in
        ["Make the first render", "curl &quot;$PICTIFY_BASE_URL/image&quot;", "Client::from_env()", emulator.url()]
    {
        assert!(text.contains(expected), "{expected} is missing: {text}");
    }
}

#[tokio::test]
async fn assets_are_found_and_unknown_paths_are_not() {
    let emulator = Emulator::start().await.unwrap();
    for (path, kind) in [
        ("/favicon.ico", "image/x-icon"),
        ("/_emulator/ui/assets/icon.svg", "image/svg+xml"),
        ("/_emulator/ui/assets/style.css", "text/css; charset=utf-8"),
        ("/_emulator/ui/assets/editor.js", "text/javascript; charset=utf-8"),
    ] {
        let response = send(&emulator, &format!("GET {path}"), &[], b"").await;
        assert_eq!((response.status, response.header("content-type")), (200, Some(kind)), "{path}");
    }
    for path in
        ["assets/nothing.js", "nothing", "renders/NOTHING", "templates/NOTHING", "webhooks/NOTHING", "renders/a/b/c"]
    {
        let text = page(&emulator, &format!("/_emulator/ui/{path}"), 404).await;
        assert!(text.contains("There is no such page") && text.contains("</html>"), "{path}: {text}");
    }
}

#[tokio::test]
async fn renders_are_searched_filtered_paged_and_deleted() {
    let emulator = Emulator::start().await.unwrap();
    let data = SampleData::create(&emulator, "http://127.0.0.1:9/").await;
    for index in 0..30 {
        create(&emulator, &format!("<p>{index}"), 20, 10).await;
    }
    let link = |id: &str| format!("/_emulator/ui/renders/{id}\"");
    for (query, has_image, has_pdf) in [
        ("?page=2", true, true),
        ("?format=PDF", false, true),
        ("?format=GIF", false, false),
        (&format!("?q={}", data.image.to_lowercase()), true, false),
        ("?q=card", false, true),
        ("?q=no%25such", false, false),
    ] {
        let text = page(&emulator, &format!("/{query}"), 200).await;
        assert_eq!(
            (text.contains(&link(&data.image)), text.contains(&link(&data.pdf))),
            (has_image, has_pdf),
            "{query}"
        );
    }
    let first = page(&emulator, "/", 200).await;
    assert!(first.contains("href=\"?page&#x3D;2\"") && !first.contains(&link(&data.image)), "{first}");
    assert_eq!(submit(&emulator, &format!("renders/{}/delete", data.image), "").await, "/");
    page(&emulator, &format!("/_emulator/ui/renders/{}", data.image), 404).await;
    assert_eq!(get(&emulator, &format!("/image/{}", data.image)).await.status, 404);
}

#[tokio::test]
async fn a_render_shows_its_source_and_can_be_made_again() {
    let emulator = Emulator::start().await.unwrap();
    let data = SampleData::create(&emulator, "http://127.0.0.1:9/").await;
    let text = page(&emulator, &format!("/_emulator/ui/renders/{}", data.image), 200).await;
    for expected in ["Tom &amp; &quot;Jerry&quot;", "embedded", "createImage", "requests.post(", "fetch(process.env"] {
        assert!(text.contains(expected), "{expected} is missing: {text}");
    }
    for (id, expected) in [(&data.image, "400 × 210"), (&data.pdf, "Page 2 of 2")] {
        let billed = emulator.billed_renders();
        let again = submit(&emulator, &format!("renders/{id}/again"), "").await;
        assert!(again.starts_with("/_emulator/ui/renders/") && !again.ends_with(id.as_str()), "{again}");
        assert!(page(&emulator, &again, 200).await.contains(expected), "{expected}");
        assert!(emulator.billed_renders() > billed);
    }
}

#[tokio::test]
async fn previews_are_not_billed_and_say_what_is_wrong() {
    let emulator = Emulator::start().await.unwrap();
    let draft = |html: &str| json!({"html": html, "width": 20, "height": 10, "variables": {"colour": "#ff0000"}});
    let preview = post(&emulator, "/_emulator/ui/preview", &draft("<body style='background:{{colour}}'>")).await.json();
    assert_eq!((&preview["width"], &preview["variables"]), (&json!(20), &json!(["colour"])));
    for (html, reason) in [("{{#if x}}", "compile"), ("{{> partial}}", "partial"), ("", "html")] {
        let response = post(&emulator, "/_emulator/ui/preview", &draft(html)).await;
        let error = response.json()["error"].as_str().unwrap().to_lowercase();
        assert_eq!((response.status, error.contains(reason)), (422, true), "{html}: {error}");
    }
    assert_eq!(emulator.billed_renders(), 0);
    assert_eq!(ok(&emulator, "GET /render", Value::Null).await["counts"]["ALL"], 0);
}

#[tokio::test]
async fn saved_templates_keep_their_versions() {
    let emulator = Emulator::start().await.unwrap();
    let save = async |body: Value| post(&emulator, "/_emulator/ui/templates/save", &body).await;
    let draft = json!({"name": "Card", "html": "<p>one\n<p>same", "width": 20, "height": 10});
    let path = save(draft.clone()).await.json()["path"].as_str().unwrap().to_owned();
    let uid = path.rsplit('/').next().unwrap();
    let mut changed = draft.clone();
    (changed["uid"], changed["html"], changed["width"]) = (uid.into(), "<p>two\n<p>same".into(), 30.into());
    let difference = post(&emulator, &format!("{path}/compare").replacen('/', "/", 1), &changed).await;
    let difference = String::from_utf8(difference.body).unwrap();
    assert!(difference.contains("&lt;p&gt;one") && difference.contains("&lt;p&gt;two"), "{difference}");
    assert_eq!(save(changed.clone()).await.status, 200);
    let mut wrong = changed;
    wrong["html"] = "{{#if".into();
    assert_eq!(save(wrong).await.status, 422);

    let text = page(&emulator, &format!("{path}/changes"), 200).await;
    assert!(text.contains("Version 1") && !text.contains("Version 2<"), "a failed save is no version: {text}");
    let version = text.split("?version&#x3D;").nth(1).or(text.split("?version=").nth(1)).unwrap();
    let version = version.split('"').next().unwrap();
    submit(&emulator, &format!("templates/{uid}/versions/{version}/restore"), "").await;
    let restored = ok(&emulator, &format!("GET /templates/{uid}"), Value::Null).await;
    assert_eq!((&restored["template"]["html"], &restored["template"]["width"]), (&draft["html"], &json!(20)));

    let copy = submit(&emulator, &format!("templates/{uid}/duplicate"), "").await;
    assert!(page(&emulator, &copy, 200).await.contains("Card (copy)"));
    submit(&emulator, &format!("templates/{uid}/delete"), "").await;
    page(&emulator, &path, 404).await;
}

#[tokio::test]
async fn faults_are_switched_on_and_off() {
    let emulator = Emulator::start().await.unwrap();
    submit(&emulator, "faults", "operation=createImage&effect=status&code=503&count=1").await;
    submit(&emulator, "faults", "operation=createGif&effect=reset").await;
    let text = page(&emulator, "/_emulator/ui/faults", 200).await;
    assert!(text.contains("responds with 503") && text.contains("closes the connection"), "{text}");
    let wrong = send(&emulator, "POST /_emulator/ui/faults", &[], b"effect=status&code=9").await;
    assert!(
        wrong.status == 422 && String::from_utf8(wrong.body).unwrap().contains("status 9 is not one of 200 to 999")
    );
    submit(&emulator, "faults/1/delete", "").await;
    assert!(!page(&emulator, "/_emulator/ui/faults", 200).await.contains("closes the connection"));
    assert_eq!(create(&emulator, "<p>x", 20, 10).await.status, 503);
    assert_eq!(create(&emulator, "<p>x", 20, 10).await.status, 200, "only the first request fails");
    submit(&emulator, "faults/clear", "").await;
    assert!(page(&emulator, "/_emulator/ui/faults", 200).await.contains("every request gets its real response"));
}

#[tokio::test]
async fn requests_are_shown_with_their_bodies_and_without_keys() {
    let emulator = Emulator::start().await.unwrap();
    let body = json!({"html": "<p>quokka", "width": 20, "height": 10});
    let secret_key = "Authorization: Bearer s3cret-of-the-client";
    let json_type = "Content-Type: application/json";
    let sent = send(&emulator, "POST /image", &[secret_key, json_type], body.to_string().as_bytes()).await;
    let id = sent.header("x-request-id").unwrap();
    for query in ["", "?q=createimage", "?status=ok"] {
        let text = page(&emulator, &format!("/_emulator/ui/requests{query}"), 200).await;
        assert!(text.contains(&format!("/_emulator/ui/requests/{id}\"")), "{query}: {text}");
    }
    assert!(!page(&emulator, "/_emulator/ui/requests?status=server", 200).await.contains(id));
    let text = page(&emulator, &format!("/_emulator/ui/requests/{id}"), 200).await;
    for expected in ["&lt;p&gt;quokka", "createdAt", "authorization", "Replay"] {
        assert!(text.contains(expected), "{expected} is missing: {text}");
    }
    assert!(!text.contains("s3cret-of-the-client"), "{text}");
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let emulator = Emulator::start().await.unwrap();
    let subscription =
        json!({"event": "render.completed", "targetUrl": "http://u:pa55w0rd@127.0.0.1:9/?token=t0ken-of-the-url"});
    let secret = ok(&emulator, "POST /webhook-subscriptions", subscription).await["subscription"]["secret"].clone();
    let template = json!({"name": "T", "html": "<p>{{a}}"});
    let template = ok(&emulator, "POST /templates", template).await["template"]["uid"].clone();
    let credentials = json!({"type": "bearer", "value": "t0ken-of-the-source"});
    let source = json!({"type": "http", "url": "https://example.com/data.json?token=t0ken-of-the-data", "credentials": credentials});
    let binding = json!({"templateId": template, "dataSource": source, "mapping": {"a": "$.a"}});
    let binding = ok(&emulator, "POST /bindings", binding).await["binding"]["uid"].clone();
    let hook =
        json!({"name": "Forms", "packType": "certificates", "templateUid": template, "columnMapping": {"a": "a"}});
    let hook = ok(&emulator, "POST /workflow/hooks", hook).await["hook"]["path"].as_str().unwrap().to_owned();
    let hook_secret = hook.rsplit('/').next().unwrap().to_owned();
    create(&emulator, "<p>x", 20, 10).await;
    let delivery = ok(&emulator, "GET /_emulator/deliveries", Value::Null).await["deliveries"][0]["id"].clone();
    for path in [
        "webhooks".to_owned(),
        format!("webhooks/{}", delivery.as_str().unwrap()),
        "bindings".to_owned(),
        format!("bindings/{}", binding.as_str().unwrap()),
        "workflows".to_owned(),
        "requests".to_owned(),
    ] {
        let text = page(&emulator, &format!("/_emulator/ui/{path}"), 200).await;
        for secret in [
            secret.as_str().unwrap(),
            "t0ken-of-the-source",
            "pa55w0rd",
            "t0ken-of-the-url",
            "t0ken-of-the-data",
            &hook_secret,
        ] {
            assert!(!text.contains(secret), "{path} shows {secret}");
        }
    }
}
