//! Verification and parsing of webhook deliveries.

use pictify::webhooks::{Delivery, DeliveryError, EmptySecret, Event, Signer, Verifier, VerifyError};
use serde_json::{Value, json};
use std::{
    sync::LazyLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const SECRET: &str = "whsec_8QkZ1vXr2Yc9";
const SECONDS: u64 = 1_785_834_931;
const BODY: &[u8] = br#"{"event":"render.completed","timestamp":"2026-08-04T09:15:31.007Z","data":{"url":"u"}}"#;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_saphyr::from_str(include_str!("../../../openapi.yaml")).unwrap());

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn verifier(secret: &str, now: u64) -> Verifier {
    Verifier::new(secret).unwrap().clock(move || at(now))
}

fn header() -> String {
    Signer::new(SECRET).unwrap().header_at(BODY, at(SECONDS))
}

#[test]
fn the_published_test_vectors_pass() {
    let vectors: Value = serde_json::from_str(include_str!("../data/webhook-signatures.json")).unwrap();
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 18);
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap();
        let verifier = verifier(text("secret"), vector["now"].as_u64().unwrap());
        let result = verifier.verify(text("body").as_bytes(), text("header"));
        let outcome = match result {
            Ok(()) => "valid",
            Err(VerifyError::Malformed(_)) => "malformed_header",
            Err(VerifyError::TimestampOutOfTolerance { .. }) => "timestamp_out_of_tolerance",
            Err(_) => "signature_mismatch",
        };
        assert_eq!(outcome, text("expect"), "{}: {result:?}", text("name"));
    }
}

#[test]
fn a_signed_body_passes_and_any_changed_byte_fails() {
    let (verifier, header) = (verifier(SECRET, SECONDS), header());
    verifier.verify(BODY, &header).unwrap();
    for index in 0..BODY.len() {
        for change in [1, 0x20, 0x80] {
            let mut body = BODY.to_vec();
            body[index] ^= change;
            assert_eq!(verifier.verify(&body, &header), Err(VerifyError::SignatureMismatch), "byte {index}");
        }
    }
    for index in 0..header.len() {
        for byte in 0..=u8::MAX {
            let mut changed = header.clone().into_bytes();
            changed[index] = byte;
            // Upper-case hexadecimal digits are valid, and white space around parts is ignored.
            let same = changed.eq_ignore_ascii_case(header.as_bytes()) && index > header.find("v1=").unwrap() + 2;
            if !same && byte != header.as_bytes()[index] {
                assert!(verifier.verify(BODY, &changed).is_err(), "{}", String::from_utf8_lossy(&changed));
            }
        }
    }
    for length in 0..header.len() {
        assert!(verifier.verify(BODY, &header[..length]).is_err(), "{length}");
    }
}

#[test]
fn garbage_is_rejected_without_a_panic() {
    let verifier = Verifier::new(SECRET).unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..20_000 {
        let length = random.usize(..200);
        let letters = b"t=v1,0123456789abcdefABCDEF \t\xff\0;";
        let garbage: Vec<u8> = (0..length).map(|_| letters[random.usize(..letters.len())]).collect();
        assert!(verifier.verify(BODY, &garbage).is_err());
    }
    for (header, error) in [
        (String::new(), "the timestamp is missing or not a number"),
        ("v1=00".to_owned(), "the timestamp is missing or not a number"),
        ("t=,v1=00".to_owned(), "the timestamp is missing or not a number"),
        ("t=-1,v1=00".to_owned(), "the timestamp is missing or not a number"),
        ("t=99999999999999999999,v1=00".to_owned(), "the timestamp is missing or not a number"),
        ("t=1".to_owned(), "the signature is missing"),
        ("t=1,t=2,v1=00".to_owned(), "the header has two different timestamps"),
        (format!("t=1{}", ",v1=00".repeat(9)), "the header has too many signatures"),
        ("t=1,".repeat(2000), "the header is too long"),
    ] {
        assert_eq!(verifier.verify(BODY, &header), Err(VerifyError::Malformed(error)));
    }
}

