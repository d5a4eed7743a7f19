use crate::{Row, row};
use pictify::images::{ImageFormat, Source};

pub fn rows() -> Vec<Row> {
    vec![
        row("createImage", |client| {
            let source = Source::html("<main>Release 4.2</main>");
            client.images().create(source).size(1200, 630).selector("main").format(ImageFormat::Png)
        }),
        row("listImages", |client| client.images().list().limit(2).offset(4)),
        row("getImage", |client| client.images().get("K3Q9ZT7WXM")),
    ]
}
