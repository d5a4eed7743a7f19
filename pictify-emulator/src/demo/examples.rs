//! Template that the examples of the SDK and of the documents use.

use serde_json::{Value, json};

/// ID of the template.
pub(super) const UID: &str = "XK4P2M9QZT";

/// HTML of the template.
const HTML: &str = "<style>
  body { margin: 0; display: flex; flex-direction: column; justify-content: center; padding: 64px; color: white;
    font-family: sans-serif; background: linear-gradient(135deg, #667eea, #764ba2); }
  h1 { margin: 0; font-size: 72px; } p { margin: 16px 0 0; font-size: 32px; opacity: 0.85; }
</style>
<h1>{{name}}{{invoiceNumber}}{{pageTitle}}</h1>
{{#if total}}<p>Total: {{total}}</p>{{/if}}
{{#if stars}}<p>{{stars}} stars, {{forks}} forks</p>{{/if}}";

/// Returns the template as it is stored.
pub(super) fn template(now: &str) -> Value {
    let definitions = ["name", "invoiceNumber", "pageTitle", "total", "stars", "forks"]
        .map(|name| json!({"name": name, "type": "text", "defaultValue": ""}));
    json!({
        "uid": UID, "name": "Demo", "engine": "html", "width": 1200, "height": 630, "outputFormat": "image",
        "jsEnabled": false, "strictVariables": false, "hasDynamicLink": false, "html": HTML,
        "variableDefinitions": definitions, "createdAt": now, "updatedAt": now,
    })
}
