//! Link preview images: the redirect leads to an image that the emulator has rendered.

#[path = "../../../pictify/examples/axum_og_image.rs"]
#[allow(dead_code)]
mod axum_og_image;

use pictify::{Client, templates::TemplateSource};
use pictify_emulator::Emulator;
use pictify_test_support::http_client;

#[tokio::test]
async fn the_redirect_leads_to_a_rendered_image() {
    let emulator = Emulator::start().await.unwrap();
    let client = Client::builder().api_key("k").base_url(emulator.url()).build().unwrap();
    let source = TemplateSource::html(r#"<body style="margin:0;background:#667eea"><h1>{{title}}</h1>"#);
    let template = client.templates().create("Card", source).size(1200, 630).send().await.unwrap();
    let app = axum_og_image::app(&client, &template.uid);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    for _ in 0..3 {
        let response = http_client().get(format!("http://{address}/og/Hello")).send().await.unwrap();
        assert_eq!(response.status(), 302);
        let url = response.headers()["location"].to_str().unwrap();
        let bytes = client.download(url).bytes().await.unwrap();
        let image = image::load_from_memory(&bytes).unwrap().to_rgb8();
        assert_eq!((image.width(), image.height(), image.get_pixel(600, 600).0), (1200, 630, [0x66, 0x7e, 0xea]));
    }
    assert_eq!(emulator.billed_renders(), 1);
}
