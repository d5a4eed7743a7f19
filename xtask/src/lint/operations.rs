//! Rules for operations.

use super::{Finding, finding};
use crate::{
    code_samples,
    document::{OperationAt, below, follow, items, members, operations},
};
use heck::{ToLowerCamelCase, ToSnakeCase};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Extensions with a fixed set of values.
const ENUM_EXTENSIONS: [(&str, &[&str]); 2] = [
    ("x-safety", &["read-only", "idempotent", "creating", "billed"]),
    ("x-availability", &["live", "doc", "doc-only", "retired", "public"]),
];
/// Other extensions of an operation.
const OTHER_EXTENSIONS: [&str; 7] = [
    "x-timeout",
    "x-envelope",
    "x-event",
    "x-pagination",
    "x-also-takes",
    "x-requests-per-minute",
    code_samples::EXTENSION,
];

/// Request forms that the service accepts and the document does not declare.
const ALSO_TAKES: [&str; 6] = ["text/plain", "one item", "no name", "css", "numeric quality", "query token"];
const PAGINATION_STYLES: [&str; 3] = ["page", "offset", "flat"];

/// Requires an operation ID in camel case that is unique, also as a method name.
pub fn have_distinct_ids(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for operation in operations(document) {
        let (at, id) = (operation.pointer(), operation.id());
        if id.is_empty() {
            found.push(finding(at, "operation has no operationId: add one, it becomes the method name"));
            continue;
        }
        if id.to_lower_camel_case() != id {
            found.push(finding(
                &at,
                format!("operationId `{id}` is not camelCase: write `{}`", id.to_lower_camel_case()),
            ));
        }
        if let Some(first) = taken.insert(id.to_snake_case(), at.clone()) {
            found.push(finding(at, format!("operationId `{id}` is also that of {first}: rename one")));
        }
    }
    found
}

/// Requires tags that the document declares, and a summary that ends with a full stop.
pub fn are_described(document: &Value) -> Vec<Finding> {
    let declared: BTreeSet<&str> = items(document.get("tags")).filter_map(|tag| tag.get("name")?.as_str()).collect();
    let mut found = Vec::new();
    for operation in operations(document) {
        let at = operation.pointer();
        let tags: Vec<&str> = items(operation.value.get("tags")).filter_map(Value::as_str).collect();
        if tags.is_empty() {
            found.push(finding(&at, "operation has no tags: add the resource that it belongs to"));
        }
        for tag in tags.iter().filter(|tag| !declared.contains(*tag)) {
            found.push(finding(
                &at,
                format!("tag `{tag}` is not declared: add it to the document's `tags` or correct it"),
            ));
        }
        match operation.text("summary").map(str::trim) {
            None | Some("") => {
                found.push(finding(&at, "operation has no summary: add one line"));
            }
            Some(summary) if !summary.ends_with('.') => {
                found.push(finding(&at, "summary does not end with a full stop: add it"));
            }
            Some(_) => {}
        }
    }
    found
}

/// Requires other tags for webhooks than for operations. A generator makes a file for each tag, once for operations and
/// once for webhooks.
pub fn share_no_tag_with_webhooks(document: &Value) -> Vec<Finding> {
    let of_operations: BTreeSet<&str> = operations(document)
        .iter()
        .flat_map(|operation| items(operation.value.get("tags")).filter_map(Value::as_str).collect::<Vec<_>>())
        .collect();
    let mut found = Vec::new();
    for (name, item) in members(document.get("webhooks")) {
        for (method, webhook) in members(Some(item)) {
            for tag in items(webhook.get("tags")).filter_map(Value::as_str).filter(|tag| of_operations.contains(tag)) {
                let at = below(&below("/webhooks", name), method);
                found.push(finding(at, format!("tag `{tag}` is also a tag of operations: use another one")));
            }
        }
    }
    found
}

/// Requires a description for every parameter: it becomes documentation of the method.
pub fn have_described_parameters(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for operation in operations(document) {
        for (at, parameter) in operation.parameters(document) {
            let text = parameter.get("description").and_then(Value::as_str).unwrap_or_default();
            if text.trim().is_empty() {
                found.push(finding(at, "parameter has no description: add one, with unit and range"));
            }
        }
    }
    found
}

/// Requires the extensions of the operation table with known values, and rejects unknown extensions.
pub fn have_their_extensions(document: &Value) -> Vec<Finding> {
    operations(document).iter().flat_map(extensions).collect()
}

