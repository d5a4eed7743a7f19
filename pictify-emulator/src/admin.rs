//! What the service does not have and tests need: faults, the ledger of what was billed, and deliveries. Under `/_emulator/`, without
//! a key: who reaches this server may use it.

use crate::{
    answer::{Answer, Refusal, Reply},
    deliveries::{self, DELIVERY},
    faults::Script,
    renders::BILLED,
    server::Service,
    store::{Filter, Order},
};
use axum::http::{Method, StatusCode, request::Parts};
use serde_json::{Value, json};
use std::sync::Arc;

/// Where these endpoints are.
pub(crate) const PREFIX: &str = "/_emulator/";

/// Serves one of them.
pub(crate) fn answer(service: &Arc<Service>, parts: &Parts, name: &str, body: &[u8]) -> Answer {
    match (&parts.method, name) {
        (&Method::GET, "ledger") => Ok(ledger(service)?.into()),
        (&Method::GET, "deliveries") => {
            Ok(json!({"deliveries": service.store.all(DELIVERY, &Filter::default(), Order::Newest)?}).into())
        }
        (&Method::PUT, "faults") => {
            let unusable =
                |why: String| Refusal::message(StatusCode::BAD_REQUEST, format!("No script of faults: {why}"));
            let script: Script = serde_json::from_slice(body).map_err(|error| unusable(error.to_string()))?;
            script.check().map_err(unusable)?;
            let count = script.faults.len();
            service.faults.set(script);
            Ok(Reply::from(json!({"faults": count})))
        }
        (&Method::DELETE, "faults") => {
            service.faults.set(Script::default());
            Ok(Reply::from(json!({"faults": 0})))
        }
        (&Method::POST, name) => {
            let id = name.strip_prefix("deliveries/").and_then(|rest| rest.strip_suffix("/resend"));
            let renewed = id.map(|id| deliveries::again(service, id)).transpose()?.flatten();
            Ok(Reply::from(renewed.ok_or_else(|| Refusal::no_route(parts))?))
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
