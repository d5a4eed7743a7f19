//! Runs all examples: with a server that sends the example responses of the document, and with the emulator.

#[path = "../../../pictify/examples/animated_gif.rs"]
#[allow(dead_code)]
mod animated_gif;
#[path = "../../../pictify/examples/badges_batch.rs"]
#[allow(dead_code)]
mod badges_batch;
#[path = "../../../pictify/examples/blocking.rs"]
#[allow(dead_code)]
mod blocking;
#[path = "../../../pictify/examples/careful.rs"]
#[allow(dead_code)]
mod careful;
#[path = "../../../pictify/examples/certificates.rs"]
#[allow(dead_code)]
mod certificates;
#[path = "../../../pictify/examples/gallery.rs"]
#[allow(dead_code)]
mod gallery;
#[path = "../../../pictify/examples/invoice_pdf.rs"]
#[allow(dead_code)]
mod invoice_pdf;
#[path = "../../../pictify/examples/live_banner.rs"]
#[allow(dead_code)]
mod live_banner;
#[path = "../../../pictify/examples/queue.rs"]
#[allow(dead_code)]
mod queue;
#[path = "../../../pictify/examples/screenshot.rs"]
#[allow(dead_code)]
mod screenshot;
#[path = "../../../pictify/examples/social_card.rs"]
#[allow(dead_code)]
mod social_card;
#[path = "../../../pictify/examples/template.rs"]
#[allow(dead_code)]
mod template;
#[path = "../../../pictify/examples/tour.rs"]
#[allow(dead_code)]
mod tour;
#[path = "../../../pictify/examples/webhook_subscription.rs"]
#[allow(dead_code)]
mod webhook_subscription;

use crate::contract::document;
use pictify::{Client, ErrorKind, Result};
use pictify_emulator::Emulator;
use pictify_test_support::{KEY, Reply, Request, ScriptedServer, TestClock};
use std::{path::Path, pin::Pin};

type Run = for<'a> fn(&'a Client, &'a Path) -> Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// Examples by name.
const EXAMPLES: [(&str, Run); 13] = [
    ("animated_gif", |client, folder| Box::pin(animated_gif::run(client, folder))),
    ("badges_batch", |client, folder| Box::pin(badges_batch::run(client, folder))),
    ("careful", |client, folder| Box::pin(careful::run(client, folder))),
    ("certificates", |client, folder| Box::pin(certificates::run(client, folder))),
    ("gallery", |client, folder| Box::pin(gallery::run(client, folder))),
    ("invoice_pdf", |client, folder| Box::pin(invoice_pdf::run(client, folder))),
    ("live_banner", |client, folder| Box::pin(live_banner::run(client, folder))),
    ("queue", |client, folder| Box::pin(queue::run(client, folder))),
    ("screenshot", |client, folder| Box::pin(screenshot::run(client, folder))),
    ("social_card", |client, folder| Box::pin(social_card::run(client, folder))),
    ("template", |client, folder| Box::pin(template::run(client, folder))),
    ("tour", |client, folder| Box::pin(tour::run(client, folder))),
    ("webhook_subscription", |client, folder| Box::pin(webhook_subscription::run(client, folder))),
];

/// Examples that the emulator supports, each with the number of files that it creates.
const ON_THE_EMULATOR: [(&str, usize); 13] = [
    ("animated_gif", 1),
    ("badges_batch", 1),
    ("careful", 0),
    ("certificates", 5),
    ("gallery", 1),
    ("invoice_pdf", 1),
    ("live_banner", 0),
    ("queue", 0),
    ("screenshot", 1),
    ("social_card", 1),
    ("template", 1),
    ("tour", 1),
    ("webhook_subscription", 1),
];

/// Returns the operation of a request: the one whose path has the most literal segments in common with it.
fn operation_of(request: &Request) -> Option<document::Operation> {
    let path = request.target.split('?').next().unwrap_or_default();
    let parts: Vec<_> = path.split('/').collect();
    let literal_segments = |template: &str| {
        let segments: Vec<_> = template.split('/').collect();
        let matches = segments.len() == parts.len()
            && segments.iter().zip(&parts).all(|(segment, part)| segment.contains('{') || segment == part);
        matches.then(|| segments.iter().filter(|segment| !segment.contains('{')).count())
    };
    let rows = pictify::request::operations().iter().filter(|row| row.method == request.method);
    let (_, row) =
        rows.filter_map(|row| Some((literal_segments(row.path)?, row))).max_by_key(|(segments, _)| *segments)?;
    Some(document::operation(row.id))
}

