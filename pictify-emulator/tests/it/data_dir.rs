//! What a folder holds: one server's, whole, and what is left of it.

use crate::support::{create, file_path, get, ok, post, visit};
use pictify_emulator::Emulator;
use serde_json::{Value, json};

#[tokio::test]
async fn a_folder_belongs_to_one_server_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Emulator::builder().data_dir(folder.path()).start();
    let first = start().await.unwrap();
    let error = start().await.unwrap_err().to_string();
    let expected = format!(
        "the emulator cannot keep its data in {}: another emulator uses it: stop that one, or choose another folder",
        folder.path().display()
    );
    assert_eq!(error, expected);
    first.shutdown().await;
    let second = start().await.unwrap();
    drop(second);
    start().await.expect("a dropped server leaves its folder");
}

#[tokio::test]
async fn a_file_that_somebody_has_deleted_is_not_found_and_a_binding_renders_its_own_anew() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::builder().data_dir(folder.path()).start().await.unwrap();
    let path = file_path(&emulator, &create(&emulator, "x", 9, 9).await);
    let template =
        ok(&emulator, "POST /templates", json!({"name": "Card", "html": "x", "width": 9, "height": 9})).await;
    let binding = json!({"templateId": template["template"]["uid"], "mapping": {}, "dataSource": {"type": "static", "staticData": {}}});
    let binding = ok(&emulator, "POST /bindings", binding).await["binding"]["uid"].clone();
    let picture = format!("/b/{}.png", binding.as_str().unwrap());
    let first = visit(&emulator, &picture, &[]).await;
    assert_eq!(first.status, 200, "{first:?}");
    for file in std::fs::read_dir(folder.path().join("files")).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    let gone = get(&emulator, &path).await;
    assert_eq!((gone.status, gone.json()), (404, json!({"message": "File not found"})));
    let again = visit(&emulator, &picture, &[]).await;
    assert_eq!((again.status, again.body), (200, first.body));
}

/// What is kept and not billed would be free; what is billed and not kept, lost.
#[tokio::test]
async fn a_render_is_kept_and_billed_or_neither() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::builder().data_dir(folder.path()).start().await.unwrap();
    let disk = rusqlite::Connection::open(folder.path().join("pictify.sqlite")).unwrap();
    disk.execute_batch(
        "CREATE TRIGGER full BEFORE INSERT ON documents WHEN NEW.kind = 'billed' BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
    )
    .unwrap();
    let answer = create(&emulator, "x", 9, 9).await;
    assert_eq!(answer.status, 500);
    assert!(answer.json()["error"].as_str().unwrap().contains("the disk is full"), "{answer:?}");
    assert_eq!(emulator.billed_renders(), 0);
    assert_eq!(ok(&emulator, "GET /image", Value::Null).await["pagination"]["total"], 0);
    disk.execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(post(&emulator, "/image", &json!({"html": "x", "width": 9, "height": 9})).await.status, 200);
    assert_eq!(emulator.billed_renders(), 1);
}
