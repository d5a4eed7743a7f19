//! Renders of the emulator with each engine: the engine alone, and with the SDK over HTTP.
//!
//! `cargo bench -p pictify-tests --bench engines`
//!
//! Chromium is left out if it is not installed.

mod support;

use divan::{AllocProfiler, Bencher, black_box};
use pictify::{Client, images::Source};
use pictify_emulator::{
    EgressPolicy, Emulator,
    render::{
        Chromium, Document, Embedded, Page, Renderer,
        pdf::{PageSetup, PdfPage},
    },
};
use std::sync::LazyLock;
use support::{KEY, runtime};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

/// Pages of the gallery, with their sizes.
const PAGES: [(&str, &str, u32, u32); 3] = [
    ("social card", include_str!("../../pictify-emulator/gallery/social-card.html"), 600, 315),
    ("invoice", include_str!("../../pictify-emulator/gallery/invoice.html"), 600, 500),
    ("emoji", include_str!("../../pictify-emulator/gallery/emoji.html"), 600, 200),
];

const NAMES: [&str; 3] = [PAGES[0].0, PAGES[1].0, PAGES[2].0];

static CHROMIUM: LazyLock<Option<Chromium>> = LazyLock::new(|| Chromium::find(EgressPolicy::Loopback).ok());

fn main() {
    divan::main();
    if let Some(chromium) = &*CHROMIUM {
        chromium.shutdown();
    }
}

fn page(name: &str) -> Page {
    let (_, html, width, height) = PAGES.into_iter().find(|page| page.0 == name).expect("a name of the table");
    Page { html: html.to_owned(), width, height, ..Page::default() }
}

/// Measures the embedded engine alone.
#[divan::bench(args = NAMES)]
fn embedded(bencher: Bencher, name: &str) {
    let (engine, page) = (Embedded::new(), page(name));
    bencher.bench_local(|| engine.render(black_box(&page)).expect("an image"));
}

/// Measures a call of the SDK over HTTP: validation, rendering, and storage in the emulator.
#[divan::bench(args = NAMES)]
fn embedded_over_http(bencher: Bencher, name: &str) {
    over_http(bencher, name, Embedded::new());
}

/// Measures Chromium alone.
#[divan::bench(args = NAMES, sample_count = 20, sample_size = 1, ignore = CHROMIUM.is_none())]
fn chromium(bencher: Bencher, name: &str) {
    let (engine, page) = (CHROMIUM.as_ref().expect("it is installed"), page(name));
    bencher.bench_local(|| engine.render(black_box(&page)).expect("an image"));
}

/// Measures a PDF of one page. The embedded engine renders it, also if Chromium renders the images.
#[divan::bench(args = NAMES)]
fn pdf(bencher: Bencher, name: &str) {
    let (engine, html) = (Embedded::new(), page(name).html);
    let document = Document {
        pages: vec![PdfPage { html, canvas: None }],
        page_setup: PageSetup::from_pixels(600, 800),
        title: None,
    };
    bencher.bench_local(|| engine.render_pdf(black_box(&document)).expect("a PDF"));
}

fn over_http(bencher: Bencher, name: &str, engine: impl Renderer) {
    let (runtime, page) = (runtime(), page(name));
    let emulator = runtime.block_on(Emulator::builder().renderer(engine).start()).expect("an emulator");
    let client = Client::builder().api_key(KEY).base_url(emulator.url()).build().expect("a client");
    bencher.bench_local(|| {
        let call = client.images().create(Source::html(page.html.as_str())).size(page.width, page.height);
        runtime.block_on(call.send()).expect("an image")
    });
}