#[test]
fn deliveries_outside_the_tolerance_are_rejected_unless_the_timestamp_check_is_off() {
    for (now, valid) in [(SECONDS + 300, true), (SECONDS - 300, true), (SECONDS + 301, false), (SECONDS - 301, false)] {
        assert_eq!(verifier(SECRET, now).verify(BODY, header()).is_ok(), valid);
        assert!(verifier(SECRET, now).without_timestamp_check().verify(BODY, header()).is_ok());
        assert!(verifier(SECRET, now).tolerance(Duration::from_secs(301)).verify(BODY, header()).is_ok());
    }
    let error = verifier(SECRET, SECONDS + 301).verify(BODY, header()).unwrap_err();
    assert_eq!(error.to_string(), "the timestamp differs from the current time by 301 s; the tolerance is 300 s");
}

#[test]
fn secrets_can_be_rotated_while_deliveries_arrive() {
    let both = verifier("old", SECONDS).with_secret(SECRET).unwrap();
    both.verify(BODY, header()).unwrap();
    let old = Signer::new("old").unwrap().header_at(BODY, at(SECONDS));
    both.verify(BODY, old).unwrap();
    let other = Signer::new("other").unwrap().header_at(BODY, at(SECONDS));
    assert_eq!(both.verify(BODY, other), Err(VerifyError::SignatureMismatch));
    assert_eq!(Verifier::new("").unwrap_err(), EmptySecret);
    assert_eq!(both.with_secret("").unwrap_err(), EmptySecret);
}

#[test]
fn white_space_around_a_secret_is_not_part_of_it() {
    for secret in ["whsec_8QkZ1vXr2Yc9\n", " whsec_8QkZ1vXr2Yc9\r\n", "\u{feff}whsec_8QkZ1vXr2Yc9\t"] {
        verifier(secret, SECONDS).verify(BODY, header()).unwrap();
        verifier("other", SECONDS).with_secret(secret).unwrap().verify(BODY, header()).unwrap();
        let signed = Signer::new(secret).unwrap().header_at(BODY, at(SECONDS));
        assert_eq!(signed, header());
    }
    for blank in ["", " \n", "\u{feff}\r\n"] {
        assert_eq!(Verifier::new(blank).unwrap_err(), EmptySecret);
        assert_eq!(verifier(SECRET, SECONDS).with_secret(blank).unwrap_err(), EmptySecret);
        assert_eq!(Signer::new(blank).unwrap_err(), EmptySecret);
    }
    assert_eq!(
        EmptySecret.to_string(),
        "the webhook secret is empty or blank: use the secret from the response that created the subscription"
    );
}

#[test]
fn any_of_a_few_signature_headers_may_be_valid() {
    let verifier = verifier(SECRET, SECONDS);
    let (good, old) = (header(), Signer::new(SECRET).unwrap().header_at(BODY, at(SECONDS - 900)));
    let other = Signer::new("other").unwrap().header_at(BODY, at(SECONDS));
    let several = format!("{other},{}", good.split_once(',').unwrap().1);
    verifier.verify_any(BODY, [&several]).unwrap();
    for bad in ["nonsense", &old, &other] {
        verifier.verify_any(BODY, [&good, bad]).unwrap();
        verifier.verify_any(BODY, [bad, bad, bad, &good]).unwrap();
    }
    let malformed = |reason| Err(VerifyError::Malformed(reason));
    let bad: &str = &other;
    assert_eq!(
        verifier.verify_any(BODY, [bad, bad, bad, bad, &good]),
        malformed("there are too many signature headers")
    );
    assert_eq!(verifier.verify_any(BODY, [""; 0]), malformed("the header is missing"));
    assert_eq!(verifier.verify_any(BODY, [&other, "nonsense"]), Err(VerifyError::SignatureMismatch));
    assert!(matches!(verifier.verify_any(BODY, ["nonsense", &old]), Err(VerifyError::TimestampOutOfTolerance { .. })));
}

