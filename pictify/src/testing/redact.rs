//! Redaction of values that change from run to run, for snapshots.

use super::redaction::{has_secret_prefix, is_secret_name};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Selectors of values that change from run to run, with their placeholders, for `insta`:
///
/// ```text
/// let mut settings = insta::Settings::clone_current();
/// for (selector, placeholder) in pictify::testing::REDACTIONS {
///     settings.add_redaction(selector, placeholder);
/// }
/// settings.bind(|| insta::assert_json_snapshot!(image));
/// ```
///
/// They select by member name alone. [`redact`] also looks at the values, and gives different values different numbers.
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

/// Replaces values that change from run to run by placeholders: IDs, URLs, timestamps, durations; and also secrets. The result
/// can be used in any kind of snapshot.
///
/// The same ID or URL always gets the same number, for example `[id 1]` or `[url 2]`, so that a reader sees which values
/// belong together. IDs and durations are recognised by the names of their members (`id`, `uid`, `requestId`,
/// `template_uid`; `durationMs`, `processingTime`), URLs and timestamps by their values. A value that does not serialise
/// becomes `null`.
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

/// The values found so far, with their numbers.
#[derive(Default)]
struct Redaction {
    numbers: HashMap<&'static str, HashMap<String, usize>>,
}

impl Redaction {
    fn value(&mut self, name: &str, value: Value) -> Value {
        match value {
            // Items of a list have the name of the list.
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
            Value::String(text) if is_secret_name(name) || has_secret_prefix(&text) => Value::from("[secret]"),
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
    // `duration` alone is the length of a video, which the request sets.
    let names = ["elapsed", "executiontime", "latency", "processingtime", "rendertime", "uptime"];
    name.ends_with("Ms") || name.ends_with("_ms") || names.contains(&&*folded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_that_change_are_replaced_and_others_stay() {
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
