//! Answers without what changes from run to run.

use super::scrub::{begins_as_secret, is_secret};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Selectors of what changes from run to run, with what to write instead, for `insta`:
///
/// ```text
/// let mut settings = insta::Settings::clone_current();
/// for (selector, instead) in pictify::testing::REDACTIONS {
///     settings.add_redaction(selector, instead);
/// }
/// settings.bind(|| insta::assert_json_snapshot!(image));
/// ```
///
/// They go by names alone. [`redact`] goes by values, too, and keeps apart what differs.
pub const REDACTIONS: [(&str, &str); 42] = [
    (".**.id", "[id]"),
    (".**.uid", "[id]"),
    (".**.batchId", "[id]"),
    (".**.bindingId", "[id]"),
    (".**.deliveryId", "[id]"),
    (".**.experimentId", "[id]"),
    (".**.imageId", "[id]"),
    (".**.jobId", "[id]"),
    (".**.renderId", "[id]"),
    (".**.requestId", "[id]"),
    (".**.templateId", "[id]"),
    (".**.templateUid", "[id]"),
    (".**.userId", "[id]"),
    (".**.variantId", "[id]"),
    (".**.url", "[url]"),
    (".**.checkoutUrl", "[url]"),
    (".**.imageUrl", "[url]"),
    (".**.posterUrl", "[url]"),
    (".**.previewUrl", "[url]"),
    (".**.renderUrl", "[url]"),
    (".**.targetUrl", "[url]"),
    (".**.thumbnail", "[url]"),
    (".**.upgradeUrl", "[url]"),
    (".**.userStorageUrl", "[url]"),
    (".**.webhookUrl", "[url]"),
    (".**.createdAt", "[time]"),
    (".**.updatedAt", "[time]"),
    (".**.completedAt", "[time]"),
    (".**.expiresAt", "[time]"),
    (".**.startedAt", "[time]"),
    (".**.renderedAt", "[time]"),
    (".**.lastDeliveryAt", "[time]"),
    (".**.lastFetchAt", "[time]"),
    (".**.lastRenderAt", "[time]"),
    (".**.winnerDeclaredAt", "[time]"),
    (".**.timestamp", "[time]"),
    (".**.executionTime", "[duration]"),
    (".**.processingTime", "[duration]"),
    (".**.secret", "[secret]"),
    (".**.signingSecret", "[secret]"),
    (".**.token", "[secret]"),
    (".**.writeKey", "[secret]"),
];

/// Writes placeholders for what changes from run to run: ids, URLs, points in time, durations; and for secrets. Fit for any
/// snapshot.
///
/// The same id or URL gets the same number, so that one can see which belong together: `[id 1]`, `[url 2]`. What an id is,
/// is told by the member's name (`id`, `uid`, `requestId`, `template_uid`), which also tells durations (`durationMs`,
/// `processingTime`); a URL and a point in time are told by what they are. What does not serialise is `null`.
///
/// ```
/// use pictify::testing::redact;
/// use serde_json::json;
///
/// let list = json!({"images": [
///     {"id": "K3Q9", "url": "https://media.pictify.io/k3q9.png", "width": 1200, "createdAt": "2026-08-04T09:15:27.482Z"},
///     {"id": "P0D8", "url": "https://media.pictify.io/p0d8.png", "copyOf": {"uid": "K3Q9"}},
/// ]});
/// assert_eq!(redact(&list), json!({"images": [
///     {"id": "[id 1]", "url": "[url 1]", "width": 1200, "createdAt": "[time]"},
///     {"id": "[id 2]", "url": "[url 2]", "copyOf": {"uid": "[id 1]"}},
/// ]}));
/// ```
#[must_use]
pub fn redact(value: &impl Serialize) -> Value {
    let value = serde_json::to_value(value).unwrap_or_default();
    Redaction::default().value("", value)
}

/// What was met so far, with its number.
#[derive(Default)]
struct Redaction {
    numbers: HashMap<&'static str, HashMap<String, usize>>,
}

impl Redaction {
    fn value(&mut self, name: &str, value: Value) -> Value {
        match value {
            // Those of a list are named as the list is.
            Value::Array(items) => items.into_iter().map(|item| self.value(name, item)).collect(),
            Value::Object(members) => {
                let members: Map<_, _> = members
                    .into_iter()
                    .map(|(name, value)| {
                        let value = self.value(&name, value);
                        (name, value)
                    })
                    .collect();
                Value::Object(members)
            }
            Value::String(text) if text.is_empty() => Value::String(text),
            Value::String(text) if is_secret(name) || begins_as_secret(&text) => Value::from("[secret]"),
            Value::String(text) if text.starts_with("https://") || text.starts_with("http://") => {
                self.numbered("url", text)
            }
            Value::String(text) if is_time(&text) => Value::from("[time]"),
            Value::String(text) if is_id(name) => self.numbered("id", text),
            Value::Number(_) if is_duration(name) => Value::from("[duration]"),
            Value::Number(_) if name.ends_with("At") || name.ends_with("_at") => Value::from("[time]"),
            other => other,
        }
    }

    fn numbered(&mut self, kind: &'static str, text: String) -> Value {
        let numbers = self.numbers.entry(kind).or_default();
        let next = numbers.len() + 1;
        let number = numbers.entry(text).or_insert(next);
        Value::from(format!("[{kind} {number}]"))
    }
}

fn is_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

fn is_id(name: &str) -> bool {
    let lists = ["ids", "uids", "idempotencyKey", "idempotency_key", "id", "uid"];
    let endings = ["Id", "Ids", "Uid", "Uids", "_id", "_ids", "_uid", "_uids"];
    lists.contains(&name) || endings.iter().any(|ending| name.ends_with(ending))
}

fn is_duration(name: &str) -> bool {
    let folded = name.replace('_', "").to_ascii_lowercase();
    // What is named `duration` alone is that of a film, and part of what was asked for.
    let names = ["elapsed", "executiontime", "latency", "processingtime", "rendertime", "uptime"];
    name.ends_with("Ms") || name.ends_with("_ms") || names.contains(&&*folded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_changes_is_replaced_and_the_rest_stays() {
        for (value, expected) in [
            (json!({"uid": "A", "name": "A"}), json!({"uid": "[id 1]", "name": "A"})),
            (
                json!({"batch_id": "A", "renderIds": ["A", "B"]}),
                json!({"batch_id": "[id 1]", "renderIds": ["[id 1]", "[id 2]"]}),
            ),
            (json!({"secret": "x", "note": "whsec_1f8a"}), json!({"secret": "[secret]", "note": "[secret]"})),
            (json!({"id": 7, "id2": "x"}), json!({"id": 7, "id2": "x"})),
            (json!({"id": "", "url": null}), json!({"id": "", "url": null})),
            (
                json!({"createdAt": 1_785_834_927, "at": "2026-08-04T09:15:27Z"}),
                json!({"createdAt": "[time]", "at": "[time]"}),
            ),
            (
                json!({"durationMs": 12, "uptime": 1.5, "width": 9}),
                json!({"durationMs": "[duration]", "uptime": "[duration]", "width": 9}),
            ),
            (json!({"html": "<a href=\"https://a.b\">"}), json!({"html": "<a href=\"https://a.b\">"})),
            (json!(["http://a.b", "http://c.d", "http://a.b"]), json!(["[url 1]", "[url 2]", "[url 1]"])),
        ] {
            assert_eq!(redact(&value), expected);
        }
    }
}
