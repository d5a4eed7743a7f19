//! Admin API: reset, snapshots and templates to start with.

use crate::support::{call, create, get, ok};
use pictify_emulator::{Emulator, Fault, Options, RequestFilter};
use serde_json::{Value, json};
use std::{fs, path::Path};

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
        ("GET /_emulator/requests", "total", json!(1)),
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
    assert_eq!((emulator.billed_renders(), emulator.requests(&RequestFilter::default()).unwrap().len()), (0, 0));
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

#[tokio::test]
async fn templates_are_stored_under_the_ids_that_a_test_chooses() {
    let emulator = Emulator::start().await.unwrap();
    let card = json!({"uid": "card", "name": "Card", "html": "<p>{{name}} {{count}}", "width": 9, "height": 9,
        "variableDefinitions": [{"name": "count", "type": "number", "defaultValue": 1}],
        "sample": {"name": "Ada", "count": 5, "unused": true}});
    let plain = json!({"name": "Plain", "html": "x"});
    let stored = ok(&emulator, "POST /_emulator/seed", json!({"templates": [card, plain]})).await;
    assert_eq!(stored["templates"][0], json!({"uid": "card", "name": "Card"}));
    let template = ok(&emulator, "GET /templates/card", Value::Null).await["template"].clone();
    let defaults: Vec<_> = template["variableDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|definition| (definition["name"].as_str().unwrap(), definition["defaultValue"].clone()))
        .collect();
    assert_eq!(defaults, [("count", json!(1)), ("name", json!("Ada"))]);
    assert_eq!(ok(&emulator, "POST /templates/card/render", json!({})).await["totalRendered"], 1);

    let changed = json!({"templates": [{"uid": "card", "name": "Other", "html": "y"}]});
    ok(&emulator, "POST /_emulator/seed", changed).await;
    assert_eq!(ok(&emulator, "GET /templates/card", Value::Null).await["template"]["name"], "Other");
    assert_eq!(total(&emulator, "/templates").await, 2);
}

#[tokio::test]
async fn invalid_templates_are_rejected_and_none_is_stored() {
    let emulator = Emulator::start().await.unwrap();
    let valid = json!({"uid": "valid", "name": "Valid", "html": "x"});
    for (template, status, message) in [
        (json!({"uid": "a/b", "name": "A", "html": "x"}), 400, "templates[1]: the ID a/b is not"),
        (json!({"uid": "valid", "name": "A", "html": "x"}), 400, "templates[1]: the ID valid occurs twice"),
        (json!({"uid": "a", "name": "A"}), 400, "templates[1]: html or fabricJSData is required"),
        (json!({"uid": "a", "name": "A", "html": "x", "width": "wide"}), 400, "templates[1]: body/width"),
        (json!({"uid": "a", "name": "A", "html": "{{#if"}), 422, "templates[1]: "),
    ] {
        let body = json!({"templates": [valid, template]});
        let (found, response) = call(&emulator, "POST /_emulator/seed", &body).await;
        let text = response["message"].as_str().unwrap_or_default();
        assert!(found == status && text.starts_with(message), "{template}: {found} {response}");
    }
    assert_eq!(total(&emulator, "/templates").await, 0);
    let (status, response) = call(&emulator, "POST /_emulator/seed", &json!({})).await;
    assert_eq!((status, response), (400, json!({"message": "Give templates: the server has no seed folder"})));
}

fn write_template(folder: &Path, name: &str, files: &[(&str, &str)]) {
    let folder = folder.join(name);
    fs::create_dir_all(&folder).unwrap();
    for (file, content) in files {
        fs::write(folder.join(file), content).unwrap();
    }
}

#[tokio::test]
async fn a_server_starts_with_the_templates_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let meta = r#"{"name": "Card", "width": 9, "height": 9}"#;
    let canvas = r#"{"version": "5.3.0", "objects": [{"type": "text", "text": "{{title}}"}]}"#;
    write_template(
        folder.path(),
        "card",
        &[("template.json", meta), ("index.html", "<p>{{name}}"), ("sample.json", r#"{"name": "Ada"}"#)],
    );
    write_template(folder.path(), "canvas", &[("template.json", "{}"), ("canvas.json", canvas)]);
    write_template(folder.path(), "no-template", &[("readme.txt", "x")]);
    let mut options = Options::default();
    (options.port, options.seed) = (Some(0), Some(folder.path().to_owned()));
    let emulator = options.start().await.unwrap();
    let names = async || {
        let list = ok(&emulator, "GET /templates?sort=name", Value::Null).await;
        list["templates"].as_array().unwrap().iter().map(|template| template["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["canvas", "Card"]);
    assert_eq!(ok(&emulator, "GET /templates/canvas", Value::Null).await["template"]["engine"], "fabric");

    write_template(folder.path(), "card", &[("template.json", r#"{"name": "Changed"}"#)]);
    let again = ok(&emulator, "POST /_emulator/seed", Value::Null).await;
    assert_eq!(again["templates"][1], json!({"uid": "card", "name": "Changed"}));
    ok(&emulator, "DELETE /templates/canvas", Value::Null).await;
    ok(&emulator, "POST /_emulator/reset", Value::Null).await;
    assert_eq!(names().await, ["canvas", "Changed"], "a reset stores them again");
}

#[tokio::test]
async fn errors_name_the_file_of_a_seed_folder() {
    for (files, message) in [
        (vec![], "it has no folder with a template.json"),
        (vec![("template.json", "{")], "template.json cannot be used: EOF"),
        (vec![("template.json", "{}"), ("canvas.json", "{")], "canvas.json cannot be used: EOF"),
        (vec![("template.json", "{}"), ("sample.json", "[]"), ("index.html", "x")], "sample.json cannot be used: "),
        (vec![("template.json", "{}")], "templates[0]: html or fabricJSData is required"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write_template(folder.path(), "card", &files);
        let error = Emulator::builder().seed(folder.path()).start().await.unwrap_err().to_string();
        assert!(error.contains(message), "{files:?}: {error}");
    }
    let emulator = Emulator::start().await.unwrap();
    let error = emulator.seed(Path::new("/nonexistent")).unwrap_err().to_string();
    assert!(error.starts_with("/nonexistent cannot be used: "), "{error}");
}
