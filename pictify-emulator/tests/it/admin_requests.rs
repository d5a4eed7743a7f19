//! Admin API: recorded requests.

use crate::support::{JSON, KEY, call, connect, create, get, ok, post, send, within};
use pictify_emulator::{DeliveryStatus, Emulator, Fault, RequestFilter};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn list(emulator: &Emulator, query: &str) -> Value {
    ok(emulator, &format!("GET /_emulator/requests{query}"), Value::Null).await
}

#[tokio::test]
async fn a_request_is_recorded_with_its_response() {
    let emulator = Emulator::start().await.unwrap();
    let image = create(&emulator, "<p>Hello", 9, 9).await;
    let recorded = list(&emulator, "").await["requests"][0].clone();
    assert_eq!(recorded["id"].as_str(), image.header("x-request-id"));
    for (member, expected) in [
        ("/sequence", json!(1)),
        ("/method", json!("POST")),
        ("/path", json!("/image")),
        ("/operation", json!("createImage")),
        ("/status", json!(200)),
        ("/request/json", json!({"html": "<p>Hello", "width": 9, "height": 9})),
        ("/request/headers/content-type", json!("application/json")),
        ("/response/json", image.json()),
    ] {
        assert_eq!(recorded.pointer(member), Some(&expected), "{member}: {recorded}");
    }
    let path = format!("GET /_emulator/requests/{}", recorded["id"].as_str().unwrap());
    assert_eq!(ok(&emulator, &path, Value::Null).await, recorded);
    assert_eq!(call(&emulator, "GET /_emulator/requests/none", &Value::Null).await.0, 404);
    assert_eq!(ok(&emulator, "DELETE /_emulator/requests", Value::Null).await, json!({"last": 1}));
    assert_eq!(list(&emulator, "").await, json!({"requests": [], "total": 0, "last": 1}));
}

#[tokio::test]
async fn requests_are_selected_by_their_properties() {
    let emulator = Emulator::start().await.unwrap();
    create(&emulator, "x", 9, 9).await;
    create(&emulator, "", 0, 9).await;
    get(&emulator, "/v1/templates/NONE").await;
    get(&emulator, "/nowhere").await;
    for (query, expected) in [
        ("", vec![4, 3, 2, 1]),
        ("?operation=createImage", vec![2, 1]),
        ("?operation=createImage&status=200", vec![1]),
        ("?method=get", vec![4, 3]),
        ("?path=/image", vec![2, 1]),
        ("?path=/templates/*", vec![3]),
        ("?path=/templates", vec![]),
        ("?status=404", vec![4, 3]),
        ("?since=2", vec![4, 3]),
        ("?limit=1", vec![4]),
        ("?bodies=false&since=3", vec![4]),
    ] {
        let found = list(&emulator, query).await;
        let sequences: Vec<_> =
            found["requests"].as_array().unwrap().iter().map(|request| request["sequence"].as_u64().unwrap()).collect();
        assert_eq!(sequences, expected, "{query}");
    }
    for (query, message) in [
        ("?operation=createImages", "Unknown operation createImages"),
        ("?status=ok", "Failed to deserialize query string"),
        ("?operations=createImage", "Failed to deserialize query string"),
    ] {
        let (status, response) = call(&emulator, &format!("GET /_emulator/requests{query}"), &Value::Null).await;
        assert!(status == 400 && response["message"].as_str().unwrap().starts_with(message), "{query}: {response}");
    }
}

