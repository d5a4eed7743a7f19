//! Mapping of data to variables, by paths such as `name`, `user.name`, `items[0].name`, `items.length` and `$.a.b`.

use super::Binding;
use serde_json::{Map, Value};

/// Maximum number of listed paths.
const MAX_LISTED_PATHS: usize = 200;

/// Maximum depth of listed paths.
const MAX_LISTED_DEPTH: usize = 8;

/// Step of a path.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Item(usize),
}

/// Resolves the variables of a binding. Returns their values, and an error for each path without a value.
pub(crate) fn resolve_variables(binding: &Binding, data: &Value) -> (Value, Vec<String>) {
    let (mut values, mut errors) = (Map::new(), Vec::new());
    for (variable, path) in &binding.mapping {
        let path = path.as_str().unwrap_or_default();
        match look_up(path, data) {
            Some(value) if !value.is_null() => drop(values.insert(variable.clone(), value)),
            _ => {
                errors.push(format!("{variable}: no value at {path}"));
                if let Some(default) = binding.defaults.get(variable) {
                    values.insert(variable.clone(), default.clone());
                }
            }
        }
    }
    // A default can belong to a variable without a path.
    for (variable, default) in &binding.defaults {
        values.entry(variable.clone()).or_insert_with(|| default.clone());
    }
    (Value::Object(values), errors)
}

/// Checks the paths of a mapping.
pub(crate) fn check(mapping: &Map<String, Value>) -> Result<(), String> {
    for (variable, path) in mapping {
        let path = path.as_str().unwrap_or_default();
        if parse_path(path).is_none() {
            return Err(format!(
                "mapping.{variable}: {path:?} is not a path: write for example user.name or items[0].name"
            ));
        }
    }
    Ok(())
}

/// Returns the value at a path.
fn look_up(path: &str, data: &Value) -> Option<Value> {
    let mut found = data;
    let steps = parse_path(path)?;
    for (index, step) in steps.iter().enumerate() {
        found = match step {
            Step::Item(item) => found.get(item)?,
            Step::Member(name) => match found.get(name) {
                Some(value) => value,
                None if name == "length" && index + 1 == steps.len() => return length(found),
                None => return None,
            },
        };
    }
    Some(found.clone())
}

fn length(value: &Value) -> Option<Value> {
    match value {
        Value::Array(items) => Some(items.len().into()),
        // UTF-16 code units, as in JavaScript.
        Value::String(text) => Some(text.encode_utf16().count().into()),
        _ => None,
    }
}

/// Parses a path. `$` alone is the whole data.
fn parse_path(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.trim();
    if rest.is_empty() {
        return None;
    }
    let mut steps = Vec::new();
    if let Some(below) = rest.strip_prefix('$').filter(|below| below.is_empty() || below.starts_with(['.', '['])) {
        rest = below.strip_prefix('.').unwrap_or(below);
        if rest.is_empty() {
            return (below.is_empty()).then_some(steps);
        }
    }
    let mut expects_name = !rest.starts_with('[');
    while !rest.is_empty() || expects_name {
        if expects_name {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, below) = rest.split_at(end);
            // An index can also be written as a member: `items.0`.
            steps.push(match name.parse() {
                _ if name.is_empty() || name.contains(']') => return None,
                Ok(item) => Step::Item(item),
                Err(_) => Step::Member(name.to_owned()),
            });
            rest = below;
        } else {
            let (inside, below) = rest.strip_prefix('[')?.split_once(']')?;
            let quoted = |quote: char| inside.strip_prefix(quote)?.strip_suffix(quote);
            steps.push(match quoted('"').or_else(|| quoted('\'')) {
                Some(name) => Step::Member(name.to_owned()),
                None => Step::Item(inside.trim().parse().ok()?),
            });
            rest = below;
        }
        expects_name = rest.starts_with('.');
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if !expects_name && !rest.is_empty() && !rest.starts_with('[') {
            return None;
        }
    }
    Some(steps)
}

/// Lists the paths to the values of data, for the test of a binding.
pub(crate) fn list_paths(data: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    collect_paths(data, "", 0, &mut paths);
    paths
}

fn collect_paths(value: &Value, path: &str, level: usize, paths: &mut Vec<String>) {
    if paths.len() >= MAX_LISTED_PATHS || level > MAX_LISTED_DEPTH {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let is_plain = !name.is_empty() && !name.contains(['.', '[', ']', '"']);
                let child = match (is_plain, path) {
                    (true, "") => name.clone(),
                    (true, path) => format!("{path}.{name}"),
                    (false, path) => format!("{}[\"{name}\"]", if path.is_empty() { "$" } else { path }),
                };
                collect_paths(value, &child, level + 1, paths);
            }
        }
        Value::Array(items) => {
            let path = if path.is_empty() { "$" } else { path };
            paths.push(format!("{path}.length"));
            if let Some(first) = items.first() {
                collect_paths(first, &format!("{path}[0]"), level + 1, paths);
            }
        }
        _ if path.is_empty() => {}
        _ => paths.push(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mapping(paths: Value) -> Map<String, Value> {
        serde_json::from_value(paths).unwrap()
    }

    #[test]
    fn a_path_leads_to_a_value() {
        let data =
            json!({"name": "n", "user": {"name": "u", "a.b": 7}, "items": [{"name": "i"}, {"length": 9}], "7": "x"});
        for (path, value) in [
            ("name", Some(json!("n"))),
            ("user.name", Some(json!("u"))),
            ("$.user.name", Some(json!("u"))),
            ("$", Some(data.clone())),
            ("items[0].name", Some(json!("i"))),
            ("items.0.name", Some(json!("i"))),
            ("items.length", Some(json!(2))),
            ("items[1].length", Some(json!(9))),
            ("name.length", Some(json!(1))),
            ("user[\"a.b\"]", Some(json!(7))),
            ("$['user'].name", Some(json!("u"))),
            ("user.length", None),
            ("items[2].name", None),
            ("items[-1]", None),
            ("nobody.name", None),
            ("", None),
        ] {
            assert_eq!(look_up(path, &data), value, "{path}");
        }
    }

    #[test]
    fn invalid_paths_are_rejected_without_data() {
        for path in ["", " ", ".", "a.", "a..b", "a[", "a[x]", "a]b", "a[0]b", "$."] {
            assert!(check(&mapping(json!({"v": path}))).is_err(), "{path:?}");
        }
        assert!(check(&mapping(json!({"v": "$[0].a", "w": "$x"}))).is_ok());
    }

    #[test]
    fn listed_paths_lead_to_values() {
        let data = json!({"a": {"b": 1, "c.d": true}, "items": [{"name": "x"}, {}], "none": [], "nothing": null});
        let paths = list_paths(&data);
        assert_eq!(paths, ["a.b", "a[\"c.d\"]", "items.length", "items[0].name", "none.length", "nothing"]);
        for path in paths {
            assert!(look_up(&path, &data).is_some(), "{path}");
        }
        assert_eq!(list_paths(&json!([[1]])), ["$.length", "$[0].length", "$[0][0]"]);
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!({"a": deep, "b": vec![0; 3]});
        }
        assert!(list_paths(&deep).len() < MAX_LISTED_PATHS);
    }
}
