//! Requests of web pages: DNS rebinding, foreign origins, CORS.

use crate::support::{JSON, KEY, Response, create, file_path, ok, raw, send};
use pictify_emulator::Emulator;
use serde_json::json;

const EVIL: &str = "Origin: http://evil.example";

async fn with_host(emulator: &Emulator, line: &str, hosts: &[&str]) -> Response {
    let hosts: Vec<_> = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
    raw(emulator, format!("{line} HTTP/1.1\r\n{}Connection: close\r\n\r\n", hosts.concat()).as_bytes()).await
}

/// By DNS rebinding, a site names itself as the host.
#[tokio::test]
async fn every_path_rejects_unknown_hosts() {
    let emulator = Emulator::start().await.unwrap();
    for path in ["/", "/healthcheck", "/v1/image", "/media/a.png", "/_emulator/ledger", "/nothing"] {
        let response = with_host(&emulator, &format!("GET {path}"), &["evil.example:4040"]).await;
        let (status, message) = response.status_and_message();
        assert!(status == 421 && message.contains("--allowed-host evil.example "), "{path}: {status} {message}");
        assert!(response.header("x-request-id").is_some(), "{response:?}");
    }
    for (hosts, status) in [
        (&["localhost"][..], 200),
        (&["app.localhost:99"], 200),
        (&["[::1]:4040"], 200),
        (&[], 400),
        (&[""], 400),
        (&["localhost", "localhost"], 400),
        (&["localhost", "evil.example"], 400),
        (&["user@localhost"], 400),
        (&["localhost/evil"], 400),
    ] {
        assert_eq!(with_host(&emulator, "GET /healthcheck", hosts).await.status, status, "{hosts:?}");
    }
    let absolute = with_host(&emulator, "GET http://evil.example/healthcheck", &["localhost"]).await;
    assert_eq!(absolute.status, 421, "the absolute form names a host too");
}

#[tokio::test]
async fn a_server_is_also_known_by_its_allowed_hosts() {
    let emulator = Emulator::builder().allowed_hosts(["Pictify.test", "emulator"]).start().await.unwrap();
    for (host, status) in [("pictify.test:8080", 200), ("emulator", 200), ("localhost", 200), ("other.test", 421)] {
        assert_eq!(with_host(&emulator, "GET /healthcheck", &[host]).await.status, status, "{host}");
    }
    let error = Emulator::builder().allowed_hosts(["http://a"]).start().await.unwrap_err().to_string();
    assert_eq!(error, "the allowed hosts and origins cannot be used: \"http://a\" is not the name of a host");
}