fn extensions(operation: &OperationAt<'_>) -> Vec<Finding> {
    let at = operation.pointer();
    let mut found = Vec::new();
    for (name, allowed) in ENUM_EXTENSIONS {
        let list = allowed.join(", ");
        match operation.value.get(name) {
            None => found.push(finding(&at, format!("operation has no {name}: add one of {list}"))),
            Some(value) if value.as_str().is_none_or(|word| !allowed.contains(&word)) => {
                found.push(finding(below(&at, name), format!("{name} is {value}: use one of {list}")));
            }
            Some(_) => {}
        }
    }
    match operation.value.get("x-timeout") {
        None => found.push(finding(&at, "operation has no x-timeout: add the seconds that one call may take")),
        Some(value) if value.as_u64().is_none_or(|seconds| seconds == 0) => {
            found.push(finding(
                below(&at, "x-timeout"),
                format!("x-timeout is {value}: write whole seconds, at least 1"),
            ));
        }
        Some(_) => {}
    }
    if let Some(pagination) = operation.value.get("x-pagination") {
        let style = pagination.get("style").and_then(Value::as_str).unwrap_or_default();
        if !PAGINATION_STYLES.contains(&style) {
            let message = format!("pagination style is `{style}`: use one of {}", PAGINATION_STYLES.join(", "));
            found.push(finding(below(&at, "x-pagination"), message));
        }
    }
    for form in operation.value.get("x-also-takes").and_then(Value::as_array).into_iter().flatten() {
        if form.as_str().is_none_or(|form| !ALSO_TAKES.contains(&form)) {
            let message = format!("the emulator does not support the form {form}: use {}", ALSO_TAKES.join(", "));
            found.push(finding(below(&at, "x-also-takes"), message));
        }
    }
    for (name, _) in members(Some(operation.value)).filter(|(name, _)| name.starts_with("x-")) {
        if !OTHER_EXTENSIONS.contains(&name.as_str()) && ENUM_EXTENSIONS.iter().all(|(known, _)| known != name) {
            found.push(finding(below(&at, name), "unknown extension: remove it or correct it"));
        }
    }
    found
}

/// Requires an example of the body, the response or a parameter.
pub fn have_an_example(document: &Value) -> Vec<Finding> {
    operations(document)
        .iter()
        .filter(|operation| !has_example(document, operation))
        .map(|operation| {
            finding(operation.pointer(), "operation has no example: add one to its body, response or parameters")
        })
        .collect()
}

fn has_example(document: &Value, operation: &OperationAt<'_>) -> bool {
    let shows = |value: &Value| value.get("example").is_some() || value.get("examples").is_some();
    let in_content = |owner: &Value| members(follow(document, owner).get("content")).any(|(_, body)| shows(body));
    let responses = members(operation.value.get("responses")).filter(|(status, _)| status.starts_with('2'));
    operation.value.get("requestBody").is_some_and(in_content)
        || responses.map(|(_, response)| response).any(in_content)
        || operation.parameters(document).iter().any(|(_, parameter)| shows(parameter))
}

/// Requires a success response, which may be a redirect, and a `default` error response.
pub fn declare_success_and_error(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for operation in operations(document) {
        let at = operation.pointer();
        let responses = operation.value.get("responses");
        if !members(responses).any(|(status, _)| status.starts_with('2') || status.starts_with('3')) {
            found.push(finding(&at, "operation has no success response: add its 2xx response"));
        }
        if responses.and_then(|responses| responses.get("default")).is_none() {
            found.push(finding(
                &at,
                "operation has no error response: add `default` with a reference to the shared one",
            ));
        }
    }
    found
}

/// Requires the client errors that follow from the operation. Generated clients of other languages have a type only for
/// statuses that the document declares.
pub fn declare_their_client_errors(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for operation in operations(document) {
        let at = below(&operation.pointer(), "responses");
        let responses = operation.value.get("responses");
        for (status, name, reason) in client_errors(document, &operation) {
            if responses.and_then(|responses| responses.get(status)).is_none() {
                let message = format!(
                    "{reason}, but `{status}` is not declared: add `'{status}': {{$ref: '#/components/responses/{name}'}}`"
                );
                found.push(finding(&at, message));
            }
        }
    }
    found
}

/// Returns the statuses of the errors that the operation can have, with the name of the shared response and the reason.
fn client_errors(document: &Value, operation: &OperationAt<'_>) -> Vec<(&'static str, &'static str, &'static str)> {
    let parameters = operation.parameters(document);
    let has = |place: &str| parameters.iter().any(|(_, parameter)| parameter.get("in").is_some_and(|at| at == place));
    let security = operation.value.get("security").or_else(|| document.get("security"));
    let ways = || items(security).filter_map(Value::as_object);
    let mut errors = Vec::new();
    if operation.value.get("requestBody").is_some() || has("query") {
        errors.push(("400", "BadRequest", "the operation has a body or a query"));
    }
    if ways().count() > 0 && !ways().any(serde_json::Map::is_empty) {
        errors.push(("401", "Unauthorized", "the operation needs a key"));
    }
    let is_billed = operation.text("x-safety") == Some("billed");
    if is_billed {
        errors.push(("402", "PaymentRequired", "the operation is billed"));
    }
    if has("path") {
        errors.push(("404", "NotFound", "the path has an ID"));
    }
    if is_billed {
        errors.push(("422", "UnprocessableContent", "the operation is billed"));
    }
    errors.push(("429", "TooManyRequests", "requests are limited"));
    errors
}

