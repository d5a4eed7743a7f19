//! Use of each schema: in requests, in responses, or in both.

use crate::{
    document::{follow, members, operations, reached, reference, schema_name},
    query_structs,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Names of the schemas used in requests and in responses.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Schemas of request bodies, or of the items of a request body that is a list.
    pub bodies: BTreeSet<String>,
    /// Schemas reachable from request bodies and parameters.
    pub requests: BTreeSet<String>,
    /// Schemas reachable from successful responses and from webhooks.
    pub responses: BTreeSet<String>,
}

impl Usage {
    /// Collects the usage of all schemas of a document.
    pub fn of(document: &Value) -> Self {
        let mut usage = Self::default();
        for operation in operations(document) {
            let body = operation.value.get("requestBody").map(|body| follow(document, body));
            for (_, media_type) in members(body.and_then(|body| body.get("content"))) {
                // A body may also be a list of a schema.
                let schemas =
                    media_type.get("schema").into_iter().flat_map(|schema| [Some(schema), schema.get("items")]);
                let names = schemas.flatten().filter_map(reference).filter_map(schema_name);
                usage.bodies.extend(names.map(str::to_owned));
            }
            let query = operation.value.get(query_structs::EXTENSION);
            usage.bodies.extend(query.and_then(reference).and_then(schema_name).map(str::to_owned));
            usage.requests.extend(schemas(document, query));
            usage.requests.extend(schemas(document, body));
            usage
                .requests
                .extend(schemas(document, operation.parameters(document).into_iter().map(|(_, found)| found)));
            let responses = members(operation.value.get("responses")).filter(|(status, _)| status.starts_with('2'));
            usage.responses.extend(schemas(document, responses.map(|(_, response)| response)));
            usage.responses.extend(schemas(document, operation.value.get("x-event")));
        }
        usage.responses.extend(schemas(document, document.get("webhooks")));
        usage
    }

    /// Returns `true` if the schema is part of a response and of no request.
    pub fn only_in_responses(&self, name: &str) -> bool {
        self.responses.contains(name) && !self.requests.contains(name)
    }
}

fn schemas<'a>(document: &'a Value, roots: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    let targets = reached(document, roots);
    targets.iter().filter_map(|target| schema_name(target)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn usage_follows_references() {
        let to = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let content = |name: &str| json!({"content": {"application/json": {"schema": to(name)}}});
        let document = json!({
            "paths": {"/a": {"post": {
                "parameters": [{"name": "q", "schema": to("Query")}],
                "requestBody": content("Request"),
                "responses": {"200": content("Image"), "400": content("Error")},
            }}},
            "webhooks": {"done": {"post": {"requestBody": content("Event")}}},
            "components": {"schemas": {
                "Request": {"properties": {"both": to("Both")}}, "Both": {"type": "object"}, "Query": {"type": "string"},
                "Image": {"items": to("Both")}, "Event": {"items": to("Event")}, "Error": {"type": "object"},
            }},
        });
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let usage = Usage::of(&document);
        assert_eq!(
            usage,
            Usage {
                bodies: names(&["Request"]),
                requests: names(&["Request", "Both", "Query"]),
                responses: names(&["Image", "Both", "Event"]),
            }
        );
        assert!(usage.only_in_responses("Event") && !usage.only_in_responses("Both"));
    }
}
