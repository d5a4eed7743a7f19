//! Writes `operations.rs`: a constant per operation with its method, path, retry safety, evidence and default timeout.

use crate::document::{OperationAt, follow, items, members, operations};
use anyhow::{Context, Result, bail};
use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use std::{collections::BTreeSet, fmt::Write as _};

/// Returns the name of the constant of an operation.
pub fn const_name(operation_id: &str) -> String {
    operation_id.to_snake_case().to_uppercase()
}

/// Returns the content of the file without its header line.
pub fn render(document: &Value) -> Result<String> {
    let mut text = String::from(
        "//! The operations of the Pictify HTTP API: a constant for each with its metadata.\n\n\
         use crate::{Evidence, OperationInfo, Pagination, PaginationStyle, RetrySafety};\n\n",
    );
    let mut names = Vec::new();
    for operation in operations(document) {
        let constant = constant(document, &operation).with_context(|| operation.pointer())?;
        text.push_str(&prettyplease::unparse(&syn::parse2(constant)?));
        text.push('\n');
        names.push(format_ident!("{}", const_name(operation.id())));
    }
    let all = quote! {
        /// All operations, in the order of the document.
        pub const ALL: &[OperationInfo] = &[#(#names),*];
    };
    write!(text, "{}", prettyplease::unparse(&syn::parse2(all)?))?;
    Ok(text)
}

fn constant(document: &Value, operation: &OperationAt<'_>) -> Result<TokenStream> {
    let id = operation.id();
    let name = format_ident!("{}", const_name(id));
    let method = operation.method.to_uppercase();
    let path = operation.path;
    let summary = operation.text("summary").context("has no summary")?;
    let tag = operation.value.pointer("/tags/0").and_then(Value::as_str).context("has no tag")?;
    let safety = variant(operation, "x-safety")?;
    let evidence = evidence(operation)?;
    let timeout = operation.value.get("x-timeout").and_then(Value::as_u64).context("has no x-timeout")?;
    let needs_key = needs_key(document, operation);
    let envelope = option(operation.text("x-envelope").map(|member| quote!(#member)));
    let pagination = option(pagination(operation)?);
    let events = operation.value.get("x-event").is_some();
    let fields = fields(document, operation);
    let doc = format!(" `{method} {path}`: {summary}");
    Ok(quote! {
        #[doc = #doc]
        pub const #name: OperationInfo = OperationInfo::new(
            #id, #method, #path, #tag, #summary,
            RetrySafety::#safety, Evidence::#evidence, #needs_key, #timeout, #envelope, #pagination, #events,
            &[#(#fields),*],
        );
    })
}

/// Returns the names of the request's fields: members of the JSON body, and query parameters.
fn fields(document: &Value, operation: &OperationAt<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, parameter) in operation.parameters(document) {
        if parameter["in"] == "query" {
            found.extend(parameter["name"].as_str().map(str::to_owned));
        }
    }
    let body = operation.value.get("requestBody").map(|body| follow(document, body));
    if let Some(schema) = body.and_then(|body| body.pointer("/content/application~1json/schema")) {
        collect_properties(document, schema, 0, &mut found);
    }
    found
}

/// Adds the names of an object's properties, those of its alternatives and parts included.
fn collect_properties(document: &Value, schema: &Value, depth: usize, found: &mut BTreeSet<String>) {
    let schema = follow(document, schema);
    found.extend(members(schema.get("properties")).map(|(name, _)| name.clone()));
    if depth < 8 {
        for part in ["allOf", "oneOf", "anyOf"].into_iter().flat_map(|keyword| items(schema.get(keyword))) {
            collect_properties(document, part, depth + 1, found);
        }
    }
}

/// Returns the variant for the value of an extension: `ReadOnly` for `read-only`.
fn variant(operation: &OperationAt<'_>, extension: &str) -> Result<proc_macro2::Ident> {
    let word = operation.text(extension).with_context(|| format!("has no {extension}"))?;
    Ok(format_ident!("{}", word.to_upper_camel_case()))
}

/// Returns the variant of `Evidence` for `x-availability`.
fn evidence(operation: &OperationAt<'_>) -> Result<proc_macro2::Ident> {
    let name = match operation.text("x-availability").context("has no x-availability")? {
        "live" => "Live",
        "doc" => "Documented",
        "doc-only" => "Disputed",
        "retired" => "Retired",
        "public" => "Public",
        other => bail!("x-availability: `{other}` is not live, doc, doc-only, retired or public"),
    };
    Ok(format_ident!("{name}"))
}

/// Returns `true` if the operation needs an API key. Its own `security` overrides that of the document.
fn needs_key(document: &Value, operation: &OperationAt<'_>) -> bool {
    let security = operation.value.get("security").or_else(|| document.get("security")).and_then(Value::as_array);
    security.is_some_and(|schemes| !schemes.is_empty())
}

fn pagination(operation: &OperationAt<'_>) -> Result<Option<TokenStream>> {
    let Some(pagination) = operation.value.get("x-pagination") else { return Ok(None) };
    let member = |name: &str| pagination.get(name).and_then(Value::as_str);
    let (Some(style), Some(items)) = (member("style"), member("items")) else {
        bail!("x-pagination needs `style` and `items`")
    };
    let style = format_ident!("{}", style.to_upper_camel_case());
    Ok(Some(quote!(Pagination::new(PaginationStyle::#style, #items))))
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(|| quote!(None), |value| quote!(Some(#value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_constant_has_the_facts_of_the_document() {
        let document = json!({
            "security": [{"apiKey": []}],
            "paths": {"/image": {
                "get": {
                    "operationId": "listImages", "tags": ["images"], "summary": "List images.",
                    "x-safety": "read-only", "x-availability": "doc-only", "x-timeout": 30,
                    "x-pagination": {"style": "offset", "items": "images"},
                },
                "post": {
                    "operationId": "createImage", "tags": ["images"], "summary": "Render.", "security": [],
                    "x-safety": "billed", "x-availability": "live", "x-timeout": 120, "x-envelope": "image",
                    "x-event": {"type": "object"},
                    "parameters": [{"name": "dry", "in": "query"}, {"name": "uid", "in": "path"}],
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}}},
                },
            }},
            "components": {"schemas": {
                "Body": {"allOf": [{"properties": {"html": {}}}, {"$ref": "#/components/schemas/Size"}]},
                "Size": {"properties": {"width": {"properties": {"inner": {}}}}},
            }},
        });
        let text: String = render(&document).unwrap().split_whitespace().collect();
        for constant in [
            "///`GET/image`:Listimages.pubconstLIST_IMAGES:OperationInfo=OperationInfo::new(\"listImages\",\"GET\",\"/image\",\
             \"images\",\"Listimages.\",RetrySafety::ReadOnly,Evidence::Disputed,true,30u64,None,\
             Some(Pagination::new(PaginationStyle::Offset,\"images\")),false,&[],);",
            "RetrySafety::Billed,Evidence::Live,false,120u64,Some(\"image\"),None,true,&[\"dry\",\"html\",\"width\"],);",
            "pubconstALL:&[OperationInfo]=&[LIST_IMAGES,CREATE_IMAGE];",
        ] {
            assert!(text.contains(constant), "{constant} is not in\n{text}");
        }
    }

    #[test]
    fn a_missing_extension_is_an_error_with_the_place() {
        let document = json!({"paths": {"/a": {"get": {"operationId": "a", "summary": "A."}}}});
        assert_eq!(format!("{:#}", render(&document).unwrap_err()), "/paths/~1a/get: has no tag");
    }
}
