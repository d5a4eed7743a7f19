//! Start and shutdown, files, concurrent servers, renderer failures.

use crate::support::{JSON, KEY, address, connect, create, file_path, get, post, send, within};
use pictify_emulator::{
    Emulator,
    render::{Page, RenderError, RenderedImage, Renderer},
};
use serde_json::json;
use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};
use tokio::{io::AsyncWriteExt, net::TcpListener};

#[tokio::test]
async fn files_are_served_with_content_type_and_etag() {
    let emulator = Emulator::start().await.unwrap();
    for (extension, ending, kind) in [
        ("png", ".png", "image/png"),
        ("jpg", ".jpg", "image/jpeg"),
        ("jpeg", ".jpg", "image/jpeg"),
        ("webp", ".webp", "image/webp"),
        ("tiff", ".png", "image/png"),
    ] {
        let body = json!({"html": "x", "width": 9, "height": 9, "fileExtension": extension});
        let path = file_path(&emulator, &post(&emulator, "/image", &body).await);
        assert!(path.ends_with(ending), "{path}");
        let file = get(&emulator, &path).await;
        assert_eq!((file.status, file.header("content-type")), (200, Some(kind)));
        assert_eq!(image::guess_format(&file.body).unwrap().to_mime_type(), kind);

        let etag = format!("If-None-Match: {}", file.header("etag").unwrap());
        let repeated = send(&emulator, &format!("GET {path}"), &[&etag], b"").await;
        assert_eq!((repeated.status, repeated.body.len()), (304, 0), "unchanged");
        let other = send(&emulator, &format!("GET {path}"), &["If-None-Match: \"x\""], b"").await;
        assert_eq!((other.status, other.body), (200, file.body.clone()));
        let head = send(&emulator, &format!("HEAD {path}"), &[], b"").await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), Some(file.body.len().to_string().as_str()));
    }
    for path in ["/media/none.png", "/media/", "/media/../image", "/media/%2e%2e/%2fetc/passwd"] {
        let response = get(&emulator, path).await;
        assert_eq!((response.status, response.json()), (404, json!({"message": "File not found"})), "{path}");
    }
}

