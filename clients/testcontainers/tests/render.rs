//! A render in a container. It needs a container engine and the image.

use pictify::{Client, images::Source};
use pictify_testcontainers::{PictifyEmulator, base_url};
use testcontainers::runners::AsyncRunner;

#[tokio::test]
async fn an_image_is_rendered_in_a_container() {
    let container = PictifyEmulator::default().with_option("--api-key").with_option("right").start().await.unwrap();
    let url = base_url(&container).await.unwrap();
    let client = |key| Client::builder().api_key(key).base_url(&url).build().unwrap();
    let create = |key| client(key).images().create(Source::html("<h1>Hello</h1>")).size(600, 315);
    let image = create("right").send().await.unwrap();
    let png = client("right").download(&image).bytes().await.unwrap();
    // Width and height are at fixed offsets in a PNG.
    let size = |at| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!((size(16), size(20)), (600, 315));
    assert_eq!(create("wrong").send().await.unwrap_err().status().unwrap().as_u16(), 401);
}
