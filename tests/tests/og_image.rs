//! Pictures of links: the same over real HTTP for axum, in the example, and actix-web; and what is billed for them.

#[path = "../../pictify/examples/axum_og_image.rs"]
#[allow(dead_code)]
mod axum_og_image;

use actix_web::{App, HttpServer};
use futures_util::FutureExt;
use pictify::{
    Client,
    og_image::{CachedPicture, MemoryCache, OgError, OgImages, Parameters, PictureCache},
    templates::TemplateSource,
};
use pictify_api::BoxFuture;
use pictify_tests::{Reply, Request, ScriptedServer, TestClock, client};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::oneshot;

/// A render whose file has the number `count`.
fn rendered(count: usize) -> Reply {
    let body = json!({
        "results": [{"layout": "default", "url": format!("https://media.pictify.io/{count}.jpg"), "id": "A"}],
        "errors": [], "totalLayouts": 1, "totalRendered": 1, "totalErrors": 0, "templateUid": "T",
    });
    Reply::json(200, &body.to_string())
}

/// A render whose address cannot stand in a header.
fn unspeakable() -> Reply {
    let body = json!({"results": [{"layout": "default", "url": "https://media.pictify.io/\n.jpg", "id": "A"}]});
    Reply::json(200, &body.to_string())
}

