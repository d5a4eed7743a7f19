//! What the fuzz targets hold of any input. The tests of the workspace run the same on inputs of their own making.

use pictify::webhooks::{Delivery, Event, Signer, Verifier, VerifyError};
use pictify::{Client, RetryPolicy, images::Source, testing::Cassette};
use pictify_emulator::{
    expressions::{Expression, Scope, interpolate},
    html_templates::HtmlTemplate,
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, time::Duration};

/// No header but ours is taken for a signature, and none makes verifying panic.
pub fn webhook_header(header: &[u8]) {
    const BODY: &[u8] = br#"{"event":"render.completed"}"#;
    let secret = "whsec_8QkZ1vXr2Yc9";
    let verifier = Verifier::new(secret).expect("a secret").without_timestamp_check();
    match verifier.verify(BODY, header) {
        Ok(()) => {
            // Then it holds what the signer would have made of its time.
            // Parts that it does not know it passes over, whatever they are.
            let text = String::from_utf8_lossy(header);
            let time = text.split(',').find_map(|part| part.trim().strip_prefix("t=")).expect("a time");
            let seconds = time.parse().expect("a whole number");
            let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            let ours = Signer::new(secret).expect("a secret").header_at(BODY, at);
            let tag = ours.split_once("v1=").expect("a signature").1;
            assert!(time.starts_with('0') || text.to_ascii_lowercase().contains(tag), "{text}");
        }
        Err(VerifyError::Malformed(what)) => assert!(!what.is_empty()),
        Err(error) => assert_eq!(error, VerifyError::SignatureMismatch),
    }
}

/// Any body is a delivery or is refused; what is read gives back what came.
pub fn webhook_delivery(body: &[u8]) {
    let Ok(delivery) = Delivery::read(body) else { return };
    let came: serde_json::Value = serde_json::from_slice(body).expect("it was read");
    assert_eq!(serde_json::to_value(&delivery).expect("plain JSON"), came);
    assert_eq!(came["event"], delivery.event.name());
    if let Event::Unknown { data, .. } = &delivery.event {
        assert_eq!(data, came.get("data").unwrap_or(&serde_json::Value::Null));
    }
}

/// Values for expressions and templates, of every kind.
fn values() -> Map<String, Value> {
    let values = json!({
        "a": "text", "n": -1.5e3, "yes": true, "no": null, "list": [1, "two", [3]], "o": {"a": {"b": "deep"}},
    });
    values.as_object().cloned().unwrap_or_default()
}