#[test]
fn a_header_may_have_4096_bytes() {
    let verifier = verifier(SECRET, SECONDS);
    let padded = |length: usize| format!("{},x={}", header(), "0".repeat(length - header().len() - ",x=".len()));
    verifier.verify(BODY, padded(4096)).unwrap();
    let error = verifier.verify(BODY, padded(4097)).unwrap_err();
    assert_eq!(error, VerifyError::Malformed("the header is too long"));
}

#[test]
fn no_output_contains_a_secret_or_a_valid_signature() {
    let verifier = verifier(SECRET, SECONDS);
    let error = verifier.verify_and_parse(b"x", header()).unwrap_err();
    let expected = Signer::new(SECRET).unwrap().header_at(b"x", at(SECONDS));
    let expected = expected.split("v1=").nth(1).unwrap();
    let signer = format!("{:?}", Signer::new(SECRET).unwrap());
    assert!(signer.starts_with("Signer") && format!("{verifier:?}").starts_with("Verifier"), "{signer} {verifier:?}");
    let shown = format!("{verifier:?} {signer} {error} {error:?}");
    assert!(!shown.contains(SECRET) && !shown.contains(expected), "{shown}");
}

#[test]
fn every_event_of_the_document_is_typed_and_serialises_to_its_input() {
    let webhooks = DOCUMENT["webhooks"].as_object().unwrap();
    assert_eq!(webhooks.len(), 9);
    for (name, webhook) in webhooks {
        let examples = &webhook["post"]["requestBody"]["content"]["application/json"]["examples"];
        for (example, value) in examples.as_object().unwrap() {
            let value = &value["value"];
            let body = serde_json::to_vec(value).unwrap();
            let delivery = Delivery::read(&body).unwrap();
            assert!(!matches!(delivery.event, Event::Unknown { .. }), "{name} {example}");
            assert_eq!(delivery.event.name(), name);
            assert_eq!(serde_json::to_value(&delivery).unwrap(), *value, "{name} {example}");
        }
    }
    let Event::RenderCompleted(render) = Delivery::read(BODY).unwrap().event else { panic!() };
    assert_eq!(render.url.as_deref(), Some("u"));
}

#[test]
fn an_unknown_event_keeps_all_of_its_data() {
    for (body, name) in [
        (json!({"event": "template.deleted", "data": {"uid": "T"}, "more": 1}), "template.deleted"),
        (json!({"event": "render.completed", "data": "not an object"}), "render.completed"),
        (json!({"event": "render.completed"}), "render.completed"),
    ] {
        let delivery = Delivery::read(body.to_string().as_bytes()).unwrap();
        let Event::Unknown { name: found, data } = &delivery.event else { panic!("{body}") };
        assert_eq!((found.as_str(), data), (name, body.get("data").unwrap_or(&Value::Null)));
        assert_eq!(serde_json::to_value(&delivery).unwrap(), body);
    }
}

#[test]
fn verify_and_parse_returns_the_status_for_the_response() {
    let verifier = verifier(SECRET, SECONDS);
    assert!(matches!(verifier.verify_and_parse(BODY, header()).unwrap().event, Event::RenderCompleted(_)));
    let signed = |body: &[u8]| Signer::new(SECRET).unwrap().header_at(body, at(SECONDS));
    for (body, header, status) in [
        (BODY, "nonsense".to_owned(), 400),
        (BODY, signed(b"another"), 401),
        (b"not json", signed(b"not json"), 400),
        (b"[]", signed(b"[]"), 400),
        (b"{}", signed(b"{}"), 400),
    ] {
        let error: DeliveryError = verifier.verify_and_parse(body, header).unwrap_err();
        assert_eq!(error.status(), status, "{error}");
    }
}
