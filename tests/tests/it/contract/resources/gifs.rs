use crate::contract::{Row, row};
use pictify::gifs::GifQuality;
use pictify::images::Source;

pub fn rows() -> Vec<Row> {
    vec![
        row("createGif", |client| {
            let html = "<style>@keyframes f{50%{opacity:.2}}p{animation:f 2s infinite}</style><p>Now</p>";
            client.gifs().create(Source::html(html)).size(400, 400).quality(GifQuality::Medium)
        }),
        row("captureGif", |client| {
            let call = client.gifs().capture("https://example.com/animated").size(800, 600);
            call.quality(GifQuality::High).frame_duration_seconds(5.0)
        }),
        row("listGifs", |client| client.gifs().list().limit(30).offset(0)),
        row("getGif", |client| client.gifs().get("G77ABKLMNP")),
    ]
}
