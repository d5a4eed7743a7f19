//! Faults on demand: what a client must bear, for tests of clients.

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

/// Something that goes wrong, and when.
///
/// ```
/// use pictify_emulator::Fault;
/// use std::time::Duration;
///
/// // The first and the third image are refused for a moment.
/// let busy = Fault::status(503).body(serde_json::json!({"error": "busy", "retriable": true}));
/// let busy = busy.for_operation("createImage").on_calls([1, 3]);
/// // A tenth of all calls takes two seconds more, and the answer to one in twenty is lost after the work was done.
/// let slow = Fault::delay(Duration::from_secs(2)).probability(0.1);
/// let lost = Fault::reset().after_handler().probability(0.05);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[must_use]
pub struct Fault {
    /// Which operation, by its name in the contract; any when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    /// Which of its calls, counted from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    on_calls: Vec<u64>,
    /// What share of its calls, 0 to 1, by the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    /// Whether the work is done, and billed, before it goes wrong.
    #[serde(default)]
    after_handler: bool,
    /// How much later the answer comes, in milliseconds.
    #[serde(default)]
    delay_ms: u64,
    /// Answers with this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Headers of that answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    /// Body of that answer: JSON, or a text as it is.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    body: Value,
    /// Closes the connection without an answer.
    #[serde(default)]
    reset: bool,
    /// Closes the connection after so many bytes of the answer's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    truncate_after: Option<usize>,
}

impl Fault {
    /// An answer with this status, 200 to 999, instead of the real one.
    pub fn status(status: u16) -> Self {
        Self { status: Some(status), ..Self::default() }
    }

    /// A connection that closes without an answer.
    pub fn reset() -> Self {
        Self { reset: true, ..Self::default() }
    }

    /// An answer whose body ends after so many bytes.
    pub fn truncate_after(bytes: usize) -> Self {
        Self { truncate_after: Some(bytes), after_handler: true, ..Self::default() }
    }

    /// An answer that comes later. The work begins so much later, too; with [`after_handler`](Self::after_handler) it is done, and
    /// billed, before.
    pub fn delay(delay: Duration) -> Self {
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        Self { delay_ms, ..Self::default() }
    }

    /// The body of the answer: JSON, or a string as it is.
    pub fn body(mut self, body: impl Into<Value>) -> Self {
        self.body = body.into();
        self
    }

    /// A header of the answer.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Only calls of this operation, by its name in the contract.
    pub fn for_operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Only these calls, counted from 1 since the fault was set.
    pub fn on_calls(mut self, calls: impl IntoIterator<Item = u64>) -> Self {
        self.on_calls = calls.into_iter().collect();
        self
    }

    /// Only a share of the calls, 0 to 1, chosen by the seed.
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    /// Goes wrong when the work is done, and billed.
    pub fn after_handler(mut self) -> Self {
        self.after_handler = true;
        self
    }

    /// Why it could never go wrong as it says.
    fn wrong(&self) -> Option<String> {
        if let Some(name) = self.operation.as_ref().filter(|name| CONTRACT.operation(name).is_none()) {
            return Some(format!("the contract has no operation {name}"));
        }
        // What is below is no answer, but the announcement of one.
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
        is_nothing.then(|| "nothing goes wrong: give status, reset, truncateAfter or delayMs".to_owned())
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

    /// The answer in place of the real one.
    pub(crate) fn answer(&self) -> Option<(u16, &BTreeMap<String, String>, Bytes)> {
        let body = match &self.body {
            Value::Null => Bytes::new(),
            Value::String(text) => Bytes::copy_from_slice(text.as_bytes()),
            body => body.to_string().into(),
        };
        Some((self.status?, &self.headers, body))
    }
}

/// The faults that are set, and how far each has counted.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    faults: Vec<(Fault, u64)>,
    random: fastrand::Rng,
}

/// A script of faults, as files and the admin endpoint have it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    /// What chooses the calls of shares.
    #[serde(default)]
    pub(crate) seed: u64,
    pub(crate) faults: Vec<Fault>,
}

impl Script {
    /// What of it could never happen: it would let a test pass that tests nothing.
    pub(crate) fn check(&self) -> Result<(), String> {
        let wrong = |(index, fault): (usize, &Fault)| fault.wrong().map(|why| format!("faults[{index}]: {why}"));
        self.faults.iter().enumerate().find_map(wrong).map_or(Ok(()), Err)
    }
}

impl Faults {
    /// Takes a script in place of the one before it.
    pub(crate) fn set(&self, script: Script) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.random = fastrand::Rng::with_seed(script.seed);
        state.faults = script.faults.into_iter().map(|fault| (fault, 0)).collect();
    }

    /// What goes wrong with this call: the first fault that means it. Each fault counts the calls that it could mean.
    pub(crate) fn next(&self, operation: &str) -> Option<Fault> {
        let State { faults, random } = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        for (fault, count) in faults {
            if fault.operation.as_ref().is_some_and(|name| name != operation) {
                continue;
            }
            *count += 1;
            let is_counted = fault.on_calls.is_empty() || fault.on_calls.contains(count);
            // Drawn for every call, so that the choice does not hang on the other faults.
            let is_drawn = fault.probability.is_none_or(|probability| random.f64() < probability);
            if is_counted && is_drawn && found.is_none() {
                found = Some(fault.clone());
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn statuses(faults: &Faults, operation: &str, calls: usize) -> Vec<Option<u16>> {
        (0..calls).map(|_| faults.next(operation).and_then(|fault| fault.status)).collect()
    }

    #[test]
    fn a_fault_means_the_calls_that_it_names() {
        let faults = Faults::default();
        assert_eq!(statuses(&faults, "createImage", 2), [None, None]);
        let script = json!({"faults": [
            {"operation": "createImage", "onCalls": [1, 3], "status": 503},
            {"onCalls": [2], "status": 500},
        ]});
        faults.set(serde_json::from_value(script).unwrap());
        assert_eq!(statuses(&faults, "createImage", 4), [Some(503), Some(500), Some(503), None]);
        assert_eq!(statuses(&faults, "getImage", 1), [None], "the second has counted four already");
        let unknown = json!({"faults": [{"statsu": 503}]});
        assert!(serde_json::from_value::<Script>(unknown).is_err());
    }

    #[test]
    fn a_share_is_the_same_in_every_run() {
        let run = |seed| {
            let faults = Faults::default();
            faults.set(Script { seed, faults: vec![Fault::status(500).probability(0.25)] });
            statuses(&faults, "createImage", 1000)
        };
        let (first, again, other) = (run(1), run(1), run(2));
        assert_eq!(first, again);
        assert_ne!(first, other);
        let hit = first.iter().flatten().count();
        assert!((200..300).contains(&hit), "{hit}");
    }
}
