use crate::contract::{Row, row};
use pictify::experiments::{BanditAlgorithm, ExperimentStatus, ExperimentType, Variant, Weight};
use pictify::images::ImageFormat;
use serde_json::json;

const EXPERIMENT: &str = "EX3M7K1QWD";
const TEMPLATE: &str = "XK4P2M9QZT";

pub fn rows() -> Vec<Row> {
    vec![
        row("listExperiments", |client| {
            client.experiments().list().kind(ExperimentType::AbTest).status(ExperimentStatus::Running).page(1).limit(20)
        }),
        row("createExperiment", |client| {
            let variant = |id, name, title| {
                let variant = Variant::new(id, Weight::percent(50.0)).name(name).template(TEMPLATE);
                variant.variables(&json!({"title": title})).unwrap()
            };
            let variants = [variant("control", "Current", "A"), variant("variant-b", "New", "B")];
            let call = client.experiments().create("Homepage hero", ExperimentType::AbTest, "homepage-hero", variants);
            let call = call.template(TEMPLATE).click_through("https://example.com/landing");
            let call = call.optimise(BanditAlgorithm::ThompsonSampling).optimise_after(50, 15);
            let call = call.hypothesis("B is clearer").minimum_sample(1000).confidence(0.95).minimum_days(7);
            let call = call.format(ImageFormat::Png).quality(90.0);
            call.fallback_image("https://media.pictify.io/fallback.png")
        }),
        row("getExperimentQuota", |client| client.experiments().quota()),
        row("getExperiment", |client| client.experiments().get(EXPERIMENT)),
        row("updateExperiment", |client| {
            client.experiments().update(EXPERIMENT).name("Homepage hero (spring)").confidence(0.9)
        }),
        row("deleteExperiment", |client| client.experiments().delete(EXPERIMENT)),
        row("startExperiment", |client| client.experiments().start(EXPERIMENT)),
        row("pauseExperiment", |client| client.experiments().pause(EXPERIMENT)),
        row("completeExperiment", |client| client.experiments().complete(EXPERIMENT, "variant-b")),
    ]
}
