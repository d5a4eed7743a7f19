//! Snapshots of the request of each operation, and of its decoded responses.
//!
//! Each row makes one call, which is sent once for each example response of the document. The snapshot contains the exact
//! request and the decoded value of each response. The request is also checked against the document. The tests fail if an
//! operation of the document does not have a row.

pub mod document;
mod resources;

use pictify::{Client, Error, send_all::TryIntoCall};
use pictify_test_support::{KEY, OfflineTransport, Request, TestClock};
use serde_json::Value;
use std::{collections::BTreeSet, fmt::Write, pin::Pin, rc::Rc};

type CallFuture = Pin<Box<dyn Future<Output = Result<String, Error>>>>;

/// Operation with a function that calls it.
struct Row {
    id: &'static str,
    call: Box<dyn Fn(Client) -> CallFuture>,
    /// Makes the same call with a field that the contract does not know.
    extra: Box<dyn Fn(Client) -> CallFuture>,
}

/// Creates a row, for example `row("createImage", |client| client.images().create(..))`.
fn row<O, T>(id: &'static str, make: impl Fn(&Client) -> T + 'static) -> Row
where
    O: pictify::ApiRequest,
    T: TryIntoCall<O, Client>,
    O::Response: std::fmt::Debug,
{
    assert_eq!(O::OPERATION.id, id);
    let make = Rc::new(make);
    let make_again = make.clone();
    let call = move |client: Client| -> CallFuture {
        let call = make(&client).try_into_call();
        Box::pin(async move { call?.send().await.map(|value| format!("{value:#?}")) })
    };
    let extra = move |client: Client| -> CallFuture {
        let (name, value) = UNKNOWN_FIELD;
        let call = make_again(&client).try_into_call().map(|call| call.extra(name, value));
        Box::pin(async move { call?.send().await.map(|value| format!("{value:#?}")) })
    };
    Row { id, call: Box::new(call), extra: Box::new(extra) }
}

#[tokio::test]
async fn every_operation_sends_and_decodes_what_the_document_specifies() {
    for Row { id, call, .. } in resources::rows() {
        let operation = document::operation(id);
        let mut snapshot = String::new();
        for (name, reply) in operation.replies() {
            let transport = OfflineTransport::new(reply);
            let result = call(offline(&transport).build().unwrap()).await;
            if snapshot.is_empty() {
                let requests = transport.requests();
                assert_eq!(requests.len(), 1, "{id}: {result:?}");
                operation.check(&requests[0]);
                snapshot = show(&requests[0]);
            }
            let value = result.unwrap_or_else(|error| panic!("{id} does not decode its response {name}: {error}"));
            write!(snapshot, "\n=> {name}\n{value}\n").unwrap();
        }
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(id, snapshot);
        });
    }
}

/// A field that no version of the contract has.
const UNKNOWN_FIELD: (&str, &str) = ("fieldOfTomorrow", "on");

/// One line for each operation: where a field that the contract does not know is sent.
#[tokio::test]
async fn every_request_takes_a_field_that_the_contract_does_not_know() {
    let mut lines = String::new();
    for Row { id, extra, .. } in resources::rows() {
        let (_, reply) = document::operation(id).replies().into_iter().next().unwrap();
        let transport = OfflineTransport::new(reply);
        let result = extra(offline(&transport).build().unwrap()).await;
        let place = match (transport.requests().first(), result) {
            (Some(request), _) => place_of_unknown_field(request),
            (None, result) => format!("not sent: {}", result.unwrap_err()),
        };
        writeln!(lines, "{id}: {place}").unwrap();
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("_unknown_fields", lines);
    });
}

fn place_of_unknown_field(request: &Request) -> String {
    let (name, value) = UNKNOWN_FIELD;
    let body = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    let in_query = request.target.contains(&format!("{name}={value}"));
    match (body.get(name) == Some(&Value::from(value)), in_query) {
        (true, false) => "body",
        (false, true) => "query",
        (true, true) => "body and query",
        (false, false) => "missing",
    }
    .to_owned()
}

/// Returns a builder of clients that open no socket.
fn offline(transport: &OfflineTransport) -> pictify::ClientBuilder {
    let builder = Client::builder().api_key(KEY).base_url("http://pictify.test").allow_insecure_http(true);
    builder.jitter(|| 1.0).clock(TestClock::default()).transport(transport.clone())
}

/// Fields of example responses that the document does not declare, because clients do not need them.
const UNDECLARED_FIELDS: [&str; 1] = ["listApiTokens: apiTokens[0]._id: unknown field"];

#[tokio::test]
async fn the_first_example_response_of_every_operation_conforms_to_its_schema() {
    let mut found = Vec::new();
    for Row { id, call, .. } in resources::rows() {
        let replies = document::operation(id).replies();
        let Some((_, reply)) = replies.into_iter().next() else { continue };
        let builder = offline(&OfflineTransport::new(reply)).strict_responses(true);
        if let Err(error) = call(builder.build().unwrap()).await {
            assert_eq!(error.kind(), pictify::ErrorKind::SchemaMismatch, "{id}: {error}");
            found.push(format!("{id}: {}", error.message()));
        }
    }
    assert_eq!(found, UNDECLARED_FIELDS);
}

#[test]
fn every_operation_has_a_row() {
    let rows: Vec<_> = resources::rows().iter().map(|row| row.id).collect();
    let with_row: BTreeSet<_> = rows.iter().copied().collect();
    assert_eq!(with_row.len(), rows.len(), "an operation has two rows");
    let of_document: BTreeSet<_> = pictify::request::operations().iter().map(|operation| operation.id).collect();
    let missing: Vec<_> = of_document.difference(&with_row).collect();
    assert!(missing.is_empty(), "operations without a row: {missing:?}");
}

/// Formats a request without the values that differ between calls.
fn show(request: &Request) -> String {
    let Request { method, target, headers, body, .. } = request;
    let mut text = format!("{method} {target}\n");
    let mut headers: Vec<_> = headers.iter().collect();
    headers.sort();
    for (name, value) in headers {
        match name.as_str() {
            "host" | "content-length" | "user-agent" => {}
            "authorization" => writeln!(text, "authorization: Bearer [key]").unwrap(),
            "idempotency-key" => writeln!(text, "idempotency-key: [random]").unwrap(),
            _ => writeln!(text, "{name}: {value}").unwrap(),
        }
    }
    if !body.is_empty() {
        let body: Value = serde_json::from_slice(body).unwrap();
        writeln!(text, "\n{}", serde_json::to_string_pretty(&sorted(body)).unwrap()).unwrap();
    }
    text
}

/// Sorts the members of all objects, because their order has no meaning.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut members: Vec<_> = object.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        scalar => scalar,
    }
}
