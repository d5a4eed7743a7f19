//! Projects of the editor. Their shape is not published, so they are kept as they are.

use crate::expressions;
use serde_json::Value;

/// The variables that the texts of a project name, once each. What is no expression names none.
pub(crate) fn names(project: &Value) -> Vec<String> {
    let (mut names, mut open) = (Vec::new(), vec![project]);
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => {
                for name in expressions::interpolated_variables(text).unwrap_or_default() {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
            Value::Array(items) => open.extend(items.iter().rev()),
            Value::Object(members) => open.extend(members.values().rev()),
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
    fn the_variables_of_a_project_are_found_wherever_they_are() {
        let project = json!({"tracks": [{"text": "{{b}}"}, {"text": "{{a}} and {{b}}", "x": 1}], "note": "{{broken"});
        assert_eq!(names(&project), ["b", "a"]);
        assert_eq!(names(&json!(null)), Vec::<String>::new());
    }
}
