//! Link preview images: the same tests over real HTTP for axum, with the example, and for actix-web; and their billing.

#[path = "../../examples/axum_og_image.rs"]
#[allow(dead_code)]
mod axum_og_image;

use actix_web::{App, HttpServer};
use futures_util::FutureExt;
use pictify::transport::BoxFuture;
use pictify::{
    Client,
    og_image::{CachedImage, ImageCache, MemoryCache, OgError, OgImages, Parameters},
};
use pictify_test_support::{Reply, Request, ScriptedServer, TestClock, client, http_client};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::oneshot;

/// Returns a render whose file has the number `count`.
fn rendered(count: usize) -> Reply {
    let body = json!({
        "results": [{"layout": "default", "url": format!("https://media.pictify.io/{count}.jpg"), "id": "A"}],
        "errors": [], "totalLayouts": 1, "totalRendered": 1, "totalErrors": 0, "templateUid": "T",
    });
    Reply::json(200, &body.to_string())
}

/// Returns a render whose URL cannot be sent in a header.
fn invalid_url() -> Reply {
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

/// A cache whose first read returns `None` when the test allows it.
struct SlowFirstRead {
    first: Mutex<Option<oneshot::Receiver<()>>>,
    cache: MemoryCache,
}

impl ImageCache for SlowFirstRead {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<CachedImage>> {
        let first = self.first.lock().unwrap().take();
        Box::pin(async move {
            let Some(released) = first else { return self.cache.get(key).await };
            released.await.unwrap();
            None
        })
    }

    fn put<'a>(&'a self, key: &'a str, image: CachedImage) -> BoxFuture<'a, ()> {
        self.cache.put(key, image)
    }
}

/// Sends a request. Returns the status and the relevant headers of the response.
async fn get(method: &str, address: SocketAddr, target: &str) -> (u16, Vec<String>) {
    let request = http_client().request(method.parse().unwrap(), format!("http://{address}{target}"));
    let response = request.send().await.unwrap();
    let headers = ["location", "cache-control", "retry-after"].into_iter();
    let headers = headers.filter_map(|name| Some(response.headers().get(name)?.to_str().unwrap().to_owned())).collect();
    let status = response.status().as_u16();
    assert_eq!(response.text().await.unwrap(), "");
    (status, headers)
}

async fn parameters_become_variables_and_the_response_is_a_redirect(address: SocketAddr, service: &ScriptedServer) {
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
    let service = ScriptedServer::start([rendered(1), rendered(2), failed(), invalid_url()]).await;
    let app = axum_og_image::app(&client(&service, &TestClock::default()), "T");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    parameters_become_variables_and_the_response_is_a_redirect(address, &service).await;
    let body: Value = serde_json::from_slice(&service.requests()[0].body).unwrap();
    assert_eq!((&body["width"], &body["format"]), (&json!(1200), &json!("jpeg")));

    assert_eq!(get("POST", address, "/og/Hello").await.0, 405);
    let fallback = ["https://example.com/default-card.png", "public, max-age=30"].map(str::to_owned).to_vec();
    assert_eq!(get("GET", address, "/og/Down").await, (302, fallback));
    assert_eq!(get("GET", address, "/og/Odd").await, (502, vec!["no-store".to_owned()]));
}

#[actix_web::test]
async fn on_actix() {
    let service = ScriptedServer::start([rendered(1), rendered(2), failed(), invalid_url()]).await;
    let clock = TestClock::default();
    let cards = OgImages::new(&client(&service, &clock), "T", ["title", "author"]);
    let app = move || {
        let missing = OgImages::with_lookup(&Client::new("k").unwrap(), "T", |_| async {
            Ok::<_, std::fmt::Error>(None::<Value>)
        });
        App::new().route("/og/{title}", cards.clone().actix_route()).route("/missing/{title}", missing.actix_route())
    };
    let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    parameters_become_variables_and_the_response_is_a_redirect(address, &service).await;
    let response = |target| get("GET", address, target);
    assert_eq!(response("/og/Down").await, (503, vec!["no-store".to_owned(), "30".to_owned()]));
    // Half a second rounds up to one second, so that clients do not retry too early.
    clock.advance(Duration::from_millis(29_500));
    assert_eq!(response("/og/Down").await, (503, vec!["no-store".to_owned(), "1".to_owned()]));
    assert_eq!(response("/og/Odd").await, (502, vec!["no-store".to_owned()]));
    // actix-web responds with 404 if no route of the path has the method.
    assert_eq!(get("POST", address, "/og/Hello").await.0, 404);
    assert_eq!(response("/missing/a").await, (404, vec!["no-store".to_owned()]));
}

#[tokio::test]
async fn concurrent_requests_share_one_render_which_continues_without_them() {
    let service = ScriptedServer::start([rendered(1), rendered(2)]).await;
    let images = images(&client(&service, &TestClock::default()));
    let mut requests: Vec<_> = (0..50)
        .map(|_| {
            let images = images.clone();
            tokio::spawn(async move { images.image(parameters("a")).await.unwrap().url })
        })
        .collect();
    service.arrived().await;
    let remaining = requests.pop().unwrap();
    requests.iter().for_each(tokio::task::JoinHandle::abort);
    assert_eq!(remaining.await.unwrap(), "https://media.pictify.io/1.jpg");
    let late = tokio::spawn({
        let images = images.clone();
        async move { images.image(parameters("b")).await.map(|image| image.url) }
    });
    service.arrived().await;
    late.abort();
    // All callers have left, but the image is cached and not rendered again.
    let image = images.image(parameters("b")).await.unwrap();
    assert_eq!((image.url.as_str(), image.is_fresh), ("https://media.pictify.io/2.jpg", true));
    assert_eq!(service.requests().len(), 2);
}

#[tokio::test]
async fn a_render_that_completes_between_the_cache_check_and_the_render_is_not_repeated() {
    for (reply, url) in [(rendered(1), "https://media.pictify.io/1.jpg"), (failed(), "https://example.com/card.png")] {
        // A second render would get another image.
        let service = ScriptedServer::start([reply, rendered(2)]).await;
        let (release, first) = oneshot::channel();
        let cache = SlowFirstRead { first: Mutex::new(Some(first)), cache: MemoryCache::default() };
        let images =
            images(&client(&service, &TestClock::default())).cache(cache).fallback("https://example.com/card.png");
        let mut early = Box::pin(images.image(parameters("a")));
        assert!((&mut early).now_or_never().is_none(), "it waits for the cache");
        assert_eq!(images.image(parameters("a")).await.unwrap().url, url);
        release.send(()).unwrap();
        assert_eq!(early.await.unwrap().url, url);
        assert_eq!(service.requests().len(), 1, "{url}");
    }
}

/// A cache filled by a machine whose clock is ahead.
struct ClockAhead {
    by: Duration,
    cache: MemoryCache,
}

impl ImageCache for ClockAhead {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<CachedImage>> {
        self.cache.get(key)
    }

    fn put<'a>(&'a self, key: &'a str, mut image: CachedImage) -> BoxFuture<'a, ()> {
        image.rendered_at += self.by;
        self.cache.put(key, image)
    }
}

/// A cache that records the requested keys and stores nothing.
#[derive(Clone, Default)]
struct Keys(Arc<Mutex<Vec<String>>>);

impl ImageCache for Keys {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<CachedImage>> {
        self.0.lock().unwrap().push(key.to_owned());
        Box::pin(async { None })
    }

    fn put<'a>(&'a self, _: &'a str, _: CachedImage) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

#[tokio::test]
async fn all_keys_have_the_same_length() {
    let service = ScriptedServer::start([rendered(1), rendered(2), rendered(3)]).await;
    let keys = Keys::default();
    let images = images(&client(&service, &TestClock::default())).cache(keys.clone());
    for title in ["a", "b", &"long ".repeat(100_000)] {
        images.image(parameters(title)).await.unwrap();
    }
    let mut keys = keys.0.lock().unwrap().clone();
    keys.dedup();
    assert_eq!(keys.iter().map(String::len).collect::<Vec<_>>(), [64; 3]);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 3, "one for each image");
}

#[tokio::test]
async fn the_order_of_values_does_not_matter() {
    let service = ScriptedServer::start([rendered(1)]).await;
    let client = client(&service, &TestClock::default());
    let images = OgImages::with_lookup(&client, "T", |parameters| async move {
        serde_json::from_str::<Value>(&parameters["title"]).map(Some)
    });
    for values in [r#"{"a": {"x": 1, "y": 2}, "b": 3}"#, r#"{"b": 3, "a": {"y": 2, "x": 1}}"#] {
        images.image(parameters(values)).await.unwrap();
    }
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn after_a_failure_the_last_good_image_is_served_without_new_renders() {
    let script = [rendered(1), failed(), rendered(2), failed()];
    let service = ScriptedServer::start(script).await;
    let (clock, seen) = (TestClock::default(), Arc::new(Mutex::new(Vec::new())));
    let callback_seen = seen.clone();
    let images = images(&client(&service, &clock))
        .ttl(Duration::from_secs(3600))
        .on_error(move |error| callback_seen.lock().unwrap().push(error.to_string()));
    let mut requests = Vec::new();
    for (after, title, url, max_age, is_fresh) in [
        (0, "a", "1", 3600, true),
        (3599, "a", "1", 1, true),
        (1, "a", "1", 30, false),
        // The service would respond now, but no request is sent.
        (29, "a", "1", 1, false),
        (1, "a", "2", 3600, true),
    ] {
        clock.advance(Duration::from_secs(after));
        let image = images.image(parameters(title)).await.unwrap();
        let url = format!("https://media.pictify.io/{url}.jpg");
        assert_eq!((image.url, image.max_age.as_secs(), image.is_fresh), (url, max_age, is_fresh));
        requests.push(service.requests().len());
    }
    assert_eq!(requests, [1, 1, 2, 2, 3]);

    let error = images.image(parameters("b")).await.unwrap_err();
    assert!(matches!(&error, OgError::Failed { retry_after, .. } if retry_after.as_secs() == 30), "{error}");
    assert_eq!(error.status(), 503);
    assert!(images.image(parameters("b")).await.is_err());
    assert_eq!((service.requests().len(), seen.lock().unwrap().len()), (4, 2));
}

#[tokio::test]
async fn a_failure_is_stored_even_if_the_callback_panics() {
    let service = ScriptedServer::start([failed()]).await;
    let images = images(&client(&service, &TestClock::default())).on_error(|_| panic!("in the callback"));
    for _ in 0..2 {
        let error = images.image(parameters("a")).await.unwrap_err();
        assert!(matches!(error, OgError::Failed { retry_after, .. } if retry_after.as_secs() == 30), "{error}");
    }
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn failures_with_long_bodies_are_not_all_stored() {
    let service = ScriptedServer::start([]).await;
    let images = images(&client(&service, &TestClock::default()));
    let long =
        json!({"error": "the renderer is down", "trace": "a".repeat(pictify::Error::MAX_BODY_BYTES)}).to_string();
    for title in (0..600).chain(0..600) {
        service.then(Reply::json(500, &long));
        assert!(images.image(parameters(&title.to_string())).await.is_err());
    }
    let rendered_again = service.requests().len() - 600;
    assert!((300..600).contains(&rendered_again), "{rendered_again}: some failures of 80 MB are stored, but not all");
}

#[tokio::test]
async fn a_failed_lookup_costs_nothing() {
    let service = ScriptedServer::start([]).await;
    let client = client(&service, &TestClock::default());
    let no_page = OgImages::with_lookup(&client, "T", |_| async { Ok::<_, std::fmt::Error>(None::<Value>) });
    assert!(matches!(no_page.image(parameters("a")).await, Err(OgError::NotFound)));
    let no_database = OgImages::with_lookup(&client, "T", |_| async { Err::<Option<Value>, _>("no database") });
    let error = no_database.image(parameters("a")).await.unwrap_err();
    assert_eq!(
        (error.status(), error.to_string().as_str()),
        (503, "link preview image: the variables of the page cannot be looked up: no database")
    );
    let no_object = OgImages::with_lookup(&client, "T", |_| async { Ok::<_, std::fmt::Error>(Some(7)) });
    let error = no_object.image(parameters("a")).await.unwrap_err().to_string();
    assert!(error.contains("must serialise to a JSON object"), "{error}");
    assert!(service.requests().is_empty());
}

#[tokio::test]
async fn an_image_from_too_far_in_the_future_is_rendered_again() {
    let clock = TestClock::default();
    for (ahead, is_rendered) in [(0, false), (60, false), (301, true), (365 * 24 * 3600, true)] {
        let service = ScriptedServer::start([rendered(1), rendered(2)]).await;
        let cache = ClockAhead { by: Duration::from_secs(ahead), cache: MemoryCache::default() };
        let images = images(&client(&service, &clock)).cache(cache);
        images.image(parameters("a")).await.unwrap();
        let image = images.image(parameters("a")).await.unwrap();
        assert_eq!(service.requests().len(), 1 + usize::from(is_rendered), "{ahead} s");
        assert!(image.is_fresh && image.max_age == Duration::from_secs(24 * 3600), "{image:?}");
    }
}

#[tokio::test]
async fn a_cache_can_be_reused_by_another_process() {
    let service = ScriptedServer::start([rendered(1)]).await;
    let client = client(&service, &TestClock::default());
    let cache = MemoryCache::default();
    images(&client).cache(cache.clone()).image(parameters("a")).await.unwrap();
    images(&client).cache(cache.clone()).image(parameters("a")).await.unwrap();
    assert_eq!(service.requests().len(), 1);
    // Another size is another image.
    service.then(rendered(2));
    images(&client).cache(cache).configure_request(|call| call.size(10, 10)).image(parameters("a")).await.unwrap();
    assert_eq!(service.requests().len(), 2);

    let image = CachedImage { url: "u".to_owned(), rendered_at: std::time::SystemTime::UNIX_EPOCH };
    let stored: CachedImage = serde_json::from_value(serde_json::to_value(&image).unwrap()).unwrap();
    let cache = MemoryCache::with_capacity(1);
    cache.put("k", stored).await;
    assert_eq!(cache.get("k").await, Some(image));
}

#[tokio::test]
async fn a_render_without_an_absolute_url_is_not_cached() {
    for url in ["", "/a.png", "javascript:alert(1)"] {
        let body = json!({"results": [{"layout": "default", "url": url, "id": "A"}]});
        let service = ScriptedServer::start([Reply::json(200, &body.to_string()), rendered(1)]).await;
        let clock = TestClock::default();
        let cache = MemoryCache::default();
        let images = images(&client(&service, &clock)).cache(cache).fallback("https://example.com/card.png");
        let image = images.image(parameters("a")).await.unwrap();
        assert_eq!((&*image.url, image.is_fresh), ("https://example.com/card.png", false), "{url}");
        clock.advance(Duration::from_secs(31));
        let image = images.image(parameters("a")).await.unwrap();
        assert_eq!((&*image.url, image.is_fresh), ("https://media.pictify.io/1.jpg", true), "{url}");
    }
}
