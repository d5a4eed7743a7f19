//! What each operation sends and what its answers become, as snapshots.
//!
//! A row makes one call. It is sent to a server that answers with the document's examples, one after the other, so that a
//! snapshot shows the exact request and what each published form of the answer reads as. The request is also held against
//! the document, and an operation of the document without a row fails.

pub mod document;
mod resources;

use pictify::{Client, Error};
use pictify_test_support::{Request, ScriptedServer, TestClock, client};
use serde_json::Value;
use std::{collections::BTreeSet, fmt::Write, pin::Pin};

type Called = Pin<Box<dyn Future<Output = Result<String, Error>>>>;

/// One operation, and a call of it.
struct Row {
    id: &'static str,
    call: Box<dyn Fn(Client) -> Called>,
}

/// `row("createImage", |client| client.images().create(..))`.
fn row<O>(id: &'static str, make: impl Fn(&Client) -> pictify::Call<O, Client> + 'static) -> Row
where
    O: pictify::Operation,
    O::Output: std::fmt::Debug,
{
    assert_eq!(O::INFO.id, id);
    let call = move |client: Client| -> Called {
        let call = make(&client);
        Box::pin(async move { call.send().await.map(|value| format!("{value:#?}")) })
    };
    Row { id, call: Box::new(call) }
}

#[tokio::test]
async fn every_operation_sends_and_reads_what_the_document_says() {
    for Row { id, call } in resources::rows() {
        let operation = document::operation(id);
        let mut snapshot = String::new();
        for (name, reply) in operation.replies() {
            let server = ScriptedServer::start([reply]).await;
            let result = call(client(&server, &TestClock::default())).await;
            if snapshot.is_empty() {
                let requests = server.requests();
                assert_eq!(requests.len(), 1, "{id}: {result:?}");
                operation.check(&requests[0]);
                snapshot = show(&requests[0]);
            }
            let value = result.unwrap_or_else(|error| panic!("{id} does not read its answer {name}: {error}"));
            write!(snapshot, "\n=> {name}\n{value}\n").unwrap();
        }
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(id, snapshot);
        });
    }
}

/// What is on the wire and of use to nobody, so that the document does not declare it.
const DRIFT: [&str; 1] = ["listApiTokens: apiTokens[0]._id: unknown field"];

#[tokio::test]
async fn the_first_example_of_every_answer_is_as_the_document_says() {
    let mut found = Vec::new();
    for Row { id, call } in resources::rows() {
        let replies = document::operation(id).replies();
        let Some((_, reply)) = replies.into_iter().next() else { continue };
        let server = ScriptedServer::start([reply]).await;
        let builder = Client::builder().api_key("k").base_url(server.url()).strict(true);
        if let Err(error) = call(builder.build().unwrap()).await {
            assert_eq!(error.kind(), pictify::ErrorKind::SchemaMismatch, "{id}: {error}");
            found.push(format!("{id}: {}", error.message()));
        }
    }
    assert_eq!(found, DRIFT);
}

#[test]
fn every_operation_has_a_row() {
    let rows: Vec<_> = resources::rows().iter().map(|row| row.id).collect();
    let with_row: BTreeSet<_> = rows.iter().copied().collect();
    assert_eq!(with_row.len(), rows.len(), "an operation has two rows");
    let of_document: BTreeSet<_> = pictify::operation::all().iter().map(|operation| operation.id).collect();
    let missing: Vec<_> = of_document.difference(&with_row).collect();
    assert!(missing.is_empty(), "operations without a row: {missing:?}");
}

/// A request as text: what differs from call to call is left out.
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

/// The order of members says nothing, so it is always the same.
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
