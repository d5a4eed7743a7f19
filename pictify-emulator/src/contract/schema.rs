//! JSON schemas of the document, and validation errors in the wording of the service.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// JSON schema, compiled on first use: a test that renders one image does not pay for 95 operations.
pub(crate) struct Schema {
    own: Value,
    components: Arc<Value>,
    compiled: OnceLock<Option<Validator>>,
}

impl Schema {
    pub(super) fn new(mut schema: Value, components: Arc<Value>) -> Self {
        open_enumerations(&mut schema);
        Self { own: schema, components, compiled: OnceLock::new() }
    }

    fn validator(&self) -> Option<&Validator> {
        let compile = || {
            let schema = json!({"allOf": [self.own], "components": *self.components});
            // Validate formats too, as the service's framework does: a string that is not a date must not be returned
            // as one.
            let options = jsonschema::options().should_validate_formats(true);
            options.with_format(WEB_URL, is_web_url).build(&schema).ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    /// Removes the members of a request that count as absent: those that are null or an empty string. The data of the
    /// caller, such as the values of variables, is not changed.
    pub(crate) fn remove_absent_members(&self, value: &mut Value) {
        remove_absent_members(&applied_schemas(&self.own, &self.components), &self.components, value);
    }

    #[cfg(test)]
    pub(super) fn compiles(&self) -> bool {
        self.validator().is_some()
    }

    /// Returns the validation error of a value, if it is invalid. `place` names the value in the message.
    pub(crate) fn validation_error(&self, place: &str, value: &Value) -> Option<String> {
        // Only the first error: a list of a million invalid items has a million errors.
        let error = self.validator()?.validate(value).err()?;
        let at = error.instance_path().to_string();
        Some(format!("{place}{at} {}", shorten(&error.to_string())))
    }

    /// Converts a query parameter to the JSON type of the schema.
    pub(crate) fn read(&self, text: &str) -> Value {
        match self.own["type"].as_str() {
            Some("integer" | "number" | "boolean") => {
                serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
            }
            _ => Value::String(text.to_owned()),
        }
    }
}

/// Returns the schemas that apply to a value: this one, the one that it refers to, and the parts of `allOf`.
fn applied_schemas<'a>(schema: &'a Value, components: &'a Value) -> Vec<&'a Value> {
    let target = schema["$ref"].as_str().and_then(|target| components.pointer(target.strip_prefix("#/components")?));
    let parts = target.into_iter().chain(schema["allOf"].as_array().into_iter().flatten());
    std::iter::once(schema).chain(parts.flat_map(|part| applied_schemas(part, components))).collect()
}

fn remove_absent_members(schemas: &[&Value], components: &Value, value: &mut Value) {
    match value {
        Value::Object(members) => members.retain(|name, member| {
            let declared = schemas.iter().filter_map(|schema| schema["properties"].get(name));
            let own: Vec<_> = declared.flat_map(|property| applied_schemas(property, components)).collect();
            let is_required = schemas.iter().any(|schema| {
                schema["required"].as_array().is_some_and(|required| required.iter().any(|required| required == name))
            });
            remove_absent_members(&own, components, member);
            !is_absent(member, &own, is_required)
        }),
        Value::Array(items) => {
            let of_items: Vec<_> = schemas
                .iter()
                .filter_map(|schema| schema.get("items"))
                .flat_map(|item| applied_schemas(item, components))
                .collect();
            for item in items.iter_mut() {
                remove_absent_members(&of_items, components, item);
            }
        }
        _ => {}
    }
}

/// Returns true if a member counts as absent. A member whose type is not declared may have any value, and a required text
/// may be empty.
fn is_absent(member: &Value, schemas: &[&Value], is_required: bool) -> bool {
    let Some(declared) = schemas.iter().map(|schema| &schema["type"]).find(|declared| !declared.is_null()) else {
        return false;
    };
    let accepts =
        |name: &str| declared == name || declared.as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let may_be_empty =
        || is_required && accepts("string") && schemas.iter().all(|schema| schema["minLength"].is_null());
    match member {
        Value::Null => !accepts("null"),
        Value::String(text) => text.is_empty() && !may_be_empty(),
        _ => false,
    }
}

/// Shortens a message of the validator: it quotes the whole value, which may be a megabyte of HTML.
fn shorten(message: &str) -> String {
    const MAX_MESSAGE_CHARS: usize = 200;
    if message.chars().count() <= MAX_MESSAGE_CHARS {
        return message.to_owned();
    }
    let tail: String = message.chars().rev().take(MAX_MESSAGE_CHARS / 2).collect();
    let head: String = message.chars().take(MAX_MESSAGE_CHARS / 2).collect();
    format!("{head} ... {}", tail.chars().rev().collect::<String>())
}

/// Format of the URLs that a request may have.
const WEB_URL: &str = "http or https URL";

fn is_web_url(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme).unwrap_or_default();
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// Members with the URL of a page or of data. A handler rejects other schemes with an error of its own.
const FETCHED: [&str; 2] = ["url", "csvUrl"];

/// Restricts the URLs of a schema to those of the web, because the server redirects to them or sends them webhooks: a
/// `javascript:` or `file:` URL would be dangerous.
pub(super) fn restrict_urls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let is_fetched = |name: &str, schema: &Value| FETCHED.contains(&name) && schema["format"] == "uri";
            for (_, member) in object.iter_mut().filter(|(name, member)| !is_fetched(name, member)) {
                restrict_urls(member);
            }
            if object.get("format").is_some_and(|format| format == "uri") {
                let web_url = json!({"format": WEB_URL});
                if let Some(all) = object.entry("allOf").or_insert_with(|| json!([])).as_array_mut() {
                    all.push(web_url);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(restrict_urls),
        _ => {}
    }
}

/// Removes enumerations from a schema: the service accepts values that the document does not list.
pub(super) fn open_enumerations(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("enum").is_some_and(Value::is_array) {
                object.remove("enum");
            }
            object.values_mut().for_each(open_enumerations);
        }
        Value::Array(items) => items.iter_mut().for_each(open_enumerations),
        _ => {}
    }
}