#[tokio::test]
async fn no_secret_is_listed() {
    let emulator = Emulator::start().await.unwrap();
    let key = "Authorization: Bearer pk_live_secret1";
    let created = |path: &'static str, body: Value| {
        let emulator = &emulator;
        async move { send(emulator, path, &[key, JSON], body.to_string().as_bytes()).await.json() }
    };
    let hook = json!({"event": "render.completed", "targetUrl": "https://example.com/hook?token=secret4"});
    let subscription = created("POST /webhook-subscriptions", hook).await;
    let token = created("POST /api/users/api-tokens", json!({})).await;
    created("POST /image", json!({"html": "pk_live_secret1", "width": 9, "height": 9})).await;
    send(&emulator, "POST /image", &[key, JSON], br#"{"secret": "broken1"#).await;
    send(&emulator, "GET /r/NONE.png?token=pk_live_secret2", &[], b"").await;
    send(&emulator, "POST /workflow/hooks/HK/secret3", &[JSON], b"{}").await;
    let deliveries = get(&emulator, "/_emulator/deliveries").await;
    assert_eq!(deliveries.json()["total"], 1);
    let text = list(&emulator, "").await.to_string() + &String::from_utf8(deliveries.body).unwrap();
    let secrets = [
        "pk_live_secret1",
        "pk_live_secret2",
        "secret3",
        "secret4",
        "broken1",
        subscription["subscription"]["secret"].as_str().unwrap(),
        token["apiToken"]["token"].as_str().unwrap(),
    ];
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} is listed");
    }
    assert_eq!(list(&emulator, "").await["total"], 6);
}

#[tokio::test]
async fn bodies_are_bounded() {
    let emulator = Emulator::start().await.unwrap();
    let html = "x".repeat(70 * 1024);
    create(&emulator, &html, 9, 9).await;
    create(&emulator, &"y".repeat(1024 * 1024), 9, 9).await;
    let requests = list(&emulator, "").await["requests"].clone();
    let of = |index: usize| &requests[index]["request"];
    assert_eq!((of(1)["isTruncated"].clone(), of(1)["text"].as_str().unwrap().len()), (json!(true), 64 * 1024));
    assert_eq!((of(0)["isTruncated"].clone(), of(0).get("text"), of(0).get("json")), (json!(true), None, None));
    assert!(of(0)["size"].as_u64().unwrap() > 1024 * 1024);
    let replay = format!("POST /_emulator/requests/{}/replay", requests[0]["id"].as_str().unwrap());
    assert_eq!(call(&emulator, &replay, &Value::Null).await.0, 409);
}

#[tokio::test]
async fn a_connection_without_a_response_is_recorded() {
    let emulator = Emulator::builder().faults([Fault::reset().for_operation("listImages")]).start().await.unwrap();
    let mut stream = connect(&emulator).await;
    stream.write_all(format!("GET /image HTTP/1.1\r\nHost: localhost\r\n{KEY}\r\n\r\n").as_bytes()).await.unwrap();
    let mut response = Vec::new();
    let _ = within(stream.read_to_end(&mut response)).await;
    let recorded = emulator.wait_for_request(&RequestFilter::default().operation("listImages")).await.unwrap();
    assert_eq!((response.len(), recorded.status), (0, None));
}

