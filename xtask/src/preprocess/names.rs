//! Rejects two schemas with the same type name. The generator silently uses the first of both.

use super::{Notes, note};
use crate::document::{below, component_schemas, operations};
use anyhow::{Result, bail};
use heck::{ToPascalCase, ToUpperCamelCase};
use serde_json::Value;
use std::collections::BTreeMap;

/// Checks that type names are unique. Changes nothing.
pub fn run(document: &mut Value) -> Result<Notes> {
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for (name, _) in component_schemas(document) {
        let at = below("/components/schemas", name);
        if let Some(first) = taken.insert(name.to_pascal_case().to_lowercase(), at.clone()) {
            bail!("{at}: has the same type name as {first}; rename one");
        }
    }
    for operation in operations(document) {
        // Names that the generator gives to inline types of an operation.
        for suffix in ["Response", "Body"] {
            let name = format!("{}{suffix}", operation.id().to_upper_camel_case());
            let Some(at) = taken.get(&name.to_lowercase()) else { continue };
            bail!("{at}: `{name}` is the name that an inline type of {} would get; rename it", operation.pointer());
        }
    }
    Ok(vec![note("/components/schemas", format!("{} type names are distinct", taken.len()))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::apply_pass;
    use serde_json::json;

    #[test]
    fn two_schemas_with_one_type_name_are_rejected() {
        for (schemas, culprit) in [
            (json!({"A": {}, "B": {}}), None),
            (json!({"WebHook": {}, "Webhook": {}}), Some("/components/schemas/Webhook: ")),
            (json!({"image_list": {}, "ImageList": {}}), Some("/components/schemas/ImageList: ")),
            (json!({"GetAResponse": {}}), Some("/components/schemas/GetAResponse: ")),
        ] {
            let document =
                json!({"paths": {"/a": {"get": {"operationId": "getA"}}}, "components": {"schemas": schemas}});
            match (apply_pass(run, &document), culprit) {
                (Ok(_), None) => {}
                (Err(error), Some(culprit)) => assert!(error.to_string().starts_with(culprit), "{error}"),
                (result, _) => panic!("{schemas}: {result:?}"),
            }
        }
    }
}
