//! Fault injection, for tests of clients.

use crate::contract::CONTRACT;
use axum::http::{HeaderName, HeaderValue};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Fault to inject, and the requests that it applies to.
///
/// ```
/// use pictify_emulator::Fault;
/// use std::time::Duration;
///
/// // The first and the third image fail with a retryable error.
/// let busy = Fault::status(503).body(serde_json::json!({"error": "busy", "retriable": true}));
/// let busy = busy.for_operation("createImage").on_calls([1, 3]);
/// // A tenth of all requests take two seconds longer. One response in twenty is lost after the render was billed.
/// let slow = Fault::delay(Duration::from_secs(2)).probability(0.1);
/// let lost = Fault::reset().after_handler().probability(0.05);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[must_use]
pub struct Fault {
    /// Operation ID in the contract; every operation if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    /// Numbers of the matching requests, counted from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    on_calls: Vec<u64>,
    /// Probability from 0 to 1, drawn with the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    /// Runs the handler, and bills, before the fault.
    #[serde(default)]
    after_handler: bool,
    /// Delay of the response in milliseconds.
    #[serde(default)]
    delay_ms: u64,
    /// Status of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Headers of the response.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    /// Body of the response: JSON, or a string that is sent as it is.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    body: Value,
    /// Closes the connection without a response.
    #[serde(default)]
    reset: bool,
    /// Closes the connection after so many bytes of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    truncate_after: Option<usize>,
}

impl Fault {
    /// Responds with this status, 200 to 999, instead of the real response.
    pub fn status(status: u16) -> Self {
        Self { status: Some(status), ..Self::default() }
    }

    /// Closes the connection without a response.
    pub fn reset() -> Self {
        Self { reset: true, ..Self::default() }
    }

    /// Closes the connection after so many bytes of the response body.
    pub fn truncate_after(bytes: usize) -> Self {
        Self { truncate_after: Some(bytes), after_handler: true, ..Self::default() }
    }

    /// Delays the response. The handler runs after the delay; with [`after_handler`](Self::after_handler) it runs, and
    /// bills, before.
    pub fn delay(delay: Duration) -> Self {
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        Self { delay_ms, ..Self::default() }
    }

    /// Sets the body of the response: JSON, or a string that is sent as it is.
    pub fn body(mut self, body: impl Into<Value>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a header of the response.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Applies the fault to this operation only, by its ID in the contract.
    pub fn for_operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Applies the fault to these requests only, counted from 1 since the fault was set.
    pub fn on_calls(mut self, calls: impl IntoIterator<Item = u64>) -> Self {
        self.on_calls = calls.into_iter().collect();
        self
    }

    /// Applies the fault with this probability, 0 to 1, drawn with the seed.
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    /// Injects the fault after the handler has run and billed.
    pub fn after_handler(mut self) -> Self {
        self.after_handler = true;
        self
    }

    /// Returns the reason why the fault could never occur, if there is one.
    fn impossible_reason(&self) -> Option<String> {
        if let Some(name) = self.operation.as_ref().filter(|name| CONTRACT.operation(name).is_none()) {
            return Some(format!("unknown operation {name}"));
        }
        // Statuses below 200 are interim responses.
        if let Some(status) = self.status.filter(|status| !(200..1000).contains(status)) {
            return Some(format!("status {status} is not one of 200 to 999"));
        }
        if let Some(probability) = self.probability.filter(|probability| !(0.0..=1.0).contains(probability)) {
            return Some(format!("probability {probability} is not between 0 and 1"));
        }
        if self.on_calls.contains(&0) {
            return Some("onCalls are counted from 1".to_owned());
        }
        let is_header =
            |name: &str, value: &str| HeaderName::try_from(name).is_ok() && HeaderValue::try_from(value).is_ok();
        if let Some((name, _)) = self.headers.iter().find(|(name, value)| !is_header(name, value)) {
            return Some(format!("the header {name:?} cannot be sent"));
        }
        let is_nothing = self.status.is_none() && !self.reset && self.truncate_after.is_none() && self.delay_ms == 0;
        is_nothing.then(|| "the fault has no effect: give status, reset, truncateAfter or delayMs".to_owned())
    }

    pub(crate) fn is_after_handler(&self) -> bool {
        self.after_handler
    }

    pub(crate) fn delay_time(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    pub(crate) fn is_reset(&self) -> bool {
        self.reset
    }

    pub(crate) fn truncate_after_bytes(&self) -> Option<usize> {
        self.truncate_after
    }

    /// Returns the status, the headers and the body that replace the real response, if the fault has a status.
    pub(crate) fn response(&self) -> Option<(u16, &BTreeMap<String, String>, Bytes)> {
        let body = match &self.body {
            Value::Null => Bytes::new(),
            Value::String(text) => Bytes::copy_from_slice(text.as_bytes()),
            body => body.to_string().into(),
        };
        Some((self.status?, &self.headers, body))
    }
}

/// Configured faults and their request counts.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    state: Mutex<FaultState>,
    /// Faults that the server was started with.
    initial: FaultScript,
}

#[derive(Debug, Default)]
struct FaultState {
    faults: Vec<CountedFault>,
    random: fastrand::Rng,
}

/// Fault with its counts.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CountedFault {
    #[serde(flatten)]
    pub(crate) fault: Fault,
    /// Requests to its operation since it was set.
    pub(crate) calls: u64,
    /// Requests that it was applied to.
    pub(crate) injected: u64,
    /// Number of requests that it is still applied to; unlimited if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remaining: Option<u64>,
}

