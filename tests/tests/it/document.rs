//! Consistency of the OpenAPI document: every example conforms to its schema.

use serde_json::{Map, Value, json};

fn document() -> Value {
    serde_saphyr::from_str(include_str!("../../../openapi.yaml")).unwrap()
}

/// Collects every media type of the document that has a schema and examples in this member, with its location.
fn media_types<'a>(
    value: &'a Value,
    member: &str,
    place: &str,
    found: &mut Vec<(String, &'a Value, &'a Map<String, Value>)>,
) {
    match value {
        Value::Object(object) => {
            if let (Some(schema), Some(Value::Object(examples))) = (object.get("schema"), object.get(member)) {
                found.push((place.to_owned(), schema, examples));
            }
            for (key, value) in object {
                media_types(value, member, &format!("{place}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                media_types(value, member, &format!("{place}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Adds the schema of each property with aliases for these aliases too, and removes `required`, because an alias may replace a
/// required property.
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

/// Validates the examples in this member of every media type. Returns their number and the errors.
fn validate(document: &Value, member: &str, components: &Value) -> (usize, Vec<String>) {
    let mut found = Vec::new();
    for section in ["/paths", "/webhooks", "/components/responses"] {
        media_types(document.pointer(section).unwrap(), member, section, &mut found);
    }
    let mut errors = Vec::new();
    for (place, schema, examples) in &found {
        let schema = json!({"allOf": [schema], "components": components});
        let validator = jsonschema::validator_for(&schema).unwrap();
        for (name, example) in *examples {
            for error in validator.iter_errors(&example["value"]) {
                errors.push(format!("{place} {name}: {}: {error}", error.instance_path()));
            }
        }
    }
    (found.len(), errors)
}

#[test]
fn every_example_conforms_to_its_schema() {
    let document = document();
    let (count, errors) = validate(&document, "examples", &document["components"]);
    assert!(count > 100, "too few examples: {count}");
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// The SDK reads them, but not the clients that other generators make.
#[test]
fn every_older_example_conforms_with_the_older_names_only() {
    let document = document();
    let mut components = document["components"].clone();
    accept_aliases(&mut components);
    let (count, errors) = validate(&document, "x-older-examples", &components);
    assert!(count > 0);
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    let (_, errors) = validate(&document, "x-older-examples", &document["components"]);
    assert!(errors.len() >= count, "an example belongs to `examples`: {errors:?}");
}

#[test]
fn the_operation_table_has_the_operations_of_the_document() {
    let document = document();
    let mut of_document = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if let Some(id) = operation["operationId"].as_str() {
                of_document.push((id.to_owned(), method.to_uppercase(), path.clone()));
            }
        }
    }
    let mut of_table: Vec<_> = pictify::request::operations()
        .iter()
        .map(|row| (row.id.to_owned(), row.method.to_owned(), row.path.to_owned()))
        .collect();
    of_document.sort();
    of_table.sort();
    assert_eq!(of_table, of_document);
}

#[test]
fn the_readme_contains_the_number_of_operations() {
    let readme = include_str!("../../../README.md");
    let count = pictify::request::operations().len();
    let positions = readme.match_indices(" operations").map(|(at, _)| &readme[..at]);
    let numbers: Vec<usize> = positions.filter_map(|before| before.rsplit([' ', '\n']).next()?.parse().ok()).collect();
    assert_eq!(numbers, vec![count; 2], "the README must contain \"{count} operations\" twice");
}
