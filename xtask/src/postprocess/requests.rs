//! A pure function for each operation in place of the generator's client: it builds the request and sends nothing.
//!
//! Only the signatures of the generated methods are read: the order and the Rust types of their arguments, and the type
//! of the response. The method bodies are written here from the document, since rewriting the generator's bodies took six
//! passes.

use super::{Context, inner_type, note, text, trait_name, type_name};
use crate::{
    document::{OperationAt, members, operations},
    operation_table::const_name,
    preprocess::{Note, responses::REDIRECTS},
};
use anyhow::{Context as _, Result, bail};
use heck::ToSnakeCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use std::collections::BTreeMap;
use syn::{Attribute, File, FnArg, ImplItem, ImplItemFn, Item, Meta, Pat, ReturnType, Type, parse_quote};

/// Replaces the client by functions.
pub fn run(file: &mut File, context: &Context<'_>) -> Result<Vec<Note>> {
    let mut by_method: BTreeMap<String, OperationAt<'_>> = operations(context.preprocessed)
        .into_iter()
        .map(|operation| (operation.id().to_snake_case(), operation))
        .collect();
    let mut functions = Vec::new();
    let mut items = Vec::new();
    for item in file.items.drain(..) {
        match item {
            Item::Mod(module) if module.ident == "types" => items.push(Item::Mod(module)),
            Item::Impl(block)
                if trait_name(&block).is_none() && type_name(&block.self_ty).as_deref() == Some("Client") =>
            {
                for item in block.items {
                    let ImplItem::Fn(method) = item else { continue };
                    let Some(operation) = by_method.remove(&method.sig.ident.to_string()) else { continue };
                    functions.push(function(method, &operation, context).with_context(|| operation.pointer())?);
                }
            }
            _ => {}
        }
    }
    if let Some(missing) = by_method.keys().next() {
        bail!("the generator wrote no method `{missing}`");
    }
    let count = functions.len();
    items.extend(functions);
    file.items = items;
    Ok(vec![note("requests", format!("{count} functions that build a request"))])
}

