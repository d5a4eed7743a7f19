//! Downloads: complete or not at all, within limits, and without the key.

use pictify::ErrorKind;
use pictify_test_support::{KEY, Reply, ScriptedServer, TestClock, client, joined};
use std::time::Duration;
use tokio::io::AsyncReadExt;

fn file(body: &[u8]) -> Reply {
    Reply::new(200, &[("content-type", "image/png")], body)
}

/// Returns a file response that ends before its `length`.
fn cut(headers: &[(&str, &str)], length: usize, body: &[u8]) -> Reply {
    Reply::cut_with(200, &[headers, &[("content-type", "image/png")]].concat(), length, body)
}

fn rest(range: &str, body: &[u8]) -> Reply {
    Reply::new(206, &[("content-type", "image/png"), ("content-range", range)], body)
}

#[tokio::test]
async fn the_key_is_not_sent_to_the_file_host_even_over_a_redirect() {
    let storage = ScriptedServer::start([file(b"image")]).await;
    let media = ScriptedServer::start([Reply::new(302, &[("location", &format!("{}/b", storage.url()))], b"")]).await;
    let client = client(&media, &TestClock::default());
    let bytes = client.download(&format!("{}/a.png", media.url())).bytes().await.unwrap();
    assert_eq!(bytes, "image");
    for request in media.requests().iter().chain(&storage.requests()) {
        assert_eq!(request.header("authorization"), None);
        assert!(!format!("{request:?}").contains(KEY));
    }
}

#[tokio::test]
async fn a_file_that_is_missing_right_after_its_render_is_requested_again() {
    let missing = || Reply::new(404, &[], b"");
    let server = ScriptedServer::start([missing(), missing(), file(b"late")]).await;
    let clock = TestClock::default();
    let bytes = client(&server, &clock).download(&format!("{}/a.png", server.url())).bytes().await.unwrap();
    assert_eq!(bytes, "late");
    assert_eq!(clock.sleeps(), [Duration::from_millis(250), Duration::from_millis(500)]);
    let targets: Vec<_> = server.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(targets[0], "/a.png");
    assert!(targets[1].starts_with("/a.png?_t="), "the 404 may have been cached: {targets:?}");
    assert_ne!(targets[1], targets[2]);
}

#[tokio::test]
async fn a_signed_url_is_never_changed_and_in_no_error() {
    let server = ScriptedServer::start(std::iter::repeat_with(|| Reply::new(404, &[], b"")).take(20)).await;
    let clock = TestClock::default();
    let url = format!("{}/a.png?signature=hunter2", server.url());
    let error = client(&server, &clock).download(&url).bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    assert!(server.requests().iter().all(|request| request.target == "/a.png?signature=hunter2"));
    let waited: Duration = clock.sleeps().iter().sum();
    assert!(waited < Duration::from_secs(10), "it gives up: {waited:?}");
}

