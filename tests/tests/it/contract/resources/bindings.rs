use crate::contract::{Row, row};
use pictify::bindings::{BindingFormat, BindingSource, BindingStatus, RefreshErrorPolicy};
use serde_json::json;
use std::time::Duration;

const BINDING: &str = "BN6T1VH2PA";

pub fn rows() -> Vec<Row> {
    vec![
        row("listBindings", |client| {
            client.bindings().list().template("XK4P2M9QZT").status(BindingStatus::Active).page(1).limit(20)
        }),
        row("createBinding", |client| {
            let source = BindingSource::http("https://api.github.com/repos/octo/demo").unwrap();
            let mapping = [("stars", "stargazers_count"), ("forks", "forks_count")];
            let call = client.bindings().create("XK4P2M9QZT", source.bearer_token("example-token"), mapping);
            let call = call.name("GitHub Stats").defaults(&json!({"stars": 0}));
            let call = call.refresh_every(Duration::from_secs(3600)).on_error(RefreshErrorPolicy::ServeStale);
            call.format(BindingFormat::Png).quality(90.0)
        }),
        row("getBinding", |client| client.bindings().get(BINDING)),
        row("updateBinding", |client| client.bindings().resume(BINDING).schedule("*/30 * * * *")),
        row("deleteBinding", |client| client.bindings().delete(BINDING)),
        row("refreshBinding", |client| client.bindings().refresh(BINDING)),
        row("pauseBinding", |client| client.bindings().pause_via_endpoint(BINDING)),
        row("resumeBinding", |client| client.bindings().resume_via_endpoint(BINDING)),
        row("testBinding", |client| client.bindings().test(BINDING)),
        row("pushBindingData", |client| {
            let signature = "sha256=7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069";
            client.bindings().push(BINDING, &json!({"stargazers_count": 513})).signature(signature)
        }),
    ]
}
