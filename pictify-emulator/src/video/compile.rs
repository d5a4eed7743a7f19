//! From TSX to a script: what may be imported, and what is no code.

use super::SceneError;
use oxc::{
    allocator::Allocator,
    ast::ast::{BindingIdentifier, Declaration, IdentifierName, IdentifierReference, Program, Statement},
    ast_visit::{Visit, walk},
    codegen::Codegen,
    diagnostics::{OxcDiagnostic, Severity},
    parser::Parser,
    semantic::SemanticBuilder,
    span::SourceType,
    syntax::module_record::{ExportImportName, ImportImportName, ModuleRecord},
    transformer::{TransformOptions, Transformer},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// How many bytes of code are taken.
const LARGEST: usize = 128 * 1024;

/// How deep brackets may be nested. The compiler calls itself for each.
const DEEPEST: usize = 128;

/// How many messages are told.
const TOLD: usize = 20;

/// The code of a scene, ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) script: String,
    /// By module, the names that are imported from it.
    pub(crate) imports: BTreeMap<String, BTreeSet<String>>,
    /// The names that the code uses outside of its schema.
    pub(crate) names: BTreeSet<String>,
}

/// Compiles a scene. To be called where there is much stack.
pub(crate) fn compile(source: &str) -> Result<Code, SceneError> {
    check_size(source)?;
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, source, SourceType::tsx()).parse();
    check(source, &parsed.errors)?;
    let imports = imports(source, &parsed.module_record)?;
    let mut program = parsed.program;
    let names = names(&program);
    let semantic = SemanticBuilder::new().with_check_syntax_error(true).build(&program);
    check(source, &semantic.errors)?;
    let scoping = semantic.semantic.into_scoping();
    let options = TransformOptions::default();
    let transformed =
        Transformer::new(&allocator, Path::new("scene.tsx"), &options).build_with_scoping(scoping, &mut program);
    check(source, &transformed.errors)?;
    Ok(Code { script: Codegen::new().build(&program).code, imports, names })
}

fn check_size(source: &str) -> Result<(), SceneError> {
    if source.len() > LARGEST {
        return Err(SceneError::code(format!("The code has {} bytes; the limit is {LARGEST}", source.len())));
    }
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > DEEPEST {
        return Err(SceneError::code(format!("The brackets of the code are {deepest} deep; the limit is {DEEPEST}")));
    }
    Ok(())
}

fn check(source: &str, found: &[OxcDiagnostic]) -> Result<(), SceneError> {
    let errors = found.iter().filter(|found| found.severity == Severity::Error);
    let errors: Vec<_> = errors.take(TOLD).map(|found| describe(source, found)).collect();
    if errors.is_empty() { Ok(()) } else { Err(SceneError::Code(errors)) }
}

/// A message with its place in the code.
fn describe(source: &str, found: &OxcDiagnostic) -> String {
    let label = found.labels.as_ref().and_then(|labels| labels.first());
    match label {
        Some(label) => at(source, label.offset(), &found.message),
        None => found.message.to_string(),
    }
}

fn at(source: &str, offset: usize, message: &str) -> String {
    let before = source.get(..offset).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{line}:{column} {message}")
}

/// What is imported, if all of it may be.
fn imports(source: &str, record: &ModuleRecord<'_>) -> Result<BTreeMap<String, BTreeSet<String>>, SceneError> {
    let mut errors = Vec::new();
    for (module, requests) in &record.requested_modules {
        if !is_allowed(module.as_str()) {
            let offset = requests.first().map_or(0, |request| request.span.start as usize);
            let message = format!("Cannot import {module}: a scene imports only remotion, @remotion/*, react and zod");
            errors.push((offset, message));
        }
    }
    for import in &record.dynamic_imports {
        errors.push((import.span.start as usize, "A scene is one file: import() is not allowed".to_owned()));
    }
    if !errors.is_empty() {
        errors.sort();
        return Err(SceneError::Code(
            errors.into_iter().take(TOLD).map(|(offset, message)| at(source, offset, &message)).collect(),
        ));
    }
    // The elements of the code are made by these two, which it does not name.
    let own = ["react", "react/jsx-runtime"].map(|module| (module.to_owned(), BTreeSet::new()));
    let mut imports = BTreeMap::from(own);
    for module in record.requested_modules.keys() {
        imports.entry(module.to_string()).or_default();
    }
    let imported = record.import_entries.iter().filter(|entry| !entry.is_type).filter_map(|entry| {
        let name = match &entry.import_name {
            ImportImportName::Name(name) => name.name.to_string(),
            ImportImportName::Default(_) => "default".to_owned(),
            ImportImportName::NamespaceObject => return None,
        };
        Some((entry.module_request.name.to_string(), name))
    });
    let exported = record.indirect_export_entries.iter().filter_map(|entry| {
        let ExportImportName::Name(name) = &entry.import_name else { return None };
        Some((entry.module_request.as_ref()?.name.to_string(), name.name.to_string()))
    });
    for (module, name) in imported.chain(exported) {
        imports.entry(module).or_default().insert(name);
    }
    Ok(imports)
}

fn is_allowed(module: &str) -> bool {
    ["remotion", "react", "zod"].contains(&module) || module.starts_with("@remotion/")
}

/// The names that the code uses outside of its schema.
fn names(program: &Program<'_>) -> BTreeSet<String> {
    let mut names = Names::default();
    for statement in program.body.iter().filter(|statement| !is_schema(statement)) {
        names.visit_statement(statement);
    }
    names.0
}

fn is_schema(statement: &Statement<'_>) -> bool {
    let declares = |declaration: &oxc::ast::ast::VariableDeclaration<'_>| {
        let mut found = declaration.declarations.iter();
        found.any(|declared| declared.id.get_identifier_name().is_some_and(|name| name.as_str() == "schema"))
    };
    match statement {
        Statement::VariableDeclaration(declaration) => declares(declaration),
        Statement::ExportNamedDeclaration(export) => {
            matches!(&export.declaration, Some(Declaration::VariableDeclaration(declaration)) if declares(declaration))
        }
        _ => false,
    }
}

#[derive(Debug, Default)]
struct Names(BTreeSet<String>);

impl<'a> Visit<'a> for Names {
    fn visit_identifier_name(&mut self, name: &IdentifierName<'a>) {
        self.0.insert(name.name.to_string());
    }

    fn visit_identifier_reference(&mut self, reference: &IdentifierReference<'a>) {
        self.0.insert(reference.name.to_string());
    }

    fn visit_binding_identifier(&mut self, binding: &BindingIdentifier<'a>) {
        self.0.insert(binding.name.to_string());
        walk::walk_binding_identifier(self, binding);
    }
}
