use crate::contract::{Row, row};
use pictify::images::ImageFormat;

pub fn rows() -> Vec<Row> {
    vec![
        row("renderTemplateUrl", |client| {
            let call = client.links().template("XK4P2M9QZT", ImageFormat::Png).variable("title", "Hello world");
            call.quality(0.9).layout("default").if_none_match(r#""a1b2""#)
        }),
        row("renderBindingUrl", |client| {
            client.links().binding("BN6T1VH2PA", ImageFormat::Png).cache_key(1_785_834_927).if_none_match(r#""a1b2""#)
        }),
        row("getBindingUrlInfo", |client| client.links().binding_info("BN6T1VH2PA", ImageFormat::Png)),
        row("renderExperimentUrl", |client| {
            client.links().experiment("homepage-hero", ImageFormat::Png).context("utm_source", "mail")
        }),
    ]
}
