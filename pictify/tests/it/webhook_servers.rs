//! Who is let in by the servers that take deliveries, and what the others are told. The same for each framework: the two
//! examples, and the tower layer.

#[path = "../../examples/actix_webhook.rs"]
#[allow(dead_code)]
mod actix_webhook;
#[path = "../../examples/axum_webhook.rs"]
#[allow(dead_code)]
mod axum_webhook;

use axum::{Router, body::Body, extract::Request, http::StatusCode, response::Response};
use pictify::webhooks::{Event, SignedDelivery, Signer, Verifier, VerifyDeliveryLayer};
use pictify_test_support::http_client;
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt};

const SECRET: &str = "whsec_8QkZ1vXr2Yc9";
const BODY: &str = r#"{"event":"render.completed","timestamp":"2026-08-04T09:15:31.007Z","data":{"url":"u"}}"#;

fn verifier() -> Verifier {
    Verifier::new(SECRET).unwrap()
}

fn signed(body: &str) -> String {
    Signer::new(SECRET).unwrap().header(body.as_bytes())
}

async fn post(address: SocketAddr, headers: &[(&str, &str)], body: &str) -> reqwest::Response {
    let request = http_client().post(format!("http://{address}/pictify")).body(body.to_owned());
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap()
}

async fn only_signed_deliveries_come_in_and_nobody_is_told_why_not(address: SocketAddr) {
    let json = ("content-type", "application/json");
    let (good, other) = (signed(BODY), signed("another body"));
    let large = format!(r#"{{"event":"x","data":"{}"}}"#, "x".repeat(3_000_000));
    let signed_large = signed(&large);
    for (what, headers, body, status) in [
        ("signed", vec![json, ("x-pictify-signature", &good), ("x-pictify-delivery-id", "del_1")], BODY, 200),
        ("a repeat", vec![json, ("x-pictify-signature", &good), ("x-pictify-delivery-id", "del_1")], BODY, 200),
        (
            "an unknown event",
            vec![json, ("x-pictify-signature", &signed(r#"{"event":"new"}"#))],
            r#"{"event":"new"}"#,
            200,
        ),
        ("not signed", vec![json], BODY, 400),
        ("a malformed signature", vec![json, ("x-pictify-signature", "v1=00")], BODY, 400),
        ("signed for another body", vec![json, ("x-pictify-signature", &other)], BODY, 401),
        ("an old delivery", vec![json, ("x-pictify-signature", "t=1,v1=00")], BODY, 401),
        ("signed, and no delivery", vec![json, ("x-pictify-signature", &signed("[]"))], "[]", 400),
        ("not JSON by its type", vec![("content-type", "text/plain"), ("x-pictify-signature", &good)], BODY, 415),
        ("too large", vec![json, ("x-pictify-signature", &signed_large)], &large, 413),
    ] {
        let response = post(address, &headers, body).await;
        assert_eq!(response.status(), status, "{what}");
        assert_eq!(response.text().await.unwrap(), "", "{what}");
    }
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

#[tokio::test]
async fn on_axum() {
    only_signed_deliveries_come_in_and_nobody_is_told_why_not(serve(axum_webhook::app(verifier())).await).await;
}

#[actix_web::test]
async fn on_actix() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    actix_web::rt::spawn(actix_webhook::serve(verifier(), listener).unwrap());
    only_signed_deliveries_come_in_and_nobody_is_told_why_not(address).await;
}

#[tokio::test]
async fn behind_the_tower_layer() {
    let told = tower::service_fn(|request: axum::http::Request<http_body_util::Full<_>>| async move {
        let delivery = request.extensions().get::<SignedDelivery>().cloned().unwrap();
        assert!(matches!(delivery.delivery.event, Event::RenderCompleted(_) | Event::Unknown { .. }));
        let body = http_body_util::BodyExt::collect(request.into_body()).await?.to_bytes();
        assert_eq!(body, delivery.body);
        Ok::<Response, Infallible>(Response::default())
    });
    let service = VerifyDeliveryLayer::new(verifier()).layer(told);
    let app = Router::new().route_service("/pictify", service);
    only_signed_deliveries_come_in_and_nobody_is_told_why_not(serve(app).await).await;
}

#[tokio::test]
async fn a_copy_under_another_id_has_another_key_and_the_same_digest() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = seen.clone();
    let told = tower::service_fn(move |request: axum::http::Request<http_body_util::Full<_>>| {
        let delivery = request.extensions().get::<SignedDelivery>().cloned().unwrap();
        note.lock().unwrap().push((delivery.dedup_key(), delivery.digest()));
        async { Ok::<Response, Infallible>(Response::default()) }
    });
    let app = Router::new().route_service("/pictify", VerifyDeliveryLayer::new(verifier()).layer(told));
    let address = serve(app).await;
    let signature = signed(BODY);
    let endless = "9".repeat(5000);
    for id in ["del_1", "del_2", "", &endless] {
        let headers = [
            ("content-type", "application/json"),
            ("x-pictify-signature", signature.as_str()),
            ("x-pictify-delivery-id", id),
        ];
        assert_eq!(post(address, &headers, BODY).await.status(), 200);
    }
    // Of the body, by sha256sum.
    let digest = "309b1cdda5dd1288b8e595b64e262a24f3c4209754418d7c79812d94f60645f7";
    let expected = ["del_1", "del_2", digest, digest].map(|key| (key.to_owned(), digest.to_owned()));
    assert_eq!(*seen.lock().unwrap(), expected);
}

/// The head of a delivery.
const HEAD: [(&str, &str); 2] = [("content-type", "application/json"), ("x-pictify-signature", "t=1,v1=00")];

/// A delivery whose body never comes.
fn without_end() -> Request {
    let body = Body::from_stream(futures_util::stream::pending::<Result<&[u8], Infallible>>());
    let head = HEAD.into_iter().fold(Request::post("/pictify"), |head, (name, value)| head.header(name, value));
    head.body(body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let answer = axum_webhook::app(verifier()).oneshot(without_end()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);

    let told = tower::service_fn(|_: axum::http::Request<_>| async { Ok::<Response, Infallible>(Response::default()) });
    let answer = VerifyDeliveryLayer::new(verifier()).layer(told).call(without_end()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);

    let request =
        HEAD.into_iter().fold(actix_web::test::TestRequest::post(), actix_web::test::TestRequest::insert_header);
    let body: std::pin::Pin<Box<dyn futures_util::Stream<Item = _>>> = Box::pin(futures_util::stream::pending());
    let request = request.app_data(verifier()).to_http_request();
    let mut payload = actix_web::dev::Payload::Stream { payload: body };
    let delivery = <SignedDelivery as actix_web::FromRequest>::from_request(&request, &mut payload).await;
    assert_eq!(delivery.unwrap_err().status(), 408);
}

#[actix_web::test]
async fn an_app_without_a_verifier_says_so_in_its_log_and_not_to_the_sender() {
    let request =
        HEAD.into_iter().fold(actix_web::test::TestRequest::post(), actix_web::test::TestRequest::insert_header);
    let (request, mut payload) = request.set_payload("{}").to_http_parts();
    let delivery = <SignedDelivery as actix_web::FromRequest>::from_request(&request, &mut payload).await;
    let rejection = delivery.unwrap_err();
    assert_eq!(rejection.to_string(), "500: there is no Verifier in the app's data: add it with App::app_data");
    let response = actix_web::ResponseError::error_response(&rejection);
    assert_eq!(actix_web::body::to_bytes(response.into_body()).await.unwrap(), "");
}
