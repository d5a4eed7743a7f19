//! Contract as routes and validators. The crate repeats nothing that the document says.

mod path;
mod routes;
mod schema;

use path::Segment;
use schema::{Schema, open_enumerations, restrict_urls};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

/// `openapi.yaml` as JSON, written by `cargo xtask generate`: JSON parses ten times as fast as YAML.
pub(crate) const DOCUMENT: &str = include_str!("../contract.json");

/// Contract that this crate was built with.
pub(crate) static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let document = serde_json::from_str(DOCUMENT).expect("JSON written by `cargo xtask generate`");
    Contract::new(&document)
});

/// All operations of the document.
pub(crate) struct Contract {
    operations: Vec<Operation>,
    webhook_events: Vec<String>,
}

/// Operation of the document.
pub(crate) struct Operation {
    pub(crate) id: String,
    method: String,
    path: Vec<Segment>,
    pub(crate) key: KeyUse,
    /// True if the operation is billed.
    pub(crate) is_billed: bool,
    body: Option<Schema>,
    pub(crate) query: BTreeMap<String, Schema>,
    /// Names of the query parameters that a request must have.
    pub(crate) required_query: Vec<String>,
    /// Rate limit of this operation alone, in requests per minute and API key.
    pub(crate) requests_per_minute: Option<u32>,
    /// Other body forms that the document mentions but does not declare, from `x-also-takes`.
    also_accepts: Vec<String>,
    /// Responses by status; no schema if the body is not JSON.
    responses: BTreeMap<String, Option<Schema>>,
}

/// Schemas that others refer to.
struct Components {
    of_requests: Arc<Value>,
    of_responses: Arc<Value>,
}

impl Components {
    fn new(components: Value) -> Self {
        let mut of_requests = components.clone();
        restrict_urls(&mut of_requests);
        Self { of_requests: Arc::new(of_requests), of_responses: Arc::new(components) }
    }
}

/// Requirement of an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyUse {
    Required,
    Optional,
    None,
}

impl Contract {
    fn new(document: &Value) -> Self {
        let mut components = json!({"schemas": document["components"]["schemas"]});
        open_enumerations(&mut components);
        let components = Components::new(components);
        let mut operations = Vec::new();
        for (path, item) in members(&document["paths"]) {
            for (method, operation) in members(item) {
                if let Some(id) = operation["operationId"].as_str() {
                    operations.push(Operation::new(document, &components, id, method, path, operation));
                }
            }
        }
        // A path without parameters takes precedence: `/webhook-subscriptions/stats` is not an ID.
        operations.sort_by_key(|operation| operation.path.iter().filter(|segment| segment.has_parameter()).count());
        let webhook_events = members(&document["webhooks"]).map(|(event, _)| event.to_owned()).collect();
        Self { operations, webhook_events }
    }

    /// Returns the IDs of all operations.
    pub(crate) fn operation_ids(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(|operation| operation.id.as_str())
    }

    /// Returns the names of the webhook events.
    pub(crate) fn webhook_events(&self) -> &[String] {
        &self.webhook_events
    }

    /// Returns the operation with this ID.
    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }
}