/// Fault script, the format of files and of the admin API.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultScript {
    /// Seed for faults with a probability.
    #[serde(default)]
    pub(crate) seed: u64,
    pub(crate) faults: Vec<Fault>,
}

impl FaultScript {
    /// Rejects faults that could never occur: with them a test would pass without testing anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        let error =
            |(index, fault): (usize, &Fault)| fault.impossible_reason().map(|why| format!("faults[{index}]: {why}"));
        self.faults.iter().enumerate().find_map(error).map_or(Ok(()), Err)
    }
}

impl Faults {
    /// Creates the faults that the server starts with.
    pub(crate) fn new(initial: FaultScript) -> Self {
        let faults = Self { state: Mutex::default(), initial };
        faults.reset();
        faults
    }

    /// Returns the faults that the server was started with.
    pub(crate) fn initial(&self) -> &FaultScript {
        &self.initial
    }

    /// Configures the faults that the server was started with, and starts to count again.
    pub(crate) fn reset(&self) {
        self.set(self.initial.clone());
    }

    /// Replaces the configured faults.
    pub(crate) fn set(&self, script: FaultScript) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.random = fastrand::Rng::with_seed(script.seed);
        let counted = |fault| CountedFault { fault, calls: 0, injected: 0, remaining: None };
        state.faults = script.faults.into_iter().map(counted).collect();
    }

    /// Applies a fault to the next `count` requests that match, before all other faults.
    pub(crate) fn fail_next(&self, fault: Fault, count: u64) -> Result<(), String> {
        if let Some(reason) = fault.impossible_reason() {
            return Err(reason);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.faults.insert(0, CountedFault { fault, calls: 0, injected: 0, remaining: Some(count) });
        Ok(())
    }

    /// Adds a fault after the others.
    pub(crate) fn add(&self, fault: Fault) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.faults.push(CountedFault { fault, calls: 0, injected: 0, remaining: None });
    }

    /// Removes the fault at this position of the list. Returns false if there is none.
    pub(crate) fn remove(&self, index: usize) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_found = index < state.faults.len();
        if is_found {
            drop(state.faults.remove(index));
        }
        is_found
    }

    /// Returns the faults in the order in which they are tried.
    pub(crate) fn list(&self) -> Vec<CountedFault> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).faults.clone()
    }

    /// Returns the fault for the next request of an operation: the first that matches. Every fault counts the requests
    /// to its operation.
    pub(crate) fn next_fault(&self, operation: &str) -> Option<Fault> {
        let FaultState { faults, random } = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        for counted in faults.iter_mut() {
            let fault = &counted.fault;
            if fault.operation.as_ref().is_some_and(|name| name != operation) {
                continue;
            }
            counted.calls += 1;
            let is_counted = fault.on_calls.is_empty() || fault.on_calls.contains(&counted.calls);
            // Draw for every request, so that the result does not depend on the other faults.
            let is_drawn = fault.probability.is_none_or(|probability| random.f64() < probability);
            if is_counted && is_drawn && found.is_none() {
                found = Some(fault.clone());
                counted.injected += 1;
                counted.remaining = counted.remaining.map(|remaining| remaining - 1);
            }
        }
        faults.retain(|counted| counted.remaining != Some(0));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn statuses(faults: &Faults, operation: &str, calls: usize) -> Vec<Option<u16>> {
        (0..calls).map(|_| faults.next_fault(operation).and_then(|fault| fault.status)).collect()
    }

    #[test]
    fn a_fault_applies_to_its_operation_and_request_numbers() {
        let faults = Faults::default();
        assert_eq!(statuses(&faults, "createImage", 2), [None, None]);
        let script = json!({"faults": [
            {"operation": "createImage", "onCalls": [1, 3], "status": 503},
            {"onCalls": [2], "status": 500},
        ]});
        faults.set(serde_json::from_value(script).unwrap());
        assert_eq!(statuses(&faults, "createImage", 4), [Some(503), Some(500), Some(503), None]);
        assert_eq!(statuses(&faults, "getImage", 1), [None], "the second fault has counted four requests already");
        let unknown = json!({"faults": [{"statsu": 503}]});
        assert!(serde_json::from_value::<FaultScript>(unknown).is_err());
    }

    #[test]
    fn the_next_requests_fail_and_then_no_more() {
        let faults = Faults::default();
        faults.set(FaultScript { seed: 0, faults: vec![Fault::status(500).on_calls([3, 4])] });
        faults.fail_next(Fault::status(503).for_operation("createImage"), 2).unwrap();
        assert_eq!(statuses(&faults, "getImage", 1), [None], "it waits for its operation");
        assert_eq!(statuses(&faults, "createImage", 4), [Some(503), Some(503), Some(500), None]);
        assert_eq!(faults.list().len(), 1);
        assert!(faults.fail_next(Fault::default(), 1).is_err());
    }

    #[test]
    fn probabilities_are_reproducible_with_a_seed() {
        let run = |seed| {
            let faults = Faults::default();
            faults.set(FaultScript { seed, faults: vec![Fault::status(500).probability(0.25)] });
            statuses(&faults, "createImage", 1000)
        };
        let (first, second, other_seed) = (run(1), run(1), run(2));
        assert_eq!(first, second);
        assert_ne!(first, other_seed);
        let hit = first.iter().flatten().count();
        assert!((200..300).contains(&hit), "{hit}");
    }
}
