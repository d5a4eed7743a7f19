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

/// The data contain webhook secrets and the data of users.
#[cfg(unix)]
#[tokio::test]
async fn other_users_cannot_read_the_data() {
    use std::os::unix::fs::PermissionsExt;

    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("new").join("data");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let emulator = Emulator::builder().data_dir(&folder).start().await.unwrap();
    file_path(&emulator, &create(&emulator, "x", 9, 9).await);
    assert_eq!((mode(&folder), mode(&folder.join("files"))), (0o700, 0o700));
    let files = ["", "files"].map(|name| std::fs::read_dir(folder.join(name)).unwrap()).into_iter().flatten();
    let files: Vec<_> = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    assert!(files.len() >= 5, "the database with its two logs, the lock and an image: {files:?}");
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    emulator.shutdown().await;
    // An older version has made the files readable for everyone.
    for file in &files {
        let _ = std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644));
    }
    let emulator = Emulator::builder().data_dir(&folder).start().await.unwrap();
    for name in ["pictify.sqlite", "pictify.sqlite-wal", "pictify.sqlite-shm", "lock"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    drop(emulator);
    // A folder of the user's own keeps its permissions.
    let own = parent.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o755)).unwrap();
    let emulator = Emulator::builder().data_dir(&own).start().await.unwrap();
    assert_eq!((mode(&own), mode(&own.join("files"))), (0o755, 0o700));
    drop(emulator);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_of_the_folder_that_is_none_is_an_error_and_not_a_hang() {
    use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

    let pipe = |path: &Path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    let folder_there = |path: &Path| fs::create_dir(path).unwrap();
    let link = |path: &Path| symlink("/dev/null", path).unwrap();
    for name in ["lock", "pictify.sqlite"] {
        for make in [&pipe as &dyn Fn(&Path), &folder_there, &link] {
            let folder = tempfile::tempdir().unwrap();
            make(&folder.path().join(name));
            let start = Emulator::builder().data_dir(folder.path()).start();
            let error = crate::support::within(start).await.unwrap_err().to_string();
            assert!(error.ends_with(&format!("/{name} is not a regular file")), "{error}");
        }
    }
    for name in ["", "files"] {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        fs::create_dir(&data_dir).unwrap();
        let file = if name.is_empty() {
            fs::remove_dir(&data_dir).unwrap();
            data_dir.clone()
        } else {
            data_dir.join(name)
        };
        pipe(&file);
        let error = Emulator::builder().data_dir(&data_dir).start().await.unwrap_err().to_string();
        assert!(error.ends_with(&format!("{} is not a folder", file.display())), "{error}");
    }
}