fn failed() -> Reply {
    Reply::json(500, r#"{"error":"the renderer is down"}"#)
}

fn variables(request: &Request) -> Value {
    serde_json::from_slice::<Value>(&request.body).unwrap()["variables"].clone()
}

fn parameters(title: &str) -> Parameters {
    Parameters::from([("title".to_owned(), title.to_owned())])
}

fn images(client: &Client) -> OgImages {
    OgImages::new(client, "T", ["title"])
}

/// A cache whose first question finds nothing, and is answered when the test says so.
struct SlowToAnswer {
    first: Mutex<Option<oneshot::Receiver<()>>>,
    cache: MemoryCache,
}

impl PictureCache for SlowToAnswer {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<CachedPicture>> {
        let first = self.first.lock().unwrap().take();
        Box::pin(async move {
            let Some(answer) = first else { return self.cache.get(key).await };
            answer.await.unwrap();
            None
        })
    }

    fn put<'a>(&'a self, key: &'a str, picture: CachedPicture) -> BoxFuture<'a, ()> {
        self.cache.put(key, picture)
    }
}

/// What a server answers: the status, and the headers that count.
async fn get(method: &str, address: SocketAddr, target: &str) -> (u16, Vec<String>) {
    let answer = pictify_tests::request(address, method, target, &[], "").await;
    assert_eq!(answer.body, "");
    let headers = ["location", "cache-control", "retry-after"].into_iter().filter_map(|name| answer.header(name));
    (answer.status, headers.map(str::to_owned).collect())
}

async fn parameters_become_variables_and_the_answer_is_a_redirect(address: SocketAddr, service: &ScriptedServer) {
    let first = (302, vec!["https://media.pictify.io/1.jpg".to_owned(), "public, max-age=86400".to_owned()]);
    for (method, target) in [
        ("GET", "/og/Hello%20%C3%A4?author=Ada+L%26L"),
        ("HEAD", "/og/Hello%20%C3%A4?author=Ada%20L%26L"),
        ("GET", "/og/Hello%20%C3%A4?utm_source=mail&title=other&author=Ada+L%26L"),
    ] {
        assert_eq!(get(method, address, target).await, first, "{target}");
    }
    assert_eq!(get("GET", address, "/og/Bye").await.1[0], "https://media.pictify.io/2.jpg");
    let sent: Vec<_> = service.requests().iter().map(variables).collect();
    assert_eq!(sent, [json!({"title": "Hello ä", "author": "Ada L&L"}), json!({"title": "Bye"})]);
}

#[tokio::test]
async fn on_axum() {
    let service = ScriptedServer::start([rendered(1), rendered(2), failed(), unspeakable()]).await;
    let app = axum_og_image::app(&client(&service, &TestClock::default()), "T");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    parameters_become_variables_and_the_answer_is_a_redirect(address, &service).await;
    let body: Value = serde_json::from_slice(&service.requests()[0].body).unwrap();
    assert_eq!((&body["width"], &body["format"]), (&json!(1200), &json!("jpeg")));

    assert_eq!(get("POST", address, "/og/Hello").await.0, 405);
    let fallback = ["https://example.com/default-card.png", "public, max-age=30"].map(str::to_owned).to_vec();
    assert_eq!(get("GET", address, "/og/Down").await, (302, fallback));
    assert_eq!(get("GET", address, "/og/Odd").await, (502, vec!["no-store".to_owned()]));
}

#[tokio::test]
async fn on_the_emulator_the_redirect_leads_to_a_real_picture() {
    let emulator = pictify_emulator::Emulator::start().await.unwrap();
    let client = Client::builder().api_key("k").base_url(emulator.url()).build().unwrap();
    let source = TemplateSource::html(r#"<body style="margin:0;background:#667eea"><h1>{{title}}</h1>"#);
    let template = client.templates().create("Card", source).size(1200, 630).send().await.unwrap();
    let app = axum_og_image::app(&client, &template.uid);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    for _ in 0..3 {
        let (status, headers) = get("GET", address, "/og/Hello").await;
        assert_eq!(status, 302);
        let picture = client.download(headers[0].as_str()).bytes().await.unwrap();
        let picture = image::load_from_memory(&picture).unwrap().to_rgb8();
        assert_eq!((picture.width(), picture.height(), picture.get_pixel(600, 600).0), (1200, 630, [0x66, 0x7e, 0xea]));
    }
    assert_eq!(emulator.billed_renders(), 1);
}

#[actix_web::test]
async fn on_actix() {
    let service = ScriptedServer::start([rendered(1), rendered(2), failed(), unspeakable()]).await;
    let clock = TestClock::default();
    let cards = OgImages::new(&client(&service, &clock), "T", ["title", "author"]);
    let app = move || {
        let lost =
            OgImages::with(&Client::new("k").unwrap(), "T", |_| async { Ok::<_, std::fmt::Error>(None::<Value>) });
        App::new().route("/og/{title}", cards.clone().actix_route()).route("/lost/{title}", lost.actix_route())
    };
    let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    parameters_become_variables_and_the_answer_is_a_redirect(address, &service).await;
    let found = |target| get("GET", address, target);
    assert_eq!(found("/og/Down").await, (503, vec!["no-store".to_owned(), "30".to_owned()]));
    // Half a second before it may be asked for again is no reason to ask at once.
    clock.advance(Duration::from_millis(29_500));
    assert_eq!(found("/og/Down").await, (503, vec!["no-store".to_owned(), "1".to_owned()]));
    assert_eq!(found("/og/Odd").await, (502, vec!["no-store".to_owned()]));
    // What actix-web says of a method that no route of a path takes.
    assert_eq!(get("POST", address, "/og/Hello").await.0, 404);
    assert_eq!(found("/lost/a").await, (404, vec!["no-store".to_owned()]));
}

#[tokio::test]
async fn requests_at_the_same_time_share_one_render_which_goes_on_without_them() {
    let service = ScriptedServer::start([rendered(1), rendered(2)]).await;
    let images = images(&client(&service, &TestClock::default()));
    let mut asking: Vec<_> = (0..50)
        .map(|_| {
            let images = images.clone();
            tokio::spawn(async move { images.picture(parameters("a")).await.unwrap().url })
        })
        .collect();
    service.arrived().await;
    let staying = asking.pop().unwrap();
    let gone = asking;
    gone.iter().for_each(tokio::task::JoinHandle::abort);
    assert_eq!(staying.await.unwrap(), "https://media.pictify.io/1.jpg");
    let late = tokio::spawn({
        let images = images.clone();
        async move { images.picture(parameters("b")).await.map(|picture| picture.url) }
    });
    service.arrived().await;
    late.abort();
    // Nobody waits for it; its picture is there all the same, and not rendered again.
    let picture = images.picture(parameters("b")).await.unwrap();
    assert_eq!((picture.url.as_str(), picture.is_current), ("https://media.pictify.io/2.jpg", true));
    assert_eq!(service.requests().len(), 2);
}

#[tokio::test]
async fn a_render_that_lands_between_the_question_and_the_render_is_not_made_again() {
    for (reply, url) in [(rendered(1), "https://media.pictify.io/1.jpg"), (failed(), "https://example.com/card.png")] {
        // Another render would find another picture.
        let service = ScriptedServer::start([reply, rendered(2)]).await;
        let (answer, first) = oneshot::channel();
        let cache = SlowToAnswer { first: Mutex::new(Some(first)), cache: MemoryCache::default() };
        let images =
            images(&client(&service, &TestClock::default())).cache(cache).fallback("https://example.com/card.png");
        let mut early = Box::pin(images.picture(parameters("a")));
        assert!((&mut early).now_or_never().is_none(), "it waits for the cache");
        assert_eq!(images.picture(parameters("a")).await.unwrap().url, url);
        answer.send(()).unwrap();
        assert_eq!(early.await.unwrap().url, url);
        assert_eq!(service.requests().len(), 1, "{url}");
    }
}

/// A cache filled by a machine whose clock was ahead.
struct Ahead {
    by: Duration,
    cache: MemoryCache,
}

impl PictureCache for Ahead {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<CachedPicture>> {
        self.cache.get(key)
    }

    fn put<'a>(&'a self, key: &'a str, mut picture: CachedPicture) -> BoxFuture<'a, ()> {
        picture.rendered_at += self.by;
        self.cache.put(key, picture)
    }
}

/// A cache that notes the keys it is asked for, and remembers nothing.
#[derive(Clone, Default)]
struct Keys(Arc<Mutex<Vec<String>>>);

impl PictureCache for Keys {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<CachedPicture>> {
        self.0.lock().unwrap().push(key.to_owned());
        Box::pin(async { None })
    }

    fn put<'a>(&'a self, _: &'a str, _: CachedPicture) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

#[tokio::test]
async fn a_key_has_one_length_whatever_is_asked_for() {
    let service = ScriptedServer::start([rendered(1), rendered(2), rendered(3)]).await;
    let keys = Keys::default();
    let images = images(&client(&service, &TestClock::default())).cache(keys.clone());
    for title in ["a", "b", &"long ".repeat(100_000)] {
        images.picture(parameters(title)).await.unwrap();
    }
    let mut keys = keys.0.lock().unwrap().clone();
    keys.dedup();
    assert_eq!(keys.iter().map(String::len).collect::<Vec<_>>(), [64; 3]);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 3, "one for each picture");
}

#[tokio::test]
async fn the_order_of_values_makes_no_other_picture() {
    let service = ScriptedServer::start([rendered(1)]).await;
    let client = client(&service, &TestClock::default());
    let images = OgImages::with(&client, "T", |parameters| async move {
        serde_json::from_str::<Value>(&parameters["title"]).map(Some)
    });
    for values in [r#"{"a": {"x": 1, "y": 2}, "b": 3}"#, r#"{"b": 3, "a": {"y": 2, "x": 1}}"#] {
        images.picture(parameters(values)).await.unwrap();
    }
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn a_service_that_fails_is_left_in_peace_and_the_last_good_picture_served() {
    let script = [rendered(1), failed(), rendered(2), failed()];
    let service = ScriptedServer::start(script).await;
    let (clock, seen) = (TestClock::default(), Arc::new(Mutex::new(Vec::new())));
    let see = seen.clone();
    let images = images(&client(&service, &clock))
        .fresh_for(Duration::from_secs(3600))
        .on_error(move |error| see.lock().unwrap().push(error.to_string()));
    let mut requests = Vec::new();
    for (after, title, url, fresh_for, is_current) in [
        (0, "a", "1", 3600, true),
        (3599, "a", "1", 1, true),
        (1, "a", "1", 30, false),
        // The service would answer now, but is not asked.
        (29, "a", "1", 1, false),
        (1, "a", "2", 3600, true),
    ] {
        clock.advance(Duration::from_secs(after));
        let picture = images.picture(parameters(title)).await.unwrap();
        let url = format!("https://media.pictify.io/{url}.jpg");
        assert_eq!((picture.url, picture.fresh_for.as_secs(), picture.is_current), (url, fresh_for, is_current));
        requests.push(service.requests().len());
    }
    assert_eq!(requests, [1, 1, 2, 2, 3]);

    let error = images.picture(parameters("b")).await.unwrap_err();
    assert!(matches!(&error, OgError::Failed { retry_after, .. } if retry_after.as_secs() == 30), "{error}");
    assert_eq!(error.status(), 503);
    assert!(images.picture(parameters("b")).await.is_err());
    assert_eq!((service.requests().len(), seen.lock().unwrap().len()), (4, 2));
}

#[tokio::test]
async fn a_failure_is_remembered_also_when_whoever_is_told_panics() {
    let service = ScriptedServer::start([failed()]).await;
    let images = images(&client(&service, &TestClock::default())).on_error(|_| panic!("while it is told"));
    for _ in 0..2 {
        let error = images.picture(parameters("a")).await.unwrap_err();
        assert!(matches!(error, OgError::Failed { retry_after, .. } if retry_after.as_secs() == 30), "{error}");
    }
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn failures_that_say_much_are_not_all_remembered() {
    let service = ScriptedServer::start([]).await;
    let images = images(&client(&service, &TestClock::default()));
    let long = json!({"error": "the renderer is down", "trace": "a".repeat(pictify::BODY_KEPT)}).to_string();
    for title in (0..600).chain(0..600) {
        service.then(Reply::json(500, &long));
        assert!(images.picture(parameters(&title.to_string())).await.is_err());
    }
    let asked_again = service.requests().len() - 600;
    assert!((300..600).contains(&asked_again), "{asked_again}: of 80 MB some are kept, and not all");
}

#[tokio::test]
async fn what_cannot_be_looked_up_costs_nothing() {
    let service = ScriptedServer::start([]).await;
    let client = client(&service, &TestClock::default());
    let no_page = OgImages::with(&client, "T", |_| async { Ok::<_, std::fmt::Error>(None::<Value>) });
    assert!(matches!(no_page.picture(parameters("a")).await, Err(OgError::NotFound)));
    let no_database = OgImages::with(&client, "T", |_| async { Err::<Option<Value>, _>("no database") });
    let error = no_database.picture(parameters("a")).await.unwrap_err();
    assert_eq!(
        (error.status(), error.to_string().as_str()),
        (503, "picture: the page's values cannot be had: no database")
    );
    let no_object = OgImages::with(&client, "T", |_| async { Ok::<_, std::fmt::Error>(Some(7)) });
    let error = no_object.picture(parameters("a")).await.unwrap_err().to_string();
    assert!(error.contains("must serialise to a JSON object"), "{error}");
    assert!(service.requests().is_empty());
}

#[tokio::test]
async fn a_picture_of_the_future_is_as_old_as_anybody_knows() {
    let clock = TestClock::default();
    for (ahead, is_rendered) in [(0, false), (60, false), (301, true), (365 * 24 * 3600, true)] {
        let service = ScriptedServer::start([rendered(1), rendered(2)]).await;
        let cache = Ahead { by: Duration::from_secs(ahead), cache: MemoryCache::default() };
        let images = images(&client(&service, &clock)).cache(cache);
        images.picture(parameters("a")).await.unwrap();
        let picture = images.picture(parameters("a")).await.unwrap();
        assert_eq!(service.requests().len(), 1 + usize::from(is_rendered), "{ahead} s");
        assert!(picture.is_current && picture.fresh_for == Duration::from_secs(24 * 3600), "{picture:?}");
    }
}

#[tokio::test]
async fn a_cache_outlives_the_process_that_filled_it() {
    let service = ScriptedServer::start([rendered(1)]).await;
    let client = client(&service, &TestClock::default());
    let cache = MemoryCache::default();
    images(&client).cache(cache.clone()).picture(parameters("a")).await.unwrap();
    images(&client).cache(cache.clone()).picture(parameters("a")).await.unwrap();
    assert_eq!(service.requests().len(), 1);
    // Another size is another picture.
    service.then(rendered(2));
    images(&client).cache(cache).each(|call| call.size(10, 10)).picture(parameters("a")).await.unwrap();
    assert_eq!(service.requests().len(), 2);

    let picture = CachedPicture { url: "u".to_owned(), rendered_at: std::time::SystemTime::UNIX_EPOCH };
    let stored: CachedPicture = serde_json::from_value(serde_json::to_value(&picture).unwrap()).unwrap();
    let cache = MemoryCache::with_capacity(1);
    cache.put("k", stored).await;
    assert_eq!(cache.get("k").await, Some(picture));
}