/// Writes the function of one operation.
fn function(method: ImplItemFn, operation: &OperationAt<'_>, context: &Context<'_>) -> Result<Item> {
    let name = &method.sig.ident;
    let row = format_ident!("{}", const_name(operation.id()));
    let docs: Vec<_> = method
        .attrs
        .into_iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .enumerate()
        .map(|(index, attribute)| if index == 0 { full_stop(attribute) } else { attribute })
        .collect();
    let mut arguments: Vec<(String, TokenStream)> = Vec::new();
    for argument in &method.sig.inputs {
        let FnArg::Typed(argument) = argument else { continue };
        let Pat::Ident(name) = &*argument.pat else { bail!("an argument of `{}` has no name", method.sig.ident) };
        let ty = without_lifetimes(&argument.ty);
        arguments.push((name.ident.to_string().trim_start_matches("r#").to_owned(), quote!(#ty)));
    }
    let parameters = operation.parameters(context.preprocessed);
    let mut path: BTreeMap<&str, TokenStream> = BTreeMap::new();
    let mut calls = Vec::new();
    // Without `Accept`, each transport would add what it likes.
    let media_type = media_type(operation).unwrap_or("*/*");
    calls.push(quote!(.accept(#media_type)));
    let mut inputs = Vec::new();
    for (argument, ty) in &arguments {
        let ident = format_ident!("{argument}");
        inputs.push(quote!(#ident: #ty));
        if argument == "body" {
            calls.push(quote!(.json(#ident)));
            continue;
        }
        let found = parameters
            .iter()
            .map(|(_, parameter)| *parameter)
            .find(|parameter| wire_name(parameter).to_snake_case() == argument.trim_end_matches('_'));
        let Some(parameter) = found else { bail!("the argument `{argument}` is no parameter of the document") };
        let wire = wire_name(parameter);
        match parameter["in"].as_str() {
            Some("path") => {
                path.insert(wire, quote!(&#ident.to_string()));
            }
            Some("query") => calls.push(quote!(.query(#wire, &#ident))),
            Some("header") => calls.push(quote!(.header(#wire, #ident))),
            place => bail!("the parameter `{wire}` is in {place:?}, which is not supported"),
        }
    }
    let mut values = Vec::new();
    for part in operation.path.split('{').skip(1) {
        let wire = part.split('}').next().unwrap_or_default();
        values.push(path.remove(wire).with_context(|| format!("the path has `{wire}`, and no argument is for it"))?);
    }
    let redirects: Vec<u16> = operation
        .value
        .get(REDIRECTS)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|status| status.as_u64().and_then(|status| u16::try_from(status).ok()))
        .collect();
    if !redirects.is_empty() {
        calls.push(quote!(.redirects(&[#(#redirects),*])));
    }
    let response = response_type(&method.sig.output)?;
    let (response, finish) = match type_name(&response).as_deref() {
        Some("ByteStream") => (parse_quote!(crate::RawBody), quote!(.raw())),
        None => (response, quote!(.empty())),
        Some(name) if is_confirmation(context.preprocessed, name) => (response, quote!(.build_confirmation())),
        Some(_) => (response, quote!(.build())),
    };
    Ok(parse_quote! {
        #(#docs)*
        pub fn #name(base_url: &str, #(#inputs),*) -> Result<Request<#response>, BuildError> {
            RequestBuilder::new(&crate::operations::#row, base_url, &[#(#values),*])?#(#calls)* #finish
        }
    })
}

/// Returns `true` for a schema that only confirms a request: a message, and flags.
fn is_confirmation(document: &Value, schema: &str) -> bool {
    let mut properties = members(document.pointer(&format!("/components/schemas/{schema}/properties"))).peekable();
    properties.peek().is_some()
        && properties.all(|(name, property)| name == "message" || property["type"].as_str() == Some("boolean"))
}

fn wire_name(parameter: &Value) -> &str {
    parameter["name"].as_str().unwrap_or_default()
}

/// The media type of the response, for `Accept`.
fn media_type<'a>(operation: &OperationAt<'a>) -> Option<&'a str> {
    let content = operation.value.pointer("/responses/2XX/content");
    members(content).next().map(|(media_type, _)| media_type.as_str())
}

/// The `T` of `Result<ResponseValue<T>, Error>`.
fn response_type(output: &ReturnType) -> Result<Type> {
    let ReturnType::Type(_, output) = output else { bail!("the method returns nothing") };
    let syn::Type::Path(path) = &**output else { bail!("the method returns no Result") };
    let segment = path.path.segments.last().context("the method returns no Result")?;
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        bail!("the Result has no arguments")
    };
    let Some(syn::GenericArgument::Type(value)) = arguments.args.first() else { bail!("the Result has no value") };
    inner_type(value, "ResponseValue").cloned().context("the method returns no ResponseValue")
}

/// The type without named lifetimes: `&'a str` becomes `&str`.
fn without_lifetimes(ty: &Type) -> Type {
    struct Strip;
    impl syn::visit_mut::VisitMut for Strip {
        fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
            reference.lifetime = None;
            syn::visit_mut::visit_type_reference_mut(self, reference);
        }
    }
    let mut ty = ty.clone();
    syn::visit_mut::VisitMut::visit_type_mut(&mut Strip, &mut ty);
    ty
}

/// Ends the summary with a full stop, which the generator takes away.
fn full_stop(attribute: Attribute) -> Attribute {
    let Meta::NameValue(pair) = &attribute.meta else { return attribute };
    let Some(doc) = text(&pair.value) else { return attribute };
    let (summary, rest) = doc.split_once('\n').unwrap_or((&doc, ""));
    let stop = if summary.trim_end().ends_with(['.', '?', '!', ':']) { "" } else { "." };
    let doc = format!("{}{stop}\n{rest}", summary.trim_end());
    parse_quote!(#[doc = #doc])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postprocess::{apply_pass, formatted};
    use serde_json::json;

    /// A generated client with one method, and a document with that operation at `path`.
    fn build(path: &str, operation: Value, signature: &str) -> String {
        let source = format!(
            "pub struct Client {{ inner: crate::Inner }}
            impl ClientInfo<crate::Inner> for Client {{}}
            impl Client {{ pub fn new() -> Self {{ todo() }} /** Change it */ pub async fn change{signature} {{ unused() }} }}
            pub mod prelude {{ pub use super::Client; }}"
        );
        let mut operation = operation;
        operation["operationId"] = json!("change");
        apply_pass(run, &source, &json!({"paths": {path: {"post": operation}}}))
    }

    #[test]
    fn a_schema_of_a_message_and_flags_only_confirms_a_request() {
        let flag = json!({"type": "boolean"});
        let document = json!({"components": {"schemas": {
            "Deletion": {"properties": {"message": {"type": "string"}, "deleted": flag}},
            "Image": {"properties": {"message": {"type": "string"}, "url": {"type": "string"}}},
            "Anything": {},
        }}});
        for (schema, expected) in [("Deletion", true), ("Image", false), ("Anything", false), ("Missing", false)] {
            assert_eq!(is_confirmation(&document, schema), expected, "{schema}");
        }
    }

    #[test]
    fn an_operation_becomes_a_function_that_builds_its_request() {
        let json_response = json!({"2XX": {"content": {"application/json": {"schema": {}}}}});
        let parameter = |name: &str, place: &str| json!({"name": name, "in": place});
        for (path, operation, signature, expected) in [
            (
                "/image/{uid}",
                json!({"parameters": [parameter("uid", "path")], "responses": json_response}),
                "<'a>(&'a self, uid: &'a str, body: &'a types::Body) -> Result<ResponseValue<types::Image>, Error<()>>",
                "pub fn change(base_url: &str, uid: &str, body: &types::Body) -> Result<Request<types::Image>, BuildError> {
                    RequestBuilder::new(&crate::operations::CHANGE, base_url, &[&uid.to_string()])?
                        .accept(\"application/json\").json(body).build()
                }",
            ),
            (
                "/r/{uid}.{format}",
                json!({
                    "parameters": [parameter("uid", "path"), parameter("format", "path"), parameter("pageSize", "query"), parameter("X-Key", "header")],
                    "responses": {"2XX": {"content": {"image/*": {"schema": {}}}}}, "x-redirects": [302],
                }),
                "<'a>(&'a self, uid: &'a str, format: types::Format, page_size: Option<u64>, x_key: Option<&'a str>)
                    -> Result<ResponseValue<ByteStream>, Error<()>>",
                "pub fn change(base_url: &str, uid: &str, format: types::Format, page_size: Option<u64>, x_key: Option<&str>)
                    -> Result<Request<crate::RawBody>, BuildError> {
                    RequestBuilder::new(&crate::operations::CHANGE, base_url, &[&uid.to_string(), &format.to_string()])?
                        .accept(\"image/*\").query(\"pageSize\", &page_size).header(\"X-Key\", x_key).redirects(&[302u16]).raw()
                }",
            ),
            (
                "/click",
                json!({"responses": {"2XX": {}}}),
                "<'a>(&'a self) -> Result<ResponseValue<()>, Error<()>>",
                "pub fn change(base_url: &str) -> Result<Request<()>, BuildError> {
                    RequestBuilder::new(&crate::operations::CHANGE, base_url, &[])?.accept(\"*/*\").empty()
                }",
            ),
        ] {
            let expected = formatted(&format!("/** Change it.\n*/\n{expected}"));
            assert_eq!(build(path, operation, signature), expected, "{path}");
        }
    }
}