#[tokio::test]
async fn a_request_is_sent_again_with_its_key() {
    let emulator = Emulator::builder().api_keys(["pk_live_secret1"]).start().await.unwrap();
    let (key, body) = ("Authorization: Bearer pk_live_secret1", br#"{"html":"x","width":9,"height":9}"#);
    let first = send(&emulator, "POST /image", &[key, JSON], body).await;
    let path = format!("POST /_emulator/requests/{}/replay", first.header("x-request-id").unwrap());
    let replayed = ok(&emulator, &path, Value::Null).await;
    assert_eq!((&replayed["request"]["status"], &replayed["request"]["sequence"]), (&json!(200), &json!(2)));
    assert_eq!(replayed["request"]["request"]["json"], json!({"html": "x", "width": 9, "height": 9}));
    assert_ne!(replayed["request"]["response"]["json"]["id"], first.json()["id"], "a new image");
    assert_eq!(emulator.billed_renders(), 2);
    assert_eq!(call(&emulator, "POST /_emulator/requests/none/replay", &Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_test_waits_until_requests_match() {
    let emulator = Emulator::start().await.unwrap();
    let wait = |query: &'static str| call(&emulator, query, &Value::Null);
    let renders = async {
        for _ in 0..2 {
            create(&emulator, "x", 9, 9).await;
        }
    };
    let ((status, found), ()) = within(async {
        tokio::join!(wait("GET /_emulator/requests/wait?operation=createImage&count=2&timeout=60"), renders)
    })
    .await;
    assert_eq!((status, found["requests"].as_array().unwrap().len(), &found["last"]), (200, 2, &json!(2)), "{found}");
    assert_eq!(found["requests"][0]["sequence"], 1, "oldest first");

    let (status, found) = wait("GET /_emulator/requests/wait?operation=renderPdf&timeout=0").await;
    assert_eq!((status, found["message"].as_str()), (408, Some("0 of 1 requests matched within 0 seconds")));
    let received: Vec<_> = found["received"].as_array().unwrap().iter().map(|request| &request["operation"]).collect();
    assert_eq!(received, ["createImage", "createImage"]);
    assert_eq!(wait("GET /_emulator/requests/wait?since=2&timeout=0").await.0, 408, "only later ones");
    assert_eq!(wait("GET /_emulator/requests/wait?timeout=61").await.0, 400);
    assert_eq!(wait("GET /_emulator/requests/wait?count=0").await.0, 400);
    assert_eq!(wait("GET /_emulator/requests/wait?operation=renderPdfs").await.0, 400);
}

#[tokio::test]
async fn requests_are_also_read_in_rust() {
    let emulator = Emulator::start().await.unwrap();
    post(&emulator, "/image", &json!({"html": "x", "width": 9, "height": 9})).await;
    let requests = emulator.requests(&RequestFilter::default()).unwrap();
    let unknown = emulator.requests(&RequestFilter::default().operation("createImages")).unwrap_err();
    assert!(unknown.to_string().contains("createImages"), "{unknown}");
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].operation.as_deref(), requests[0].status), (Some("createImage"), Some(200)));
    assert_eq!(requests[0].request.json.as_ref().map(|body| &body["html"]), Some(&json!("x")));
    let none = RequestFilter::default().operation("renderPdf");
    let error = emulator.wait_for_requests(&none, 1, Duration::ZERO).await.unwrap_err();
    assert_eq!(error.to_string(), "0 of 1 requests matched within 0ns; received instead: POST /image 200");
    let unknown = RequestFilter::default().operation("createImages");
    let error = emulator.wait_for_request(&unknown).await.unwrap_err();
    assert_eq!(error.to_string(), "the contract has no operation createImages");
}

#[tokio::test]
async fn the_ledger_and_deliveries_are_also_read_in_rust() {
    let emulator = Emulator::builder().webhook_retry_speedup(1e9).start().await.unwrap();
    let body = json!({"event": "render.completed", "targetUrl": "http://10.0.0.1/hook"});
    ok(&emulator, "POST /webhook-subscriptions", body).await;
    let image = create(&emulator, "x", 9, 9).await;
    let ledger = emulator.ledger().unwrap();
    assert_eq!((ledger.len(), ledger[0].operation.as_str(), ledger[0].renders), (1, "createImage", 1));
    assert_eq!(Some(ledger[0].request_id.as_str()), image.header("x-request-id"));
    let failed = async {
        loop {
            let deliveries = emulator.deliveries().unwrap();
            if deliveries[0].status == DeliveryStatus::Failed {
                return deliveries;
            }
            tokio::task::yield_now().await;
        }
    };
    let deliveries = within(failed).await;
    assert_eq!(
        (deliveries[0].event.as_str(), &deliveries[0].body["data"]["imageId"]),
        ("render.completed", &image.json()["id"])
    );
    assert_eq!((deliveries[0].attempts.len(), deliveries[0].attempts[5].status), (6, None));
    assert!(deliveries[0].attempts[5].error.as_ref().unwrap().starts_with("10.0.0.1 is not an address"));
}