#[tokio::test]
async fn an_interrupted_download_starts_again() {
    let whole = b"0123456789".repeat(10);
    let server = ScriptedServer::start([cut(&[], 100, &whole[..60]), Reply::Reset, file(&whole)]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let download = client(&server, &TestClock::default()).download(&format!("{}/a.png", server.url()));
    assert_eq!(download.to_file(&path).await.unwrap(), 100);
    assert_eq!(std::fs::read(&path).unwrap(), whole);
}

#[tokio::test]
async fn a_file_is_written_completely_or_not_at_all() {
    let cut = || cut(&[], 100, b"only this");
    let server = ScriptedServer::start([cut(), cut(), cut(), cut(), file(b"new")]).await;
    let client = client(&server, &TestClock::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    std::fs::write(&path, "old").unwrap();
    let url = format!("{}/a.png", server.url());
    assert_eq!(client.download(&url).to_file(&path).await.unwrap_err().kind(), ErrorKind::Transport);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    client.download(&url).to_file(&path).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn an_unwritable_path_is_an_error_before_any_request() {
    let server = ScriptedServer::start([]).await;
    let client = client(&server, &TestClock::default());
    let folder = tempfile::tempdir().unwrap();
    let too_long = folder.path().join("a".repeat(256));
    for path in
        [folder.path().join("missing/a.png"), folder.path().join("new/"), too_long, folder.path().into(), "/".into()]
    {
        let error = client.download(&server.url()).to_file(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_file_above_the_limit_is_rejected_with_and_without_a_content_length() {
    let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    let unannounced = Reply::CutAfter([&head[..], &[b'x'; 1001]].concat());
    for reply in [file(&[b'x'; 1001]), unannounced] {
        let server = ScriptedServer::start([reply, file(b"")]).await;
        let download = client(&server, &TestClock::default()).download(&server.url()).max_size(1000);
        let error = download.bytes().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_stalled_download_times_out() {
    let server = ScriptedServer::start(std::iter::repeat_with(|| Reply::Hang).take(4)).await;
    let clock = TestClock::default();
    let download = client(&server, &clock).download(&server.url());
    let download = tokio::spawn(download.bytes());
    for _ in 0..4 {
        server.arrived().await;
        clock.advance(Duration::from_secs(30));
    }
    let error = joined(download).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true));
}

#[tokio::test]
async fn only_http_urls_are_downloaded() {
    let server = ScriptedServer::start([]).await;
    for url in ["file:///etc/passwd", "data:text/plain,x", "a.png", ""] {
        let error = client(&server, &TestClock::default()).download(url).bytes().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation, "{url}");
    }
}

const TAG: (&str, &str) = ("etag", "\"v1\"");

#[tokio::test]
async fn an_interrupted_download_resumes() {
    let server = ScriptedServer::start([cut(&[TAG], 10, b"01234"), Reply::Reset, rest("bytes 5-9/10", b"56789")]).await;
    let mut written = Vec::new();
    let download = client(&server, &TestClock::default()).download(&server.url());
    assert_eq!(download.to_writer(&mut written).await.unwrap(), 10);
    assert_eq!(written, b"0123456789");
    let ranges: Vec<_> = server
        .requests()
        .iter()
        .map(|request| (request.header("range").map(str::to_owned), request.header("if-range").map(str::to_owned)))
        .collect();
    let from_5 = (Some("bytes=5-".to_owned()), Some("\"v1\"".to_owned()));
    assert_eq!(ranges, [(None, None), from_5.clone(), from_5]);
}

#[tokio::test]
async fn no_byte_is_lost_or_duplicated_for_any_response_to_a_range() {
    let date = ("last-modified", "Tue, 04 Aug 2026 09:15:27 GMT");
    let whole = || file(b"abcdefghij");
    for (case, script, requests) in [
        ("the file has changed", vec![cut(&[TAG], 10, b"01234"), whole()], 2),
        ("a date identifies the file as well", vec![cut(&[date], 10, b"abcde"), rest("bytes 5-9/10", b"fghij")], 2),
        ("the part starts too early", vec![cut(&[TAG], 10, b"01234"), rest("bytes 4-9/10", b"efghij"), whole()], 3),
        ("the part has no range", vec![cut(&[TAG], 10, b"01234"), Reply::new(206, &[], b"fghij"), whole()], 3),
        (
            "the part ends too early",
            vec![cut(&[TAG], 10, b"abcde"), rest("bytes 5-6/10", b"fg"), rest("bytes 7-9/10", b"hij")],
            3,
        ),
        ("a part without a range request", vec![rest("bytes 0-4/10", b"01234"), whole()], 2),
        ("the range is rejected", vec![cut(&[TAG], 10, b"01234"), Reply::new(416, &[], b""), whole()], 3),
        ("the tag is weak", vec![cut(&[("etag", "W/\"v1\"")], 10, b"01234"), whole()], 2),
        ("the host does not support ranges", vec![cut(&[TAG, ("accept-ranges", "none")], 10, b"01234"), whole()], 2),
    ] {
        let server = ScriptedServer::start(script).await;
        let bytes = client(&server, &TestClock::default()).download(&server.url()).bytes().await;
        assert_eq!(bytes.unwrap_or_else(|error| panic!("{case}: {error}")), "abcdefghij", "{case}");
        assert_eq!(server.requests().len(), requests, "{case}");
    }
}

#[tokio::test]
async fn bytes_are_not_written_to_a_writer_twice() {
    let server = ScriptedServer::start([cut(&[], 10, b"01234"), file(b"0123456789")]).await;
    let mut written = Vec::new();
    let download = client(&server, &TestClock::default()).download(&server.url());
    let error = download.to_writer(&mut written).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable(), written.as_slice()), (ErrorKind::Transport, true, &b"01234"[..]));
}

#[tokio::test]
async fn a_response_that_is_not_a_file_is_an_error_with_its_body() {
    for kind in ["text/html; charset=utf-8", "application/json", "TEXT/PLAIN"] {
        let reply = Reply::new(200, &[("content-type", kind)], b"<h1>Sorry</h1>");
        let server = ScriptedServer::start([reply, file(b"x")]).await;
        let error = client(&server, &TestClock::default()).download(&server.url()).bytes().await.unwrap_err();
        assert_eq!((error.kind(), server.requests().len()), (ErrorKind::ContentType, 1), "{kind}");
        assert_eq!((error.status().unwrap().as_u16(), &error.body().unwrap()[..]), (200, &b"<h1>Sorry</h1>"[..]));
        assert!(error.to_string().contains(kind), "{error}");
    }
    for kind in ["image/svg+xml", "video/mp4", "application/pdf", "Application/Octet-Stream; x=y", ""] {
        let server = ScriptedServer::start([Reply::new(200, &[("content-type", kind)], b"x")]).await;
        let bytes = client(&server, &TestClock::default()).download(&server.url()).bytes().await;
        assert_eq!(bytes.unwrap(), "x", "{kind}");
    }
}

#[tokio::test]
async fn a_compressed_file_that_was_not_asked_for_is_an_error_and_not_stored() {
    for encoding in ["gzip", "br", "x-custom", "identity, gzip"] {
        let reply = Reply::new(200, &[("content-type", "image/png"), ("content-encoding", encoding)], b"\x1f\x8b\x08");
        let server = ScriptedServer::start([reply, file(b"x")]).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let error = client(&server, &TestClock::default()).download(&server.url()).to_file(&path).await.unwrap_err();
        assert_eq!((error.kind(), server.requests().len()), (ErrorKind::ContentType, 1), "{encoding}");
        assert!(error.to_string().contains(&format!("the file is compressed ({encoding})")), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{encoding}");
        assert!(server.requests()[0].header("accept-encoding").is_none_or(|it| it == "identity"));
    }
    // A range of a compressed file is rejected as well.
    let part = [("content-type", "image/png"), ("content-range", "bytes 5-9/10"), ("content-encoding", "gzip")];
    let script = [cut(&[("etag", "\"1\"")], 10, b"01234"), Reply::new(206, &part, b"56789")];
    let server = ScriptedServer::start(script).await;
    let error = client(&server, &TestClock::default()).download(&server.url()).bytes().await.unwrap_err();
    assert_eq!((error.kind(), server.requests().len()), (ErrorKind::ContentType, 2), "{error}");

    for encoding in ["identity", "", "Identity"] {
        let reply = Reply::new(200, &[("content-type", "image/png"), ("content-encoding", encoding)], b"x");
        let server = ScriptedServer::start([reply]).await;
        let bytes = client(&server, &TestClock::default()).download(&server.url()).bytes().await;
        assert_eq!(bytes.unwrap(), "x", "{encoding}");
    }
}

#[tokio::test]
async fn an_empty_file_is_an_error() {
    for reply in [file(b""), Reply::new(204, &[], b"")] {
        let server = ScriptedServer::start([reply]).await;
        let error = client(&server, &TestClock::default()).download(&server.url()).bytes().await.unwrap_err();
        assert_eq!((error.kind(), server.requests().len()), (ErrorKind::ContentType, 1));
    }
}

#[tokio::test]
async fn a_file_of_exactly_the_limit_is_downloaded() {
    let server = ScriptedServer::start([file(&[b'x'; 1000])]).await;
    let download = client(&server, &TestClock::default()).download(&server.url()).max_size(1000);
    assert_eq!(download.bytes().await.unwrap().len(), 1000);
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_followed_and_devices_are_written_directly() {
    let server = ScriptedServer::start([file(b"new"), file(b"gone"), file(b"full"), file(b"full")]).await;
    let client = client(&server, &TestClock::default());
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.png"), folder.path().join("link.png"));
    std::fs::write(&real, "old").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    client.download(&server.url()).to_file(&link).await.unwrap();
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "new");
    assert!(link.symlink_metadata().unwrap().is_symlink());

    assert_eq!(client.download(&server.url()).to_file("/dev/null").await.unwrap(), 4);
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    if std::path::Path::new("/dev/full").exists() {
        let error = client.download(&server.url()).to_file("/dev/full").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains("/dev/full cannot be written"), "{error}");
        let full = tokio::fs::OpenOptions::new().write(true).open("/dev/full").await.unwrap();
        assert_eq!(client.download(&server.url()).to_writer(full).await.unwrap_err().kind(), ErrorKind::Io);
    }
}

#[test]
fn the_blocking_client_writes_on_the_calling_thread() {
    /// A writer that is not `Send`, and fails after some bytes.
    struct Local(std::rc::Rc<std::cell::RefCell<Vec<u8>>>, usize);

    impl std::io::Write for Local {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let capacity = self.1.saturating_sub(self.0.borrow().len());
            if capacity == 0 {
                return Err(std::io::Error::other("full"));
            }
            self.0.borrow_mut().extend_from_slice(&bytes[..bytes.len().min(capacity)]);
            Ok(bytes.len().min(capacity))
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let whole = b"0123456789".repeat(100_000);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let script = [cut(&[TAG], 1_000_000, &whole[..700_000]), rest("bytes 700000-999999/1000000", &whole[700_000..])];
    let server = runtime.block_on(ScriptedServer::start(script.into_iter().chain([file(&whole)])));
    let builder =
        pictify::Client::builder().api_key(KEY).base_url(server.url()).jitter(|| 1.0).clock(TestClock::default());
    let client = builder.build_blocking().unwrap();
    let written = std::rc::Rc::default();
    let local = Local(std::rc::Rc::clone(&written), usize::MAX);
    assert_eq!(client.download(&server.url()).to_writer(local).unwrap(), 1_000_000);
    assert!(*written.borrow() == whole);
    let error = client.download(&server.url()).to_writer(Local(std::rc::Rc::default(), 5)).unwrap_err();
    assert_eq!(error.to_string(), "input or output error: the writer failed: full");
}

#[cfg(unix)]
#[tokio::test]
async fn a_replaced_file_keeps_its_permissions_and_a_name_may_be_long() {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};

    let server = ScriptedServer::start([file(b"new"), file(b"new")]).await;
    let client = client(&server, &TestClock::default());
    let folder = tempfile::tempdir().unwrap();
    let (private, long) = (folder.path().join("a.png"), folder.path().join(format!("{}.png", "a".repeat(251))));
    std::fs::write(&private, "old").unwrap();
    std::fs::set_permissions(&private, Permissions::from_mode(0o600)).unwrap();
    client.download(&server.url()).to_file(&private).await.unwrap();
    assert_eq!(std::fs::read_to_string(&private).unwrap(), "new");
    assert_eq!(std::fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(client.download(&server.url()).to_file(&long).await.unwrap(), 3);
}

#[tokio::test]
async fn a_download_that_stalls_in_the_middle_resumes() {
    let headers = [("content-type", "image/png"), TAG];
    let server =
        ScriptedServer::start([Reply::stall_with(200, &headers, 10, b"01234"), rest("bytes 5-9/10", b"56789")]).await;
    let clock = TestClock::default();
    let (writer, mut reader) = tokio::io::duplex(64);
    let download = client(&server, &clock).download(&server.url()).read_timeout(Duration::from_secs(7));
    let download = tokio::spawn(download.to_writer(writer));
    let mut written = [0; 5];
    reader.read_exact(&mut written).await.unwrap();
    // Each read has its own timeout.
    clock.advance(Duration::from_secs(7));
    assert_eq!(joined(download).await.unwrap(), 10);
    let mut more = Vec::new();
    reader.read_to_end(&mut more).await.unwrap();
    assert_eq!((&written, more.as_slice()), (b"01234", &b"56789"[..]));
    assert_eq!(server.requests()[1].header("range"), Some("bytes=5-"));
}

#[tokio::test]
async fn a_download_times_out_and_leaves_no_file() {
    let headers = [("content-type", "image/png"), TAG];
    let server = ScriptedServer::start([Reply::stall_with(200, &headers, 10, b"01234")]).await;
    let clock = TestClock::default();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let download = client(&server, &clock).download(&server.url());
    let download = download.timeout(Duration::from_secs(60)).read_timeout(Duration::from_secs(90));
    let download = tokio::spawn(async move { download.to_file(path).await });
    server.arrived().await;
    clock.advance(Duration::from_secs(60));
    let error = joined(download).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable(), error.outcome_unknown()), (ErrorKind::Timeout, true, false));
    assert!(error.to_string().contains("took longer than 60 s"), "{error}");
    assert_eq!(server.requests().len(), 1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn parts_of_different_files_are_never_combined() {
    let part = |headers: &[(&str, &str)], body: &[u8]| {
        Reply::new(206, &[headers, &[("content-type", "image/png")]].concat(), body)
    };
    let range = |range| ("content-range", range);
    let whole = || file(b"abcdefghij");
    let first = || cut(&[TAG], 10, b"abcde");
    let other_tag = part(&[("etag", "\"v2\""), range("bytes 5-9/10")], b"FGHIJ");
    let same_tag = part(&[TAG, range("bytes 5-9/10")], b"fghij");
    for (case, script, requests) in [
        ("the tag is the same", vec![first(), same_tag], 2),
        ("the tag differs", vec![first(), other_tag, whole()], 3),
        ("the length differs", vec![first(), part(&[range("bytes 5-7/8")], b"FGH"), whole()], 3),
        (
            "the length is unknown and the part ends early",
            vec![first(), part(&[range("bytes 5-6/*")], b"fg"), rest("bytes 7-9/10", b"hij")],
            3,
        ),
        ("the part is longer than the file", vec![first(), part(&[range("bytes 5-9/10")], b"fghijklm"), whole()], 3),
        (
            "an end part without a range request",
            vec![part(&[TAG, range("bytes 5-9/10")], b"fghij"), part(&[TAG, range("bytes 5-9/10")], b"fghij"), whole()],
            3,
        ),
        ("a part without a range and without a range request", vec![part(&[], b"fghij"), whole()], 2),
    ] {
        let server = ScriptedServer::start(script).await;
        let bytes = client(&server, &TestClock::default()).download(&server.url()).bytes().await;
        assert_eq!(bytes.as_deref().ok(), Some(&b"abcdefghij"[..]), "{case}: {bytes:?}");
        assert_eq!(server.requests().len(), requests, "{case}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_a_missing_file_stays_a_link() {
    let server = ScriptedServer::start([file(b"new")]).await;
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.png"), folder.path().join("link.png"));
    std::os::unix::fs::symlink("real.png", &link).unwrap();
    client(&server, &TestClock::default()).download(&server.url()).to_file(&link).await.unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "new");
}

#[tokio::test]
async fn an_html_page_instead_of_a_part_is_an_error_and_is_not_written() {
    for status in [200, 206] {
        let page = [("content-type", "text/html"), TAG, ("content-range", "bytes 5-9/10")];
        let script = [cut(&[TAG], 10, b"01234"), Reply::new(status, &page, b"<p>no"), file(b"x")];
        let server = ScriptedServer::start(script).await;
        let mut written = Vec::new();
        let download = client(&server, &TestClock::default()).download(&server.url());
        let error = download.to_writer(&mut written).await.unwrap_err();
        assert_eq!((error.kind(), &error.body().unwrap()[..]), (ErrorKind::ContentType, &b"<p>no"[..]), "{status}");
        assert_eq!((server.requests().len(), written.as_slice()), (2, &b"01234"[..]), "{status}");
    }
}

#[tokio::test]
async fn a_lost_end_is_not_an_error_if_all_bytes_are_written() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\netag: \"v1\"\r\ntransfer-encoding: chunked\r\n\r\n";
    let no_end = || Reply::CutAfter([&head[..], b"5\r\n01234\r\n"].concat());
    let nothing_from = |length| Reply::new(416, &[("content-range", length)], b"");
    for (length, whole) in [("bytes */5", true), ("bytes */6", false), ("bytes */4", false)] {
        let server = ScriptedServer::start([no_end(), nothing_from(length)]).await;
        let mut written = Vec::new();
        let download = client(&server, &TestClock::default()).download(&server.url());
        let result = download.to_writer(&mut written).await;
        assert_eq!(
            result.as_ref().map_err(pictify::Error::kind),
            if whole { Ok(&5) } else { Err(ErrorKind::Transport) }
        );
        assert_eq!(written, b"01234", "{length}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_that_is_already_open_is_appended_to() {
    use std::os::fd::AsRawFd;

    let server = ScriptedServer::start([file(b"new")]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, "before ").unwrap();
    let open = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    let target = format!("/proc/self/fd/{}", open.as_raw_fd());
    assert_eq!(client(&server, &TestClock::default()).download(&server.url()).to_file(target).await.unwrap(), 3);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before new");
}

#[tokio::test]
async fn a_retry_delay_beyond_the_timeout_fails_immediately() {
    let busy = Reply::new(503, &[("retry-after", "30")], b"busy");
    let server = ScriptedServer::start([busy, file(b"x")]).await;
    let clock = TestClock::default();
    let download = client(&server, &clock).download(&server.url()).timeout(Duration::from_secs(20));
    let error = download.bytes().await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Server, true), "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    assert!(error.to_string().contains("after the download's timeout of 20 s"), "{error}");
    assert_eq!((server.requests().len(), clock.sleeps()), (1, vec![]));
}

#[tokio::test]
async fn a_redirect_that_is_not_followed_has_a_reason() {
    let server = ScriptedServer::with_responses(|_| Reply::new(302, &[("location", "/again")], b"")).await;
    let error = client(&server, &TestClock::default()).download(&server.url()).bytes().await.unwrap_err();
    assert_eq!((error.kind(), server.requests().len()), (ErrorKind::Redirect, 6));
    assert!(error.to_string().contains("redirects more than 5 times, or from https to http"), "{error}");
}

#[tokio::test]
async fn only_the_rest_of_the_same_file_is_appended() {
    let whole = || file(b"abcdefghij");
    for (case, tag, range, body) in [
        ("the part ends after the end of the file", "\"v1\"", "bytes 5-12/*", &b"FGHIJKLM"[..]),
        ("the part is of a longer file", "\"v1\"", "bytes 5-9/12", b"FGHIJ"),
        ("a weak tag identifies no bytes", "W/\"v1\"", "bytes 5-9/10", b"FGHIJ"),
    ] {
        let server = ScriptedServer::start([cut(&[("etag", tag)], 10, b"abcde"), rest(range, body), whole()]).await;
        let bytes = client(&server, &TestClock::default()).download(&server.url()).bytes().await;
        assert_eq!(bytes.as_deref().ok(), Some(&b"abcdefghij"[..]), "{case}: {bytes:?}");
        assert_eq!(server.requests().len(), 3, "{case}");
    }

    // A host that skips bytes, and is right about the end each time.
    let server = ScriptedServer::start([cut(&[TAG], 10, b"abcde"), rest("bytes 7-9/10", b"hij")]).await;
    server.then(whole());
    let bytes = client(&server, &TestClock::default()).download(&server.url()).bytes().await;
    assert_eq!(bytes.as_deref().ok(), Some(&b"abcdefghij"[..]), "{bytes:?}");
    assert_eq!(server.requests()[2].header("range"), None);
}

#[tokio::test]
async fn a_file_that_disappears_during_its_download_is_not_found() {
    let server = ScriptedServer::with_responses(|request| match request.header("range") {
        None => cut(&[TAG], 10, b"abcde"),
        Some(_) => Reply::new(404, &[], b""),
    })
    .await;
    let error = client(&server, &TestClock::default()).download(&server.url()).bytes().await.unwrap_err();
    assert_eq!((error.kind(), server.requests().len()), (ErrorKind::NotFound, 2));
}

#[tokio::test]
async fn downloads_use_the_retry_budget() {
    let server = ScriptedServer::with_responses(|_| Reply::new(500, &[], b"")).await;
    let client = client(&server, &TestClock::default());
    for _ in 0..30 {
        client.download(&server.url()).bytes().await.unwrap_err();
    }
    assert_eq!(server.requests().len(), 80, "30 downloads and the 50 retries of the budget");
}
