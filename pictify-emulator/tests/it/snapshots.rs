//! Reset, snapshots by name, and the limit of files in memory.

use crate::support::{call, create, file_path, get, ok, post, within};
use pictify_emulator::{
    Emulator, SnapshotError,
    render::{Page, RenderError, RenderedImage, Renderer},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, mpsc};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Returns the number of renders, templates and billed renders.
async fn counts(emulator: &Emulator) -> [Value; 3] {
    let total =
        async |path: &str| ok(emulator, &format!("GET {path}"), Value::Null).await["pagination"]["total"].clone();
    [total("/image").await, total("/templates").await, emulator.billed_renders().into()]
}

fn template() -> Value {
    json!({"name": "Card", "html": "x"})
}

#[tokio::test]
async fn a_snapshot_restores_documents_files_and_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    for builder in [Emulator::builder(), Emulator::builder().data_dir(folder.path())] {
        let emulator = builder.demo(true).start().await.unwrap();
        let old = file_path(&emulator, &create(&emulator, "old", 9, 9).await);
        emulator.snapshot("one-image").unwrap();
        ok(&emulator, "POST /templates", template()).await;
        let new = file_path(&emulator, &create(&emulator, "new", 9, 9).await);
        assert_eq!(counts(&emulator).await, [2, 2, 2]);

        emulator.restore("one-image").unwrap();
        assert_eq!(counts(&emulator).await, [1, 1, 1]);
        assert_eq!((get(&emulator, &old).await.status, get(&emulator, &new).await.status), (200, 404));

        emulator.reset().unwrap();
        assert_eq!(counts(&emulator).await, [0, 1, 0], "the demo template stays");
        assert_eq!(get(&emulator, &old).await.status, 404);
        create(&emulator, "other", 9, 9).await;

        emulator.restore("one-image").unwrap();
        assert_eq!(counts(&emulator).await, [1, 1, 1]);
        assert_eq!(&get(&emulator, &old).await.body[1..4], b"PNG");

        let id = ok(&emulator, "GET /image", Value::Null).await["images"][0]["id"].clone();
        ok(&emulator, &format!("DELETE /{}", id.as_str().unwrap()), Value::Null).await;
        assert_eq!(get(&emulator, &old).await.status, 404);
        emulator.restore("one-image").unwrap();
        assert_eq!(get(&emulator, &old).await.status, 200, "the snapshot has the deleted file");
        emulator.shutdown().await;
    }
    let files = || std::fs::read_dir(folder.path().join("files")).unwrap().count();
    let emulator = Emulator::builder().data_dir(folder.path()).start().await.unwrap();
    assert_eq!((emulator.snapshots(), files()), (vec!["one-image".to_owned()], 1));
    emulator.reset().unwrap();
    emulator.restore("one-image").unwrap();
    assert_eq!(counts(&emulator).await, [1, 1, 1], "a snapshot in a data folder survives a restart");
    emulator.remove_snapshot("one-image").unwrap();
    assert_eq!(files(), 1);
    emulator.reset().unwrap();
    assert_eq!(files(), 0, "no file is left that nothing uses");
}

#[tokio::test]
async fn a_snapshot_can_be_replaced_and_removed() {
    let emulator = Emulator::start().await.unwrap();
    for (name, error) in [
        ("absent", SnapshotError::NotFound),
        ("", SnapshotError::InvalidName),
        ("../a", SnapshotError::InvalidName),
        ("A", SnapshotError::InvalidName),
    ] {
        assert_eq!(emulator.restore(name), Err(error.clone()), "{name}");
        assert_eq!(emulator.remove_snapshot(name), Err(error), "{name}");
    }
    for templates in 0..2 {
        emulator.snapshot("a").unwrap();
        ok(&emulator, "POST /templates", template()).await;
        emulator.restore("a").unwrap();
        assert_eq!(counts(&emulator).await, [0, templates, 0]);
        ok(&emulator, "POST /templates", template()).await;
    }
    for number in 0..31 {
        emulator.snapshot(&format!("n{number}")).unwrap();
    }
    assert_eq!(emulator.snapshot("one-more"), Err(SnapshotError::TooMany));
    emulator.snapshot("a").unwrap();
    emulator.remove_snapshot("n0").unwrap();
    emulator.snapshot("one-more").unwrap();
    assert_eq!(emulator.snapshots().len(), 32);
}

/// Renderer whose renders wait for a signal. It reports their starts.
#[derive(Debug)]
struct Waiting {
    started: UnboundedSender<()>,
    finish: Arc<Mutex<mpsc::Receiver<()>>>,
}

