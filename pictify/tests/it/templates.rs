//! Template renders: a single file or an error, several files with their errors, and validation of variables without a render.

use pictify::{
    Client, ErrorKind, blocking,
    templates::{RenderFormat, RenderTemplate, Size, TemplatePdfPreset, TemplateSource, VariableErrors},
};
use pictify_test_support::{TestClock, client_of};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_json, method, path},
};

const ONE: &str = r#"{"results":[{"layout":"default","url":"https://m/1.png","width":1200}],"errors":[]}"#;
const VARIABLES: &str = r#"{"variables":[
    {"name":"title","type":"text","validation":{"required":true}},{"name":"showBadge","type":"boolean"}]}"#;

/// Returns a mock that responds to this method and path with `body`.
fn respond(of: &str, at: &str, body: &str) -> Mock {
    let response = ResponseTemplate::new(200).set_body_raw(body, "application/json");
    Mock::given(method(of)).and(path(at)).respond_with(response)
}

/// Starts a server that expects one render with the request body `request`, and responds with `response`.
async fn expect_render(uid: &str, request: &Value, response: &str) -> MockServer {
    let server = MockServer::start().await;
    let response = ResponseTemplate::new(200).set_body_raw(response, "application/json");
    let mock = Mock::given(method("POST")).and(path(format!("/templates/{uid}/render"))).and(body_json(request));
    mock.respond_with(response).expect(1).mount(&server).await;
    server
}

/// Returns a client that cannot connect: its calls must fail before they send a request.
fn offline() -> Client {
    Client::builder().api_key("k").base_url("http://127.0.0.1:1").build().unwrap()
}

#[tokio::test]
async fn a_single_layout_is_decoded_from_each_form_of_the_response() {
    let flat = r#"{"url":"https://m/1.png","id":"img_5","width":1200,"format":"png"}"#;
    for (response, id) in [(ONE, None), (flat, Some("img_5"))] {
        let values = json!({"title": "My post", "showBadge": true});
        let request = json!({"variables": values, "format": "png", "quality": 0.9});
        let server = expect_render("XK4P2M9QZT", &request, response).await;
        let client = client_of(server.uri(), &TestClock::default());
        let call = client.templates().render("XK4P2M9QZT", &values).format(RenderFormat::Png).quality(0.9);
        let card = call.send().await.unwrap();
        assert_eq!((card.url.as_str(), card.width, card.id.as_deref()), ("https://m/1.png", Some(1200), id));
        assert_eq!(card.layout.as_deref(), Some("default"));
    }
}

#[tokio::test]
async fn an_empty_result_is_an_error_for_one_layout_but_not_for_several() {
    let failed = r#"{"results":[],"errors":[{"layout":"default","error":"Render timed out"}],"totalErrors":1}"#;
    for (response, kind, message) in [
        (failed, ErrorKind::RenderFailed, "layout default: Render timed out"),
        ("{}", ErrorKind::Decode, "neither a result nor an error"),
    ] {
        let server = MockServer::start().await;
        respond("POST", "/templates/T/render", response).expect(2).mount(&server).await;
        let templates = client_of(server.uri(), &TestClock::default()).templates();
        let error = templates.render("T", &json!({})).send().await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (kind, Some("renderTemplate")));
        assert!(error.message().contains(message), "{error}");
        assert_eq!(error.body().unwrap(), response);
        assert_eq!((error.attempts().len(), error.status().unwrap().as_u16()), (1, 200));
        let several = templates.render_layouts("T", &json!({}), ["default"]).send().await.unwrap();
        assert!(several.results.is_empty());
    }
}

#[tokio::test]
async fn pages_are_rendered_into_one_pdf() {
    let pages = [json!({"title": "p1"}), json!({"title": "p2"})];
    let request = json!({"format": "pdf", "preset": "A4", "variableSets": pages});
    let server = expect_render("T", &request, ONE).await;
    let client = client_of(server.uri(), &TestClock::default());
    let call = client.templates().render_pages("T", &pages).pdf_preset(TemplatePdfPreset::A4);
    call.send().await.unwrap();
}

#[tokio::test]
async fn invalid_renders_are_rejected_before_they_are_sent() {
    let templates = offline().templates();
    let render = || templates.render("T", &json!({}));
    let sizes = |sizes: Vec<Size>| templates.render_sizes("T", &json!({}), sizes);
    let queued = |body: Value| offline().call(serde_json::from_value::<RenderTemplate>(body).unwrap());
    for (error, message) in [
        (render().size(9, 20).send().await.err(), "width: must be 10 to 4096, is 9"),
        (render().quality(1.5).send().await.err(), "quality: must be 0.1 to 1, is 1.5"),
        (render().format("tiff".into()).send().await.err(), "format: must be png, jpeg, webp, gif or pdf, is tiff"),
        (render().pdf_preset(TemplatePdfPreset::A4).format(RenderFormat::Png).send().await.err(), "must be pdf"),
        (render().format(RenderFormat::Png).pdf_preset(TemplatePdfPreset::A4).send().await.err(), "must be pdf"),
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
        assert!(error.message().contains(message), "{error}");
    }
}

