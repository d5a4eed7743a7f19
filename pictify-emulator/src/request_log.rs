//! What was asked lately, for the page for people.

use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How many requests are remembered.
const REMEMBERED: usize = 200;

/// How much of a path is remembered, in characters.
const LONGEST_PATH: usize = 200;

/// The latest requests.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<VecDeque<Value>>);

/// One request.
pub(crate) struct LoggedRequest<'a> {
    pub(crate) at: String,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    pub(crate) took: Duration,
    pub(crate) id: &'a str,
}

impl RequestLog {
    pub(crate) fn add(&self, asked: &LoggedRequest<'_>) {
        let LoggedRequest { at, method, path, status, took, id } = asked;
        let path: String = without_secret(path).chars().take(LONGEST_PATH).collect();
        let took = format!("{:.1}", took.as_secs_f64() * 1000.0);
        let entry = json!({"at": at, "method": method, "path": path, "status": status, "took": took, "id": id});
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.push_front(entry);
        log.truncate(REMEMBERED);
    }

    /// The latest, newest first.
    pub(crate) fn latest(&self, count: usize) -> Vec<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().take(count).cloned().collect()
    }
}

/// A path without the secret that the address of a workflow hook ends with.
fn without_secret(path: &str) -> String {
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
    fn the_secrets_of_hooks_are_not_remembered() {
        for (path, kept) in [
            ("/workflow/hooks/HK1/s3cr3t", "/workflow/hooks/HK1/..."),
            ("/v1/workflow/hooks/HK1/s3/cr3t", "/v1/workflow/hooks/HK1/..."),
            ("/workflow/hooks/HK1", "/workflow/hooks/HK1"),
            ("/workflow/hooks/HK1/", "/workflow/hooks/HK1/"),
            ("/image/HK1", "/image/HK1"),
        ] {
            assert_eq!(without_secret(path), kept);
        }
    }
}