/// Returns an example response of the document for the operation of a request. For any other URL, returns a file.
fn example_response(request: &Request) -> Reply {
    match operation_of(request) {
        Some(operation) => {
            let media = format!("http://{}", request.header("host").unwrap());
            // Files are downloaded from the same server, and every list has one page.
            let change = |body: String| {
                body.replace("https://media.pictify.io", &media).replace(r#""hasMore":true"#, r#""hasMore":false"#)
            };
            operation.replies_with(change).swap_remove(0).1
        }
        None => Reply::new(200, &[("content-type", "application/octet-stream")], b"file"),
    }
}

#[tokio::test]
async fn every_example_runs_with_the_example_responses_of_the_document() {
    for (name, run) in EXAMPLES {
        let server = ScriptedServer::with_responses(example_response).await;
        let builder = Client::builder().api_key(KEY).base_url(server.url()).jitter(|| 1.0).clock(TestClock::default());
        let folder = tempfile::tempdir().unwrap();
        run(&builder.build().unwrap(), folder.path()).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        for request in server.requests() {
            match operation_of(&request) {
                Some(operation) => operation.check(&request),
                None => assert_eq!(request.header("authorization"), None, "{name}: the key is sent to the API only"),
            }
        }
    }
}

#[tokio::test]
async fn examples_run_on_the_emulator_or_fail_with_not_implemented() {
    let emulator = Emulator::builder().demo(true).start().await.unwrap();
    for (name, run) in EXAMPLES {
        let client = Client::builder().api_key(KEY).base_url(emulator.url()).build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let result = run(&client, folder.path()).await;
        match ON_THE_EMULATOR.iter().find(|(found, _)| *found == name) {
            Some((_, files)) => {
                result.unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), *files, "{name}");
            }
            None => assert_eq!(result.unwrap_err().kind(), ErrorKind::NotImplemented, "{name}"),
        }
    }
}

/// Page with the output of the tour, between the lines of a block of text.
const TOUR_PAGE: &str = "../docs/tour.md";
const OUTPUT_START: &str = "```text\n";
const OUTPUT_END: &str = "\n```\n";

#[tokio::test]
async fn the_documentation_has_the_output_of_the_tour() {
    let emulator = Emulator::builder().demo(true).start().await.unwrap();
    let client = Client::builder().api_key(KEY).base_url(emulator.url()).build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let lines = tour::tour(&client, folder.path()).await.unwrap();
    let output = without_ids(&lines.join("\n").replace(emulator.url(), "http://127.0.0.1:4040"));

    let page = std::fs::read_to_string(TOUR_PAGE).unwrap();
    let (before, rest) = page.split_once(OUTPUT_START).unwrap();
    let (documented, after) = rest.split_once(OUTPUT_END).unwrap();
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        std::fs::write(TOUR_PAGE, [before, OUTPUT_START, &output, OUTPUT_END, after].concat()).unwrap();
    } else {
        assert_eq!(documented, output, "run the test with INSTA_UPDATE=always, and read the difference");
    }
}

/// Replaces IDs, which differ in every run: words of at least eight upper-case letters and digits, and names of files.
fn without_ids(text: &str) -> String {
    let mut parts = text.split("/media/");
    let mut named = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('.').unwrap_or((part, ""));
        named.push_str("/media/ID.");
        named.push_str(rest);
    }
    let text = named.as_str();
    let mut result = String::new();
    for word in text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
        let (word, end) = match word.char_indices().last() {
            Some((at, letter)) if !letter.is_ascii_alphanumeric() => word.split_at(at),
            _ => (word, ""),
        };
        let is_id = word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        result.push_str(if is_id { "ID" } else { word });
        result.push_str(end);
    }
    result
}

#[test]
fn the_blocking_example_runs_on_the_emulator() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let emulator = runtime.block_on(Emulator::start()).unwrap();
    let client = Client::builder().api_key(KEY).base_url(emulator.url()).build_blocking().unwrap();
    let folder = tempfile::tempdir().unwrap();
    blocking::run(&client, folder.path()).unwrap();
    let hello = image::open(folder.path().join("hello.png")).unwrap().into_rgba8();
    let stored = image::open("images/hello.png").unwrap().into_rgba8();
    assert!(hello == stored, "the blocking client and the command line must render the same image");
}

#[test]
fn every_example_is_run() {
    let files = std::fs::read_dir("../pictify/examples").unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().path().file_stem().unwrap().display().to_string()).collect();
    names.sort();
    let mut run: Vec<_> = EXAMPLES
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .chain(["actix_webhook", "axum_og_image", "axum_webhook", "blocking"].map(str::to_owned))
        .collect();
    run.sort();
    assert_eq!(names, run);
}
