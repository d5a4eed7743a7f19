//! The document against itself: every example is what its schema says.

use serde_json::{Map, Value, json};

fn document() -> Value {
    serde_saphyr::from_str(include_str!("../../../openapi.yaml")).unwrap()
}

/// Every media type of the document that has a schema and examples, with the place where it stands.
fn media_types<'a>(value: &'a Value, place: &str, found: &mut Vec<(String, &'a Value, &'a Map<String, Value>)>) {
    match value {
        Value::Object(object) => {
            if let (Some(schema), Some(Value::Object(examples))) = (object.get("schema"), object.get("examples")) {
                found.push((place.to_owned(), schema, examples));
            }
            for (key, value) in object {
                media_types(value, &format!("{place}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                media_types(value, &format!("{place}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Gives every aliased property's schema to its aliases too, and drops `required`, which aliases may stand in for.
fn accept_aliases(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get_mut("properties") {
                let aliases: Vec<_> = properties
                    .values()
                    .filter_map(|property| Some((property.get("x-rust-alias")?.as_array()?.clone(), property.clone())))
                    .flat_map(|(names, property)| names.into_iter().map(move |name| (name, property.clone())))
                    .collect();
                if !aliases.is_empty() {
                    object.remove("required");
                }
                if let Some(Value::Object(properties)) = object.get_mut("properties") {
                    for (name, property) in aliases {
                        properties.entry(name.as_str().unwrap()).or_insert(property);
                    }
                }
            }
            object.values_mut().for_each(accept_aliases);
        }
        Value::Array(items) => items.iter_mut().for_each(accept_aliases),
        _ => {}
    }
}

#[test]
fn every_example_is_valid_under_its_schema() {
    let document = document();
    let mut components = document["components"].clone();
    accept_aliases(&mut components);
    let mut found = Vec::new();
    media_types(&document["paths"], "paths", &mut found);
    media_types(&document["webhooks"], "webhooks", &mut found);
    assert!(found.len() > 100, "the document has examples everywhere: {}", found.len());
    let mut wrong = Vec::new();
    for (place, schema, examples) in found {
        let schema = json!({"allOf": [schema], "components": components});
        let validator = jsonschema::validator_for(&schema).unwrap();
        for (name, example) in examples {
            for error in validator.iter_errors(&example["value"]) {
                wrong.push(format!("{place} {name}: {}: {error}", error.instance_path()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_operations_of_the_table_are_those_of_the_document() {
    let document = document();
    let mut of_document = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if let Some(id) = operation["operationId"].as_str() {
                of_document.push((id.to_owned(), method.to_uppercase(), path.clone()));
            }
        }
    }
    let mut of_table: Vec<_> = pictify::operation::all()
        .iter()
        .map(|row| (row.id.to_owned(), row.method.to_owned(), row.path.to_owned()))
        .collect();
    of_document.sort();
    of_table.sort();
    assert_eq!(of_table, of_document);
}

#[test]
fn the_readme_says_how_many_operations_there_are() {
    let readme = include_str!("../../../README.md");
    let count = pictify::operation::all().len();
    let said = readme.match_indices(" operations").map(|(at, _)| &readme[..at]);
    let numbers: Vec<usize> = said.filter_map(|before| before.rsplit([' ', '\n']).next()?.parse().ok()).collect();
    assert_eq!(numbers, vec![count; 2], "the README must say {count} operations, twice");
}
