//! Lint rules for openapi.yaml: requirements of the generator, and of users of the generated types.
//!
//! A rule gets the whole document and returns findings. A finding has the pointer of the place and an instruction.

mod names;
mod operations;
mod references;
mod responses;
mod schemas;

use anyhow::{Result, bail};
use serde_json::Value;
use std::fmt;

/// A violation of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// JSON pointer of the place.
    pub at: String,
    /// Description of the problem, and the way to fix it.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}: {}", self.at, self.message)
    }
}

fn finding(at: impl Into<String>, message: impl Into<String>) -> Finding {
    Finding { at: at.into(), message: message.into() }
}

/// A lint rule.
type Rule = fn(&Value) -> Vec<Finding>;

const RULES: [Rule; 25] = [
    references::resolve,
    references::point_at_whole_schemas,
    operations::have_distinct_ids,
    operations::are_described,
    operations::share_no_tag_with_webhooks,
    operations::have_described_parameters,
    operations::have_their_extensions,
    operations::have_an_example,
    operations::declare_success_and_error,
    operations::declare_their_client_errors,
    operations::declare_their_path_parameters,
    operations::have_one_media_type_per_body,
    responses::have_members_of_extensions,
    responses::are_open,
    names::of_schemas_are_distinct_types,
    names::of_properties_are_distinct_fields,
    names::of_variants_are_distinct_in_camel_case,
    names::of_values_are_distinct_variants,
    schemas::are_named,
    schemas::are_described,
    schemas::have_no_default,
    schemas::are_written_for_3_1,
    schemas::have_no_any_of,
    schemas::have_aliases_on_properties_only,
    schemas::expect_optional_properties,
];

/// Returns all findings in the order of the rules.
pub fn findings(document: &Value) -> Vec<Finding> {
    RULES.iter().flat_map(|rule| rule(document)).collect()
}

/// Prints all findings, and fails if there is one.
pub fn check(document: &Value) -> Result<()> {
    let findings = findings(document);
    if findings.is_empty() {
        return Ok(());
    }
    for finding in &findings {
        eprintln!("{finding}");
    }
    bail!("openapi.yaml has {} lint findings", findings.len())
}

/// Asserts that `rule` returns exactly `expected`, given as pairs of pointer and a part of the message.
#[cfg(test)]
fn assert_finds(rule: Rule, document: &Value, expected: &[(&str, &str)]) {
    let found = rule(document);
    let same = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, (at, part))| found.at == *at && found.message.contains(part));
    assert!(same, "expected {expected:#?}, found {found:#?} in {document:#}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_finding_has_the_place_and_an_instruction() {
        let document = json!({"paths": {"/image": {"post": {"operationId": "createImage"}}}});
        let lines: Vec<String> = findings(&document).iter().map(ToString::to_string).collect();
        let expected =
            "error: /paths/~1image/post: operation has no x-safety: add one of read-only, idempotent, creating, billed";
        assert!(lines.iter().any(|line| line == expected), "{lines:#?}");
        assert!(check(&document).unwrap_err().to_string().starts_with("openapi.yaml has"));
    }
}
