use crate::contract::{Row, row};
use pictify::templates::RasterFormat;
use serde_json::json;

const BATCH: &str = "BT7Q2LM4XR";

pub fn rows() -> Vec<Row> {
    vec![
        row("batchRenderTemplate", |client| {
            let posts = ["Post 1", "Post 2", "Post 3"].map(|title| json!({"title": title}));
            let call = client.batches().create("XK4P2M9QZT", posts);
            let call = call.format(RasterFormat::Png).quality(0.9).concurrency(5);
            call.webhook_url("https://hooks.example.net/batch")
        }),
        row("getBatchResults", |client| client.batches().get(BATCH)),
        row("cancelBatch", |client| client.batches().cancel(BATCH)),
    ]
}
