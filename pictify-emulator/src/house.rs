//! The rules of the house: how many requests a minute, how many renders a month, and what an idempotency key does.

use crate::{
    answer::Refusal,
    contract::Operation,
    renders::billed_this_month,
    server::{Call, Service},
};
use axum::http::StatusCode;
use clap::ValueEnum;
use jiff::Timestamp;
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What is allowed. Nothing is limited unless it is said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rules {
    /// Requests a minute and key.
    pub(crate) per_minute: Option<u32>,
    /// Renders a month.
    pub(crate) per_month: Option<u64>,
    /// Whether an answer is given again to the same idempotency key, as documents of old have it.
    pub(crate) replays: bool,
    /// Whether refusals are problem documents, as older documents have it.
    pub(crate) problems: bool,
    /// Whether the results of batches have addresses of files.
    pub(crate) batch_urls: bool,
    /// How many times as fast as published failed deliveries are tried again.
    pub(crate) retry_speed: f64,
    pub(crate) prefix: VersionPrefix,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            per_minute: None,
            per_month: None,
            replays: false,
            problems: false,
            batch_urls: true,
            retry_speed: RETRY_SPEED,
            prefix: VersionPrefix::default(),
        }
    }
}

/// A minute is a second: nobody waits for a local server as long as for a real one.
pub(crate) const RETRY_SPEED: f64 = 60.0;

/// Whose word counts where the documents and the live service disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Profile {
    /// What the live service was seen to do: each area refuses in its own words, and idempotency keys do nothing.
    #[default]
    Live,
    /// What the first documents say: refusals are problem documents, and idempotency keys are honoured.
    Documented,
}

/// Whether the paths of operations begin with `/v1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum VersionPrefix {
    /// As the client likes.
    #[default]
    Any,
    /// They do; others are not found.
    Required,
    /// They do not; those that do are not found.
    Refused,
}

/// How many requests each key has made in its minute.
#[derive(Debug, Default)]
pub(crate) struct Windows(Mutex<HashMap<String, Window>>);

#[derive(Clone, Copy, Debug)]
struct Window {
    started: Timestamp,
    requests: u32,
}

/// Where a key stands in its minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// When the next minute begins, in seconds since 1970.
    pub(crate) reset: i64,
    /// Seconds to wait, for a request that came too soon.
    pub(crate) wait: Option<i64>,
}

/// How long a window is, in seconds.
const MINUTE: i64 = 60;

impl Windows {
    /// Counts a request.
    pub(crate) fn count(&self, key: &str, limit: u32, now: Timestamp) -> Standing {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = |window: &Window| now.as_second() - window.started.as_second();
        windows.retain(|_, window| passed(window) < MINUTE);
        let window = windows.entry(key.to_owned()).or_insert(Window { started: now, requests: 0 });
        let reset = window.started.as_second() + MINUTE;
        let too_soon = window.requests >= limit;
        if !too_soon {
            window.requests += 1;
        }
        let wait = too_soon.then(|| (reset - now.as_second()).max(1));
        Standing { limit, remaining: limit - window.requests, reset, wait }
    }
}

impl Standing {
    /// The headers that tell it.
    pub(crate) fn headers(self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("x-ratelimit-limit", self.limit.to_string()),
            ("x-ratelimit-remaining", self.remaining.to_string()),
            ("x-ratelimit-reset", self.reset.to_string()),
        ];
        headers.extend(self.wait.map(|wait| ("retry-after", wait.to_string())));
        headers
    }
}

/// How many renders are under way that will be billed.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<u64>);

/// The place that renders under way have in the month. Without it, as many as are asked for at once would go beyond it.
#[derive(Debug)]
pub(crate) struct Room {
    service: Arc<Service>,
    renders: u64,
}

impl Room {
    /// Takes a place for so many renders, if the month has them left.
    pub(crate) fn of(call: &Call, renders: u64) -> Result<Self, Refusal> {
        let service = call.service.clone();
        if let Some(limit) = service.rules.per_month {
            let mut under_way = service.under_way.lock();
            let billed = billed_this_month(&service.store, service.now())?;
            if billed.saturating_add(*under_way).saturating_add(renders.max(1)) > limit {
                return Err(used_up(call.operation));
            }
            *under_way += renders;
            drop(under_way);
            return Ok(Self { service, renders });
        }
        Ok(Self { service, renders: 0 })
    }

    /// Does what bills these renders. Nobody counts them twice meanwhile, or not at all.
    pub(crate) fn bill<T>(mut self, bill: impl FnOnce() -> T) -> T {
        let service = self.service.clone();
        let mut under_way = service.under_way.lock();
        *under_way = under_way.saturating_sub(std::mem::take(&mut self.renders));
        bill()
    }
}

impl UnderWay {
    fn lock(&self) -> MutexGuard<'_, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.renders > 0 {
            let mut under_way = self.service.under_way.lock();
            *under_way = under_way.saturating_sub(self.renders);
        }
    }
}

/// What a request that came too soon is told.
pub(crate) fn too_soon(wait: i64) -> Refusal {
    Refusal::message(StatusCode::TOO_MANY_REQUESTS, "Too many requests").with("retry_after", wait)
}

/// What a render beyond the month's is told; videos have a status of their own.
pub(crate) fn used_up(operation: &Operation) -> Refusal {
    let is_video = operation.id.contains("Video");
    let status = if is_video { StatusCode::PAYMENT_REQUIRED } else { StatusCode::TOO_MANY_REQUESTS };
    Refusal::message_code(status, "quota_exceeded", "Monthly renders used up.")
        .with("upgradeUrl", "https://pictify.io/pricing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_begins_with_its_first_request() {
        let (windows, at) = (Windows::default(), |second| Timestamp::from_second(second).unwrap());
        for (key, second, remaining, wait) in [
            ("a", 100, 1, None),
            ("a", 110, 0, None),
            ("a", 120, 0, Some(40)),
            ("b", 120, 1, None),
            ("a", 159, 0, Some(1)),
            ("a", 160, 1, None),
        ] {
            let standing = windows.count(key, 2, at(second));
            assert_eq!((standing.remaining, standing.wait), (remaining, wait), "{key} at {second}");
        }
    }
}
