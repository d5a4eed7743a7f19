//! Rendering templates: one file or an error, several files with what failed beside them, and values checked for free.

use pictify::{
    Client, ErrorKind, blocking,
    templates::{RenderFormat, RenderTemplate, Size, TemplatePdfPreset, TemplateSource, VariableErrors},
};
use pictify_test_support::{Reply, ScriptedServer, TestClock, client};
use serde_json::{Value, json};
use std::error::Error as _;

const ONE: &str = r#"{"results":[{"layout":"default","url":"https://m/1.png","width":1200}],"errors":[]}"#;
const VARIABLES: &str = r#"{"variables":[
    {"name":"title","type":"text","validation":{"required":true}},{"name":"showBadge","type":"boolean"}]}"#;

fn body(server: &ScriptedServer) -> Value {
    serde_json::from_slice(&server.requests()[0].body).unwrap()
}

/// A client that must fail before it sends anything.
fn nowhere() -> Client {
    Client::builder().api_key("k").base_url("http://127.0.0.1:1").build().unwrap()
}

#[tokio::test]
async fn one_layout_comes_out_of_each_form_of_the_answer() {
    let flat = r#"{"url":"https://m/1.png","id":"img_5","width":1200,"format":"png"}"#;
    for (answer, id) in [(ONE, None), (flat, Some("img_5"))] {
        let server = ScriptedServer::start([Reply::json(200, answer)]).await;
        let client = client(&server, &TestClock::default());
        let values = json!({"title": "My post", "showBadge": true});
        let call = client.templates().render("XK4P2M9QZT", &values).format(RenderFormat::Png).quality(0.9);
        let card = call.send().await.unwrap();
        assert_eq!((card.url.as_str(), card.width, card.id.as_deref()), ("https://m/1.png", Some(1200), id));
        assert_eq!(card.layout.as_deref(), Some("default"));
        assert_eq!(body(&server), json!({"variables": values, "format": "png", "quality": 0.9}));
    }
}

#[tokio::test]
async fn nothing_rendered_is_an_error_of_one_layout_and_an_answer_of_several() {
    let failed = r#"{"results":[],"errors":[{"layout":"default","error":"Render timed out"}],"totalErrors":1}"#;
    for (answer, kind, says) in [
        (failed, ErrorKind::RenderFailed, "layout default: Render timed out"),
        ("{}", ErrorKind::Decode, "neither a result nor an error"),
    ] {
        let server = ScriptedServer::start([Reply::json(200, answer), Reply::json(200, answer)]).await;
        let templates = client(&server, &TestClock::default()).templates();
        let error = templates.render("T", &json!({})).send().await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (kind, Some("renderTemplate")));
        assert!(error.message().contains(says), "{error}");
        assert_eq!(error.body().unwrap(), answer);
        assert_eq!((error.attempts().len(), error.status().unwrap().as_u16()), (1, 200));
        let several = templates.render_layouts("T", &json!({}), ["default"]).send().await.unwrap();
        assert!(several.results.is_empty());
    }
}

#[tokio::test]
async fn pages_become_one_pdf() {
    let server = ScriptedServer::start([Reply::json(200, ONE)]).await;
    let client = client(&server, &TestClock::default());
    let pages = [json!({"title": "p1"}), json!({"title": "p2"})];
    let call = client.templates().render_pages("T", &pages).pdf_preset(TemplatePdfPreset::A4);
    call.send().await.unwrap();
    assert_eq!(body(&server), json!({"format": "pdf", "preset": "A4", "variableSets": pages}));
}

#[tokio::test]
async fn renders_that_cannot_work_are_refused_before_they_are_sent() {
    let templates = nowhere().templates();
    let render = || templates.render("T", &json!({}));
    let sizes = |sizes: Vec<Size>| templates.render_sizes("T", &json!({}), sizes);
    let queued = |body: Value| nowhere().call(serde_json::from_value::<RenderTemplate>(body).unwrap());
    for (error, says) in [
        (render().size(9, 20).send().await.err(), "width: must be 10 to 4096, is 9"),
        (render().quality(1.5).send().await.err(), "quality: must be 0.1 to 1, is 1.5"),
        (render().format("tiff".into()).send().await.err(), "format: must be png, jpeg, webp, gif or pdf, is tiff"),
        (render().pdf_preset(TemplatePdfPreset::A4).format(RenderFormat::Png).send().await.err(), "must be pdf"),
        (
            queued(json!({"uid": "T", "body": {"width": 20}})).send().await.err(),
            "width and height must be set together",
        ),
        (queued(json!({"uid": "T", "body": {"layouts": ["a"]}})).send().await.err(), "layouts: must not be set"),
        (templates.render_pages("T", Vec::<Value>::new()).send().await.err(), "variableSets: must not be empty"),
        (
            templates.render_layouts("T", &json!({}), Vec::<String>::new()).send().await.err(),
            "layouts: must not be empty",
        ),
        (sizes(vec![]).send().await.err(), "sizes: must not be empty"),
        (sizes(vec![Size::px(4096, 9)]).send().await.err(), "sizes[0].height: must be 10 to 4096, is 9"),
        (sizes(vec![Size::px(4096, 4096); 3]).send().await.err(), "must have at most 50000000 pixels together"),
    ] {
        let error = error.unwrap();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Validation, None));
        assert!(error.message().contains(says), "{error}");
    }
}

#[tokio::test]
async fn templates_that_cannot_be_stored_are_refused_before_they_are_sent() {
    let templates = nowhere().templates();
    let create = |html: &str| templates.create("Card", TemplateSource::html(html));
    let layout = pictify::templates::TemplateLayout::default();
    for (error, says) in [
        (create("").send().await.err(), "html: must not be empty"),
        (create(&"x".repeat(512_001)).send().await.err(), "html: must have at most 512000 bytes, has 512001"),
        (create("x").layout("Wide", layout.clone()).send().await.err(), "the key \"Wide\" must be"),
        (templates.update("T").layout("a b", layout).send().await.err(), "the key \"a b\" must be"),
    ] {
        let error = error.unwrap();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Validation, None));
        assert!(error.message().contains(says), "{error}");
    }
}

#[tokio::test]
async fn values_are_checked_against_the_template_without_a_render() {
    let server = ScriptedServer::start([Reply::json(200, VARIABLES), Reply::json(200, VARIABLES)]).await;
    let templates = client(&server, &TestClock::default()).templates();
    let known = templates.validate_variables("T", &json!({"title": "My post"})).send().await.unwrap();
    assert_eq!(known.variables.len(), 2);
    let error = templates.validate_variables("T", &json!({"Title": "x", "showBadge": 1})).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert_eq!(error.validation_errors().iter().count(), 3);
    assert!(error.source().unwrap().is::<VariableErrors>());
    assert!(
        error.message().contains("variables.Title: is not a variable of the template; did you mean title?"),
        "{error}"
    );
    let asked: Vec<_> = server.requests().into_iter().map(|request| request.method + " " + &request.target).collect();
    assert_eq!(asked, ["GET /templates/T/variables"; 2]);
}

#[test]
fn the_blocking_client_checks_the_same() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(ScriptedServer::start([Reply::json(200, VARIABLES)]));
    let client = blocking::Client::builder().api_key("k").base_url(server.url()).build_blocking().unwrap();
    let error = client.templates().validate_variables("T", &json!({})).send().unwrap_err();
    assert!(error.to_string().contains("variables.title: is required (text) and missing"), "{error}");
}
