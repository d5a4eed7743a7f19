//! Blocking client: the same methods as the async client, on any thread, inside or outside a runtime.

use pictify::{ErrorKind, blocking::Client, images::Source};
use pictify_test_support::{MAX_WAIT, Reply, ScriptedServer};
use std::{
    sync::{Arc, OnceLock, mpsc},
    time::Duration,
};

const IMAGE: &str = r#"{"url":"https://media.pictify.io/a.png","id":"A"}"#;

fn client(url: String) -> Client {
    Client::builder().api_key("k").base_url(url).build_blocking().unwrap()
}

#[test]
fn setters_and_responses_are_those_of_the_async_client() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(ScriptedServer::start([Reply::json(200, IMAGE), Reply::json(404, "{}")]));
    let client = client(server.url());
    let call = client.images().create(Source::html("<p>")).size(10, 20).with_timeout(Duration::from_secs(9));
    let response = call.send_with_response().unwrap();
    assert_eq!((response.url.as_str(), response.meta.attempts.len()), ("https://media.pictify.io/a.png", 1));
    let body: serde_json::Value = serde_json::from_slice(&server.requests()[0].body).unwrap();
    assert_eq!(body, serde_json::json!({"html": "<p>", "width": 10, "height": 20}));
    assert_eq!(client.images().get("A").send().unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn the_client_works_and_can_be_dropped_inside_a_single_threaded_runtime() {
    let (url, stop) = {
        // The server needs its own thread, because this one blocks.
        let (sender, receiver) = std::sync::mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                let server = ScriptedServer::start([Reply::json(200, IMAGE)]).await;
                sender.send(server.url()).unwrap();
                stopped.await
            })
        });
        (receiver.recv_timeout(MAX_WAIT).unwrap(), stop)
    };
    let client = client(url);
    let clone = client.clone();
    drop(client);
    assert_eq!(clone.images().create(Source::html("<p>")).send().unwrap().id.as_deref(), Some("A"));
    drop(clone);
    drop(stop);
}

#[test]
fn many_threads_share_one_client() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(ScriptedServer::start((0..20).map(|_| Reply::json(200, IMAGE))));
    let client = client(server.url());
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| client.images().create(Source::html("<p>")).send().unwrap());
        }
    });
    assert_eq!(server.requests().len(), 20);
}

#[test]
fn a_hook_that_calls_its_own_client_gets_an_error_and_no_deadlock() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(ScriptedServer::start(std::iter::repeat_n(Reply::json(200, IMAGE), 9)));
    let own = Arc::new(OnceLock::<Client>::new());
    let (sender, receiver) = mpsc::channel();
    let hook_client = own.clone();
    let builder = Client::builder().api_key("k").base_url(server.url()).on_attempt(move |_| {
        let client = hook_client.get().unwrap();
        let one = client.images().get("A").send().map(drop);
        let several = pictify::send_all([client.images().get("A")]).next().unwrap().result.map(drop);
        let file = client.download("http://127.0.0.1/a.png").to_writer(std::io::sink()).map(drop);
        let page = client.images().list().items().next().unwrap().map(drop);
        sender.send([one, several, file, page]).unwrap();
    });
    let client = own.get_or_init(|| builder.build_blocking().unwrap()).clone();
    std::thread::spawn(move || client.images().get("A").send());
    for result in receiver.recv_timeout(Duration::from_secs(20)).expect("the hook does not hang") {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("from a hook of the same client"), "{error}");
    }
    assert_eq!(server.requests().len(), 1);
}
