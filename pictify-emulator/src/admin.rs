//! What the service does not have and tests need: faults, and the ledger of what was billed. Under `/_emulator/`, without
//! a key: who reaches this server may use it.

use crate::{
    answer::{Answer, Refusal, Reply},
    faults::Script,
    renders::BILLED,
    server::Service,
    store::{Filter, Order},
};
use axum::http::{Method, StatusCode, request::Parts};
use serde_json::{Value, json};

/// Where these endpoints are.
pub(crate) const PREFIX: &str = "/_emulator/";

/// Serves one of them.
pub(crate) fn answer(service: &Service, parts: &Parts, name: &str, body: &[u8]) -> Answer {
    match (&parts.method, name) {
        (&Method::GET, "ledger") => Ok(ledger(service)?.into()),
        (&Method::PUT, "faults") => {
            let script: Script = serde_json::from_slice(body)
                .map_err(|error| Refusal::message(StatusCode::BAD_REQUEST, format!("No script of faults: {error}")))?;
            let count = script.faults.len();
            service.faults.set(script);
            Ok(Reply::from(json!({"faults": count})))
        }
        (&Method::DELETE, "faults") => {
            service.faults.set(Script::default());
            Ok(Reply::from(json!({"faults": 0})))
        }
        _ => Err(Refusal::no_route(parts)),
    }
}

/// Everything that was billed, oldest first.
fn ledger(service: &Service) -> Result<Value, Refusal> {
    let entries = service.store.all(BILLED, &Filter::default(), Order::Oldest)?;
    let renders: u64 = entries.iter().filter_map(|entry| entry["renders"].as_u64()).sum();
    Ok(json!({"renders": renders, "entries": entries}))
}
