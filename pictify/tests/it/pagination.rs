//! Pagination: every item once, no page twice, for every form of pagination.

use pictify::{ErrorKind, blocking};
use pictify_test_support::{Reply, ScriptedServer, TestClock, client, client_of};
use std::ops::Range;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path, query_param, query_param_is_missing},
};

fn body(ids: Range<u32>, pagination: &str) -> String {
    let images: Vec<_> = ids.map(|id| format!(r#"{{"url":"u","id":"{id}"}}"#)).collect();
    format!(r#"{{"images":[{}],"pagination":{pagination}}}"#, images.join(","))
}

fn page(ids: Range<u32>, pagination: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body(ids, pagination), "application/json")
}

/// Returns a page for the tests that need the order or the time of requests.
fn reply(ids: Range<u32>, pagination: &str) -> Reply {
    Reply::json(200, &body(ids, pagination))
}

/// Starts a server with a list of images in pages of two. Each page must be requested exactly once.
async fn serve_pages(pages: impl IntoIterator<Item = ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    for (index, page) in pages.into_iter().enumerate() {
        let request = Mock::given(method("GET")).and(path("/image")).and(query_param("limit", "2"));
        let request = match index {
            0 => request.and(query_param_is_missing("offset")),
            _ => request.and(query_param("offset", (2 * index).to_string())),
        };
        request.respond_with(page).expect(1).mount(&server).await;
    }
    server
}

async fn ids_of(server: &MockServer) -> Vec<String> {
    let mut items = client_of(server.uri(), &TestClock::default()).images().list().limit(2).items();
    let mut ids = Vec::new();
    while let Some(image) = items.try_next().await.unwrap() {
        ids.push(image.id.unwrap());
    }
    ids
}

#[tokio::test]
async fn every_item_is_returned_once_and_no_page_is_requested_twice() {
    for (form, pages) in [
        (
            "hasMore",
            vec![
                page(0..2, r#"{"hasMore":true}"#),
                page(2..4, r#"{"hasMore":true}"#),
                page(4..5, r#"{"hasMore":false}"#),
            ],
        ),
        ("total", vec![page(0..2, r#"{"total":5}"#), page(2..4, r#"{"total":5}"#), page(4..5, r#"{"total":5}"#)]),
        ("no pagination", vec![page(0..2, "null"), page(2..4, "null"), page(4..5, "null")]),
    ] {
        let server = serve_pages(pages).await;
        assert_eq!(ids_of(&server).await, ["0", "1", "2", "3", "4"], "{form}");
    }
}

#[tokio::test]
async fn an_empty_page_in_the_middle_does_not_end_a_list() {
    let pages =
        [page(0..2, r#"{"hasMore":true}"#), page(0..0, r#"{"hasMore":true}"#), page(4..5, r#"{"hasMore":false}"#)];
    let server = serve_pages(pages).await;
    assert_eq!(ids_of(&server).await, ["0", "1", "4"]);
}

/// Returns a page of a list, without pagination fields. Its items have an ID under each of the names.
fn bare(list: &str, ids: Range<u32>) -> Reply {
    let items: Vec<_> = ids.map(|id| format!(r#"{{"url":"u","id":"{id}","uid":"{id}"}}"#)).collect();
    Reply::json(200, &format!(r#"{{"{list}":[{}]}}"#, items.join(",")))
}

/// Counts the items of a list with the async client, with and without `prefetch`, and with the blocking client.
macro_rules! count_all {
    ($script:expr, |$client:ident| $list:expr) => {{
        let mut counts = Vec::new();
        for prefetch in [false, true] {
            let server = ScriptedServer::start($script).await;
            let $client = client(&server, &TestClock::default());
            let items = $list.items();
            let mut items = if prefetch { items.prefetch() } else { items };
            let mut count = 0;
            while items.try_next().await.unwrap().is_some() {
                count += 1;
            }
            counts.push((count, server.requests().len()));
        }
        let server = ScriptedServer::start($script).await;
        let url = server.url().to_owned();
        let blocking = tokio::task::spawn_blocking(move || {
            let $client = blocking::Client::builder().api_key("k").base_url(url).build_blocking().unwrap();
            $list.items().map(Result::unwrap).count()
        });
        counts.push((blocking.await.unwrap(), server.requests().len()));
        counts
    }};
}

#[tokio::test]
async fn a_list_without_pagination_fields_is_read_on_while_a_page_is_full() {
    macro_rules! reads_on {
        ($name:literal, $default:literal, |$client:ident| $list:expr) => {
            let size = $default;
            let script = || [bare($name, 0..size), bare($name, size..2 * size), bare($name, 2 * size..2 * size + 1)];
            let counts = count_all!(script(), |$client| $list);
            assert_eq!(counts, [(2 * $default as usize + 1, 3); 3], "{}: full pages", $name);
            let script = || [bare($name, 0..size), bare($name, size..2 * size - 1)];
            let counts = count_all!(script(), |$client| $list);
            assert_eq!(counts, [(2 * $default as usize - 1, 2); 3], "{}: a page that is not full", $name);
            let script = || [bare($name, 0..size), bare($name, 0..0)];
            let counts = count_all!(script(), |$client| $list);
            assert_eq!(counts, [($default as usize, 2); 3], "{}: an empty page", $name);
            let script = || [bare($name, 0..5), bare($name, 5..9)];
            let counts = count_all!(script(), |$client| $list.limit(5));
            assert_eq!(counts, [(9, 2); 3], "{}: a limit", $name);
        };
    }
    reads_on!("images", 30, |client| client.images().list());
    reads_on!("gifs", 30, |client| client.gifs().list());
    reads_on!("renders", 24, |client| client.renders().list());
    reads_on!("templates", 12, |client| client.templates().list());
    reads_on!("templates", 12, |client| client.templates().list_public());
    reads_on!("subscriptions", 20, |client| client.webhooks().list());
    reads_on!("bindings", 20, |client| client.bindings().list());
    reads_on!("experiments", 20, |client| client.experiments().list());
}

/// Reads a list of pages of two. Returns the IDs, the error, and the request after it.
async fn read_until_error(script: Vec<Reply>, prefetch: bool) -> (Vec<String>, pictify::Error, String, usize) {
    let server = ScriptedServer::start(script).await;
    let items = client(&server, &TestClock::default()).images().list().limit(2).items();
    let mut items = if prefetch { items.prefetch() } else { items };
    let mut ids = Vec::new();
    let error = loop {
        match items.try_next().await {
            Ok(item) => ids.push(item.expect("the list ends with an error").id.unwrap()),
            Err(error) => break error,
        }
    };
    assert!(items.try_next().await.unwrap().is_none(), "the list ends after an error");
    let request = serde_json::to_string(items.next_request().unwrap()).unwrap();
    (ids, error, request, server.requests().len())
}

#[tokio::test]
async fn a_list_that_does_not_proceed_is_an_error() {
    let more = r#"{"hasMore":true}"#;
    let total = r#"{"total":99}"#;
    let at = |offset: u32| format!(r#"{{"offset":{offset},"hasMore":true}}"#);
    for (fault, script, ids, request, requests, message) in [
        (
            "the same page",
            vec![reply(0..2, more), reply(0..2, more)],
            vec!["0", "1"],
            2,
            2,
            "list images: repeated page: the page at offset 2 repeats the page at offset 0 of the list",
        ),
        ("the same page of a total", vec![reply(0..2, total), reply(0..2, total)], vec!["0", "1"], 2, 2, "repeats"),
        (
            "the same page, which is full",
            vec![reply(0..2, "null"), reply(0..2, "null")],
            vec!["0", "1"],
            2,
            2,
            "repeats",
        ),
        ("the same last page", vec![reply(0..2, more), reply(0..2, "{}")], vec!["0", "1"], 2, 2, "repeats"),
        (
            "a cycle",
            vec![reply(0..2, more), reply(2..4, more), reply(0..2, more)],
            vec!["0", "1", "2", "3"],
            4,
            3,
            "the page at offset 4 repeats the page at offset 0",
        ),
        (
            "a position that does not move",
            vec![reply(0..2, &at(0)), reply(2..4, &at(0))],
            vec!["0", "1", "2", "3"],
            4,
            2,
            "the page at offset 2 reports the same position as the page before it (0)",
        ),
        ("empty pages", vec![reply(0..0, more); 12], vec![], 20, 10, "10 pages in a row are empty"),
    ] {
        for prefetch in [false, true] {
            let (read, error, next, count) = read_until_error(script.clone(), prefetch).await;
            assert_eq!((read, count), (ids.iter().map(ToString::to_string).collect(), requests), "{fault}");
            assert_eq!((&*error.kind().to_string(), error.is_retryable()), ("RepeatedPage", false), "{fault}: {error}");
            assert!(error.to_string().contains(message), "{fault}: {error}");
            assert_eq!(next, format!(r#"{{"limit":2,"offset":{request}}}"#), "{fault}: the caller can continue");
        }
    }
}

#[tokio::test]
async fn every_style_of_pagination_detects_a_repeated_page() {
    macro_rules! repeats {
        ($name:literal, $fields:literal, $message:literal, |$client:ident| $list:expr) => {
            let page = r#"{"$name":[{"uid":"A","id":"A"},{"uid":"B","id":"B"}],$fields}"#;
            let page = Reply::json(200, &page.replace("$name", $name).replace("$fields", $fields));
            let server = ScriptedServer::start(vec![page.clone(), page.clone()]).await;
            let $client = client(&server, &TestClock::default());
            let mut pages = $list.pages();
            assert!(pages.try_next().await.unwrap().is_some());
            let error = pages.try_next().await.unwrap_err().to_string();
            assert!(error.contains($message), "{error}");
            assert!(pages.try_next().await.unwrap().is_none());

            let server = ScriptedServer::start(vec![page.clone(), page]).await;
            let url = server.url().to_owned();
            let blocking = tokio::task::spawn_blocking(move || {
                let $client = blocking::Client::builder().api_key("k").base_url(url).build_blocking().unwrap();
                let mut items = $list.items().prefetch();
                assert_eq!(items.by_ref().take(2).filter(Result::is_ok).count(), 2);
                let error = items.next().unwrap().unwrap_err().to_string();
                assert!(error.contains($message), "{error}");
                assert!(items.next().is_none());
            });
            blocking.await.unwrap();
        };
    }
    repeats!("templates", r#""pagination":{"hasNext":true}"#, "page 2 repeats page 1", |client| client
        .templates()
        .list());
    repeats!("bindings", r#""pagination":{"totalPages":9}"#, "page 2 repeats page 1", |client| client
        .bindings()
        .list());
    repeats!("experiments", r#""total":99"#, "page 2 repeats page 1", |client| client.experiments().list());
    repeats!(
        "renders",
        r#""pagination":{"total":99}"#,
        "the page at offset 2 repeats the page at offset 0",
        |client| client.renders().list()
    );
}

#[tokio::test]
async fn an_error_ends_a_list_and_the_failed_page_can_be_requested_again() {
    let server = MockServer::start().await;
    let request = || Mock::given(method("GET")).and(path("/image"));
    let second = || request().and(query_param("offset", "2"));
    second().respond_with(ResponseTemplate::new(403)).up_to_n_times(1).mount(&server).await;
    second().respond_with(page(2..3, r#"{"hasMore":false}"#)).expect(1).mount(&server).await;
    request().respond_with(page(0..2, r#"{"hasMore":true}"#)).expect(1).mount(&server).await;
    let client = client_of(server.uri(), &TestClock::default());
    let mut pages = client.images().list().limit(2).pages();
    assert_eq!(pages.try_next().await.unwrap().unwrap().images.len(), 2);
    assert_eq!(pages.try_next().await.unwrap_err().kind(), ErrorKind::Permission);
    assert!(pages.try_next().await.unwrap().is_none());
    let request = serde_json::to_string(pages.next_request().unwrap()).unwrap();
    assert_eq!(request, r#"{"limit":2,"offset":2}"#);

    let request: pictify::images::ListImages = serde_json::from_str(&request).unwrap();
    let mut rest = client.call(request).items();
    assert_eq!(rest.try_next().await.unwrap().unwrap().id.as_deref(), Some("2"));
    assert!(rest.try_next().await.unwrap().is_none());
    assert!(rest.next_request().is_none());
}

#[test]
fn the_blocking_client_iterates() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let script = [reply(0..2, r#"{"hasMore":true}"#), reply(2..3, r#"{"hasMore":false}"#), Reply::json(403, "{}")];
    let server = runtime.block_on(ScriptedServer::start(script));
    let client = blocking::Client::builder().api_key("k").base_url(server.url()).build_blocking().unwrap();
    let ids: Vec<_> = client.images().list().items().map(|image| image.unwrap().id.unwrap()).collect();
    assert_eq!(ids, ["0", "1", "2"]);
    let mut failing = client.images().list().items();
    assert_eq!(failing.next().unwrap().unwrap_err().kind(), ErrorKind::Permission);
    assert!(failing.next().is_none());
}

#[tokio::test]
async fn prefetch_requests_the_next_page_early_but_no_page_twice() {
    let script =
        [reply(0..2, r#"{"hasMore":true}"#), reply(2..4, r#"{"hasMore":true}"#), reply(4..5, r#"{"hasMore":false}"#)];
    let server = ScriptedServer::start(script).await;
    let mut items = client(&server, &TestClock::default()).images().list().limit(2).items().prefetch();
    assert_eq!(items.try_next().await.unwrap().unwrap().id.as_deref(), Some("0"));
    server.arrived().await;
    server.arrived().await;
    assert_eq!(server.requests().len(), 2, "the second page is requested while the first is read");
    let mut remaining = 0;
    while items.try_next().await.unwrap().is_some() {
        remaining += 1;
    }
    assert_eq!((remaining, server.requests().len()), (4, 3));
}

#[test]
fn the_blocking_client_prefetches_too() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let script = [reply(0..2, r#"{"hasMore":true}"#), reply(2..4, r#"{"hasMore":true}"#), Reply::json(403, "{}")];
    let server = runtime.block_on(ScriptedServer::start(script));
    let client = blocking::Client::builder().api_key("k").base_url(server.url()).build_blocking().unwrap();
    let mut items = client.images().list().limit(2).items().prefetch();
    assert_eq!(items.by_ref().take(4).flatten().count(), 4);
    assert_eq!(items.next().unwrap().unwrap_err().kind(), ErrorKind::Permission);
    assert!(items.next().is_none());
    assert_eq!(server.requests().len(), 3);
}
