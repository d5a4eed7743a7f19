//! Properties that must hold for any input. The fuzz targets call these functions, and a test of the workspace runs them
//! on generated inputs.
//!
//! Each function returns true if the input was accepted: its properties were then checked. The test requires that of its
//! seeds, so that a parser that rejects everything fails it.

use pictify::webhooks::{Delivery, Event, Signer, Verifier, VerifyError};
use pictify::{Client, RetryPolicy, images::Source, testing::Cassette};
use pictify_emulator::{
    expressions::{Expression, Scope, interpolate},
    html_templates::HtmlTemplate,
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, time::Duration};

/// Checks that no header causes a panic, and that only a correct signature is accepted.
pub fn webhook_header(header: &[u8]) -> bool {
    const BODY: &[u8] = br#"{"event":"render.completed"}"#;
    let secret = "whsec_8QkZ1vXr2Yc9";
    let verifier = Verifier::new(secret).expect("a secret").without_timestamp_check();
    match verifier.verify(BODY, header) {
        Ok(()) => {
            // An accepted header contains the signature that the signer creates for its timestamp. The verifier ignores
            // unknown parts.
            let text = String::from_utf8_lossy(header);
            let time = text.split(',').find_map(|part| part.trim().strip_prefix("t=")).expect("a time");
            let seconds = time.parse().expect("a whole number");
            let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            let expected = Signer::new(secret).expect("a secret").header_at(BODY, at);
            let signature = expected.split_once("v1=").expect("a signature").1;
            assert!(time.starts_with('0') || text.to_ascii_lowercase().contains(signature), "{text}");
            return true;
        }
        Err(VerifyError::Malformed(reason)) => assert!(!reason.is_empty()),
        Err(error) => assert_eq!(error, VerifyError::SignatureMismatch),
    }
    false
}

/// Checks that a delivery that is accepted serializes to the received JSON.
pub fn webhook_delivery(body: &[u8]) -> bool {
    let Ok(delivery) = Delivery::read(body) else { return false };
    let received: serde_json::Value = serde_json::from_slice(body).expect("the delivery was parsed");
    assert_eq!(serde_json::to_value(&delivery).expect("plain JSON"), received);
    assert_eq!(received["event"], delivery.event.name());
    if let Event::Unknown { data, .. } = &delivery.event {
        assert_eq!(data, received.get("data").unwrap_or(&serde_json::Value::Null));
    }
    true
}

/// Returns variables of every JSON type, for expressions and templates.
fn values() -> Map<String, Value> {
    let values = json!({
        "a": "text", "n": -1.5e3, "yes": true, "no": null, "list": [1, "two", [3]], "o": {"a": {"b": "deep"}},
    });
    values.as_object().cloned().unwrap_or_default()
}

