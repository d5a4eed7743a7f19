//! Leaves one success response per operation, and no error responses.
//!
//! progenitor supports one success type and one error type, and loses the status and headers of an error whose body
//! does not match. So each operation gets one response under `2XX`, for any success status. Error responses are
//! removed: the caller gets the whole HTTP response instead.
//!
//! A redirect (or "not modified") that the document declares without content is a success, not an error. Its status is
//! stored in `x-redirects` for the pass that widens the generated match. Its value is that of the operation's 2xx
//! response, or `()`.

use super::{Notes, note};
use crate::document::{below, follow, members, operations};
use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

/// Extension that passes the declared redirects to the postprocessing pass `redirects`.
pub const REDIRECTS: &str = "x-redirects";

/// Rewrites the responses of every operation.
pub fn run(document: &mut Value) -> Result<Notes> {
    let mut rewritten = Vec::new();
    for operation in operations(document) {
        let at = operation.pointer();
        let mut success: Option<(&str, Value)> = None;
        let mut redirects = Vec::new();
        let mut dropped = Vec::new();
        for (status, response) in members(operation.value.get("responses")) {
            let place = below(&below(&at, "responses"), status);
            let response = follow(document, response);
            match status.as_bytes().first() {
                Some(b'2') => {
                    let minimal = minimal_response(response, &place)?;
                    match &success {
                        Some((first, other)) if other.get("content") != minimal.get("content") => bail!(
                            "{place}: the response differs from that of {first}; an operation has one type of success"
                        ),
                        Some(_) => {}
                        None => success = Some((status, minimal)),
                    }
                }
                Some(b'3') if response.get("content").is_none() => match status.parse::<u16>() {
                    Ok(code) => redirects.push(code),
                    Err(_) => bail!("{place}: a redirect must be declared with its exact status"),
                },
                _ => dropped.push(status.as_str()),
            }
        }
        let response = match success {
            Some((_, response)) => response,
            None if redirects.is_empty() => bail!("{at}/responses: no success response is declared"),
            None => json!({"description": "A redirect."}),
        };
        rewritten.push((at, response, redirects, dropped.join(", ")));
    }

    let mut notes = Notes::new();
    for (at, response, redirects, dropped) in rewritten {
        let Some(operation) = document.pointer_mut(&at) else { continue };
        operation["responses"] = json!({"2XX": response});
        notes.push(note(&at, format!("one response under 2XX; removed: {dropped}")));
        if !redirects.is_empty() {
            notes.push(note(&at, format!("statuses {redirects:?} count as success")));
            operation[REDIRECTS] = json!(redirects);
        }
    }
    Ok(notes)
}

/// Returns a response with its description and schemas only. The generator does not use headers and examples.
fn minimal_response(response: &Value, at: &str) -> Result<Value> {
    let description = response.get("description").cloned().unwrap_or_else(|| json!(""));
    let mut content = Map::new();
    for (media_type, body) in members(response.get("content")) {
        let Some(schema) = body.get("schema") else { bail!("{at}/content: `{media_type}` has no schema") };
        content.insert(media_type.clone(), json!({"schema": schema}));
    }
    Ok(if content.is_empty() {
        json!({"description": description})
    } else {
        json!({"description": description, "content": content})
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::apply_pass;

    fn document(responses: &Value) -> Value {
        json!({
            "paths": {"/a": {"get": {"responses": responses}}},
            "components": {"responses": {"Error": {"description": "E"}}},
        })
    }

    fn json_of(name: &str) -> Value {
        json!({"description": name, "content": {"application/json": {
            "schema": {"$ref": format!("#/components/schemas/{name}")},
        }}})
    }

    #[test]
    fn one_response_is_left_for_any_success_status() {
        let error = json!({"$ref": "#/components/responses/Error"});
        for (responses, response, redirects) in [
            (json!({"200": json_of("A"), "default": error, "404": error}), json_of("A"), json!(null)),
            (json!({"200": json_of("A"), "201": json_of("A")}), json_of("A"), json!(null)),
            (json!({"204": {"description": "Gone."}}), json!({"description": "Gone."}), json!(null)),
            (
                json!({"302": {"description": "There.", "headers": {}}, "default": error}),
                json!({"description": "A redirect."}),
                json!([302]),
            ),
            (json!({"200": json_of("A"), "302": {"description": "There."}}), json_of("A"), json!([302])),
        ] {
            let result = apply_pass(run, &document(&responses)).unwrap();
            let operation = &result["paths"]["/a"]["get"];
            assert_eq!(operation["responses"], json!({"2XX": response}));
            assert_eq!(operation.get(REDIRECTS).cloned().unwrap_or_default(), redirects);
        }
    }

    #[test]
    fn an_operation_has_exactly_one_success_type() {
        for (responses, message) in [
            (json!({"200": json_of("A"), "202": json_of("B")}), "differs from that of 200"),
            (json!({"200": json_of("A"), "204": {"description": ""}}), "differs from that of 200"),
            (json!({"default": {"description": ""}}), "no success response"),
            (json!({"200": {"description": "", "content": {"application/json": {}}}}), "has no schema"),
        ] {
            let error = apply_pass(run, &document(&responses)).unwrap_err().to_string();
            assert!(error.starts_with("/paths/~1a/get/responses") && error.contains(message), "{error}");
        }
    }
}
