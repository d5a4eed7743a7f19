//! What the fuzz targets hold of any input. The tests of the workspace run the same on inputs of their own making.

use pictify::webhooks::{Delivery, Event, Signer, Verifier, VerifyError};
use pictify_emulator::{
    expressions::{Expression, Scope, interpolate},
    html_templates::HtmlTemplate,
};
use serde_json::{Map, Value, json};

/// No header but ours is taken for a signature, and none makes verifying panic.
pub fn webhook_header(header: &[u8]) {
    const BODY: &[u8] = br#"{"event":"render.completed"}"#;
    let secret = "whsec_8QkZ1vXr2Yc9";
    let verifier = Verifier::new(secret).expect("a secret").any_age();
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
        Err(error) => assert_eq!(error, VerifyError::NoMatch),
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
