//! Which exchange answers a request, and what is different when none does.

use super::exchange::{Asked, Content};
use serde_json::Value;
use std::collections::BTreeSet;

/// How two requests are held against each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Matcher {
    /// Members and query parameters that are not looked at.
    pub(super) ignored: BTreeSet<String>,
}

impl Matcher {
    /// What is different about `asked`, the first thing of it; nothing when it is what was recorded.
    pub(super) fn difference(&self, recorded: &Asked, asked: &Asked) -> Option<String> {
        if recorded.method != asked.method {
            return Some(format!("the method is {}, recorded is {}", asked.method, recorded.method));
        }
        let (path, query) = split(&asked.target);
        let (recorded_path, recorded_query) = split(&recorded.target);
        if path != recorded_path {
            return Some(format!("the path is {path}, recorded is {recorded_path}"));
        }
        let (query, recorded_query) = (self.pairs(query), self.pairs(recorded_query));
        if query != recorded_query {
            let (query, recorded) = (query.join("&"), recorded_query.join("&"));
            return Some(format!("the query is `{query}`, recorded is `{recorded}`"));
        }
        if asked.range != recorded.range {
            let show = |range: &Option<String>| range.clone().unwrap_or_else(|| "none".to_owned());
            return Some(format!("the range is {}, recorded is {}", show(&asked.range), show(&recorded.range)));
        }
        self.body(&recorded.body, &asked.body)
    }

    /// The pairs of a query without those that are not looked at, in an order of their own.
    fn pairs(&self, query: &str) -> Vec<String> {
        let named = |pair: &&str| !self.ignored.contains(pair.split('=').next().unwrap_or_default());
        let mut pairs: Vec<_> =
            query.split('&').filter(|pair| !pair.is_empty()).filter(named).map(str::to_owned).collect();
        pairs.sort_unstable();
        pairs
    }

    fn body(&self, recorded: &Content, asked: &Content) -> Option<String> {
        if let (Some(recorded), Some(asked)) = (&recorded.json, &asked.json) {
            return self.value("", recorded, asked);
        }
        (recorded != asked).then(|| "the body is another".to_owned())
    }

    fn value(&self, pointer: &str, recorded: &Value, asked: &Value) -> Option<String> {
        match (recorded, asked) {
            (Value::Object(recorded), Value::Object(asked)) => {
                let names: BTreeSet<_> = recorded.keys().chain(asked.keys()).collect();
                let looked_at = names.into_iter().filter(|name| !self.ignored.contains(*name));
                looked_at.into_iter().find_map(|name| {
                    let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                    match (recorded.get(name), asked.get(name)) {
                        (Some(recorded), Some(asked)) => self.value(&pointer, recorded, asked),
                        (None, _) => Some(format!("the body has {pointer}, which was not recorded")),
                        (_, None) => Some(format!("the body lacks {pointer}, which was recorded")),
                    }
                })
            }
            (Value::Array(recorded), Value::Array(asked)) if recorded.len() == asked.len() => recorded
                .iter()
                .zip(asked)
                .enumerate()
                .find_map(|(index, (recorded, asked))| self.value(&format!("{pointer}/{index}"), recorded, asked)),
            (Value::Array(recorded), Value::Array(asked)) => {
                let (recorded, asked) = (recorded.len(), asked.len());
                Some(format!("the body has {asked} items at {pointer}, recorded are {recorded}"))
            }
            _ if recorded == asked => None,
            _ => Some(format!("the body at {pointer} is {}, recorded is {}", short(asked), short(recorded))),
        }
    }
}

fn split(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

/// A value for a message.
fn short(value: &Value) -> String {
    const MOST: usize = 80;
    let text = value.to_string();
    if text.chars().count() <= MOST { text } else { format!("{}...", text.chars().take(MOST).collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked(line: &str, body: Value) -> Asked {
        let (method, target) = line.split_once(' ').unwrap();
        let body = Content { json: Some(body), ..Content::default() };
        Asked { method: method.to_owned(), target: target.to_owned(), range: None, body }
    }

    #[test]
    fn the_first_difference_is_named() {
        let recorded = asked("POST /image?a=1&b=2", json!({"html": "<p>", "list": [1, 2], "a/b": {"c": 1}}));
        let body = || recorded.body.json.clone().unwrap();
        let with = |pointer: &str, value: Value| {
            let mut body = body();
            *body.pointer_mut(pointer).unwrap() = value;
            body
        };
        for (request, expected) in [
            (asked("POST /image?a=1&b=2", body()), None),
            (asked("POST /image?b=2&a=1", body()), None),
            (asked("GET /image?a=1&b=2", body()), Some("the method is GET, recorded is POST")),
            (asked("POST /gif?a=1&b=2", body()), Some("the path is /gif, recorded is /image")),
            (asked("POST /image?a=1", body()), Some("the query is `a=1`, recorded is `a=1&b=2`")),
            (
                asked("POST /image?a=1&b=2", with("/html", json!("<b>"))),
                Some("the body at /html is \"<b>\", recorded is \"<p>\""),
            ),
            (
                asked("POST /image?a=1&b=2", with("/list", json!([1]))),
                Some("the body has 1 items at /list, recorded are 2"),
            ),
            (asked("POST /image?a=1&b=2", with("/list/1", json!(3))), Some("the body at /list/1 is 3, recorded is 2")),
            (
                asked("POST /image?a=1&b=2", with("/a~1b", json!({}))),
                Some("the body lacks /a~1b/c, which was recorded"),
            ),
            (
                asked("POST /image?a=1&b=2", with("/a~1b", json!({"c": 1, "d": 2}))),
                Some("the body has /a~1b/d, which was not recorded"),
            ),
        ] {
            assert_eq!(Matcher::default().difference(&recorded, &request).as_deref(), expected);
        }
    }

    #[test]
    fn what_is_ignored_makes_no_difference() {
        let matcher = Matcher { ignored: ["sentAt".to_owned()].into() };
        let recorded = asked("POST /a?sentAt=1", json!({"sentAt": 1, "in": [{"sentAt": 2}]}));
        assert_eq!(matcher.difference(&recorded, &asked("POST /a", json!({"in": [{}]}))), None);
        let other = asked("POST /a", json!({"in": []}));
        assert!(matcher.difference(&recorded, &other).is_some());
    }
}
