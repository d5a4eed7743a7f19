//! What a page asks for, answered by the rules of the server.

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

/// How large one answer may be, in bytes, and how long it may take.
const LARGEST: usize = 16 * 1024 * 1024;
const TIME: Duration = Duration::from_secs(10);

/// How many are answered at once. Each may be as large as one may be.
const AT_ONCE: usize = 8;

/// How many requests a page may make.
const MOST: usize = 500;

/// What answers give on to the page. What encodes or frames them is done with.
const HEADERS: [&str; 4] =
    ["content-type", "access-control-allow-origin", "access-control-allow-headers", "cache-control"];

/// The document itself, which the server has already.
pub(super) struct Document {
    pub(super) url: String,
    pub(super) html: String,
}

/// Answers requests until the tab is closed, or nobody waits for this.
pub(super) async fn answer(
    page: Page,
    mut requests: impl StreamExt<Item = Arc<EventRequestPaused>> + Unpin,
    document: Document,
    pages: Fetcher,
) {
    let (mut count, places) = (0, Arc::new(Semaphore::new(AT_ONCE)));
    // Ends with this.
    let mut answers = JoinSet::new();
    while let Some(request) = requests.next().await {
        count += 1;
        if request.request.url == document.url {
            let headers = vec![HeaderEntry::new("content-type", "text/html; charset=utf-8")];
            fulfill(&page, &request, 200, headers, document.html.as_bytes()).await;
        } else if request.request.method != "GET" || count > MOST {
            fail(&page, &request).await;
        } else {
            let (page, pages, places) = (page.clone(), pages.clone(), places.clone());
            answers.spawn(async move {
                let _place = places.acquire().await;
                let url = reqwest::Url::parse(&request.request.url).ok();
                let fetched = match url.map(|url| reqwest::Request::new(reqwest::Method::GET, url)) {
                    Some(own) => pages.send(own, LARGEST, TIME).await.ok(),
                    None => None,
                };
                match fetched {
                    Some(fetched) => fulfill(&page, &request, fetched.status, headers(&fetched), &fetched.bytes).await,
                    None => fail(&page, &request).await,
                }
            });
        }
    }
}

fn headers(fetched: &Fetched) -> Vec<HeaderEntry> {
    let known = |name: &&str| fetched.headers.get(*name)?.to_str().ok().map(|value| HeaderEntry::new(*name, value));
    HEADERS.iter().filter_map(known).collect()
}

async fn fulfill(page: &Page, request: &EventRequestPaused, status: u16, headers: Vec<HeaderEntry>, body: &[u8]) {
    let answer = FulfillRequestParams::builder()
        .request_id(request.request_id.clone())
        .response_code(status)
        .response_headers(headers)
        .body(STANDARD.encode(body));
    if let Ok(answer) = answer.build() {
        // The tab may be closed meanwhile.
        let _ = page.execute(answer).await;
    }
}

async fn fail(page: &Page, request: &EventRequestPaused) {
    let _ = page.execute(FailRequestParams::new(request.request_id.clone(), ErrorReason::BlockedByClient)).await;
}
