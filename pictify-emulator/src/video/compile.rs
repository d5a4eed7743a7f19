//! Compilation of TSX to a script, with a check of its imports.

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

/// Maximum size of the code, in bytes.
const MAX_CODE_BYTES: usize = 128 * 1024;

/// Maximum nesting depth of brackets. The compiler recurses for each.
const MAX_NESTING_DEPTH: usize = 128;

/// Maximum number of reported errors.
const MAX_REPORTED_ERRORS: usize = 20;

/// Compiled code of a scene.
#[derive(Clone, Debug)]
pub(crate) struct CompiledScene {
    pub(crate) script: String,
    /// Imported names, by module.
    pub(crate) imports: BTreeMap<String, BTreeSet<String>>,
    /// Names that the code uses outside of its schema.
    pub(crate) names: BTreeSet<String>,
}

/// Compiles a scene. The compiler recurses deeply: call it on a thread with a large stack.
pub(crate) fn compile(source: &str) -> Result<CompiledScene, SceneError> {
    check_size(source)?;
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, source, SourceType::tsx()).parse();
    check_diagnostics(source, &parsed.errors)?;
    let imports = read_imports(source, &parsed.module_record)?;
    let mut program = parsed.program;
    let names = names_outside_schema(&program);
    let semantic = SemanticBuilder::new().with_check_syntax_error(true).build(&program);
    check_diagnostics(source, &semantic.errors)?;
    let scoping = semantic.semantic.into_scoping();
    let options = TransformOptions::default();
    let transformed =
        Transformer::new(&allocator, Path::new("scene.tsx"), &options).build_with_scoping(scoping, &mut program);
    check_diagnostics(source, &transformed.errors)?;
    Ok(CompiledScene { script: Codegen::new().build(&program).code, imports, names })
}

/// Checks the size and the nesting depth of the code.
fn check_size(source: &str) -> Result<(), SceneError> {
    if source.len() > MAX_CODE_BYTES {
        return Err(SceneError::code(format!("The code has {} bytes; the limit is {MAX_CODE_BYTES}", source.len())));
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
    if deepest > MAX_NESTING_DEPTH {
        let message =
            format!("The brackets of the code are nested {deepest} levels deep; the limit is {MAX_NESTING_DEPTH}");
        return Err(SceneError::code(message));
    }
    Ok(())
}

/// Returns the errors among the diagnostics of the compiler.
fn check_diagnostics(source: &str, diagnostics: &[OxcDiagnostic]) -> Result<(), SceneError> {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let errors: Vec<_> = errors.take(MAX_REPORTED_ERRORS).map(|diagnostic| describe(source, diagnostic)).collect();
    if errors.is_empty() { Ok(()) } else { Err(SceneError::Code(errors)) }
}

/// Formats a diagnostic with its position in the code.
fn describe(source: &str, diagnostic: &OxcDiagnostic) -> String {
    let label = diagnostic.labels.as_ref().and_then(|labels| labels.first());
    match label {
        Some(label) => with_position(source, label.offset(), &diagnostic.message),
        None => diagnostic.message.to_string(),
    }
}

/// Prefixes a message with its line and column.
fn with_position(source: &str, offset: usize, message: &str) -> String {
    let before = source.get(..offset).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{line}:{column} {message}")
}

/// Returns the imported names by module, if all modules are allowed.
fn read_imports(source: &str, record: &ModuleRecord<'_>) -> Result<BTreeMap<String, BTreeSet<String>>, SceneError> {
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
            errors
                .into_iter()
                .take(MAX_REPORTED_ERRORS)
                .map(|(offset, message)| with_position(source, offset, &message))
                .collect(),
        ));
    }
    // Compiled JSX calls these two modules, which the code need not import itself.
    let implicit = ["react", "react/jsx-runtime"].map(|module| (module.to_owned(), BTreeSet::new()));
    let mut imports = BTreeMap::from(implicit);
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

/// Collects the names that the code uses outside of its schema.
fn names_outside_schema(program: &Program<'_>) -> BTreeSet<String> {
    let mut names = NameCollector::default();
    for statement in program.body.iter().filter(|statement| !is_schema(statement)) {
        names.visit_statement(statement);
    }
    names.0
}

/// Returns true for the statement that declares the schema.
fn is_schema(statement: &Statement<'_>) -> bool {
    let declares = |declaration: &oxc::ast::ast::VariableDeclaration<'_>| {
        let mut declarations = declaration.declarations.iter();
        declarations.any(|declared| declared.id.get_identifier_name().is_some_and(|name| name.as_str() == "schema"))
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
struct NameCollector(BTreeSet<String>);

impl<'a> Visit<'a> for NameCollector {
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
