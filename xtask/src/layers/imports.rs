//! Imports between the top-level modules of a crate, read from the tokens of its source.
//!
//! Tokens rather than syntax trees: paths inside macro calls count, too. A name that the root of the crate re-exports counts
//! as an import of the module that defines it.

use anyhow::{Context, Result};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Path, PathBuf},
};
use syn::{Item, UseTree};

/// Source file and line of an import.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Path below `src`, with slashes.
    file: String,
    line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Imports of a crate: for each top-level module the modules that it imports, each with its first place.
#[derive(Debug, Default)]
pub struct Imports {
    edges: BTreeMap<String, BTreeMap<String, Place>>,
}

impl Imports {
    /// Reads all source files below `source`, which has a `lib.rs` or `main.rs`.
    pub fn read(source: &Path) -> Result<Self> {
        let mut files = Vec::new();
        list(source, Path::new(""), &mut files)?;
        let (mut found, mut exports, mut modules) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        for file in files {
            let path = source.join(&file);
            let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            let tokens: TokenStream = text.parse().map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
            let module = module_path(&file);
            modules.extend(module.first().cloned());
            if module.is_empty() {
                exports.extend(exports_of(tokens.clone()).with_context(|| path.display().to_string())?);
            }
            let name = file.to_string_lossy().replace('\\', "/");
            let mut scan = Scan { file: name, found: &mut found };
            scan.stream(tokens, &module);
        }
        // Modules that are written inside the root file.
        modules.extend(found.iter().map(|import| import.from.clone()));
        let mut edges: BTreeMap<_, BTreeMap<_, _>> =
            modules.iter().map(|module| (module.clone(), BTreeMap::new())).collect();
        for import in found {
            let name = if modules.contains(&import.name) { Some(&import.name) } else { exports.get(&import.name) };
            if let Some(to) = name.filter(|to| **to != import.from && modules.contains(*to)) {
                let place = edges.entry(import.from).or_default().entry(to.clone()).or_insert(import.place.clone());
                *place = place.clone().min(import.place);
            }
        }
        Ok(Self { edges })
    }

    /// Returns the names of all top-level modules.
    pub fn modules(&self) -> Vec<&str> {
        self.edges.keys().map(String::as_str).collect()
    }

    /// Returns the names of the modules that `module` imports.
    pub fn of<'a>(&'a self, module: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.edges.get(module).into_iter().flat_map(|edges| edges.keys().map(String::as_str))
    }

    /// Returns the first place at which `from` imports `to`.
    pub fn place(&self, from: &str, to: &str) -> Option<&Place> {
        self.edges.get(from)?.get(to)
    }
}

/// An import of a name at the root of the crate.
struct Import {
    from: String,
    name: String,
    place: Place,
}

struct Scan<'a> {
    file: String,
    found: &'a mut Vec<Import>,
}

impl Scan<'_> {
    /// Records the imports of a stream of tokens that belongs to the module `module`.
    fn stream(&mut self, tokens: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    at += 1;
                    if let Some(TokenTree::Group(group)) = tokens.get(at) {
                        at += 1;
                        if is_test(group) {
                            at = end_of_item(&tokens, at);
                        }
                    }
                }
                TokenTree::Ident(word) if word == "mod" => {
                    at += 1;
                    if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                        (tokens.get(at), tokens.get(at + 1))
                    {
                        let inner: Vec<_> = module.iter().cloned().chain([name.to_string()]).collect();
                        self.stream(body.stream(), &inner);
                        at += 2;
                    }
                }
                TokenTree::Ident(word) if word == "crate" && is_path(&tokens, at + 1) => {
                    at += 3;
                    self.names(tokens.get(at), module);
                }
                TokenTree::Ident(word) if word == "super" && is_path(&tokens, at + 1) => {
                    let mut depth = module.len();
                    while matches!(tokens.get(at), Some(TokenTree::Ident(word)) if word == "super")
                        && is_path(&tokens, at + 1)
                    {
                        depth = depth.saturating_sub(1);
                        at += 3;
                    }
                    if depth == 0 {
                        self.names(tokens.get(at), module);
                    }
                }
                TokenTree::Group(group) => {
                    self.stream(group.stream(), module);
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    /// Records what follows `crate::`: a name, or several in braces. The token itself is read again as a part of the stream,
    /// for the paths that a group may contain.
    fn names(&mut self, token: Option<&TokenTree>, module: &[String]) {
        let Some(from) = module.first() else { return };
        let mut record = |token: &TokenTree| {
            if let TokenTree::Ident(name) = token {
                let place = Place { file: self.file.clone(), line: name.span().start().line };
                self.found.push(Import { from: from.clone(), name: name.to_string(), place });
            }
        };
        match token {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let mut is_first = true;
                for token in group.stream() {
                    if is_first {
                        record(&token);
                    }
                    is_first = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',');
                }
            }
            Some(token) => record(token),
            None => {}
        }
    }
}

/// Returns true if the tokens at `at` are `::`.
fn is_path(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    is_colon(at) && is_colon(at + 1)
}

/// Returns true for the attributes `cfg(test)` and `cfg(all(test, ..))`.
fn is_test(attribute: &Group) -> bool {
    let text = attribute.stream().to_string().replace(' ', "");
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// Returns the place behind the item that begins at `at`.
fn end_of_item(tokens: &[TokenTree], at: usize) -> usize {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    };
    tokens[at..].iter().position(is_end).map_or(tokens.len(), |length| at + length + 1)
}

/// Returns the names that the root of the crate re-exports, each with the module that it comes from.
fn exports_of(tokens: TokenStream) -> Result<Vec<(String, String)>> {
    let mut exports = Vec::new();
    for item in syn::parse2::<syn::File>(tokens)?.items {
        if let Item::Use(item) = item {
            exports_in(&item.tree, None, &mut exports);
        }
    }
    Ok(exports)
}

fn exports_in(tree: &UseTree, module: Option<&str>, exports: &mut Vec<(String, String)>) {
    match tree {
        UseTree::Path(path) => {
            let name = path.ident.to_string();
            let is_root = module.is_none() && (name == "crate" || name == "self");
            let module = if is_root { None } else { Some(module.unwrap_or(&name)) };
            exports_in(&path.tree, module, exports);
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| exports_in(tree, module, exports)),
        UseTree::Name(name) => exports.extend(module.map(|module| (name.ident.to_string(), module.to_owned()))),
        UseTree::Rename(name) => exports.extend(module.map(|module| (name.rename.to_string(), module.to_owned()))),
        UseTree::Glob(_) => {}
    }
}

/// Returns the path of the module that a file below `src` contains; empty for the root of a crate.
fn module_path(file: &Path) -> Vec<String> {
    let mut path: Vec<String> =
        file.with_extension("").components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    match path.last().map(String::as_str) {
        Some("lib" | "main") if path.len() == 1 => path.clear(),
        Some("mod") => drop(path.pop()),
        _ => {}
    }
    path
}

/// Appends the source files of a folder, sorted; files of tests are left out.
fn list(source: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let path = source.join(folder);
    let entries = fs::read_dir(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut entries = entries.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let file = folder.join(entry.file_name());
        let is_test = file.file_stem().is_some_and(|stem| stem == "tests");
        if is_test {
            continue;
        }
        if entry.file_type()?.is_dir() {
            list(source, &file, files)?;
        } else if file.extension().is_some_and(|extension| extension == "rs") {
            files.push(file);
        }
    }
    Ok(())
}
