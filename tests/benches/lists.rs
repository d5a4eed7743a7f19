//! A list of 10,000 items, 100 per page, compared with a loop without the SDK that follows `hasMore`.
//!
//! `cargo bench -p pictify-tests --bench lists`

mod support;

use divan::{AllocProfiler, Bencher, counter::ItemsCount};
use pictify::Client;
use serde::Deserialize;
use serde_json::json;
use support::{Image, KEY, install_crypto, plain_client, response, runtime, serve};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

const ITEMS: usize = 10_000;
const ITEMS_PER_PAGE: usize = 100;

fn main() {
    install_crypto();
    divan::main();
}

/// Starts a server that sends prepared pages.
fn server() -> String {
    let page = |offset: usize| {
        let images: Vec<_> = (offset..offset + ITEMS_PER_PAGE)
            .map(|number| {
                let url = format!("https://media.pictify.io/{number:010}-1785834927482.png");
                json!({"url": url, "id": format!("{number:010}"), "createdAt": "2026-08-04T09:15:27.482Z"})
            })
            .collect();
        let more = offset + ITEMS_PER_PAGE < ITEMS;
        let pagination = json!({"total": ITEMS, "limit": ITEMS_PER_PAGE, "offset": offset, "hasMore": more});
        response(200, "", &json!({"images": images, "pagination": pagination}).to_string())
    };
    let pages: Vec<_> = (0..ITEMS).step_by(ITEMS_PER_PAGE).map(page).collect();
    serve(move |target| {
        let offset = target.split("offset=").nth(1).map_or(0, |rest| {
            rest.split('&').next().and_then(|offset| offset.parse().ok()).expect("an offset is a number")
        });
        pages[offset / ITEMS_PER_PAGE].clone()
    })
}

fn read(bencher: Bencher, prefetch: bool) {
    let runtime = runtime();
    let client = Client::builder().api_key(KEY).base_url(server()).build().expect("a client");
    bencher.counter(ItemsCount::new(ITEMS)).bench_local(|| {
        runtime.block_on(async {
            let list = client.images().list().limit(ITEMS_PER_PAGE as u64);
            let mut items = if prefetch { list.items().prefetch() } else { list.items() };
            let mut count = 0;
            while let Some(image) = items.try_next().await.expect("a page") {
                divan::black_box(image);
                count += 1;
            }
            assert_eq!(count, ITEMS);
        });
    });
}

#[divan::bench(sample_count = 20)]
fn sdk(bencher: Bencher) {
    read(bencher, false);
}

#[divan::bench(sample_count = 20)]
fn sdk_one_page_ahead(bencher: Bencher) {
    read(bencher, true);
}

#[derive(Deserialize)]
struct Page {
    images: Vec<Image>,
    pagination: Pagination,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    has_more: bool,
}

#[divan::bench(sample_count = 20)]
fn raw(bencher: Bencher) {
    let (runtime, client, url) = (runtime(), plain_client(), server() + "/image");
    bencher.counter(ItemsCount::new(ITEMS)).bench_local(|| {
        runtime.block_on(async {
            let (mut count, mut more) = (0, true);
            while more {
                let query = [("limit", ITEMS_PER_PAGE), ("offset", count)];
                let request = client.get(&url).bearer_auth(KEY).query(&query);
                let page = request.send().await.expect("a response").json::<Page>().await.expect("a page");
                count += page.images.len();
                more = page.pagination.has_more;
                divan::black_box(page.images);
            }
            assert_eq!(count, ITEMS);
        });
    });
}
