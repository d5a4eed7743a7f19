//! Removes webhooks, which 3.0 does not support. Their schemas stay as components that no operation uses.

use super::{Notes, note};
use anyhow::Result;
use serde_json::Value;

/// Removes the section. Must run after `prune`, which needs it to find the used schemas.
pub fn run(document: &mut Value) -> Result<Notes> {
    let removed = document.as_object_mut().and_then(|root| root.remove("webhooks"));
    Ok(removed.map(|_| note("/webhooks", "removed; the schemas stay")).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::apply_pass;
    use serde_json::json;

    #[test]
    fn the_section_is_removed_and_the_schemas_stay() {
        let components = json!({"schemas": {"Event": {}}});
        let document = json!({"webhooks": {"done": {}}, "components": components});
        assert_eq!(apply_pass(run, &document).unwrap(), json!({"components": components}));
    }
}
