//! Matching of requests with recorded ones.

use super::interaction::{Content, RecordedRequest};
use serde_json::Value;
use std::collections::BTreeSet;

/// Compares a request with a recorded one.
#[derive(Clone, Debug, Default)]
pub(super) struct Matcher {
    /// Names of JSON members and query parameters to ignore.
    pub(super) ignored: BTreeSet<String>,
}

impl Matcher {
    /// Returns a description of the first difference, or `None` if the requests match.
    pub(super) fn difference(&self, recorded: &RecordedRequest, request: &RecordedRequest) -> Option<String> {
        if recorded.method != request.method {
            return Some(format!("the method is {}, the recorded one is {}", request.method, recorded.method));
        }
        let (path, query) = split(&request.target);
        let (recorded_path, recorded_query) = split(&recorded.target);
        if path != recorded_path {
            return Some(format!("the path is {path}, the recorded one is {recorded_path}"));
        }
        let (query, recorded_query) = (self.pairs(query), self.pairs(recorded_query));
        if query != recorded_query {
            let (query, recorded) = (query.join("&"), recorded_query.join("&"));
            return Some(format!("the query is `{query}`, the recorded one is `{recorded}`"));
        }
        if request.range != recorded.range {
            let show = |range: &Option<String>| range.clone().unwrap_or_else(|| "none".to_owned());
            return Some(format!(
                "the range is {}, the recorded one is {}",
                show(&request.range),
                show(&recorded.range)
            ));
        }
        self.body_difference(&recorded.body, &request.body)
    }

    /// Returns the sorted pairs of a query, without the ignored ones.
    fn pairs(&self, query: &str) -> Vec<String> {
        let is_compared = |pair: &&str| !self.ignored.contains(pair.split('=').next().unwrap_or_default());
        let mut pairs: Vec<_> =
            query.split('&').filter(|pair| !pair.is_empty()).filter(is_compared).map(str::to_owned).collect();
        pairs.sort_unstable();
        pairs
    }

    fn body_difference(&self, recorded: &Content, request: &Content) -> Option<String> {
        if let (Some(recorded), Some(request)) = (&recorded.json, &request.json) {
            return self.value_difference("", recorded, request);
        }
        (recorded != request).then(|| "the body differs".to_owned())
    }

    fn value_difference(&self, pointer: &str, recorded: &Value, request: &Value) -> Option<String> {
        match (recorded, request) {
            (Value::Object(recorded), Value::Object(request)) => {
                let names: BTreeSet<_> = recorded.keys().chain(request.keys()).collect();
                let compared = names.into_iter().filter(|name| !self.ignored.contains(*name));
                compared.into_iter().find_map(|name| {
                    let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                    match (recorded.get(name), request.get(name)) {
                        (Some(recorded), Some(request)) => self.value_difference(&pointer, recorded, request),
                        (None, _) => Some(format!("the body has {pointer}, which is not in the recording")),
                        (_, None) => Some(format!("the body lacks {pointer}, which is in the recording")),
                    }
                })
            }
            (Value::Array(recorded), Value::Array(request)) if recorded.len() == request.len() => {
                recorded.iter().zip(request).enumerate().find_map(|(index, (recorded, request))| {
                    self.value_difference(&format!("{pointer}/{index}"), recorded, request)
                })
            }
            (Value::Array(recorded), Value::Array(request)) => {
                let (recorded, request) = (recorded.len(), request.len());
                Some(format!("the body has {request} items at {pointer}, the recorded one has {recorded}"))
            }
            _ if recorded == request => None,
            _ => Some(format!(
                "the body at {pointer} is {}, the recorded one is {}",
                abbreviate(request),
                abbreviate(recorded)
            )),
        }
    }
}

fn split(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

/// Formats a value for a message, with at most 80 characters.
fn abbreviate(value: &Value) -> String {
    const MAX_LEN: usize = 80;
    let text = value.to_string();
    if text.chars().count() <= MAX_LEN {
        text
    } else {
        format!("{}...", text.chars().take(MAX_LEN).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(line: &str, body: Value) -> RecordedRequest {
        let (method, target) = line.split_once(' ').unwrap();
        let body = Content { json: Some(body), ..Content::default() };
        RecordedRequest { method: method.to_owned(), target: target.to_owned(), range: None, body }
    }

    #[test]
    fn the_first_difference_is_reported() {
        let recorded = request("POST /image?a=1&b=2", json!({"html": "<p>", "list": [1, 2], "a/b": {"c": 1}}));
        let body = || recorded.body.json.clone().unwrap();
        let with = |pointer: &str, value: Value| {
            let mut body = body();
            *body.pointer_mut(pointer).unwrap() = value;
            body
        };
        for (request, expected) in [
            (request("POST /image?a=1&b=2", body()), None),
            (request("POST /image?b=2&a=1", body()), None),
            (request("GET /image?a=1&b=2", body()), Some("the method is GET, the recorded one is POST")),
            (request("POST /gif?a=1&b=2", body()), Some("the path is /gif, the recorded one is /image")),
            (request("POST /image?a=1", body()), Some("the query is `a=1`, the recorded one is `a=1&b=2`")),
            (
                request("POST /image?a=1&b=2", with("/html", json!("<b>"))),
                Some("the body at /html is \"<b>\", the recorded one is \"<p>\""),
            ),
            (
                request("POST /image?a=1&b=2", with("/list", json!([1]))),
                Some("the body has 1 items at /list, the recorded one has 2"),
            ),
            (
                request("POST /image?a=1&b=2", with("/list/1", json!(3))),
                Some("the body at /list/1 is 3, the recorded one is 2"),
            ),
            (
                request("POST /image?a=1&b=2", with("/a~1b", json!({}))),
                Some("the body lacks /a~1b/c, which is in the recording"),
            ),
            (
                request("POST /image?a=1&b=2", with("/a~1b", json!({"c": 1, "d": 2}))),
                Some("the body has /a~1b/d, which is not in the recording"),
            ),
        ] {
            assert_eq!(Matcher::default().difference(&recorded, &request).as_deref(), expected);
        }
    }

    #[test]
    fn ignored_members_are_not_compared() {
        let matcher = Matcher { ignored: ["sentAt".to_owned()].into() };
        let recorded = request("POST /a?sentAt=1", json!({"sentAt": 1, "in": [{"sentAt": 2}]}));
        assert_eq!(matcher.difference(&recorded, &request("POST /a", json!({"in": [{}]}))), None);
        let different = request("POST /a", json!({"in": []}));
        assert!(matcher.difference(&recorded, &different).is_some());
    }
}
