//! Validation of requests: routes, API keys, bodies, query strings.

use crate::support::{JSON, KEY, get, post, send};
use pictify_emulator::{Emulator, VersionPrefix};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn operations_require_an_api_key_as_the_contract_says() {
    let any = Emulator::start().await.unwrap();
    let one = Emulator::builder().api_keys(["right", "other"]).start().await.unwrap();
    for (emulator, headers, status) in [
        (&any, &[][..], 401),
        (&any, &["Authorization: "], 401),
        (&any, &["Authorization: Bearer "], 401),
        (&any, &["Authorization: Basic azo="], 401),
        (&any, &["Authorization: k"], 401),
        (&any, &["Authorization: Bearer \u{e9}"], 401),
        (&any, &["Authorization: Bearer anything"], 200),
        (&one, &["Authorization: Bearer anything"], 401),
        (&one, &["Authorization: Bearer right"], 200),
        (&one, &["Authorization: Bearer other"], 200),
    ] {
        let response = send(emulator, "GET /image", headers, b"").await;
        assert_eq!(response.status, status, "{headers:?}");
        if status == 401 {
            assert_eq!(response.json(), json!({"message": "Invalid Request"}), "one error for every reason");
        }
    }
    assert_eq!(send(&any, "GET /healthcheck", &[], b"").await.status, 200, "no key is required");
}

