//! Faults by name: every kind of failure that a client can observe, before the work and after it.

use pictify_emulator::Fault;
use serde_json::json;
use std::time::Duration;

/// Time in the `Retry-After` header of the faults that have one.
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Render that does not end before its client times out. The fake renderer simulates it, not the fault injection.
pub const STUCK: &str = "stuck";

/// Names of all kinds.
pub const ALL: [&str; 12] = [
    "busy",
    "limited",
    "limited-long",
    "failed",
    "gateway-after-work",
    "reset",
    "reset-after-work",
    "cut",
    "unreadable",
    "rejected",
    "retry-after",
    STUCK,
];

/// Returns the kind with this name.
///
/// # Panics
/// If there is none.
pub fn kind(name: &str) -> &'static str {
    let known = ALL.into_iter().find(|kind| *kind == name);
    known.unwrap_or_else(|| panic!("no fault has the name {name}; the names are {}", ALL.join(", ")))
}

/// Returns the faults of these kinds.
pub fn by_names(kinds: &[&str]) -> Vec<Fault> {
    kinds.iter().filter(|kind| **kind != STUCK).map(|kind| fault(kind)).collect()
}

fn fault(kind: &str) -> Fault {
    match kind {
        "busy" => {
            let body = json!({"error": "busy", "code": "BROWSER_POOL_UNAVAILABLE", "retriable": true});
            Fault::status(503).body(body).probability(0.05)
        }
        "limited" => {
            let seconds = RETRY_AFTER.as_secs().to_string();
            Fault::status(429)
                .body(json!({"message": "Too many requests"}))
                .header("retry-after", seconds)
                .probability(0.05)
        }
        // Longer than the short timeouts, shorter than the long ones.
        "limited-long" => {
            Fault::status(429).body(json!({"message": "Too many requests", "retry_after": 20})).probability(0.02)
        }
        "failed" => Fault::status(500).body(json!({"error": "failed"})).probability(0.04),
        "gateway-after-work" => Fault::status(502)
            .body("<h1>Bad gateway</h1>")
            .header("content-type", "text/html")
            .after_handler()
            .probability(0.04),
        "reset" => Fault::reset().probability(0.04),
        "reset-after-work" => Fault::reset().after_handler().probability(0.04),
        "cut" => Fault::truncate_after(10).probability(0.04),
        "unreadable" => Fault::status(200).body("not JSON").after_handler().probability(0.02),
        "rejected" => Fault::status(422).body(json!({"error": "rejected"})).probability(0.03),
        "retry-after" => Fault::status(503).header("retry-after", "1").probability(0.03),
        _ => unreachable!("{kind} is in the list of all kinds"),
    }
}
