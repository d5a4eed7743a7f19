//! Runtimes: one client in several of them, and runtimes that lack what the client needs.

use futures_util::FutureExt;
use pictify::{Client, ErrorKind, images::Source};
use pictify_test_support::{Reply, ScriptedServer, TestClock, client, client_builder};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

const IMAGE: &str = r#"{"url":"https://media.pictify.io/a.png","id":"A"}"#;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Starts a server of these replies in a runtime that goes on by itself.
fn server(replies: usize) -> (Runtime, ScriptedServer) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let replies = std::iter::repeat_n(Reply::json(200, IMAGE), replies);
    let server = runtime.block_on(ScriptedServer::start(replies));
    (runtime, server)
}

#[test]
fn a_client_goes_on_in_another_runtime_when_the_first_has_ended() {
    let (_runtime, server) = server(40);
    let client = client(&server, &TestClock::default());
    for _ in 0..20 {
        let (first, second) = (runtime(), runtime());
        first.block_on(client.images().create(Source::html("x")).send()).unwrap();
        drop(first);
        second.block_on(client.images().create(Source::html("x")).send()).unwrap();
    }
    assert_eq!((server.requests().len(), client.renders_spent()), (40, 40));
}

#[test]
fn a_request_that_waits_for_a_runtime_that_stands_still_was_not_sent_and_is_sent_again() {
    let (_runtime, server) = server(2);
    let clock = TestClock::default();
    let client = client(&server, &clock);
    let first = runtime();
    // Leaves a connection behind, which nothing drives any more.
    first.block_on(client.images().create(Source::html("x")).send()).unwrap();
    let response = runtime().block_on(async {
        let call = tokio::spawn(client.images().create(Source::html("x")).send_with_response());
        // The request goes to the connection without waiting for anything.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(30));
        call.await.unwrap()
    });
    let response = response.unwrap();
    assert_eq!((response.meta.attempts.len(), server.requests().len(), client.renders_spent()), (2, 2, 2));
}

#[test]
fn a_call_outside_of_a_runtime_is_an_error() {
    let client = Client::builder().api_key("k").base_url("http://127.0.0.1:9").build().unwrap();
    let error = client.images().create(Source::html("x")).send().now_or_never().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown(), error.attempts().len()), (ErrorKind::Config, false, 1));
    assert!(error.to_string().contains("Tokio runtime"), "{error}");
    assert_eq!(client.renders_spent(), 0);
}

#[test]
fn a_runtime_without_drivers_is_an_error() {
    let (_runtime, server) = server(1);
    for (mut builder, missing) in [
        (Builder::new_current_thread(), "no IO and no timers"),
        (
            {
                let mut it = Builder::new_current_thread();
                it.enable_io();
                it
            },
            "no timers",
        ),
        (
            {
                let mut it = Builder::new_current_thread();
                it.enable_time();
                it
            },
            "no IO",
        ),
    ] {
        let client = client_builder(&server, &TestClock::default()).build().unwrap();
        let error = builder.build().unwrap().block_on(client.images().create(Source::html("x")).send()).unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome_unknown(), error.attempts().len()),
            (ErrorKind::Config, false, 1),
            "{missing}"
        );
        assert!(error.to_string().contains("enable_all"), "{missing}: {error}");
    }
    assert_eq!(server.requests().len(), 0);
}
