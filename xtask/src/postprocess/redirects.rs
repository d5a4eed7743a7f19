//! Treats declared redirects as successes of their operations, with status and headers.

use super::{Context, each_method, note};
use crate::{
    document::operations,
    preprocess::{Note, responses::REDIRECTS},
};
use anyhow::{Result, bail};
use heck::ToSnakeCase;
use serde_json::Value;
use std::collections::BTreeMap;
use syn::{
    Arm, File, LitInt, Pat, parse_quote,
    visit_mut::{VisitMut, visit_arm_mut},
};

/// Widens the success arm of operations with declared redirects.
///
/// progenitor counts only 2xx as a success, so the generated `200..=299` becomes `200..=299
/// 302`.
pub fn run(file: &mut File, context: &Context<'_>) -> Result<Vec<Note>> {
    let mut declared: BTreeMap<String, Vec<u64>> = operations(context.preprocessed)
        .into_iter()
        .filter_map(|operation| {
            let statuses = operation.value.get(REDIRECTS)?.as_array()?;
            Some((operation.id().to_snake_case(), statuses.iter().filter_map(Value::as_u64).collect()))
        })
        .collect();
    let mut notes = Vec::new();
    each_method(file, |method| {
        let Some(statuses) = declared.remove(&method.sig.ident.to_string()) else { return };
        notes.push(note(&method.sig.ident, format!("{statuses:?} count as success")));
        Widen { statuses }.visit_block_mut(&mut method.block);
    });
    if let Some(missing) = declared.keys().next() {
        bail!("no method `{missing}` was generated for its declared redirects");
    }
    Ok(notes)
}

struct Widen {
    statuses: Vec<u64>,
}

impl VisitMut for Widen {
    fn visit_arm_mut(&mut self, arm: &mut Arm) {
        visit_arm_mut(self, arm);
        if matches!(arm.pat, Pat::Range(_)) {
            let success = &arm.pat;
            let statuses =
                self.statuses.iter().map(|status| LitInt::new(&status.to_string(), proc_macro2::Span::call_site()));
            arm.pat = parse_quote!(#success #(| #statuses)*);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::{apply_pass, formatted};
    use serde_json::json;

    #[test]
    fn a_declared_redirect_is_matched_as_a_success() {
        let document = json!({"paths": {"/s": {"get": {"operationId": "trackClick", "x-redirects": [302]}}}});
        let wrap = |arm: &str| {
            format!(
                "impl Client {{
                pub async fn track_click(&self) {{ match status {{ {arm} => Ok(a), _ => Err(b) }} }}
                pub async fn other(&self) {{ match status {{ 200..=299 => Ok(a), _ => Err(b) }} }}
            }}"
            )
        };
        assert_eq!(apply_pass(run, &wrap("200..=299"), &document), formatted(&wrap("200..=299 | 302")));
    }
}
