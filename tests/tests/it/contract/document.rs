//! Operations of the OpenAPI document: example responses, and validation of requests.

use pictify_test_support::{Reply, Request};
use serde_json::{Value, json};
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_saphyr::from_str(include_str!("../../../../openapi.yaml")).unwrap());

/// Operation of the document.
pub struct Operation {
    id: &'static str,
    method: &'static str,
    path: &'static str,
    value: &'static Value,
}

/// Returns the operation with this ID.
pub fn operation(id: &'static str) -> Operation {
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, value) in methods.as_object().unwrap() {
            if value["operationId"] == id {
                return Operation { id, method, path, value };
            }
        }
    }
    panic!("the document does not contain the operation {id}");
}

impl Operation {
    /// Returns the example responses of the document with their names, except for errors.
    pub fn replies(&self) -> Vec<(String, Reply)> {
        self.replies_with(|body| body)
    }

    /// As [`replies`](Self::replies), with `change` applied to the JSON of each body.
    pub fn replies_with(&self, change: impl Fn(String) -> String) -> Vec<(String, Reply)> {
        let mut replies = Vec::new();
        for (status, response) in self.value["responses"].as_object().unwrap() {
            let Ok(status) = status.parse::<u16>() else { continue };
            let body = &response["content"]["application/json"];
            let examples = ["examples", "x-older-examples"].map(|member| body[member].as_object());
            for (name, example) in examples.into_iter().flatten().flatten() {
                let body = change(example["value"].to_string());
                replies.push((name.clone(), Reply::json(status, &body)));
            }
            for media_type in response["content"].as_object().into_iter().flatten().map(|(name, _)| name) {
                if media_type != "application/json" {
                    let media_type = media_type.replace('*', "png");
                    replies.push((status.to_string(), Reply::new(status, &[("content-type", &media_type)], b"bytes")));
                }
            }
            if status == 302 {
                let headers = [("location", "https://example.com/landing")];
                replies.push((status.to_string(), Reply::new(status, &headers, b"")));
            }
        }
        replies
    }

    /// Checks a request against the document: method, path, query and body.
    pub fn check(&self, request: &Request) {
        let id = self.id;
        assert_eq!(request.method.to_lowercase(), self.method, "{id}");
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let template: Vec<_> = self.path.split('/').collect();
        let parts: Vec<_> = path.split('/').collect();
        assert_eq!(parts.len(), template.len(), "{id}: {path} does not match {}", self.path);
        for (part, template) in parts.iter().zip(&template) {
            assert!(template.contains('{') || part == template, "{id}: {path} does not match {}", self.path);
        }
        self.check_query(query);
        let schema = &self.value["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() {
            assert!(request.body.is_empty(), "{id} must not have a body");
            return;
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let schema = json!({"allOf": [schema], "components": DOCUMENT["components"]});
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<_> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{id}: {errors:?}");
    }

    fn check_query(&self, query: &str) {
        let parameters: Vec<_> = self.value["parameters"].as_array().into_iter().flatten().map(resolve).collect();
        // A parameter that is a map allows any names.
        if parameters.iter().any(|parameter| parameter["explode"] == true) {
            return;
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split('=').next().unwrap_or_default();
            let known = parameters.iter().any(|parameter| parameter["in"] == "query" && parameter["name"] == name);
            assert!(known, "{}: the document does not contain the query parameter {name}", self.id);
        }
    }
}

fn resolve(value: &'static Value) -> &'static Value {
    let target = value["$ref"].as_str().and_then(|reference| DOCUMENT.pointer(reference.strip_prefix('#')?));
    target.unwrap_or(value)
}
