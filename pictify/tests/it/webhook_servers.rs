//! Requests that web servers accept as deliveries, and the responses to all others. The same tests for each framework: the
//! two examples, and the tower layer.

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

/// Size of a body that is always sent before a server can close the connection, in bytes.
const MAX_SENT_AT_ONCE: usize = 64 * 1024;

fn verifier() -> Verifier {
    Verifier::new(SECRET).unwrap()
}

fn signed(body: &str) -> String {
    Signer::new(SECRET).unwrap().header(body.as_bytes())
}

async fn post(address: SocketAddr, headers: &[(&str, &str)], body: &str) -> reqwest::Response {
    let request = http_client().post(format!("http://{address}/pictify")).body(body.to_owned());
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    // A server that rejects a large body may close the connection before all of it is sent. The response is then lost to a
    // client that is still sending, so the request is sent again.
    for _ in 0..20 {
        match request.try_clone().unwrap().send().await {
            Err(error) if body.len() > MAX_SENT_AT_ONCE && error.is_request() => {}
            result => return result.unwrap(),
        }
    }
    panic!("the server closed every connection before it responded");
}

async fn only_signed_deliveries_are_accepted_and_rejections_have_no_details(address: SocketAddr) {
    let json = ("content-type", "application/json");
    let (good, other) = (signed(BODY), signed("another body"));
    let large = format!(r#"{{"event":"x","data":"{}"}}"#, "x".repeat(3_000_000));
    let signed_large = signed(&large);
    for (case, headers, body, status) in [
        ("signed", vec![json, ("x-pictify-signature", &good), ("x-pictify-delivery-id", "del_1")], BODY, 200),
        ("a repeat", vec![json, ("x-pictify-signature", &good), ("x-pictify-delivery-id", "del_1")], BODY, 200),
        (
            "an unknown event",
            vec![json, ("x-pictify-signature", &signed(r#"{"event":"new"}"#))],
            r#"{"event":"new"}"#,
            200,
        ),
        (
            "signed twice, the second time well",
            vec![json, ("x-pictify-signature", &other), ("x-pictify-signature", &good)],
            BODY,
            200,
        ),
        (
            "signed too often",
            [vec![json], vec![("x-pictify-signature", other.as_str()); 4], vec![("x-pictify-signature", &good)]]
                .concat(),
            BODY,
            400,
        ),
        ("not signed", vec![json], BODY, 400),
        ("a malformed signature", vec![json, ("x-pictify-signature", "v1=00")], BODY, 400),
        ("signed for another body", vec![json, ("x-pictify-signature", &other)], BODY, 401),
        ("an old delivery", vec![json, ("x-pictify-signature", "t=1,v1=00")], BODY, 401),
        ("signed, but not a delivery", vec![json, ("x-pictify-signature", &signed("[]"))], "[]", 400),
        ("not JSON by its type", vec![("content-type", "text/plain"), ("x-pictify-signature", &good)], BODY, 415),
        ("too large", vec![json, ("x-pictify-signature", &signed_large)], &large, 413),
    ] {
        let response = post(address, &headers, body).await;
        assert_eq!(response.status(), status, "{case}");
        assert_eq!(response.text().await.unwrap(), "", "{case}");
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
    only_signed_deliveries_are_accepted_and_rejections_have_no_details(serve(axum_webhook::app(verifier())).await)
        .await;
}

#[actix_web::test]
async fn on_actix() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    actix_web::rt::spawn(actix_webhook::serve(verifier(), listener).unwrap());
    only_signed_deliveries_are_accepted_and_rejections_have_no_details(address).await;
}

#[tokio::test]
async fn behind_the_tower_layer() {
    let handler = tower::service_fn(|request: axum::http::Request<http_body_util::Full<_>>| async move {
        let delivery = request.extensions().get::<SignedDelivery>().cloned().unwrap();
        assert!(matches!(delivery.event, Event::RenderCompleted(_) | Event::Unknown { .. }));
        let body = http_body_util::BodyExt::collect(request.into_body()).await?.to_bytes();
        assert_eq!(body, delivery.body);
        Ok::<Response, Infallible>(Response::default())
    });
    let service = VerifyDeliveryLayer::new(verifier()).layer(handler);
    let app = Router::new().route_service("/pictify", service);
    only_signed_deliveries_are_accepted_and_rejections_have_no_details(serve(app).await).await;
}

#[tokio::test]
async fn a_copy_with_another_id_has_another_key_and_the_same_digest() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let recorded = seen.clone();
    let handler = tower::service_fn(move |request: axum::http::Request<http_body_util::Full<_>>| {
        let delivery = request.extensions().get::<SignedDelivery>().cloned().unwrap();
        recorded.lock().unwrap().push((delivery.dedup_key(), delivery.digest()));
        async { Ok::<Response, Infallible>(Response::default()) }
    });
    let app = Router::new().route_service("/pictify", VerifyDeliveryLayer::new(verifier()).layer(handler));
    let address = serve(app).await;
    let signature = signed(BODY);
    let too_long = "9".repeat(5000);
    for id in ["del_1", "del_2", "", &too_long] {
        let headers = [
            ("content-type", "application/json"),
            ("x-pictify-signature", signature.as_str()),
            ("x-pictify-delivery-id", id),
        ];
        assert_eq!(post(address, &headers, BODY).await.status(), 200);
    }
    // The SHA-256 of the body, computed with sha256sum.
    let digest = "309b1cdda5dd1288b8e595b64e262a24f3c4209754418d7c79812d94f60645f7";
    let expected = ["del_1", "del_2", digest, digest].map(|key| (key.to_owned(), digest.to_owned()));
    assert_eq!(*seen.lock().unwrap(), expected);
}

/// Headers of a delivery.
const HEADERS: [(&str, &str); 2] = [("content-type", "application/json"), ("x-pictify-signature", "t=1,v1=00")];

/// Returns a delivery whose body never arrives.
fn request_without_body() -> Request {
    let body = Body::from_stream(futures_util::stream::pending::<Result<&[u8], Infallible>>());
    let head = HEADERS.into_iter().fold(Request::post("/pictify"), |head, (name, value)| head.header(name, value));
    head.body(body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_times_out() {
    let response = axum_webhook::app(verifier()).oneshot(request_without_body()).await.unwrap();
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);

    let handler =
        tower::service_fn(|_: axum::http::Request<_>| async { Ok::<Response, Infallible>(Response::default()) });
    let response = VerifyDeliveryLayer::new(verifier()).layer(handler).call(request_without_body()).await.unwrap();
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);

    let request =
        HEADERS.into_iter().fold(actix_web::test::TestRequest::post(), actix_web::test::TestRequest::insert_header);
    let body: std::pin::Pin<Box<dyn futures_util::Stream<Item = _>>> = Box::pin(futures_util::stream::pending());
    let request = request.app_data(verifier()).to_http_request();
    let mut payload = actix_web::dev::Payload::Stream { payload: body };
    let delivery = <SignedDelivery as actix_web::FromRequest>::from_request(&request, &mut payload).await;
    assert_eq!(delivery.unwrap_err().status(), 408);
}

#[actix_web::test]
async fn a_missing_verifier_is_reported_in_the_log_but_not_to_the_sender() {
    let request =
        HEADERS.into_iter().fold(actix_web::test::TestRequest::post(), actix_web::test::TestRequest::insert_header);
    let (request, mut payload) = request.set_payload("{}").to_http_parts();
    let delivery = <SignedDelivery as actix_web::FromRequest>::from_request(&request, &mut payload).await;
    let rejection = delivery.unwrap_err();
    assert_eq!(rejection.to_string(), "500: the app data contains no Verifier: add one with App::app_data");
    let response = actix_web::ResponseError::error_response(&rejection);
    assert_eq!(actix_web::body::to_bytes(response.into_body()).await.unwrap(), "");
}
