//! Timeline projects of the editor. Their schema is not published, so they are stored unchanged.

use crate::expressions;
use serde_json::Value;

/// Returns the variables that the texts of a project use, once each. Texts that are not valid expressions are skipped.
pub(crate) fn timeline_variables(project: &Value) -> Vec<String> {
    let (mut names, mut pending) = (Vec::new(), vec![project]);
    while let Some(value) = pending.pop() {
        match value {
            Value::String(text) => {
                for name in expressions::interpolated_variables(text).unwrap_or_default() {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
            Value::Array(items) => pending.extend(items.iter().rev()),
            Value::Object(members) => pending.extend(members.values().rev()),
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_of_a_project_are_found_at_any_depth() {
        let project = json!({"tracks": [{"text": "{{b}}"}, {"text": "{{a}} and {{b}}", "x": 1}], "note": "{{broken"});
        assert_eq!(timeline_variables(&project), ["b", "a"]);
        assert_eq!(timeline_variables(&json!(null)), Vec::<String>::new());
    }
}
