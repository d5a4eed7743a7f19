//! Log of recent requests, for the dashboard.

use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Maximum number of requests in the log.
const MAX_REQUESTS: usize = 200;

/// Maximum length of a path in the log, in characters.
const MAX_PATH_CHARS: usize = 200;

/// Log of recent requests.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    entries: Mutex<VecDeque<Value>>,
    count: AtomicU64,
}

/// Entry of the log.
pub(crate) struct LoggedRequest<'a> {
    pub(crate) at: String,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    pub(crate) duration: Duration,
    pub(crate) id: &'a str,
}

impl RequestLog {
    pub(crate) fn add(&self, request: &LoggedRequest<'_>) {
        let LoggedRequest { at, method, path, status, duration, id } = request;
        let path: String = without_secret(path).chars().take(MAX_PATH_CHARS).collect();
        let duration = format!("{:.1}", duration.as_secs_f64() * 1000.0);
        let entry =
            json!({"at": at, "method": method, "path": path, "status": status, "durationMs": duration, "id": id});
        self.count.fetch_add(1, Ordering::Relaxed);
        let mut log = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        log.push_front(entry);
        log.truncate(MAX_REQUESTS);
    }

    /// Returns the number of requests since the start.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns the latest requests, newest first.
    pub(crate) fn latest(&self, count: usize) -> Vec<Value> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).iter().take(count).cloned().collect()
    }
}

/// Removes the secret at the end of a workflow hook's path.
pub(crate) fn without_secret(path: &str) -> String {
    let hook = path.split_once("/workflow/hooks/").and_then(|(_, rest)| rest.split_once('/'));
    match hook {
        Some((_, secret)) if !secret.is_empty() => format!("{}...", &path[..path.len() - secret.len()]),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_hides_the_secrets_of_hooks() {
        for (path, logged) in [
            ("/workflow/hooks/HK1/s3cr3t", "/workflow/hooks/HK1/..."),
            ("/v1/workflow/hooks/HK1/s3/cr3t", "/v1/workflow/hooks/HK1/..."),
            ("/workflow/hooks/HK1", "/workflow/hooks/HK1"),
            ("/workflow/hooks/HK1/", "/workflow/hooks/HK1/"),
            ("/image/HK1", "/image/HK1"),
        ] {
            assert_eq!(without_secret(path), logged);
        }
    }
}