/// A client that is still sending when its request is rejected must be able to reuse its connection.
#[tokio::test]
async fn a_rejected_request_keeps_the_connection_usable() {
    let emulator = Emulator::start().await.unwrap();
    for line in ["POST /image", "GET /image", "POST /nothing"] {
        let mut stream = crate::support::connect(&emulator).await;
        let head = format!("{line} HTTP/1.1\r\nHost: localhost\r\n{JSON}\r\nContent-Length: 200000\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; 200_000]).await.unwrap();
        stream.write_all(b"GET /healthcheck HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut responses = String::new();
        stream.read_to_string(&mut responses).await.unwrap();
        assert_eq!(responses.matches("HTTP/1.1 ").count(), 2, "{line}: {responses}");
        assert!(responses.contains("HTTP/1.1 200 OK"), "{line}: {responses}");
    }
}

#[tokio::test]
async fn a_template_without_a_name_gets_a_default_one() {
    let emulator = Emulator::start().await.unwrap();
    let created = post(&emulator, "/templates", &json!({"html": "<p>Hi</p>"})).await;
    assert_eq!((created.status, &created.json()["template"]["name"]), (200, &json!("Untitled")));
    let invalid = post(&emulator, "/templates", &json!({"html": "<p>Hi</p>", "name": 7})).await;
    assert_eq!(invalid.status, 400, "a name in the request is validated");
}

#[tokio::test]
async fn string_formats_are_validated() {
    let emulator = Emulator::start().await.unwrap();
    let body = json!({"event": "render.completed", "targetUrl": "not a URL"});
    let response = post(&emulator, "/webhook-subscriptions", &body).await;
    assert_eq!((response.status, &response.json()["code"]), (400, &json!("FST_ERR_VALIDATION")));
}

#[tokio::test]
async fn unknown_routes_return_the_error_of_the_framework() {
    let emulator = Emulator::start().await.unwrap();
    for (line, route) in [
        ("GET /nothing", "GET:/nothing"),
        ("GET /v1/nothing?a=b", "GET:/v1/nothing?a=b"),
        ("GET /v1", "GET:/v1"),
        ("PATCH /image", "PATCH:/image"),
        ("DELETE /media/a.png", "DELETE:/media/a.png"),
        ("GET /image/%ff", "GET:/image/%ff"),
    ] {
        let response = send(&emulator, line, &[KEY], b"").await;
        let expected = json!({"statusCode": 404, "error": "Not Found", "message": format!("Route {route} not found")});
        assert_eq!((response.status, response.json()), (404, expected));
        assert_eq!(response.header("content-type"), Some("application/json; charset=utf-8"));
    }
}

#[tokio::test]
async fn paths_with_and_without_v1_are_equivalent() {
    let emulator = Emulator::start().await.unwrap();
    let created = post(&emulator, "/v1/image", &json!({"html": "x", "width": 9, "height": 9})).await;
    assert_eq!(created.status, 200);
    let id = created.json()["id"].as_str().unwrap().to_owned();
    for path in [format!("/v1/image/{id}"), format!("/image/{id}")] {
        assert_eq!(get(&emulator, &path).await.json()["image"], created.json(), "{path}");
    }
}

#[tokio::test]
async fn malformed_bodies_return_the_errors_of_the_framework() {
    let emulator = Emulator::start().await.unwrap();
    let text = "Content-Type: text/plain";
    let with_charset = "Content-Type: application/json; charset=utf-8";
    for (headers, body, status, code) in [
        (&[KEY, JSON][..], "", 400, "FST_ERR_CTP_EMPTY_JSON_BODY"),
        (&[KEY, with_charset], "", 400, "FST_ERR_CTP_EMPTY_JSON_BODY"),
        (&[KEY, JSON], "{", 400, "FST_ERR_CTP_INVALID_JSON_BODY"),
        (&[KEY, JSON], "{} x", 400, "FST_ERR_CTP_INVALID_JSON_BODY"),
        (&[KEY, JSON], "\u{0}", 400, "FST_ERR_CTP_INVALID_JSON_BODY"),
        (&[KEY, text], "{}", 415, "FST_ERR_CTP_INVALID_MEDIA_TYPE"),
        (&[KEY], "{}", 415, "FST_ERR_CTP_INVALID_MEDIA_TYPE"),
        (&[KEY, JSON], "[]", 400, "FST_ERR_VALIDATION"),
        (&[KEY, JSON], "null", 400, "FST_ERR_VALIDATION"),
    ] {
        let response = send(&emulator, "POST /image", headers, body.as_bytes()).await;
        let found = response.json();
        assert_eq!((response.status, found["code"].as_str()), (status, Some(code)), "{headers:?} {body:?}");
        assert_eq!(found["statusCode"], status);
    }
    let deep = format!("{{\"html\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(send(&emulator, "POST /image", &[KEY, JSON], deep.as_bytes()).await.status, 400);
    assert_eq!(send(&emulator, "GET /image", &[KEY, JSON], b"").await.status, 200, "a GET has no body to read");
}

#[tokio::test]
async fn a_body_over_the_limit_gets_a_response_and_not_a_closed_connection() {
    let emulator = Emulator::start().await.unwrap();
    let body = vec![b' '; 17 * 1024 * 1024];
    let response = send(&emulator, "POST /image", &[KEY, JSON], &body).await;
    assert_eq!((response.status, response.json()["code"].as_str()), (413, Some("FST_ERR_CTP_BODY_TOO_LARGE")));
    assert_eq!(get(&emulator, "/image").await.status, 200, "the server goes on");
}

#[tokio::test]
async fn validation_errors_name_the_field() {
    let emulator = Emulator::start().await.unwrap();
    for (body, message) in [
        (json!({"html": "x", "width": 0}), "body/width 0 is less than the minimum of 1"),
        (json!({"html": "x", "width": "x"}), "body/width \"x\" is not of type \"integer\""),
        (json!({"html": "x", "height": 1.5}), "body/height 1.5 is not of type \"integer\""),
        (json!({"html": "x", "height": -1}), "body/height -1 is less than the minimum of 1"),
        (json!({"html": 1}), "body/html 1 is not of type \"string\""),
    ] {
        let response = post(&emulator, "/image", &body).await;
        let expected = json!({
            "statusCode": 400, "code": "FST_ERR_VALIDATION", "error": "Bad Request", "message": message,
        });
        assert_eq!((response.status, response.json()), (400, expected));
    }
}

#[tokio::test]
async fn validation_errors_shorten_long_values() {
    let emulator = Emulator::start().await.unwrap();
    let response = post(&emulator, "/image", &json!({"html": ["x".repeat(1_000_000)]})).await;
    assert_eq!(response.status, 400);
    assert!(response.body.len() < 1_000, "{} bytes", response.body.len());
}

#[tokio::test]
async fn exactly_one_source_is_required() {
    let emulator = Emulator::start().await.unwrap();
    for (body, status, error) in [
        (json!({}), 400, "One of html, url and template is required"),
        (
            json!({"html": "x", "url": "https://example.com"}),
            400,
            "Only one of html, url and template is allowed, not html and url",
        ),
        (
            json!({"html": "x", "template": "T"}),
            400,
            "Only one of html, url and template is allowed, not html and template",
        ),
        (json!({"template": "T"}), 404, "Template not found"),
    ] {
        let response = post(&emulator, "/image", &body).await;
        assert_eq!(response.status_and_message(), (status, error.to_owned()), "{body}");
    }
    let response = send(&emulator, "POST /image", &[KEY], b"").await;
    assert_eq!(response.status, 400, "no body means an empty object");
}

#[tokio::test]
async fn images_are_listed_in_pages_newest_first() {
    let emulator = Emulator::start().await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..5 {
        let created = crate::support::create(&emulator, "x", 4, 4).await.json();
        ids.insert(0, created["id"].clone());
    }
    for (query, expected, limit, offset, more) in [
        ("", &ids[..], 30, 0, false),
        ("?limit=2", &ids[..2], 2, 0, true),
        ("?limit=2&offset=3", &ids[3..], 2, 3, false),
        ("?limit=%32&unknown=1", &ids[..2], 2, 0, true),
        ("?limit=1e1", &ids[..], 10, 0, false),
        ("?offset=5", &[], 30, 5, false),
        ("?offset=99999999999999999999", &[], 30, u64::from(u32::MAX), false),
    ] {
        let page = get(&emulator, &format!("/image{query}")).await.json();
        let listed: Vec<_> = page["images"].as_array().unwrap().iter().map(|image| image["id"].clone()).collect();
        assert_eq!(listed, expected, "{query}");
        let pagination = json!({"total": 5, "limit": limit, "offset": offset, "hasMore": more});
        assert_eq!(page["pagination"], pagination, "{query}");
    }
}

#[tokio::test]
async fn validation_errors_name_the_query_parameter() {
    let emulator = Emulator::start().await.unwrap();
    for (query, message) in [
        ("limit=0", "querystring/limit 0 is less than the minimum of 1"),
        ("limit=101", "querystring/limit 101 is greater than the maximum of 100"),
        ("limit=x", "querystring/limit \"x\" is not of type \"integer\""),
        ("limit=", "querystring/limit \"\" is not of type \"integer\""),
        ("limit", "querystring/limit \"\" is not of type \"integer\""),
        ("offset=-1", "querystring/offset -1 is less than the minimum of 0"),
    ] {
        let response = get(&emulator, &format!("/image?{query}")).await;
        assert_eq!(response.status_and_message(), (400, message.to_owned()), "{query}");
    }
}

#[tokio::test]
async fn an_image_can_be_read_without_an_api_key() {
    let emulator = Emulator::start().await.unwrap();
    let created = crate::support::create(&emulator, "x", 4, 4).await.json();
    let read = |id: String| {
        let emulator = &emulator;
        async move { send(emulator, &format!("GET /image/{id}"), &[], b"").await }
    };
    let found = read(created["id"].as_str().unwrap().to_owned()).await;
    assert_eq!(found.json(), json!({"image": created}));
    let missing = read("NOTTHERE00".to_owned()).await;
    assert_eq!((missing.status, missing.json()), (404, json!({"error": "Not found"})));
}

#[tokio::test]
async fn a_response_has_the_fields_of_the_service() {
    let emulator = Emulator::start().await.unwrap();
    let Value::Object(image) = crate::support::create(&emulator, "x", 4, 4).await.json() else { panic!("no object") };
    assert_eq!(image.keys().collect::<Vec<_>>(), ["url", "id", "createdAt"]);
    let id = image["id"].as_str().unwrap();
    assert!(id.len() == 10 && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{id}");
    let created = image["createdAt"].as_str().unwrap();
    assert!(created.len() == 24 && created.ends_with('Z'), "milliseconds, UTC: {created}");
}

#[tokio::test]
async fn the_version_prefix_can_be_required_or_forbidden() {
    for (prefix, bare, versioned) in
        [(VersionPrefix::Any, 200, 200), (VersionPrefix::Required, 404, 200), (VersionPrefix::Forbidden, 200, 404)]
    {
        let emulator = Emulator::builder().version_prefix(prefix).start().await.unwrap();
        let statuses = (get(&emulator, "/image").await.status, get(&emulator, "/v1/image").await.status);
        assert_eq!(statuses, (bare, versioned), "{prefix:?}");
    }
}