#[tokio::test]
async fn file_urls_use_the_host_of_the_request() {
    let emulator = Emulator::builder().allowed_hosts(["pictify.test"]).start().await.unwrap();
    let body = json!({"html": "x", "width": 9, "height": 9}).to_string();
    let send = |host| {
        let (emulator, body) = (&emulator, body.as_bytes());
        async move { send(emulator, "POST /image", &[KEY, JSON, host], body).await.json() }
    };
    let url = send("Host: pictify.test:8080").await["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("http://pictify.test:8080/media/"), "{url}");
    let id = send("Host: pictify.test").await["id"].clone();
    let read = get(&emulator, &format!("/image/{}", id.as_str().unwrap())).await.json();
    assert!(read["image"]["url"].as_str().unwrap().starts_with(emulator.url()), "{read}");
}

#[tokio::test]
async fn two_servers_share_no_state() {
    let (one, two) = (Emulator::start().await.unwrap(), Emulator::start().await.unwrap());
    assert_ne!(one.url(), two.url());
    let created = create(&one, "x", 9, 9).await;
    let path = file_path(&one, &created);
    assert_eq!(get(&one, "/image").await.json()["pagination"]["total"], 1);
    assert_eq!(get(&two, "/image").await.json()["pagination"]["total"], 0);
    assert_eq!(get(&two, &path).await.status, 404);
}

#[tokio::test]
async fn the_error_names_a_port_in_use() {
    let emulator = Emulator::start().await.unwrap();
    let port = address(&emulator).rsplit(':').next().unwrap().parse().unwrap();
    let error = Emulator::builder().port(port).start().await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(&format!("the emulator cannot listen on 127.0.0.1:{port}: ")), "{text}");
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn a_shutdown_frees_the_port() {
    let emulator = Emulator::start().await.unwrap();
    let address = address(&emulator).to_owned();
    create(&emulator, "x", 9, 9).await;
    within(emulator.shutdown()).await;
    TcpListener::bind(&address).await.unwrap();
}

#[tokio::test]
async fn a_dropped_server_stops_listening() {
    let emulator = Emulator::start().await.unwrap();
    let address = address(&emulator).to_owned();
    drop(emulator);
    within(async {
        while TcpListener::bind(&address).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn rendered_image() -> RenderedImage {
    RenderedImage { bytes: b"image".to_vec(), width: 9, height: 9, animation: None }
}

/// Renderer that waits for a signal from the test.
#[derive(Debug)]
struct GatedRenderer {
    started: Sender<()>,
    go: Mutex<Receiver<()>>,
}

impl Renderer for GatedRenderer {
    fn render(&self, _page: &Page) -> Result<RenderedImage, RenderError> {
        self.started.send(()).unwrap();
        self.go.lock().unwrap().recv_timeout(Duration::from_secs(120)).unwrap();
        Ok(rendered_image())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_waits_for_renders_in_progress() {
    let ((started, has_started), (start, go)) = (channel(), channel());
    let renderer = GatedRenderer { started, go: Mutex::new(go) };
    let emulator = Arc::new(Emulator::builder().renderer(renderer).start().await.unwrap());
    let mut stream = connect(&emulator).await;
    let body = r#"{"html":"x"}"#;
    let length = body.len();
    let request =
        format!("POST /image HTTP/1.1\r\nHost: localhost\r\n{KEY}\r\n{JSON}\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let limit = Duration::from_secs(120);
    tokio::task::spawn_blocking(move || has_started.recv_timeout(limit).unwrap()).await.unwrap();

    let stopping = tokio::spawn(Arc::into_inner(emulator).unwrap().shutdown());
    start.send(()).unwrap();
    let mut response = String::new();
    within(tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut response)).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    within(stopping).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_forever_for_an_incomplete_request() {
    let emulator = Emulator::start().await.unwrap();
    let mut stream = connect(&emulator).await;
    stream.write_all(b"POST /image HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n").await.unwrap();
    emulator.shutdown().await;
}

/// Renderer that fails as the page says.
#[derive(Debug)]
struct Fragile;

impl Renderer for Fragile {
    fn render(&self, page: &Page) -> Result<RenderedImage, RenderError> {
        match page.html.as_str() {
            "panic" => panic!("injected"),
            "busy" => Err(RenderError::Overloaded),
            "late" => Err(RenderError::TimedOut),
            "still" => Err(RenderError::NoAnimation),
            "input" => Err(RenderError::InvalidInput("not this".to_owned())),
            "failed" => Err(RenderError::Failed("not now".to_owned())),
            _ => Ok(rendered_image()),
        }
    }
}

#[tokio::test]
async fn renderer_failures_become_error_responses() {
    let emulator = Emulator::builder().renderer(Fragile).start().await.unwrap();
    for (html, status, body) in [
        (
            "panic",
            500,
            json!({"error": "The render failed: the engine cannot handle this page", "code": "render_failed"}),
        ),
        (
            "busy",
            503,
            json!({"error": "Too many renders are running: try again later", "code": "BROWSER_POOL_UNAVAILABLE", "retriable": true}),
        ),
        ("late", 504, json!({"error": "The render timed out", "code": "render_timeout"})),
        (
            "still",
            422,
            json!({"error": "The page has no running animation: a GIF needs a CSS animation", "code": "NO_FRAMES_CAPTURED"}),
        ),
        ("input", 422, json!({"error": "not this", "code": "render_failed"})),
        ("failed", 500, json!({"error": "The render failed: not now", "code": "render_failed"})),
    ] {
        let response = create(&emulator, html, 9, 9).await;
        assert_eq!((response.status, response.json()), (status, body));
    }
    let path = file_path(&emulator, &create(&emulator, "fine", 9, 9).await);
    assert_eq!(get(&emulator, &path).await.body, b"image");
    assert_eq!(get(&emulator, "/image").await.json()["pagination"]["total"], 1, "only what was made is listed");
}
