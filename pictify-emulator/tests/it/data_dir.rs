//! The data folder: its lock, deleted files, atomic writes.

use crate::support::{create, file_path, get, get_without_key, ok, post};
use pictify_emulator::Emulator;
use serde_json::{Value, json};

#[tokio::test]
async fn a_data_folder_is_locked_by_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Emulator::builder().data_dir(folder.path()).start();
    let first = start().await.unwrap();
    let error = start().await.unwrap_err().to_string();
    let expected = format!(
        "the emulator cannot store its data in {}: another emulator uses it: stop it, or choose another folder",
        folder.path().display()
    );
    assert_eq!(error, expected);
    first.shutdown().await;
    let second = start().await.unwrap();
    drop(second);
    start().await.expect("a dropped server releases its folder");
}

#[tokio::test]
async fn a_deleted_file_is_gone_and_a_binding_renders_its_image_again() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::builder().data_dir(folder.path()).start().await.unwrap();
    let path = file_path(&emulator, &create(&emulator, "x", 9, 9).await);
    let template =
        ok(&emulator, "POST /templates", json!({"name": "Card", "html": "x", "width": 9, "height": 9})).await;
    let binding = json!({"templateId": template["template"]["uid"], "mapping": {}, "dataSource": {"type": "static", "staticData": {}}});
    let binding = ok(&emulator, "POST /bindings", binding).await["binding"]["uid"].clone();
    let rendered = format!("/b/{}.png", binding.as_str().unwrap());
    let first = get_without_key(&emulator, &rendered, &[]).await;
    assert_eq!(first.status, 200, "{first:?}");
    for file in std::fs::read_dir(folder.path().join("files")).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    let gone = get(&emulator, &path).await;
    assert_eq!((gone.status, gone.json()), (410, json!({"message": "The file is no longer in the data folder"})));
    let repeated = get_without_key(&emulator, &rendered, &[]).await;
    assert_eq!((repeated.status, repeated.body), (200, first.body));
}

/// A render that is stored but not billed would be free; one that is billed but not stored would be lost.
#[tokio::test]
async fn a_render_is_stored_and_billed_atomically() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::builder().data_dir(folder.path()).start().await.unwrap();
    let disk = rusqlite::Connection::open(folder.path().join("pictify.sqlite")).unwrap();
    disk.execute_batch(
        "CREATE TRIGGER full BEFORE INSERT ON documents WHEN NEW.kind = 'billed' BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
    )
    .unwrap();
    let response = create(&emulator, "x", 9, 9).await;
    assert_eq!(response.status, 500);
    assert!(response.json()["error"].as_str().unwrap().contains("the disk is full"), "{response:?}");
    assert_eq!(emulator.billed_renders(), 0);
    assert_eq!(ok(&emulator, "GET /image", Value::Null).await["pagination"]["total"], 0);
    disk.execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(post(&emulator, "/image", &json!({"html": "x", "width": 9, "height": 9})).await.status, 200);
    assert_eq!(emulator.billed_renders(), 1);
}
