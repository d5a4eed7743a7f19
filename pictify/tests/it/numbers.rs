//! Numbers that JSON does not have: they are rejected before anything is sent, wherever a caller passes them.

use pictify::{
    Client, Error, ErrorKind,
    bindings::BindingSource,
    events::Event,
    experiments::{Variant, Weight},
    images::{ImageFormat, Source},
    templates::{Size, TemplateSource},
};
use pictify_test_support::{KEY, OfflineTransport, Reply, TestClock};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Card {
    title: &'static str,
    price: Option<Price>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
enum Price {
    InEuro { amounts: [f64; 2] },
    Free(f32, f32),
    Open(f64),
}

#[derive(Serialize)]
struct Meters(f64);

fn card(amount: f64) -> Card {
    Card { title: "a", price: Some(Price::InEuro { amounts: [1.0, amount] }) }
}

/// Checks the error of a number at `path`.
fn check<T>(result: Result<T, Error>, path: &str) {
    let error = result.err().unwrap_or_else(|| panic!("{path}: accepted"));
    assert_eq!(
        (error.kind(), error.status(), error.outcome_unknown()),
        (ErrorKind::Validation, None, false),
        "{error}"
    );
    let fields: Vec<_> = error.validation_errors().iter().map(|error| error.field.clone()).collect();
    assert_eq!(fields, [path], "{error}");
    assert!(error.message().contains("is not a number that JSON has"), "{error}");
}

#[tokio::test]
async fn a_number_that_json_does_not_have_is_rejected_before_a_request() {
    let transport = OfflineTransport::new(Reply::json(200, "{}"));
    let client =
        Client::builder().api_key(KEY).transport(transport.clone()).clock(TestClock::default()).build().unwrap();
    let (bad, at) = (card(f64::NAN), "price.inEuro.amounts[1]");
    let (images, templates) = (client.images(), client.templates());
    check(Source::template("T", &bad).map(drop), &format!("variables.{at}"));
    check(templates.render("T", &bad).send().await, &format!("variables.{at}"));
    check(templates.render_sizes("T", &bad, [Size::px(1, 1)]).send().await, &format!("variables.{at}"));
    check(templates.render_layouts("T", &bad, ["a"]).send().await, &format!("variables.{at}"));
    check(templates.validate_variables("T", &bad).send().await, &format!("variables.{at}"));
    check(client.batches().create("T", [card(1.0), bad]).send().await, &format!("variableSets[1].{at}"));
    let bad = card(f64::INFINITY);
    check(templates.render_pages("T", [card(1.0), card(f64::NAN)]).send().await, &format!("variableSets[1].{at}"));
    check(client.pdfs().render("T", &bad).send().await, &format!("variables.{at}"));
    check(client.expressions().test("x", &bad).send().await, &format!("variables.{at}"));
    check(images.canvas(&bad).send().await, &format!("canvas.{at}"));
    check(TemplateSource::canvas(&bad).map(drop), &format!("fabricJSData.{at}"));
    check(client.bindings().push("B", &bad).send().await, &format!("data.{at}"));
    check(BindingSource::fixed(&bad).map(drop), &format!("data.{at}"));
    check(
        BindingSource::http("https://a.example").and_then(|source| source.post(&bad)).map(drop),
        &format!("body.{at}"),
    );
    check(Event::click("a").metadata(&bad).map(drop), &format!("metadata.{at}"));
    check(Variant::new("a", Weight::percent(50.0)).variables(&bad).map(drop), &format!("variables.{at}"));
    check(client.workflows().send_to_hook("H", "s", &bad).send().await, &format!("row.{at}"));
    check(client.links().template("T", ImageFormat::Png).variables(&bad).url().map(drop), &format!("variables.{at}"));
    check(images.create(Source::html("x")).extra("ratios", &bad).send().await, &format!("ratios.{at}"));
    assert_eq!(transport.requests().len(), 0);
}

#[test]
fn the_path_leads_to_the_number_in_every_shape() {
    let of = |value: &dyn Fn() -> Result<Source, Error>| value().map(drop);
    let key = BTreeMap::from([("a b", Some(vec![(1, Meters(f64::NEG_INFINITY))]))]);
    check(of(&|| Source::template("T", &key)), "variables.a b[0][1]");
    check(of(&|| Source::template("T", &BTreeMap::from([(7, f32::NAN)]))), "variables.7");
    let price = |price| Card { title: "a", price: Some(price) };
    check(of(&|| Source::template("T", &price(Price::Free(0.0, f32::INFINITY)))), "variables.price.free[1]");
    check(of(&|| Source::template("T", &price(Price::Open(f64::NAN)))), "variables.price.open");
    for fine in [f64::MAX, f64::MIN_POSITIVE, -0.0] {
        Source::template("T", &card(fine)).unwrap();
    }
    // Absent values are no numbers.
    Source::template("T", &Card { title: "a", price: None }).unwrap();
}

#[tokio::test]
async fn a_typed_field_is_checked_as_well() {
    let transport = OfflineTransport::new(Reply::json(200, "{}"));
    let client =
        Client::builder().api_key(KEY).transport(transport.clone()).clock(TestClock::default()).build().unwrap();
    for number in [f64::NAN, f64::INFINITY] {
        let call = client.templates().render("T", &serde_json::json!({})).quality(number);
        let error = call.send().await.unwrap_err();
        assert_eq!((error.kind(), error.validation_errors().iter().count()), (ErrorKind::Validation, 1), "{error}");
    }
    assert_eq!(transport.requests().len(), 0);
}
