//! Sets the `Accept` header of responses that are not JSON. The generator sets it for JSON only.

use super::{Context, each_method, note};
use crate::{
    document::{members, operations},
    preprocess::Note,
};
use anyhow::Result;
use heck::ToSnakeCase;
use std::collections::BTreeMap;
use syn::{
    Expr, File, parse_quote,
    visit_mut::{VisitMut, visit_expr_mut},
};

/// Adds the media type that the document declares.
pub fn run(file: &mut File, context: &Context<'_>) -> Result<Vec<Note>> {
    let declared: BTreeMap<String, &str> = operations(context.preprocessed)
        .into_iter()
        .filter_map(|operation| {
            let (media_type, _) = members(operation.value.pointer("/responses/2XX/content")).next()?;
            let method = operation.id().to_snake_case();
            (media_type != "application/json").then_some((method, media_type.as_str()))
        })
        .collect();
    let mut notes = Vec::new();
    each_method(file, |method| {
        let Some(media_type) = declared.get(&method.sig.ident.to_string()) else { return };
        Accept { media_type }.visit_block_mut(&mut method.block);
        notes.push(note(&method.sig.ident, format!("accepts {media_type}")));
    });
    Ok(notes)
}

/// Visitor that adds the header to the call that starts the request: `client.get(url)`.
struct Accept<'a> {
    media_type: &'a str,
}

impl VisitMut for Accept<'_> {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_expr_mut(self, expression);
        let starts = matches!(expression, Expr::MethodCall(call)
            if matches!(call.args.first(), Some(Expr::Path(path)) if path.path.is_ident("url")));
        if starts {
            let media_type = self.media_type;
            let start = expression.clone();
            *expression = parse_quote! {
                #start.header(::reqwest::header::ACCEPT, ::reqwest::header::HeaderValue::from_static(#media_type))
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::{apply_pass, formatted};
    use serde_json::json;

    #[test]
    fn the_declared_media_type_is_requested() {
        let response = |media_type: &str| json!({"2XX": {"content": {media_type: {"schema": {}}}}});
        let document = json!({"paths": {
            "/b": {"get": {"operationId": "renderUrl", "responses": response("image/*")}},
            "/a": {"get": {"operationId": "getImage", "responses": response("application/json")}},
        }});
        let wrap = |accept: &str| {
            format!(
                "impl Client {{
                    pub async fn render_url(&self) {{ let request = self.client.get(url){accept}.query(&a).build()?; }}
                    pub async fn get_image(&self) {{ let request = self.client.get(url).query(&a).build()?; }}
                }}"
            )
        };
        let accept = ".header(::reqwest::header::ACCEPT, ::reqwest::header::HeaderValue::from_static(\"image/*\"))";
        assert_eq!(apply_pass(run, &wrap(""), &document), formatted(&wrap(accept)));
    }
}
