//! Template that the examples of the SDK and of the documents use.

use crate::templates::{Source, Template};
use serde_json::json;

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

/// Returns the template.
pub(super) fn template(now: &str) -> Template {
    let variables = ["name", "invoiceNumber", "pageTitle", "total", "stars", "forks"];
    Template {
        uid: UID.to_owned(),
        name: "Demo".to_owned(),
        engine: "html".to_owned(),
        output_format: "image".to_owned(),
        source: Source { html: Some(HTML.to_owned()), width: Some(1200), height: Some(630), canvas: None },
        variables: variables.map(str::to_owned).to_vec(),
        variable_definitions: variables.map(|name| json!({"name": name, "type": "text", "defaultValue": ""})).to_vec(),
        created_at: now.to_owned(),
        updated_at: now.to_owned(),
        ..Template::default()
    }
}
