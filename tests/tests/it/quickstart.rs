//! End-to-end tests of image rendering: SDK, HTTP, emulator, renderer, file.

use image::{GenericImageView, ImageFormat as Codec};
use pictify::{
    Client, ErrorKind,
    images::{ImageFormat, Source},
};
use pictify_emulator::Emulator;

const HELLO: &str = r#"<h1 style="color:#667eea">Hello</h1>"#;

async fn start() -> (Emulator, Client) {
    let emulator = Emulator::start().await.unwrap();
    let client = Client::builder().api_key("k").base_url(emulator.url()).build().unwrap();
    (emulator, client)
}

/// Returns the mean difference of two images of the same size, per channel, 0 to 255.
fn mean_difference(a: &image::DynamicImage, b: &image::DynamicImage) -> f64 {
    let (a, b) = (a.to_rgb8(), b.to_rgb8());
    let sum: u64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    #[allow(clippy::cast_precision_loss, reason = "a mean needs no more than 52 bits")]
    let mean = sum as f64 / a.as_raw().len() as f64;
    mean
}

#[tokio::test]
async fn html_is_rendered_as_the_image_in_the_readme() {
    let (_emulator, client) = start().await;
    let image = client.images().create(Source::html(HELLO)).size(1200, 630).send().await.unwrap();
    let bytes = client.download(&image).bytes().await.unwrap();
    let rendered = image::load_from_memory_with_format(&bytes, Codec::Png).unwrap();
    let expected = image::load_from_memory(include_bytes!("../../images/hello.png")).unwrap();
    assert_eq!(rendered.dimensions(), (1200, 630));
    assert!(mean_difference(&rendered, &expected) < 0.5, "{}", mean_difference(&rendered, &expected));
    let coloured = rendered.to_rgb8().pixels().filter(|pixel| pixel.0 == [0x66, 0x7e, 0xea]).count();
    assert!(coloured > 500, "only {coloured} pixels have the colour of the text");
}

#[tokio::test]
async fn every_format_has_the_requested_size() {
    let (_emulator, client) = start().await;
    for (format, codec) in [
        (ImageFormat::Png, Codec::Png),
        (ImageFormat::Jpg, Codec::Jpeg),
        (ImageFormat::Jpeg, Codec::Jpeg),
        (ImageFormat::Webp, Codec::WebP),
    ] {
        let image =
            client.images().create(Source::html(HELLO)).size(320, 200).format(format.clone()).send().await.unwrap();
        let bytes = client.download(&image).bytes().await.unwrap();
        assert_eq!(image::guess_format(&bytes).unwrap(), codec, "{format}");
        assert_eq!(image::load_from_memory(&bytes).unwrap().dimensions(), (320, 200), "{format}");
    }
}

#[tokio::test]
async fn a_selector_crops_to_its_element() {
    let (_emulator, client) = start().await;
    let html =
        r#"<body style="margin:0"><p>x</p><div id="card" style="width:120px;height:80px;background:#f00"></div>"#;
    let image = client.images().create(Source::html(html)).size(400, 300).selector("#card").send().await.unwrap();
    let bytes = client.download(&image).bytes().await.unwrap();
    let rendered = image::load_from_memory(&bytes).unwrap().to_rgb8();
    assert_eq!(rendered.dimensions(), (120, 80));
    assert!(rendered.pixels().all(|pixel| pixel.0 == [255, 0, 0]));
}

#[tokio::test]
async fn created_images_can_be_listed_and_read() {
    let (_emulator, client) = start().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(client.images().create(Source::html(HELLO)).size(50, 50).send().await.unwrap().id.unwrap());
    }
    ids.reverse();
    let page = client.images().list().limit(2).send().await.unwrap();
    let listed: Vec<_> = page.images.iter().map(|image| image.id.clone().unwrap()).collect();
    assert_eq!(listed, ids[..2], "newest first");
    let pagination = page.pagination.unwrap();
    assert_eq!((pagination.total, pagination.has_more), (Some(3), Some(true)));
    let rest = client.images().list().limit(2).offset(2).send().await.unwrap();
    assert_eq!(rest.images[0].id.as_ref(), Some(&ids[2]));
    let image = client.images().get(&ids[0]).send().await.unwrap();
    assert_eq!(image.id.as_ref(), Some(&ids[0]));
    assert!(image.created_at.unwrap().get().is_some());
}

#[tokio::test]
async fn error_responses_become_typed_errors() {
    let emulator = Emulator::builder().api_keys(["right"]).start().await.unwrap();
    let client = |key| Client::builder().api_key(key).base_url(emulator.url()).build().unwrap();
    let create = |key| client(key).images().create(Source::html(HELLO)).size(50, 50);
    assert!(create("right").send().await.is_ok());
    assert_eq!(create("wrong").send().await.unwrap_err().kind(), ErrorKind::Authentication);
    assert_eq!(create("right").selector("#none").send().await.unwrap_err().kind(), ErrorKind::Validation);
    assert_eq!(client("right").images().get("NONE").send().await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn the_base_url_may_have_a_path() {
    let (emulator, _) = start().await;
    let client = Client::builder().api_key("k").base_url(format!("{}/v1/", emulator.url())).build().unwrap();
    let image = client.images().create(Source::html(HELLO)).size(50, 50).send().await.unwrap();
    assert!(!client.download(&image).bytes().await.unwrap().is_empty());
}

#[test]
fn the_blocking_client_renders_the_same_image() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let emulator = runtime.block_on(Emulator::start()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hello.png");
    let blocking = Client::builder().api_key("k").base_url(emulator.url()).build_blocking().unwrap();
    let image = blocking.images().create(Source::html(HELLO)).size(600, 315).send().unwrap();
    blocking.download(&image).to_file(&path).unwrap();

    let bytes = runtime.block_on(async {
        let client = Client::builder().api_key("k").base_url(emulator.url()).build().unwrap();
        let image = client.images().create(Source::html(HELLO)).size(600, 315).send().await.unwrap();
        client.download(&image).bytes().await.unwrap()
    });
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}