/// Checks that parsing and evaluating any text gives a result or an error with a message.
pub fn expression(source: &[u8]) -> bool {
    let Ok(source) = std::str::from_utf8(source) else { return false };
    let values = values();
    let scope = Scope::new(&values);
    let is_expression = match Expression::parse(source) {
        Ok(expression) => {
            let value = expression.evaluate(&scope);
            if let Err(error) = &value {
                assert!(!error.to_string().is_empty());
            }
            let _ = expression.is_truthy(&scope);
            value.is_ok()
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    };
    let text = interpolate(source, &scope);
    is_expression || text.is_ok_and(|text| !text.contains("{{"))
}

/// Checks that compiling and rendering any text as a template gives a result or an error with a message.
pub fn template(source: &[u8]) -> bool {
    let Ok(source) = std::str::from_utf8(source) else { return false };
    match HtmlTemplate::compile(source) {
        Ok(template) => {
            for strict in [false, true] {
                if let Err(error) = template.render(&values(), &[], strict) {
                    assert!(!error.to_string().is_empty());
                }
            }
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

/// API key of the clients, which must not appear in errors.
const KEY: &str = "fuzz-key-5f1d0c9b2e";

/// Runs a future of a client whose responses come from a cassette.
fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(work)
}

/// Creates a client that gets its responses from these interactions, or returns `None` if the interactions are invalid. The
/// query parameters `offset` and `page` are not compared.
fn client(interactions: &Value, retry: RetryPolicy) -> Option<Client> {
    let recording = json!({"version": 1, "base_url": "http://a.test", "interactions": interactions}).to_string();
    let cassette = Cassette::parse("fuzz.json", &recording).ok()?.ignore("offset").ignore("page");
    Client::builder().api_key(KEY).cassette(&cassette).retry(retry).build().ok()
}

/// Returns a recorded interaction for `line`, for example `POST /image`, with this response.
fn interaction(line: &str, request: &Value, status: u16, headers: &BTreeMap<&str, String>, body: &str) -> Value {
    let (method, target) = line.split_once(' ').expect("a method and a target");
    let mut recorded = json!({"method": method, "target": target});
    if !request.is_null() {
        recorded["json"] = request.clone();
    }
    json!({"request": recorded, "response": {"status": status, "headers": headers, "text": body}})
}

/// Checks that any error response becomes an error that has its status and the beginning of its body, but not the API key.
/// The first two bytes of the input select the status. A line with the content type follows, then the body.
pub fn error_body(input: &[u8]) -> bool {
    let [high, low, rest @ ..] = input else { return false };
    let status = 300 + (u16::from(*high) * 256 + u16::from(*low)) % 300;
    let text = String::from_utf8_lossy(rest).replace("KEY", KEY);
    let (kind, body) = text.split_once('\n').unwrap_or(("application/json", &text));
    let headers = BTreeMap::from([("content-type", kind.to_owned()), ("x-request-id", kind.to_owned())]);
    let request = json!({"html": "<p>"});
    let interactions = json!([interaction("POST /image", &request, status, &headers, body)]);
    let Some(client) = client(&interactions, RetryPolicy::never()) else { return false };
    let error = run(client.images().create(Source::html("<p>")).send()).expect_err("an error status");
    if error.kind() == pictify::ErrorKind::CassetteMiss {
        // The text is not a valid header value, so the interaction cannot be replayed.
        return false;
    }
    assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
    let stored = error.body().expect("the beginning of the body");
    assert!(stored.len() <= pictify::Error::MAX_BODY_BYTES);
    if !body.contains(KEY) {
        assert_eq!(&stored[..], &body.as_bytes()[..body.len().min(pictify::Error::MAX_BODY_BYTES)]);
    }
    assert!(!error.to_string().is_empty());
    if !kind.contains(KEY) {
        assert!(!format!("{error} {error:?} {}", String::from_utf8_lossy(stored)).contains(KEY), "{error}");
    }
    true
}

/// Checks that the client never waits longer before a retry than its policy allows, for any retry headers. Each line of
/// the input is the value of a header or the body.
pub fn retry_after(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    for name in ["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining", "x-ratelimit-limit"] {
        let value = line();
        if !value.is_empty() {
            headers.insert(name, value);
        }
    }
    let request = json!({"html": "<p>"});
    let throttled = interaction("POST /image", &request, 429, &headers, &line());
    let image = interaction("POST /image", &request, 200, &BTreeMap::new(), r#"{"url":"https://a.test/a.png"}"#);
    let max_wait = Duration::from_secs(60);
    let Some(client) = client(&json!([throttled, image]), RetryPolicy::default().max_retry_after(max_wait)) else {
        return false;
    };
    match run(client.images().create(Source::html("<p>")).send_with_response()) {
        Ok(response) => {
            let attempts = &response.meta.attempts;
            assert_eq!(attempts.len(), 2);
            assert!(attempts[1].delay <= max_wait, "{:?}", attempts[1].delay);
            true
        }
        Err(error) => {
            assert!(!error.outcome_unknown(), "{error}");
            error.kind() != pictify::ErrorKind::CassetteMiss
        }
    }
}

/// Checks that reading a list ends for any pages, and that a list with consistent pages is read completely and in order.
/// Each line of the input is a page; the first bytes also select a list with consistent pages.
pub fn pagination(input: &[u8]) -> bool {
    let is_read = consistent_pages(input);
    let text = String::from_utf8_lossy(input);
    let pages: Vec<_> = text.split('\n').take(16).collect();
    for line in ["GET /image", "GET /templates"] {
        let interactions: Value =
            pages.iter().map(|page| interaction(line, &Value::Null, 200, &BTreeMap::new(), page)).collect();
        let Some(client) = client(&interactions, RetryPolicy::never()) else { return false };
        let max_items = text.len();
        run(async {
            let mut count = 0;
            if line == "GET /image" {
                let mut items = client.images().list().items();
                while let Ok(Some(_)) = items.try_next().await {
                    count += 1;
                }
            } else {
                let mut items = client.templates().list().items();
                while let Ok(Some(_)) = items.try_next().await {
                    count += 1;
                }
            }
            assert!(count <= max_items, "more items than bytes in the input");
        });
    }
    is_read
}

fn consistent_pages(input: &[u8]) -> bool {
    let [total, limit, fields, ..] = input else { return false };
    let (total, limit) = (usize::from(*total) % 40, 1 + usize::from(*limit) % 9);
    let all: Vec<_> = (0..total).map(|id| json!({"id": id.to_string(), "url": "https://a.test/a.png"})).collect();
    // If no field marks the last page, the client also requests the empty page after it.
    let offsets = (0..total).step_by(limit).chain([total]);
    let interactions = offsets.map(|offset| {
        let page = &all[offset.min(total)..(offset + limit).min(total)];
        let mut pagination = json!({"limit": limit, "offset": offset});
        // One bit for each optional field.
        if fields & 1 != 0 {
            pagination["total"] = json!(total);
        }
        if fields & 2 != 0 {
            pagination["hasMore"] = json!(offset + limit < total);
        }
        let mut body = json!({"images": page});
        if fields & 4 != 0 {
            body["pagination"] = pagination;
        }
        interaction(&format!("GET /image?limit={limit}"), &Value::Null, 200, &BTreeMap::new(), &body.to_string())
    });
    let client = client(&interactions.collect(), RetryPolicy::never()).expect("the interactions are valid");
    let read = run(async {
        let mut items = client.images().list().limit(limit as u64).items();
        let mut read = Vec::new();
        while let Some(image) = items.try_next().await.expect("a consistent list") {
            read.push(image.id.expect("an ID"));
        }
        read
    });
    let expected: Vec<_> = (0..total).map(|id| id.to_string()).collect();
    assert_eq!(read, expected, "{total} items, {limit} per page, fields {fields:b}");
    true
}

/// Checks that the generator accepts or rejects any text without a panic.
pub fn document(input: &[u8]) -> bool {
    std::str::from_utf8(input).is_ok_and(xtask::fuzz_document)
}
