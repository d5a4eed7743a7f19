//! Requests as code, to copy: curl, Rust, Python and Node. The API key and the base URL come from the environment.

use serde_json::{Map, Value, json};

/// Request to show as code.
#[derive(Clone, Debug)]
pub(super) struct SampleRequest {
    pub(super) path: String,
    pub(super) body: Value,
    /// Rust statement that makes the same call with the SDK, between the creation of the client and its output.
    pub(super) rust: String,
}

/// Returns the samples of a request, for the view `samples`.
pub(super) fn samples(request: &SampleRequest) -> Value {
    json!([
        {"name": "curl", "language": "shell", "code": curl(request)},
        {"name": "Rust", "language": "rust", "code": rust(request)},
        {"name": "Python", "language": "python", "code": python(request)},
        {"name": "Node", "language": "javascript", "code": node(request)},
    ])
}

fn curl(SampleRequest { path, body, .. }: &SampleRequest) -> String {
    // A shell has no escapes in single quotes: end the text, add a quote, and begin a text again.
    let body = pretty(body).replace('\'', r"'\''");
    format!(
        "curl \"$PICTIFY_BASE_URL{path}\" \\\n  -H \"Authorization: Bearer $PICTIFY_API_KEY\" \\\n  \
         -H 'Content-Type: application/json' \\\n  -d '{body}'"
    )
}

fn rust(SampleRequest { rust, .. }: &SampleRequest) -> String {
    format!(
        "#[tokio::main]\nasync fn main() -> pictify::Result<()> {{\n    let client = pictify::Client::from_env()?;\n{}\n    \
         Ok(())\n}}",
        indent(rust, 4)
    )
}

fn python(SampleRequest { path, body, .. }: &SampleRequest) -> String {
    format!(
        "import os, requests\n\nresponse = requests.post(\n    os.environ[\"PICTIFY_BASE_URL\"] + {},\n    \
         headers={{\"Authorization\": f\"Bearer {{os.environ['PICTIFY_API_KEY']}}\"}},\n    json={},\n)\n\
         response.raise_for_status()\nprint(response.json())",
        Value::from(path.as_str()),
        indent(&python_literal(body, 0), 4).trim_start()
    )
}

fn node(SampleRequest { path, body, .. }: &SampleRequest) -> String {
    format!(
        "const response = await fetch(process.env.PICTIFY_BASE_URL + {}, {{\n  method: \"POST\",\n  headers: {{\n    \
         Authorization: `Bearer ${{process.env.PICTIFY_API_KEY}}`,\n    \"Content-Type\": \"application/json\",\n  }},\n  \
         body: JSON.stringify({}),\n}});\nif (!response.ok) throw new Error(await response.text());\n\
         console.log(await response.json());",
        Value::from(path.as_str()),
        indent(&pretty(body), 2).trim_start()
    )
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn indent(text: &str, spaces: usize) -> String {
    let margin = " ".repeat(spaces);
    let lines: Vec<_> =
        text.lines().map(|line| if line.is_empty() { String::new() } else { format!("{margin}{line}") }).collect();
    lines.join("\n")
}

/// Writes a value as Python, which has other words for `true`, `false` and `null`. Strings of JSON are strings of Python.
fn python_literal(value: &Value, depth: usize) -> String {
    let margin = "    ".repeat(depth + 1);
    let end = "    ".repeat(depth);
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(items) if !items.is_empty() => {
            let items: Vec<_> =
                items.iter().map(|item| margin.clone() + &python_literal(item, depth + 1) + ",\n").collect();
            format!("[\n{}{end}]", items.concat())
        }
        Value::Object(members) if !members.is_empty() => {
            let member = |(name, value): (&String, &Value)| {
                format!("{margin}{}: {},\n", Value::from(name.as_str()), python_literal(value, depth + 1))
            };
            format!("{{\n{}{end}}}", members.iter().map(member).collect::<Vec<_>>().concat())
        }
        other => other.to_string(),
    }
}

/// Returns a Rust literal of a string: a raw string if it has quotes or several lines.
pub(super) fn rust_string(text: &str) -> String {
    if !text.contains(['"', '\n', '\\']) {
        return format!("\"{text}\"");
    }
    let mut marks = String::new();
    while text.contains(&format!("\"{marks}")) {
        marks.push('#');
    }
    format!("r{marks}\"{text}\"{marks}")
}

/// Returns a Rust expression of variables.
pub(super) fn rust_json(value: &Value) -> String {
    format!("serde_json::json!({})", pretty(value))
}

/// Removes the members that are null.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_for_each_language() {
        let body =
            json!({"html": "<p class=\"a\">it's", "fullPage": true, "selector": null, "sizes": [1, 2], "none": []});
        let request = SampleRequest { path: "/image".to_owned(), body, rust: "let x = 1;".to_owned() };
        for (name, expected) in [
            ("curl", r#""html": "<p class=\"a\">it'\''s""#),
            ("Rust", "\n    let x = 1;\n    Ok(())"),
            (
                "Python",
                "        \"fullPage\": True,\n        \"selector\": None,\n        \"sizes\": [\n            1,",
            ),
            ("Node", r#"    "html": "<p class=\"a\">it's","#),
        ] {
            let samples = samples(&request);
            let code =
                samples.as_array().unwrap().iter().find(|sample| sample["name"] == name).unwrap()["code"].clone();
            assert!(code.as_str().unwrap().contains(expected), "{name}: {code}");
        }
    }

    #[test]
    fn rust_strings_end_where_they_should() {
        for (text, literal) in [
            ("plain", r#""plain""#),
            ("say \"hi\"", "r#\"say \"hi\"\"#"),
            ("\"#", "r##\"\"#\"##"),
            ("a\nb", "r\"a\nb\""),
        ] {
            assert_eq!(rust_string(text), literal);
        }
    }
}