impl Operation {
    fn new(document: &Value, components: &Components, id: &str, method: &str, path: &str, operation: &Value) -> Self {
        let schema = |schema: &Value| {
            let mut schema = schema.clone();
            restrict_urls(&mut schema);
            Schema::new(schema, components.of_requests.clone())
        };
        let response_schema = |schema: &Value| Schema::new(schema.clone(), components.of_responses.clone());
        let parameters =
            operation["parameters"].as_array().into_iter().flatten().map(|parameter| resolve(document, parameter));
        let query_parameters: Vec<_> = parameters.filter(|parameter| parameter["in"] == "query").collect();
        let query = query_parameters
            .iter()
            .filter_map(|parameter| Some((parameter["name"].as_str()?.to_owned(), schema(&parameter["schema"]))))
            .collect();
        let required = query_parameters.iter().filter(|parameter| parameter["required"] == true);
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        Self {
            id: id.to_owned(),
            method: method.to_owned(),
            path: path.trim_matches('/').split('/').map(Segment::new).collect(),
            is_billed: operation["x-safety"] == "billed",
            key: KeyUse::new(operation.get("security").unwrap_or(&document["security"])),
            body: (!body.is_null()).then(|| schema(body)),
            query,
            required_query: required.filter_map(|parameter| Some(parameter["name"].as_str()?.to_owned())).collect(),
            requests_per_minute: operation["x-requests-per-minute"]
                .as_u64()
                .and_then(|limit| u32::try_from(limit).ok()),
            also_accepts: operation["x-also-takes"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|form| form.as_str().map(str::to_owned))
                .collect(),
            responses: members(&operation["responses"])
                .map(|(status, response)| {
                    let own = &resolve(document, response)["content"]["application/json"]["schema"];
                    (status.to_owned(), (!own.is_null()).then(|| response_schema(own)))
                })
                .collect(),
        }
    }

    /// Returns true if the operation takes a JSON body.
    pub(crate) fn accepts_body(&self) -> bool {
        self.body.is_some()
    }

    /// Returns true if the body may have this other form: a media type, `one item` of a list, an object with `no name`, a
    /// `css` member, or a `numeric quality`.
    pub(crate) fn also_accepts(&self, form: &str) -> bool {
        self.also_accepts.iter().any(|known| known == form)
    }

    /// Returns the reason why a response of the emulator violates the contract, if it does.
    pub(crate) fn response_error(&self, status: u16, body: Option<&Value>) -> Option<String> {
        let Some(schema) = self.responses.get(&status.to_string()) else {
            return Some(format!("unexpected status {status}"));
        };
        match (schema, body) {
            (Some(schema), Some(body)) => schema.validation_error("response", body),
            (None, Some(_)) => Some(format!("{status} must not have a JSON body")),
            (_, None) => None,
        }
    }

    /// Removes the members of a request body that count as absent.
    pub(crate) fn remove_absent_members(&self, body: &mut Value) {
        if let Some(schema) = &self.body {
            schema.remove_absent_members(body);
        }
    }

    /// Returns the validation error of a request body in the wording of the service's framework, if it is invalid.
    pub(crate) fn body_error(&self, body: &Value) -> Option<String> {
        self.body.as_ref()?.validation_error("body", body)
    }
}

impl KeyUse {
    fn new(security: &Value) -> Self {
        let ways = security.as_array().map(Vec::as_slice).unwrap_or_default();
        match (ways.is_empty(), ways.iter().any(|way| way.as_object().is_some_and(Map::is_empty))) {
            (true, _) => Self::None,
            (false, true) => Self::Optional,
            (false, false) => Self::Required,
        }
    }
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|reference| document.pointer(reference.strip_prefix('#')?));
    target.unwrap_or(value)
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A schema that does not compile would accept every value.
    #[test]
    fn every_schema_compiles() {
        for operation in &CONTRACT.operations {
            let responses = operation.responses.values().flatten();
            for schema in operation.body.iter().chain(operation.query.values()).chain(responses) {
                assert!(schema.compiles(), "{}", operation.id);
            }
        }
    }

    #[test]
    fn bodies_are_validated_against_the_contract() {
        let operation = CONTRACT.operation("createImage").unwrap();
        for (body, wrong) in [
            (json!({"html": "<p>", "width": 10}), None),
            (json!({"html": "<p>", "fileExtension": "avif"}), None),
            (json!({"html": "<p>", "width": 0}), Some("body/width 0 is less than the minimum of 1")),
            (json!({"html": 7}), Some("body/html 7 is not of type \"string\"")),
            (json!([]), Some("body [] is not of type \"object\"")),
        ] {
            assert_eq!(operation.body_error(&body).as_deref(), wrong, "{body}");
        }
    }
}
