use crate::contract::{Row, row};
use pictify::images::{ImageFormat, Source};
use serde_json::json;

pub fn rows() -> Vec<Row> {
    vec![
        row("createImage", |client| {
            let source = Source::html("<main>Release 4.2</main>");
            client.images().create(source).size(1200, 630).selector("main").format(ImageFormat::Png)
        }),
        row("createCanvasImage", |client| {
            let background =
                json!({"type": "rect", "left": 0, "top": 0, "width": 1200, "height": 630, "fill": "#223344"});
            let canvas = json!({"version": "5.3.0", "objects": [background]});
            let variables = json!({"title": "Canvas card", "showTitle": true});
            let call = client.images().canvas(&canvas).unwrap().variables(&variables).unwrap();
            call.size(1200, 630).format(ImageFormat::Png)
        }),
        row("createOgImage", |client| {
            let call = client.images().og_image("XK4P2M9QZT").heading("Shipping notes");
            call.description("What changed this week").logo("https://example.com/logo.svg")
        }),
        row("agentScreenshot", |client| client.images().agent_screenshot("Capture the pricing table on example.com")),
        row("agentScreenshotStream", |client| {
            client.images().agent_screenshot_stream("Capture the hero of example.com")
        }),
        row("listImages", |client| client.images().list().limit(2).offset(4)),
        row("getImage", |client| client.images().get("K3Q9ZT7WXM")),
    ]
}
