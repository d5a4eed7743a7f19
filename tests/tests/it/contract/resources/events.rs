use crate::contract::{Row, row};
use pictify::events::{Event, EventChannel, EventDevice, EventSource};
use serde_json::json;

const SLUG: &str = "homepage-hero";

pub fn rows() -> Vec<Row> {
    vec![
        row("trackExperimentEvents", |client| {
            let event = Event::conversion(SLUG).variant("variant-b").channel(EventChannel::Email);
            let event = event.device(EventDevice::Mobile).referrer("https://mail.example.com").source(EventSource::Api);
            let event = event.metadata(&json!({"orderValue": 42.5})).unwrap();
            client.events().track([event, Event::impression(SLUG)]).write_key("wk_example")
        }),
        row("trackExperimentClick", |client| client.events().click(SLUG)),
        row("trackExperimentPixel", |client| client.events().pixel(SLUG)),
        row("resolveExperiment", |client| client.events().resolve(SLUG)),
    ]
}