#[tokio::test]
async fn pages_of_other_sites_may_only_use_links() {
    let emulator = Emulator::start().await.unwrap();
    let file = file_path(&emulator, &create(&emulator, "x", 9, 9).await);
    let template = ok(&emulator, "POST /templates", json!({"name": "T", "html": "x", "width": 9, "height": 9})).await;
    let link = format!("/r/{}.png?token=k", template["template"]["uid"].as_str().unwrap());
    let own = format!("Origin: {}", emulator.url());
    for (line, headers, body, status) in [
        (format!("GET {file}"), &[EVIL][..], "", 200),
        (format!("GET {link}"), &[EVIL], "", 200),
        ("GET /s/none/pixel.gif".to_owned(), &[EVIL], "", 200),
        ("GET /s/none/pixel.gif".to_owned(), &["Sec-Fetch-Site: cross-site"], "", 200),
        ("GET /".to_owned(), &[EVIL], "", 403),
        ("GET /image".to_owned(), &[EVIL, KEY], "", 403),
        ("GET /_emulator/ledger".to_owned(), &[EVIL], "", 403),
        ("GET /_emulator/ledger".to_owned(), &["Sec-Fetch-Site: cross-site"], "", 403),
        ("GET /_emulator/ledger".to_owned(), &["Sec-Fetch-Site: same-site"], "", 403),
        ("GET /_emulator/ledger".to_owned(), &["Sec-Fetch-Site: same-origin"], "", 200),
        ("DELETE /_emulator/faults".to_owned(), &[EVIL], "", 403),
        (format!("DELETE {file}"), &[EVIL], "", 403),
        ("POST /image".to_owned(), &[EVIL, KEY, JSON], r#"{"html": "x"}"#, 403),
        ("POST /image".to_owned(), &["Origin: null", KEY, JSON], r#"{"html": "x"}"#, 403),
        ("OPTIONS /image".to_owned(), &[EVIL, "Access-Control-Request-Method: POST"], "", 403),
        ("POST /image".to_owned(), &[&own, KEY, JSON], r#"{"html": "x", "width": 9, "height": 9}"#, 200),
    ] {
        let response = send(&emulator, &line, headers, body.as_bytes()).await;
        assert_eq!(response.status, status, "{line} {headers:?}: {response:?}");
        assert_eq!(response.header("access-control-allow-origin"), None, "{line}");
    }
    let rejected = send(&emulator, "GET /image", &[EVIL, KEY], b"").await;
    assert!(rejected.json()["message"].as_str().unwrap().contains("--cors http://evil.example "), "{rejected:?}");
    assert_eq!(emulator.billed_renders(), 3, "only the renders of this test");
}

/// Browsers send bodies of these types to other sites without a preflight request.
#[tokio::test]
async fn forms_and_beacons_of_other_sites_are_rejected_by_their_content_type() {
    let emulator = Emulator::start().await.unwrap();
    let event = json!({"event": "impression", "experiment": "none"}).to_string();
    for (headers, status) in [
        (&["Content-Type: text/plain"][..], 200),
        (&[JSON], 200),
        (&["Content-Type: text/plain", EVIL], 415),
        (&["Content-Type: text/plain;charset=UTF-8", EVIL], 415),
        (&["Content-Type: text/plain", "Sec-Fetch-Site: cross-site"], 415),
        (&["Content-Type: application/x-www-form-urlencoded", EVIL], 415),
        (&["Content-Type: multipart/form-data; boundary=a", EVIL], 415),
        (&[EVIL], 415),
        (&[JSON, EVIL], 403),
    ] {
        let response = send(&emulator, "POST /s/events", headers, event.as_bytes()).await;
        assert_eq!(response.status, status, "{headers:?}: {response:?}");
    }
}

#[tokio::test]
async fn pages_of_a_configured_origin_may_use_everything() {
    let origin = "Origin: http://localhost:3000";
    let one = Emulator::builder().cors_origins(["http://localhost:3000"]).start().await.unwrap();
    let any = Emulator::builder().cors_origins(["*"]).start().await.unwrap();
    for (emulator, origin, status, allowed) in [
        (&one, origin, 200, Some("http://localhost:3000")),
        (&one, EVIL, 403, None),
        (&any, origin, 200, Some("*")),
        (&any, EVIL, 200, Some("*")),
    ] {
        let response = send(emulator, "GET /image", &[KEY, origin], b"").await;
        assert_eq!((response.status, response.header("access-control-allow-origin")), (status, allowed), "{origin}");
    }
    let headers = [origin, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization"];
    let preflight = send(&one, "OPTIONS /image", &headers, b"").await;
    assert_eq!(preflight.status, 200, "{preflight:?}");
    for (name, value) in [
        ("access-control-allow-origin", "http://localhost:3000"),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "authorization"),
    ] {
        assert_eq!(preflight.header(name), Some(value), "{preflight:?}");
    }
    assert_eq!(with_host(&any, "GET /healthcheck", &["evil.example"]).await.status, 421, "rebinding needs no CORS");
}

#[tokio::test]
async fn responses_have_headers_that_protect_them_in_a_browser() {
    let emulator = Emulator::start().await.unwrap();
    let file = file_path(&emulator, &create(&emulator, "x", 9, 9).await);
    for (path, referrer) in [
        ("/", "same-origin"),
        ("/healthcheck", "no-referrer"),
        (file.as_str(), "no-referrer"),
        ("/nothing", "no-referrer"),
    ] {
        let response = send(&emulator, &format!("GET {path}"), &[], b"").await;
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(response.header("referrer-policy"), Some(referrer), "{path}");
    }
    let page = send(&emulator, "GET /", &[], b"").await;
    for directive in ["frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
        assert!(page.head.contains(directive), "{directive}: {}", page.head);
    }
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
}
