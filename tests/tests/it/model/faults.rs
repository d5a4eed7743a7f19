//! What goes wrong: each kind of failure that a client can see, before the work and after it, by name.

use pictify_emulator::Fault;
use serde_json::json;
use std::time::Duration;

/// How long a client is told to wait by those that say so.
pub const STATED: Duration = Duration::from_secs(2);

/// Work that does not end before its client has given up: the studio's, and no answer of the server.
pub const STUCK: &str = "stuck";

/// The names of all kinds.
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
    "refused",
    "later",
    STUCK,
];

/// The kind of a name.
///
/// # Panics
/// When there is none.
pub fn kind(name: &str) -> &'static str {
    let known = ALL.into_iter().find(|kind| *kind == name);
    known.unwrap_or_else(|| panic!("no fault is called {name}; there are {}", ALL.join(", ")))
}

/// The faults of these kinds.
pub fn named(kinds: &[&str]) -> Vec<Fault> {
    kinds.iter().filter(|kind| **kind != STUCK).map(|kind| fault(kind)).collect()
}

fn fault(kind: &str) -> Fault {
    match kind {
        "busy" => {
            let body = json!({"error": "busy", "code": "BROWSER_POOL_UNAVAILABLE", "retriable": true});
            Fault::status(503).body(body).probability(0.05)
        }
        "limited" => {
            let seconds = STATED.as_secs().to_string();
            Fault::status(429)
                .body(json!({"message": "Too many requests"}))
                .header("retry-after", seconds)
                .probability(0.05)
        }
        // Too long for short deadlines, and not for others.
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
        "unreadable" => Fault::status(200).body("no JSON").after_handler().probability(0.02),
        "refused" => Fault::status(422).body(json!({"error": "refused"})).probability(0.03),
        "later" => Fault::status(503).header("retry-after", "1").probability(0.03),
        _ => unreachable!("{kind} is in the list of all kinds"),
    }
}
