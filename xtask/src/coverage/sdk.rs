//! Reads the sources of the SDK: the resource of each method, its request type, and the operation of that request.

use anyhow::{Context, Result};
use proc_macro2::{TokenStream, TokenTree};
use std::{collections::BTreeMap, fs, io, path::Path};
use syn::{
    Attribute, Expr, ExprLit, File, GenericArgument, ImplItem, Item, ItemImpl, ItemMacro, Lit, Meta, PathArguments,
    ReturnType, Type, TypePath, Visibility,
};

/// Resources, requests and methods of the SDK.
#[derive(Default)]
pub struct Sdk {
    /// Method of the client that returns a resource, by the type of the resource.
    resources: BTreeMap<String, String>,
    /// Constant of the operation, by request type.
    rows: BTreeMap<String, String>,
    methods: Vec<Method>,
}

/// A method that makes a call.
pub struct Method {
    /// Type of the resource at first, then the method of the client that returns it.
    pub resource: String,
    pub name: String,
    request: String,
    pub clients: Clients,
    pub docs: String,
}

/// Clients that have a method.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Clients {
    Both,
    Async,
    Blocking,
}

impl Clients {
    /// Returns `true` if `client` is among these clients.
    pub fn include(self, client: Self) -> bool {
        self == Self::Both || self == client
    }
}

impl Sdk {
    /// Reads every source file below a folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let (mut folders, mut files) = (vec![folder.to_path_buf()], Vec::new());
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
            // Sorted, so that the first of several methods is the same on each machine.
            let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
            paths.sort_unstable();
            for path in paths {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                    files.push(syn::parse_file(&text).with_context(|| format!("{} is not Rust", path.display()))?);
                }
            }
        }
        Ok(Self::of(files))
    }

    /// Collects resources, requests and methods from parsed files.
    pub fn of(files: impl IntoIterator<Item = File>) -> Self {
        let mut sdk = Self::default();
        for item in files.into_iter().flat_map(|file| file.items) {
            match item {
                Item::Macro(item) => sdk.macro_call(&item),
                Item::Impl(item) => sdk.methods.extend(methods(&item)),
                _ => {}
            }
        }
        let Self { resources, methods, .. } = &mut sdk;
        methods.retain_mut(|method| match resources.get(&method.resource) {
            Some(accessor) => {
                method.resource.clone_from(accessor);
                true
            }
            None => false,
        });
        sdk
    }

    /// Returns the methods that send requests of an operation constant.
    pub fn methods_for(&self, row: &str) -> impl Iterator<Item = &Method> {
        self.methods.iter().filter(move |method| self.rows.get(&method.request).is_some_and(|found| found == row))
    }

    fn macro_call(&mut self, item: &ItemMacro) {
        let tokens = item.mac.tokens.clone();
        if item.mac.path.is_ident("api_request") {
            self.rows.extend(operation(tokens));
        } else if item.mac.path.is_ident("resources") {
            self.resources.extend(resource_pairs(tokens));
        }
    }
}

/// Parses `#[..] CreateImage / CreateImageCall { .. } -> Image = CREATE_IMAGE, |..| requests::create_image(..)` into the
/// request type and its constant. The function that builds the request must be that of the constant.
fn operation(tokens: TokenStream) -> Option<(String, String)> {
    let built = built_request(tokens.clone())?;
    let mut tokens = tokens.into_iter();
    let request = tokens.find_map(|token| ident(&token))?;
    tokens.find(|token| is(token, '='))?;
    let row = ident(&tokens.next()?)?;
    (built.to_uppercase() == row).then_some((request, row))
}

/// Returns the name of the function in `requests::name(..)`.
fn built_request(tokens: TokenStream) -> Option<String> {
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(name) if name == "requests" => return tokens.find_map(|token| ident(&token)),
            TokenTree::Group(group) => {
                if let Some(found) = built_request(group.stream()) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

/// Parses `#[..] images: Images, ..` into pairs of type and method.
fn resource_pairs(tokens: TokenStream) -> Vec<(String, String)> {
    let idents: Vec<_> = tokens.into_iter().filter_map(|token| ident(&token)).collect();
    idents.chunks_exact(2).map(|pair| (pair[1].clone(), pair[0].clone())).collect()
}

fn ident(token: &TokenTree) -> Option<String> {
    if let TokenTree::Ident(ident) = token { Some(ident.to_string()) } else { None }
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// Returns the public methods of an `impl Resource<C>` that return calls.
fn methods(item: &ItemImpl) -> Vec<Method> {
    let Some((resource, arguments)) = named(&item.self_ty) else { return Vec::new() };
    let [client] = arguments.as_slice() else { return Vec::new() };
    let is_generic =
        item.generics.type_params().any(|parameter| named(client).is_some_and(|(name, _)| parameter.ident == name));
    let clients = match client {
        _ if is_generic => Clients::Both,
        Type::Path(TypePath { path, .. }) if path.segments.iter().any(|segment| segment.ident == "blocking") => {
            Clients::Blocking
        }
        _ => Clients::Async,
    };
    let method = |item: &ImplItem| {
        let ImplItem::Fn(method) = item else { return None };
        let (Visibility::Public(_), ReturnType::Type(_, output)) = (&method.vis, &method.sig.output) else {
            return None;
        };
        let request = request(output)?;
        let (name, docs) = (method.sig.ident.to_string(), docs(&method.attrs));
        Some(Method { resource: resource.clone(), name, request, clients, docs })
    };
    item.items.iter().filter_map(method).collect()
}

/// Returns the request type `CreateImage` of a return type `CreateImageCall<C>`.
fn request(output: &Type) -> Option<String> {
    let (name, _) = named(output)?;
    name.strip_suffix("Call").filter(|request| !request.is_empty()).map(str::to_owned)
}

/// Returns the name of a type without its path, and its generic arguments.
fn named(found: &Type) -> Option<(String, Vec<Type>)> {
    let Type::Path(TypePath { path, .. }) = found else { return None };
    let segment = path.segments.last()?;
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => {
            let types = arguments.args.iter().filter_map(|argument| match argument {
                GenericArgument::Type(argument) => Some(argument.clone()),
                _ => None,
            });
            types.collect()
        }
        _ => Vec::new(),
    };
    Some((segment.ident.to_string(), arguments))
}

/// Returns the text of doc comments.
fn docs(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value() + "\n"),
            _ => None,
        },
        _ => None,
    };
    attributes.iter().filter_map(line).collect()
}
