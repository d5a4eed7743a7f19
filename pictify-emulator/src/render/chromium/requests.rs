//! Responses to the intercepted requests of a page, fetched by the rules of the server.

use crate::fetch::{Fetched, Fetcher};
use base64::{Engine, engine::general_purpose::STANDARD};
use chromiumoxide::{
    Page,
    cdp::browser_protocol::{
        fetch::{EventRequestPaused, FailRequestParams, FulfillRequestParams, HeaderEntry},
        network::ErrorReason,
    },
};
use futures_util::StreamExt;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task::JoinSet};

/// Maximum size of one response, in bytes.
const MAX_RESPONSE_BYTES: usize = 16 * 1024 * 1024;

/// Maximum duration of one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum number of concurrent requests. Each response may have the maximum size.
const MAX_CONCURRENT_REQUESTS: usize = 8;

/// Maximum number of requests of a page.
const MAX_REQUESTS: usize = 500;

/// Response headers that are passed on to the page. Headers for encoding and framing no longer apply.
const FORWARDED_HEADERS: [&str; 4] =
    ["content-type", "access-control-allow-origin", "access-control-allow-headers", "cache-control"];

/// HTML of the page itself, which the server already has.
pub(super) struct Document {
    pub(super) url: String,
    pub(super) html: String,
}

/// Responds to requests until the tab is closed or this future is dropped.
pub(super) async fn serve(
    page: Page,
    mut requests: impl StreamExt<Item = Arc<EventRequestPaused>> + Unpin,
    document: Document,
    fetcher: Fetcher,
) {
    let (mut count, permits) = (0, Arc::new(Semaphore::new(MAX_CONCURRENT_REQUESTS)));
    // The tasks are aborted when this set is dropped.
    let mut tasks = JoinSet::new();
    while let Some(request) = requests.next().await {
        count += 1;
        if request.request.url == document.url {
            let headers = vec![HeaderEntry::new("content-type", "text/html; charset=utf-8")];
            fulfill(&page, &request, 200, headers, document.html.as_bytes()).await;
        } else if request.request.method != "GET" || count > MAX_REQUESTS {
            fail(&page, &request).await;
        } else {
            let (page, fetcher, permits) = (page.clone(), fetcher.clone(), permits.clone());
            tasks.spawn(async move {
                let _permit = permits.acquire().await;
                let url = reqwest::Url::parse(&request.request.url).ok();
                let response = match url.map(|url| reqwest::Request::new(reqwest::Method::GET, url)) {
                    Some(get) => fetcher.send(get, MAX_RESPONSE_BYTES, REQUEST_TIMEOUT).await.ok(),
                    None => None,
                };
                match response {
                    Some(response) => {
                        let headers = forwarded_headers(&response);
                        fulfill(&page, &request, response.status, headers, &response.bytes).await;
                    }
                    None => fail(&page, &request).await,
                }
            });
        }
    }
}

fn forwarded_headers(fetched: &Fetched) -> Vec<HeaderEntry> {
    let entry = |name: &&str| fetched.headers.get(*name)?.to_str().ok().map(|value| HeaderEntry::new(*name, value));
    FORWARDED_HEADERS.iter().filter_map(entry).collect()
}

async fn fulfill(page: &Page, request: &EventRequestPaused, status: u16, headers: Vec<HeaderEntry>, body: &[u8]) {
    let response = FulfillRequestParams::builder()
        .request_id(request.request_id.clone())
        .response_code(status)
        .response_headers(headers)
        .body(STANDARD.encode(body));
    if let Ok(response) = response.build() {
        // An error means that the tab has been closed in the meantime.
        let _ = page.execute(response).await;
    }
}

async fn fail(page: &Page, request: &EventRequestPaused) {
    let _ = page.execute(FailRequestParams::new(request.request_id.clone(), ErrorReason::BlockedByClient)).await;
}