#[tokio::test]
async fn a_preview_is_repeated_freely_and_decodes_its_image() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).set_body_string("{}");
    Mock::given(method("POST")).respond_with(busy).up_to_n_times(1).expect(1).mount(&server).await;
    let body = r#"{"dataUrl":"data:image/png;base64,aGk=","width":60,"height":40,"format":"png","totalMs":2.5}"#;
    respond("POST", "/templates/preview", body).expect(1).mount(&server).await;
    let client = client_of(server.uri(), &TestClock::default());
    let draft = TemplateSource::html("<h1>{{title}}</h1>");
    let response = client.templates().preview(draft, &json!({"title": "Hi"})).size(60, 40).send_with_response().await;
    let response = response.unwrap();
    assert_eq!(response.meta.attempts.len(), 2, "a preview bills nothing, so any server error is retried");
    assert_eq!(client.renders_spent(), 0);
    let preview = response.into_value();
    assert_eq!(preview.decode_image().as_deref(), Some(&b"hi"[..]));
    assert_eq!((preview.width, preview.height, preview.total_ms), (Some(60), Some(40), Some(2.5)));
}

#[tokio::test]
async fn a_search_reads_all_pages_with_and_without_pagination() {
    let server = MockServer::start().await;
    let page = |uid: &str, rest: &str| format!(r#"{{"templates":[{{"uid":"{uid}","name":"Card"}}]{rest}}}"#);
    for (number, body) in [
        ("1", page("A", r#","pagination":{"page":1,"limit":1,"total":2,"totalPages":2}"#)),
        ("2", page("B", "")),
        ("3", r#"{"templates":[]}"#.to_owned()),
    ] {
        let of_page = |request: &wiremock::Request| {
            let query: Vec<_> = request.url.query_pairs().map(|(name, value)| format!("{name}={value}")).collect();
            query
        };
        let expected = format!("page={number}");
        Mock::given(method("GET"))
            .and(path("/templates/search"))
            .and(move |request: &wiremock::Request| {
                let query = of_page(request);
                query.contains(&"q=a & b".to_owned()) && query.contains(&expected)
            })
            .respond_with(ResponseTemplate::new(200).set_body_raw(body, "application/json"))
            .expect(1)
            .mount(&server)
            .await;
    }
    let client = client_of(server.uri(), &TestClock::default());
    let mut found = client.templates().search("a & b").page(1).limit(1).items();
    let mut uids = Vec::new();
    while let Some(template) = found.try_next().await.unwrap() {
        uids.push(template.uid);
    }
    assert_eq!(uids, ["A", "B"]);
}

#[tokio::test]
async fn invalid_templates_are_rejected_before_they_are_sent() {
    let templates = offline().templates();
    let create = |html: &str| templates.create("Card", TemplateSource::html(html));
    let layout = pictify::templates::TemplateLayout::default();
    for (error, message) in [
        (create("").send().await.err(), "html: must not be empty"),
        (create(&"x".repeat(512_001)).send().await.err(), "html: must have at most 512000 bytes, has 512001"),
        (create("x").layout("Wide", layout.clone()).send().await.err(), "the key \"Wide\" must be"),
        (templates.update("T").layout("a b", layout).send().await.err(), "the key \"a b\" must be"),
        (templates.preview(TemplateSource::html(""), &json!({})).send().await.err(), "html: must not be empty"),
        (templates.preview(TemplateSource::html("x"), &[1]).send().await.err(), "must serialise to a JSON object"),
        (templates.search("").send().await.err(), "q: must not be empty"),
    ] {
        let error = error.unwrap();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Validation, None));
        assert!(error.message().contains(message), "{error}");
    }
}

#[tokio::test]
async fn variables_are_validated_without_a_render() {
    let server = MockServer::start().await;
    respond("GET", "/templates/T/variables", VARIABLES).expect(2).mount(&server).await;
    let templates = client_of(server.uri(), &TestClock::default()).templates();
    let known = templates.validate_variables("T", &json!({"title": "My post"})).send().await.unwrap();
    assert_eq!(known.variables.len(), 2);
    let error = templates.validate_variables("T", &json!({"Title": "x", "showBadge": 1})).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert_eq!(error.validation_errors().iter().count(), 3);
    assert!(error.get_ref().unwrap().is::<VariableErrors>());
    assert!(
        error.message().contains("variables.Title: is not a variable of the template; did you mean title?"),
        "{error}"
    );
}

#[test]
fn the_blocking_client_validates_variables_too() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(MockServer::start());
    runtime.block_on(respond("GET", "/templates/T/variables", VARIABLES).mount(&server));
    let client = blocking::Client::builder().api_key("k").base_url(server.uri()).build_blocking().unwrap();
    let error = client.templates().validate_variables("T", &json!({})).send().unwrap_err();
    assert!(error.to_string().contains("variables.title: is required (text) and missing"), "{error}");
}
