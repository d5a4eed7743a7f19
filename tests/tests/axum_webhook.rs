//! The axum example over real HTTP: who is let in, and what the others are told.

#[path = "../../pictify/examples/axum_webhook.rs"]
#[allow(dead_code)]
mod axum_webhook;

use pictify::webhooks::{Signer, Verifier};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const SECRET: &str = "whsec_8QkZ1vXr2Yc9";
const BODY: &str = r#"{"event":"render.completed","timestamp":"2026-08-04T09:15:31.007Z","data":{"url":"u"}}"#;

/// Sends one request and returns the status and the body of its answer.
async fn post(address: std::net::SocketAddr, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let headers: String = headers.iter().map(|(name, value)| [*name, ": ", *value, "\r\n"].concat()).collect();
    let length = body.len();
    let head =
        format!("POST /pictify HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses early may stop reading.
    let _ = stream.write_all(body.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[tokio::test]
async fn only_signed_deliveries_come_in_and_nobody_is_told_why_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = axum_webhook::app(Verifier::new(SECRET).unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });

    let json = ("content-type", "application/json");
    let signed = |body: &str| Signer::new(SECRET).unwrap().header(body.as_bytes());
    let (good, other) = (signed(BODY), signed("another body"));
    let large = format!(r#"{{"event":"x","data":"{}"}}"#, "x".repeat(3_000_000));
    let signed_large = signed(&large);
    for (what, headers, body, status) in [
        ("signed", vec![json, ("x-pictify-signature", &good), ("x-pictify-delivery-id", "del_1")], BODY, 204),
        (
            "an unknown event",
            vec![json, ("x-pictify-signature", &signed(r#"{"event":"new"}"#))],
            r#"{"event":"new"}"#,
            204,
        ),
        ("not signed", vec![json], BODY, 400),
        ("a malformed signature", vec![json, ("x-pictify-signature", "v1=00")], BODY, 400),
        ("signed for another body", vec![json, ("x-pictify-signature", &other)], BODY, 401),
        ("an old delivery", vec![json, ("x-pictify-signature", "t=1,v1=00")], BODY, 401),
        ("signed, and no delivery", vec![json, ("x-pictify-signature", &signed("[]"))], "[]", 400),
        ("not JSON by its type", vec![("content-type", "text/plain"), ("x-pictify-signature", &good)], BODY, 415),
        ("too large", vec![json, ("x-pictify-signature", &signed_large)], &large, 413),
    ] {
        let (found, told) = post(address, &headers, body).await;
        assert_eq!((found, told.as_str()), (status, ""), "{what}");
    }
}
