//! Admin API: reset and snapshots.

use crate::support::{call, create, get, ok};
use pictify_emulator::{Emulator, Fault, RequestFilter};
use serde_json::{Value, json};

async fn total(emulator: &Emulator, path: &str) -> Value {
    get(emulator, path).await.json()["pagination"]["total"].clone()
}

#[tokio::test]
async fn a_reset_leaves_a_server_as_after_its_start() {
    let fault = Fault::status(500).for_operation("listGifs").on_calls([2]);
    let emulator = Emulator::builder().faults([fault]).start().await.unwrap();
    for status in [200, 500, 200] {
        assert_eq!(get(&emulator, "/gif").await.status, status);
    }
    let file = create(&emulator, "x", 9, 9).await.json()["url"].as_str().unwrap().replace(emulator.url(), "");
    ok(&emulator, "PUT /_emulator/clock", json!({"freeze": "2030-01-01T00:00:00Z"})).await;
    ok(&emulator, "PUT /_emulator/faults", json!({"faults": [{"operation": "createGif", "status": 500}]})).await;
    let reset = ok(&emulator, "POST /_emulator/reset", Value::Null).await;
    assert_eq!(reset, json!({"reset": ["documents", "requests", "faults", "clock"]}));
    assert_eq!((total(&emulator, "/image").await, get(&emulator, &file).await.status), (json!(0), 404));
    assert_eq!(emulator.billed_renders(), 0);
    for (line, member, expected) in [
        ("GET /_emulator/requests", "total", json!(2)),
        ("GET /_emulator/ledger", "renders", json!(0)),
        ("GET /_emulator/clock", "frozen", json!(false)),
    ] {
        assert_eq!(ok(&emulator, line, Value::Null).await[member], expected, "{line}");
    }
    let faults = ok(&emulator, "GET /_emulator/faults", Value::Null).await["faults"].clone();
    assert_eq!(
        (&faults[0]["operation"], &faults[0]["calls"], &faults[1]),
        (&json!("listGifs"), &json!(0), &Value::Null)
    );
    create(&emulator, "x", 9, 9).await;
    emulator.freeze(std::time::SystemTime::UNIX_EPOCH).unwrap();
    emulator.reset().unwrap();
    assert_eq!((emulator.billed_renders(), emulator.requests(&RequestFilter::default()).len()), (0, 0));
    assert_ne!(emulator.now(), std::time::SystemTime::UNIX_EPOCH);
}

#[tokio::test]
async fn single_parts_can_be_reset() {
    let emulator = Emulator::start().await.unwrap();
    create(&emulator, "x", 9, 9).await;
    for (body, reset, images, requests) in [
        (json!({"clock": true, "faults": true}), json!(["faults", "clock"]), 1, 2),
        (json!({"requests": true}), json!(["requests"]), 1, 1),
        (json!({"requests": false}), json!([]), 1, 2),
        (json!({"documents": true}), json!(["documents"]), 0, 3),
    ] {
        assert_eq!(ok(&emulator, "POST /_emulator/reset", body.clone()).await["reset"], reset, "{body}");
        assert_eq!(total(&emulator, "/image").await, images, "{body}");
        assert_eq!(ok(&emulator, "GET /_emulator/requests", Value::Null).await["total"], requests, "{body}");
    }
    assert_eq!(call(&emulator, "POST /_emulator/reset", &json!({"all": true})).await.0, 400);
}

#[tokio::test]
async fn a_snapshot_restores_documents_and_files() {
    let emulator = Emulator::start().await.unwrap();
    let image = create(&emulator, "x", 9, 9).await.json();
    assert_eq!(ok(&emulator, "PUT /_emulator/snapshots/one-image", Value::Null).await, json!({"name": "one-image"}));
    ok(&emulator, &format!("DELETE /{}", image["id"].as_str().unwrap()), Value::Null).await;
    create(&emulator, "y", 9, 9).await;
    create(&emulator, "z", 9, 9).await;
    ok(&emulator, "POST /_emulator/snapshots/one-image/restore", Value::Null).await;
    assert_eq!((total(&emulator, "/image").await, emulator.billed_renders()), (json!(1), 1));
    let file = image["url"].as_str().unwrap().replace(emulator.url(), "");
    assert_eq!(get(&emulator, &file).await.status, 200);
    let list = ok(&emulator, "GET /_emulator/snapshots", Value::Null).await;
    assert_eq!(list, json!({"snapshots": [{"name": "one-image"}]}));
    ok(&emulator, "DELETE /_emulator/snapshots/one-image", Value::Null).await;
    for (line, status) in [
        ("POST /_emulator/snapshots/one-image/restore", 404),
        ("DELETE /_emulator/snapshots/one-image", 404),
        ("PUT /_emulator/snapshots/Invalid!", 400),
    ] {
        assert_eq!(call(&emulator, line, &Value::Null).await.0, status, "{line}");
    }
}