/// Requires the path parameters to match the path template.
pub fn declare_their_path_parameters(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for operation in operations(document) {
        let template: BTreeSet<&str> =
            operation.path.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect();
        let mut declared = BTreeSet::new();
        for (at, parameter) in operation.parameters(document) {
            let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
            if parameter.get("in").is_none_or(|place| place != "path") {
                continue;
            }
            declared.insert(name);
            if !template.contains(name) {
                found
                    .push(finding(&at, format!("path parameter `{name}` is not in the template: remove or rename it")));
            }
            if parameter.get("required") != Some(&Value::Bool(true)) {
                found.push(finding(at, format!("path parameter `{name}` is optional: add `required: true`")));
            }
        }
        for name in template.difference(&declared) {
            found.push(finding(
                operation.pointer(),
                format!("path parameter `{name}` is not declared: add it to `parameters`"),
            ));
        }
    }
    found
}

/// Requires one media type per body and successful response. The generator would silently use one of several.
pub fn have_one_media_type_per_body(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for operation in operations(document) {
        let at = operation.pointer();
        let mut check = |at: String, owner: &Value| {
            let count = members(follow(document, owner).get("content")).count();
            if count > 1 {
                found.push(finding(at, format!("{count} media types: leave the one that the SDK uses")));
            }
        };
        if let Some(body) = operation.value.get("requestBody") {
            check(below(&at, "requestBody"), body);
        }
        for (status, response) in
            members(operation.value.get("responses")).filter(|(status, _)| status.starts_with('2'))
        {
            check(below(&below(&at, "responses"), status), response);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::assert_finds;
    use serde_json::json;

    const AT: &str = "/paths/~1a~1{uid}/get";

    fn document(operation: &Value) -> Value {
        json!({"tags": [{"name": "images"}], "paths": {"/a/{uid}": {"get": operation}}})
    }

    #[test]
    fn ids_are_camel_case_and_distinct() {
        for (ids, expected) in [
            (["getA", "getB"], vec![]),
            (["getA", "getA"], vec![("/paths/~1b/get", "is also that of /paths/~1a/get")]),
            (["getURL", "getB"], vec![("/paths/~1a/get", "write `getUrl`")]),
            (["", "getB"], vec![("/paths/~1a/get", "has no operationId")]),
        ] {
            let document = json!({"paths": {
                "/a": {"get": {"operationId": ids[0]}}, "/b": {"get": {"operationId": ids[1]}},
            }});
            assert_finds(have_distinct_ids, &document, &expected);
        }
    }

    #[test]
    fn an_operation_has_a_tag_and_a_summary() {
        for (operation, expected) in [
            (json!({"tags": ["images"], "summary": "Read one."}), vec![]),
            (
                json!({"tags": ["image"], "summary": "Read one"}),
                vec![(AT, "`image` is not declared"), (AT, "full stop")],
            ),
            (json!({}), vec![(AT, "no tags"), (AT, "no summary")]),
        ] {
            assert_finds(are_described, &document(&operation), &expected);
        }
    }

    #[test]
    fn operations_and_webhooks_have_different_tags() {
        for (tag, expected) in [("deliveries", vec![]), ("images", vec![("/webhooks/done/post", "`images` is also")])] {
            let mut document = document(&json!({"tags": ["images"]}));
            document["webhooks"] = json!({"done": {"post": {"tags": [tag]}}});
            assert_finds(share_no_tag_with_webhooks, &document, &expected);
        }
    }

    #[test]
    fn a_parameter_has_a_description() {
        let operation = json!({"parameters": [{"name": "uid", "description": "The identifier."}, {"name": "limit"}]});
        let at = "/paths/~1a~1{uid}/get/parameters/1";
        assert_finds(have_described_parameters, &document(&operation), &[(at, "has no description")]);
    }

    #[test]
    fn extensions_have_values_from_the_lists() {
        let good = json!({
            "x-safety": "billed", "x-availability": "doc-only", "x-timeout": 30, "x-envelope": "image",
            "x-pagination": {"style": "flat", "items": "images"},
        });
        assert_finds(have_their_extensions, &document(&good), &[]);
        for (name, value, expected) in [
            ("x-safety", json!("safe"), ("x-safety", "use one of read-only, idempotent, creating, billed")),
            ("x-availability", json!(1), ("x-availability", "use one of live, doc, doc-only, retired, public")),
            ("x-timeout", json!(0), ("x-timeout", "whole seconds")),
            ("x-pagination", json!({"style": "cursor"}), ("x-pagination", "use one of page, offset, flat")),
            (
                "x-also-takes",
                json!(["xml"]),
                ("x-also-takes", "use text/plain, one item, no name, css, numeric quality"),
            ),
            ("x-envelop", json!("image"), ("x-envelop", "unknown extension")),
        ] {
            let mut operation = good.clone();
            operation[name] = value;
            assert_finds(have_their_extensions, &document(&operation), &[(&below(AT, expected.0), expected.1)]);
        }
        assert_finds(
            have_their_extensions,
            &document(&json!({})),
            &[(AT, "no x-safety"), (AT, "no x-availability"), (AT, "no x-timeout")],
        );
    }

    #[test]
    fn an_example_may_be_in_body_response_or_parameters() {
        let content = json!({"content": {"application/json": {"examples": {"default": {"value": 1}}}}});
        for operation in [
            json!({"requestBody": content}),
            json!({"responses": {"200": content}}),
            json!({"parameters": [{"name": "uid", "example": "a"}]}),
        ] {
            assert_finds(have_an_example, &document(&operation), &[]);
        }
        let only_error = json!({"responses": {"default": content}});
        assert_finds(have_an_example, &document(&only_error), &[(AT, "has no example")]);
    }

    #[test]
    fn success_and_error_are_declared() {
        for (responses, expected) in [
            (json!({"200": {}, "default": {}}), vec![]),
            (json!({"302": {}, "default": {}}), vec![]),
            (json!({"default": {}}), vec![(AT, "no success response")]),
            (json!({"200": {}, "404": {}}), vec![(AT, "no error response")]),
        ] {
            assert_finds(declare_success_and_error, &document(&json!({"responses": responses})), &expected);
        }
    }

    #[test]
    fn client_errors_follow_from_the_operation() {
        let error = |status: &str| json!({"responses": {status: {}}});
        let key = json!([{"apiKey": []}]);
        for (operation, expected) in [
            (json!({}), vec!["429"]),
            (error("429"), vec![]),
            (json!({"requestBody": {}}), vec!["400", "429"]),
            (json!({"parameters": [{"in": "query"}]}), vec!["400", "429"]),
            (json!({"parameters": [{"in": "path"}]}), vec!["404", "429"]),
            (json!({"parameters": [{"in": "header"}]}), vec!["429"]),
            (json!({"security": key}), vec!["401", "429"]),
            (json!({"security": [{"apiKey": []}, {}]}), vec!["429"]),
            (json!({"x-safety": "billed"}), vec!["402", "422", "429"]),
        ] {
            let found = declare_their_client_errors(&document(&operation));
            let at = below(AT, "responses");
            let statuses: Vec<_> = expected.iter().map(|status| format!("but `{status}` is not declared")).collect();
            let places: Vec<_> = found.iter().map(|finding| finding.at.as_str()).collect();
            assert_eq!(places, vec![at.as_str(); expected.len()], "{operation}");
            for (finding, status) in found.iter().zip(statuses) {
                assert!(finding.message.contains(&status), "{operation}: {finding}");
            }
        }
        let mut of_document = document(&json!({}));
        of_document["security"] = key;
        assert_eq!(declare_their_client_errors(&of_document).len(), 2);
    }

    #[test]
    fn path_parameters_match_the_template() {
        let parameter = |name: &str, required: bool| json!({"name": name, "in": "path", "required": required});
        for (parameters, expected) in [
            (json!([parameter("uid", true)]), vec![]),
            (json!([]), vec![(AT, "`uid` is not declared")]),
            (json!([parameter("uid", false)]), vec![("/paths/~1a~1{uid}/get/parameters/0", "add `required: true`")]),
            (
                json!([parameter("uid", true), parameter("id", true)]),
                vec![("/paths/~1a~1{uid}/get/parameters/1", "`id` is not in the template")],
            ),
        ] {
            assert_finds(declare_their_path_parameters, &document(&json!({"parameters": parameters})), &expected);
        }
    }

    #[test]
    fn a_body_has_one_media_type() {
        let one = json!({"content": {"application/json": {}}});
        let two = json!({"content": {"application/json": {}, "text/html": {}}});
        let good = json!({"requestBody": one, "responses": {"200": one, "default": two}});
        assert_finds(have_one_media_type_per_body, &document(&good), &[]);
        let bad = json!({"requestBody": two, "responses": {"200": two}});
        assert_finds(
            have_one_media_type_per_body,
            &document(&bad),
            &[
                ("/paths/~1a~1{uid}/get/requestBody", "2 media types"),
                ("/paths/~1a~1{uid}/get/responses/200", "2 media types"),
            ],
        );
    }
}
