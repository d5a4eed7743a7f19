//! Faults: the configured ones with their counts, and a form to add one.

use super::{not_found, redirect, request::PageRequest, view};
use crate::{
    api_error::ApiError,
    contract::CONTRACT,
    faults::{Fault, FaultScript},
    response::{ApiResponse, ApiResult},
};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Shows the faults, with the problem of the form that was sent, if there is one.
pub(super) fn show(request: &PageRequest<'_>, problem: Option<(&str, &BTreeMap<String, String>)>) -> ApiResult {
    let faults: Vec<_> = request
        .state
        .faults
        .list()
        .iter()
        .enumerate()
        .map(|(index, counted)| {
            let fault = serde_json::to_value(&counted.fault).unwrap_or_default();
            json!({"index": index, "operation": fault["operation"], "effect": effect(&fault), "when": when(&fault),
                "calls": counted.calls, "injected": counted.injected, "remaining": counted.remaining, "json": serde_json::to_string_pretty(&fault).unwrap_or_default()})
        })
        .collect();
    let mut operations: Vec<_> = CONTRACT.operation_ids().collect();
    operations.sort_unstable();
    let data = json!({
        "faults": faults,
        "operations": operations,
        "problem": problem.map(|(problem, _)| problem),
        "form": problem.map(|(_, form)| form),
    });
    view::page(request.state, "faults", "faults", "Faults", data)
}

/// Describes the effect of a fault.
fn effect(fault: &Value) -> String {
    let mut effects = Vec::new();
    if let Some(delay) = fault["delayMs"].as_u64().filter(|delay| *delay > 0) {
        effects.push(format!("waits {delay} ms"));
    }
    if let Some(status) = fault["status"].as_u64() {
        effects.push(format!("responds with {status}"));
    }
    if fault["reset"] == true {
        effects.push("closes the connection".to_owned());
    }
    if let Some(bytes) = fault["truncateAfter"].as_u64() {
        effects.push(format!("cuts the body after {bytes} bytes"));
    }
    if fault["afterHandler"] == true {
        effects.push("after the request was handled and billed".to_owned());
    }
    effects.join(", ")
}

/// Describes the requests that a fault applies to.
fn when(fault: &Value) -> String {
    let calls = fault["onCalls"].as_array().map(Vec::as_slice).unwrap_or_default();
    let numbers: Vec<_> = calls.iter().map(Value::to_string).collect();
    let calls = match numbers.len() {
        0 => "every request".to_owned(),
        1..=5 => format!("request {}", numbers.join(", ")),
        count => format!("requests {} to {} ({count} of them)", numbers[0], numbers[count - 1]),
    };
    match fault["probability"].as_f64() {
        Some(probability) => format!("{calls}, with a probability of {:.0} %", probability * 100.0),
        None => calls,
    }
}

/// Adds a fault.
pub(super) fn add(request: &PageRequest<'_>) -> ApiResult {
    let form = request.form();
    match read(&form) {
        Ok((fault, count)) => {
            match count {
                Some(count) => request
                    .state
                    .faults
                    .fail_next(fault, count)
                    .map_err(|reason| ApiError::with_message(StatusCode::UNPROCESSABLE_ENTITY, reason))?,
                None => request.state.faults.add(fault),
            }
            Ok(redirect(&view::path("faults")))
        }
        Err(problem) => Ok(show(request, Some((&problem, &form)))?.with_status(StatusCode::UNPROCESSABLE_ENTITY)),
    }
}

/// Reads the fault of a form, and the number of requests that it applies to, if that is limited.
fn read(form: &BTreeMap<String, String>) -> Result<(Fault, Option<u64>), String> {
    let field = |name: &str| form.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let number = |name: &str, title: &str| {
        let parsed = field(name).map(|text| text.parse::<u64>().map_err(|_| format!("{title} must be a whole number")));
        parsed.transpose()
    };
    let mut fault = json!({"delayMs": number("delay", "The delay")?.unwrap_or_default()});
    match field("effect") {
        Some("status") => {
            fault["status"] = number("code", "The status")?.ok_or("Enter a status")?.into();
            if let Some(body) = field("body") {
                // Text that is not JSON is sent as it is.
                fault["body"] = serde_json::from_str(body).unwrap_or_else(|_| body.into());
            }
        }
        Some("reset") => fault["reset"] = true.into(),
        Some("truncate") => {
            fault["truncateAfter"] = number("bytes", "The number of bytes")?.unwrap_or_default().into();
            fault["afterHandler"] = true.into();
        }
        _ => {}
    }
    if let Some(operation) = field("operation") {
        fault["operation"] = operation.into();
    }
    let count = number("count", "The number of requests")?;
    if count == Some(0) {
        return Err("The number of requests must be at least 1".to_owned());
    }
    if let Some(percent) = number("probability", "The probability")?.filter(|percent| *percent != 100) {
        #[allow(clippy::cast_precision_loss, reason = "a percentage")]
        let share = percent as f64 / 100.0;
        fault["probability"] = share.into();
    }
    if field("afterHandler").is_some() {
        fault["afterHandler"] = true.into();
    }
    let fault: Fault = serde_json::from_value(fault).map_err(|error| error.to_string())?;
    let script = FaultScript { seed: 0, faults: vec![fault.clone()] };
    script.check().map_err(|reason| reason.trim_start_matches("faults[0]: ").to_owned())?;
    Ok((fault, count))
}

/// Removes a fault.
pub(super) fn delete(request: &PageRequest<'_>, index: &str) -> ApiResult {
    let is_removed = index.parse().is_ok_and(|index| request.state.faults.remove(index));
    if is_removed { Ok(redirect(&view::path("faults"))) } else { Err(not_found()) }
}

/// Removes all faults.
pub(super) fn clear(request: &PageRequest<'_>) -> ApiResponse {
    request.state.faults.set(FaultScript::default());
    redirect(&view::path("faults"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_become_faults_or_say_what_is_wrong() {
        for (fields, expected) in [
            (
                &[("effect", "status"), ("code", "503"), ("count", "2")][..],
                Ok("responds with 503; every request; Some(2)"),
            ),
            (&[("effect", "delay"), ("delay", "1500")], Ok("waits 1500 ms; every request; None")),
            (
                &[("effect", "reset"), ("probability", "10"), ("afterHandler", "on")],
                Ok(
                    "closes the connection, after the request was handled and billed; every request, with a probability of 10 %; None",
                ),
            ),
            (
                &[("effect", "truncate"), ("bytes", "10"), ("operation", "createImage")],
                Ok("cuts the body after 10 bytes, after the request was handled and billed; every request; None"),
            ),
            (&[("effect", "status")], Err("Enter a status")),
            (&[("effect", "status"), ("code", "5O3")], Err("The status must be a whole number")),
            (&[("effect", "status"), ("code", "99")], Err("status 99 is not one of 200 to 999")),
            (&[("effect", "delay")], Err("the fault has no effect: give status, reset, truncateAfter or delayMs")),
            (&[("effect", "reset"), ("operation", "nothing")], Err("unknown operation nothing")),
            (&[("effect", "reset"), ("count", "0")], Err("The number of requests must be at least 1")),
            (&[("effect", "reset"), ("probability", "101")], Err("probability 1.01 is not between 0 and 1")),
        ] {
            let form = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let read = read(&form).map(|(fault, count)| {
                let fault = serde_json::to_value(fault).unwrap();
                format!("{}; {}; {count:?}", effect(&fault), when(&fault))
            });
            assert_eq!(read.as_deref().map_err(String::as_str), expected, "{fields:?}");
        }
    }
}
