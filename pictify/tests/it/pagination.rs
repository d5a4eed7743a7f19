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

#[tokio::test]
async fn a_list_of_empty_pages_ends() {
    for prefetch in [false, true] {
        let server = MockServer::start().await;
        let empty = page(0..0, r#"{"hasMore":true}"#);
        Mock::given(method("GET")).and(path("/image")).respond_with(empty).expect(100..=101).mount(&server).await;
        let items = client_of(server.uri(), &TestClock::default()).images().list().limit(2).items();
        let mut items = if prefetch { items.prefetch() } else { items };
        let error = items.try_next().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Server);
        assert!(error.to_string().contains("100 pages in a row are empty"), "{error}");
        assert!(items.try_next().await.unwrap().is_none(), "the list ends after an error");
        let request = serde_json::to_string(items.next_request().unwrap()).unwrap();
        assert_eq!(request, r#"{"limit":2,"offset":200}"#, "the caller can continue");
    }
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
