//! Fetching files: whole or not at all, within limits, and without the key.

use pictify::ErrorKind;
use pictify_tests::{KEY, Reply, ScriptedServer, TestClock, client};
use std::time::Duration;

fn file(body: &[u8]) -> Reply {
    Reply::new(200, &[("content-type", "image/png")], body)
}

#[tokio::test]
async fn the_key_is_not_sent_to_the_file_host_even_over_a_redirect() {
    let storage = ScriptedServer::start([file(b"picture")]).await;
    let media = ScriptedServer::start([Reply::new(302, &[("location", &format!("{}/b", storage.url()))], b"")]).await;
    let client = client(&media, &TestClock::default());
    let bytes = client.download(&format!("{}/a.png", media.url())).bytes().await.unwrap();
    assert_eq!(bytes, "picture");
    for request in media.requests().iter().chain(&storage.requests()) {
        assert_eq!(request.header("authorization"), None);
        assert!(!format!("{request:?}").contains(KEY));
    }
}

#[tokio::test]
async fn a_file_that_is_missing_right_after_its_render_is_asked_for_again() {
    let missing = || Reply::new(404, &[], b"");
    let server = ScriptedServer::start([missing(), missing(), file(b"late")]).await;
    let clock = TestClock::default();
    let bytes = client(&server, &clock).download(&format!("{}/a.png", server.url())).bytes().await.unwrap();
    assert_eq!(bytes, "late");
    assert_eq!(clock.slept(), [Duration::from_millis(250), Duration::from_millis(500)]);
    let targets: Vec<_> = server.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(targets[0], "/a.png");
    assert!(targets[1].starts_with("/a.png?_t="), "an absence may have been cached: {targets:?}");
    assert_ne!(targets[1], targets[2]);
}

#[tokio::test]
async fn a_signed_url_is_never_changed_and_never_shown() {
    let server = ScriptedServer::start(std::iter::repeat_with(|| Reply::new(404, &[], b"")).take(20)).await;
    let clock = TestClock::default();
    let url = format!("{}/a.png?signature=hunter2", server.url());
    let error = client(&server, &clock).download(&url).bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    assert!(server.requests().iter().all(|request| request.target == "/a.png?signature=hunter2"));
    let waited: Duration = clock.slept().iter().sum();
    assert!(waited < Duration::from_secs(10), "it gives up: {waited:?}");
}

#[tokio::test]
async fn a_download_that_breaks_starts_over() {
    let whole = b"0123456789".repeat(10);
    let server = ScriptedServer::start([Reply::cut(200, 100, &whole[..60]), Reply::Reset, file(&whole)]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let download = client(&server, &TestClock::default()).download(&format!("{}/a.png", server.url()));
    assert_eq!(download.to_file(&path).await.unwrap(), 100);
    assert_eq!(std::fs::read(&path).unwrap(), whole);
}

#[tokio::test]
async fn a_file_appears_whole_or_not_at_all() {
    let cut = || Reply::cut(200, 100, b"only this");
    let server = ScriptedServer::start([cut(), cut(), cut(), cut(), file(b"new")]).await;
    let client = client(&server, &TestClock::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    std::fs::write(&path, "old").unwrap();
    let url = format!("{}/a.png", server.url());
    assert_eq!(client.download(&url).to_file(&path).await.unwrap_err().kind(), ErrorKind::Transport);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    client.download(&url).to_file(&path).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_found_before_anything_is_fetched() {
    let server = ScriptedServer::start([]).await;
    let client = client(&server, &TestClock::default());
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("missing/a.png"), folder.path().to_owned(), "/".into()] {
        let error = client.download(&server.url()).to_file(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_file_beyond_the_limit_is_refused_whether_or_not_it_says_its_size() {
    let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    let unannounced = Reply::CutAfter([&head[..], &[b'x'; 1001]].concat());
    for reply in [file(&[b'x'; 1001]), unannounced] {
        let server = ScriptedServer::start([reply, file(b"")]).await;
        let download = client(&server, &TestClock::default()).download(&server.url()).size_limit(1000);
        let error = download.bytes().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_download_that_stalls_ends() {
    let server = ScriptedServer::start(std::iter::repeat_with(|| Reply::Hang).take(4)).await;
    let clock = TestClock::default();
    let download = client(&server, &clock).download(&server.url());
    let download = tokio::spawn(download.bytes());
    for _ in 0..4 {
        server.arrived().await;
        clock.advance(Duration::from_secs(30));
    }
    let error = download.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true));
}

#[tokio::test]
async fn only_http_is_fetched() {
    let server = ScriptedServer::start([]).await;
    for url in ["file:///etc/passwd", "data:text/plain,x", "a.png", ""] {
        let error = client(&server, &TestClock::default()).download(url).bytes().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation, "{url}");
    }
}