impl Renderer for Waiting {
    fn render(&self, _: &Page) -> Result<RenderedImage, RenderError> {
        self.started.send(()).unwrap();
        self.finish.lock().unwrap().recv().unwrap();
        Ok(RenderedImage { bytes: b"bytes".to_vec(), width: 1, height: 1, animation: None })
    }
}

#[tokio::test]
async fn a_render_in_progress_during_a_reset_fails_and_is_not_billed() {
    let ((started, mut starts), (finish, finishes)) = (unbounded_channel(), mpsc::channel());
    let renderer = Waiting { started, finish: Arc::new(Mutex::new(finishes)) };
    let emulator = Emulator::builder().renderer(renderer).renders_per_month(1).start().await.unwrap();
    emulator.snapshot("empty").unwrap();
    let replacements: [fn(&Emulator); 2] =
        [|emulator| emulator.reset().unwrap(), |emulator| emulator.restore("empty").unwrap()];
    for replace in replacements {
        let render = create(&emulator, "x", 9, 9);
        let during = async {
            starts.recv().await.unwrap();
            replace(&emulator);
            finish.send(()).unwrap();
        };
        let (response, ()) = within(async { tokio::join!(render, during) }).await;
        assert_eq!(response.status, 500, "{response:?}");
        assert!(response.json().to_string().contains("were reset or restored"), "{response:?}");
        assert_eq!(counts(&emulator).await, [0, 0, 0]);
    }
    finish.send(()).unwrap();
    assert_eq!(create(&emulator, "x", 9, 9).await.status, 200, "the failed renders do not count");
}

#[tokio::test]
async fn a_restored_batch_continues() {
    let emulator = Emulator::start().await.unwrap();
    let uid =
        ok(&emulator, "POST /templates", json!({"name": "t", "html": "<p>{{a}}"})).await["template"]["uid"].take();
    let body = json!({"variableSets": vec![json!({"a": 1}); 3]});
    let line = format!("POST /templates/{}/batch-render", uid.as_str().unwrap());
    let batch = ok(&emulator, &line, body).await["batchId"].take();
    // Nothing is rendered yet, or some items are: the batch must be complete in any case.
    emulator.snapshot("started").unwrap();
    let line = format!("GET /templates/batch/{}/results", batch.as_str().unwrap());
    let completed = async || {
        within(async {
            loop {
                let (_, results) = call(&emulator, &line, &Value::Null).await;
                if results["status"] == "completed" {
                    return results["completedItems"].clone();
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    };
    let first = completed().await;
    emulator.restore("started").unwrap();
    assert_eq!(completed().await, first);
    assert_eq!(emulator.billed_renders(), 3);
    emulator.reset().unwrap();
    assert_eq!(call(&emulator, &line, &Value::Null).await.0, 404);
}

#[tokio::test]
async fn the_oldest_files_leave_the_memory_first_and_their_records_stay() {
    let emulator = Emulator::builder().max_file_memory(1 << 20).start().await.unwrap();
    // Noise is not compressible: each file has about 400 KB.
    let noise = |seed: usize| {
        let html = format!(
            "<svg width='400' height='400'><filter id='f'><feTurbulence baseFrequency='0.9' seed='{seed}'/></filter><rect width='400' height='400' filter='url(#f)'/></svg>"
        );
        json!({"html": html, "width": 400, "height": 400})
    };
    let (mut paths, mut pages) = (Vec::new(), Vec::new());
    for seed in 0..4 {
        let response = post(&emulator, "/image", &noise(seed)).await;
        paths.push(file_path(&emulator, &response));
        pages.push(format!("/_emulator/ui/renders/{}", response.json()["id"].as_str().unwrap()));
    }
    for (page, says) in [(&pages[0], true), (&pages[3], false)] {
        let html = String::from_utf8(get(&emulator, page).await.body).unwrap();
        assert_eq!(html.contains("The file was removed."), says, "{html}");
    }
    let newest = get(&emulator, &paths[3]).await;
    assert!((300_000..520_000).contains(&newest.body.len()), "{}", newest.body.len());
    let oldest = get(&emulator, &paths[0]).await;
    assert_eq!(oldest.status, 410);
    let message = oldest.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("1 MiB") && message.contains("--max-file-memory") && message.contains("--data-dir"));
    assert_eq!(counts(&emulator).await, [4, 0, 4]);
    assert_eq!(get(&emulator, "/media/unknown.png").await.status, 404);
}