/// Any text is an expression, which then has a value or says why not, or it says where it is none.
pub fn expression(source: &[u8]) {
    let Ok(source) = std::str::from_utf8(source) else { return };
    let values = values();
    let scope = Scope::new(&values);
    match Expression::parse(source) {
        Ok(expression) => {
            if let Err(error) = expression.evaluate(&scope) {
                assert!(!error.to_string().is_empty());
            }
            let _ = expression.is_true(&scope);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let _ = interpolate(source, &scope);
}

/// Any text is a template, which then renders or says why not, or it says what is wrong with it.
pub fn template(source: &[u8]) {
    let Ok(source) = std::str::from_utf8(source) else { return };
    match HtmlTemplate::compile(source) {
        Ok(template) => {
            for strict in [false, true] {
                if let Err(error) = template.render(&values(), &[], strict) {
                    assert!(!error.to_string().is_empty());
                }
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The key of the clients that read hostile answers.
const KEY: &str = "fuzz-key-5f1d0c9b2e";

/// Runs a future of a client that replays a cassette.
fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(work)
}

/// Returns a client that replays these interactions and ignores paging parameters; `None` if they are malformed.
fn client(interactions: &Value, retry: RetryPolicy) -> Option<Client> {
    let recording = json!({"version": 1, "base_url": "http://a.test", "interactions": interactions}).to_string();
    let cassette = Cassette::parse("fuzz.json", &recording).ok()?.ignore("offset").ignore("page");
    Client::builder().api_key(KEY).cassette(&cassette).retry(retry).build().ok()
}

/// Returns an interaction of `line`, for example `POST /image`, with this response.
fn interaction(line: &str, request: &Value, status: u16, headers: &BTreeMap<&str, String>, body: &str) -> Value {
    let (method, target) = line.split_once(' ').expect("a method and a target");
    let mut recorded = json!({"method": method, "target": target});
    if !request.is_null() {
        recorded["json"] = request.clone();
    }
    json!({"request": recorded, "response": {"status": status, "headers": headers, "text": body}})
}

/// Any answer that is no success is an error with its status and the beginning of its body, and without the key. The first
/// two bytes are the status, a line follows for the header that says what the body is, then the body.
pub fn error_body(input: &[u8]) {
    let [high, low, rest @ ..] = input else { return };
    let status = 300 + (u16::from(*high) * 256 + u16::from(*low)) % 300;
    let text = String::from_utf8_lossy(rest).replace("KEY", KEY);
    let (kind, body) = text.split_once('\n').unwrap_or(("application/json", &text));
    let headers = BTreeMap::from([("content-type", kind.to_owned()), ("x-request-id", kind.to_owned())]);
    let request = json!({"html": "<p>"});
    let interactions = json!([interaction("POST /image", &request, status, &headers, body)]);
    let Some(client) = client(&interactions, RetryPolicy::never()) else { return };
    let error = run(client.images().create(Source::html("<p>")).send()).expect_err("no success");
    if error.kind() == pictify::ErrorKind::CassetteMiss {
        // Not every text is a header.
        return;
    }
    assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
    let kept = error.body().expect("what came");
    assert!(kept.len() <= pictify::MAX_ERROR_BODY_BYTES);
    if !body.contains(KEY) {
        assert_eq!(&kept[..], &body.as_bytes()[..body.len().min(pictify::MAX_ERROR_BODY_BYTES)]);
    }
    assert!(!error.to_string().is_empty());
    if !kind.contains(KEY) {
        assert!(!format!("{error} {error:?} {}", String::from_utf8_lossy(kept)).contains(KEY), "{error}");
    }
}

/// Whatever an answer says of when to come back, the client waits for no longer than its policy allows. Each line of the input
/// is a header or the body.
pub fn retry_after(input: &[u8]) {
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
    let refused = interaction("POST /image", &request, 429, &headers, &line());
    let image = interaction("POST /image", &request, 200, &BTreeMap::new(), r#"{"url":"https://a.test/a.png"}"#);
    let longest = Duration::from_secs(60);
    let Some(client) = client(&json!([refused, image]), RetryPolicy::default().max_retry_after(longest)) else {
        return;
    };
    match run(client.images().create(Source::html("<p>")).send_with_response()) {
        Ok(answer) => {
            let attempts = &answer.meta.attempts;
            assert_eq!(attempts.len(), 2);
            assert!(attempts[1].waited <= longest, "{:?}", attempts[1].waited);
        }
        Err(error) => assert!(!error.outcome_unknown(), "{error}"),
    }
}

/// A list ends, whatever its pages are: lines of the input, the last of which is asked for once at most. Of an honest
/// service, which the first bytes make, each item comes once and in its order.
pub fn pagination(input: &[u8]) {
    honest_pages(input);
    let text = String::from_utf8_lossy(input);
    let pages: Vec<_> = text.split('\n').take(16).collect();
    for line in ["GET /image", "GET /templates"] {
        let interactions: Value =
            pages.iter().map(|page| interaction(line, &Value::Null, 200, &BTreeMap::new(), page)).collect();
        let Some(client) = client(&interactions, RetryPolicy::never()) else { return };
        let most = text.len();
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
            assert!(count <= most, "more items than there are bytes");
        });
    }
}

fn honest_pages(input: &[u8]) {
    let [total, limit, said, ..] = input else { return };
    let (total, limit) = (usize::from(*total) % 40, 1 + usize::from(*limit) % 9);
    let all: Vec<_> = (0..total).map(|id| json!({"id": id.to_string(), "url": "https://a.test/a.png"})).collect();
    // What follows the last page is asked for when nothing says that it was the last.
    let offsets = (0..total).step_by(limit).chain([total]);
    let interactions = offsets.map(|offset| {
        let page = &all[offset.min(total)..(offset + limit).min(total)];
        let mut pagination = json!({"limit": limit, "offset": offset});
        // One bit for each thing that the service may leave out.
        if said & 1 != 0 {
            pagination["total"] = json!(total);
        }
        if said & 2 != 0 {
            pagination["hasMore"] = json!(offset + limit < total);
        }
        let mut body = json!({"images": page});
        if said & 4 != 0 {
            body["pagination"] = pagination;
        }
        interaction(&format!("GET /image?limit={limit}"), &Value::Null, 200, &BTreeMap::new(), &body.to_string())
    });
    let Some(client) = client(&interactions.collect(), RetryPolicy::never()) else { return };
    let read = run(async {
        let mut items = client.images().list().limit(limit as u64).items();
        let mut read = Vec::new();
        while let Some(image) = items.try_next().await.expect("an honest service") {
            read.push(image.id.expect("it has one"));
        }
        read
    });
    let expected: Vec<_> = (0..total).map(|id| id.to_string()).collect();
    assert_eq!(read, expected, "{total} items, {limit} a page, said {said:b}");
}

/// Any text is a document for the generator, or an error.
pub fn document(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        xtask::fuzz_document(text);
    }
}
