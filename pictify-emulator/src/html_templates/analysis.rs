//! Analysis of a compiled template: rejects what is not allowed, and collects the variables it uses.

use super::{
    block_helpers::BLOCK_HELPERS,
    error::{ErrorCode, HtmlTemplateError},
    helpers::SHOW_VALUE,
};
use crate::expressions::functions;
use handlebars::{
    Path, PathSeg, Template,
    template::{BlockParam, HelperTemplate, Parameter, TemplateElement},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Names of variables.
type Names = BTreeSet<String>;

/// Line and column, from 1.
pub(super) type Position = Option<(usize, usize)>;

/// Variables that a template uses.
#[derive(Clone, Debug, Default)]
pub(super) struct VariableUsage {
    /// Variables, in the order of their first use.
    pub(super) variables: Vec<String>,
    /// Unescaped values: the variables that they depend on, and their position.
    pub(super) raw: Vec<(Names, Position)>,
}

/// Analyzes a template. Replaces tags that are only a value by calls of [`SHOW_VALUE`].
pub(super) fn analyze(template: &mut Template) -> Result<VariableUsage, HtmlTemplateError> {
    let mut analyzer =
        Analyzer { usage: VariableUsage::default(), known: Names::new(), scopes: Vec::new(), position: None };
    analyzer.visit_template(template)?;
    Ok(analyzer.usage)
}

struct Analyzer {
    usage: VariableUsage,
    known: Names,
    /// Enclosing blocks that change the meaning of names, innermost last.
    scopes: Vec<Scope>,
    position: Position,
}

/// Scope of an `each` or `with` block.
struct Scope {
    /// Variables that the value of the block depends on.
    value_names: Names,
    /// Names after `as`.
    locals: BTreeMap<String, Names>,
}

impl Analyzer {
    fn compile_error(&self, message: impl Into<String>) -> HtmlTemplateError {
        HtmlTemplateError::new(ErrorCode::CompileError, message).at(self.position)
    }

    fn not_allowed(&self, kind: &str, name: &str) -> HtmlTemplateError {
        let error = HtmlTemplateError::new(ErrorCode::HelperNotAllowed, format!("{kind} \"{name}\" is not allowed"));
        error.with("helper", name).at(self.position)
    }

    fn visit_template(&mut self, template: &mut Template) -> Result<(), HtmlTemplateError> {
        for (index, element) in template.elements.iter_mut().enumerate() {
            if let Some(position) = template.mapping.get(index) {
                self.position = Some((position.0, position.1));
            }
            match element {
                TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
                TemplateElement::Expression(tag) => drop(self.visit_tag(tag)?),
                TemplateElement::HtmlExpression(tag) => {
                    let names = self.visit_tag(tag)?;
                    self.usage.raw.push((names, self.position));
                }
                TemplateElement::HelperBlock(block) => self.visit_block(block)?,
                TemplateElement::PartialExpression(partial) | TemplateElement::PartialBlock(partial) => {
                    return Err(self.not_allowed("Partial", partial.name.as_name().unwrap_or("(...)")));
                }
                TemplateElement::DecoratorExpression(decorator) | TemplateElement::DecoratorBlock(decorator) => {
                    return Err(self.not_allowed("Decorator", decorator.name.as_name().unwrap_or("(...)")));
                }
                _ => {
                    return Err(
                        self.compile_error("The template contains an element that the emulator does not support")
                    );
                }
            }
        }
        Ok(())
    }

    /// Visits `{{value}}` or `{{helper value}}`.
    fn visit_tag(&mut self, tag: &mut HelperTemplate) -> Result<Names, HtmlTemplateError> {
        let is_call = !tag.params.is_empty() || !tag.hash.is_empty();
        if is_call || tag.name.as_name().is_some_and(is_reserved) {
            return self.visit_call(tag);
        }
        let names = self.visit_value(&tag.name)?;
        let value = std::mem::replace(&mut tag.name, Parameter::Name(SHOW_VALUE.to_owned()));
        tag.params.push(value);
        Ok(names)
    }

    fn visit_call(&mut self, call: &HelperTemplate) -> Result<Names, HtmlTemplateError> {
        let name = call.name.as_name().unwrap_or("(...)");
        if BLOCK_HELPERS.contains(&name) {
            return Err(self.compile_error(format!("{name} is a block: write {{{{#{name} ...}}}}...{{{{/{name}}}}}")));
        }
        if !is_helper(name) {
            return Err(self.not_allowed("Helper", name));
        }
        if !call.hash.is_empty() {
            return Err(self.compile_error(format!("{name} takes no named arguments")));
        }
        let mut names = Names::new();
        for argument in &call.params {
            names.append(&mut self.visit_value(argument)?);
        }
        Ok(names)
    }

    fn visit_block(&mut self, block: &mut HelperTemplate) -> Result<(), HtmlTemplateError> {
        let name = block.name.as_name().unwrap_or("(...)").to_owned();
        if is_helper(&name) {
            return Err(self.compile_error(format!("{name} is not a block: write {{{{{name} ...}}}}")));
        }
        if !BLOCK_HELPERS.contains(&name.as_str()) {
            return Err(self.not_allowed("Helper", &name));
        }
        let scoped = name == "each" || name == "with";
        if block.hash.keys().any(|key| scoped || key != "includeZero") {
            return Err(self.compile_error(format!("{name} does not take this named argument")));
        }
        let [value] = block.params.as_slice() else {
            return Err(self.compile_error(format!("{name} takes 1 argument, not {}", block.params.len())));
        };
        let value_names = self.visit_value(value)?;
        if scoped {
            let locals = local_names(block.block_param.as_ref(), &value_names);
            self.scopes.push(Scope { value_names, locals });
        }
        if let Some(inner) = &mut block.template {
            self.visit_template(inner)?;
        }
        if scoped {
            self.scopes.pop();
        }
        block.inverse.as_mut().map_or(Ok(()), |inverse| self.visit_template(inverse))
    }

    /// Returns the variables that a value depends on.
    fn visit_value(&mut self, value: &Parameter) -> Result<Names, HtmlTemplateError> {
        match value {
            Parameter::Literal(Value::Array(_) | Value::Object(_)) => {
                Err(self.compile_error("Arrays and objects cannot be written in a template: pass them as variables"))
            }
            Parameter::Path(Path::Relative((steps, _))) => Ok(self.visit_path(steps)),
            Parameter::Subexpression(call) => match call.as_element() {
                TemplateElement::Expression(call) => self.visit_call(call),
                _ => Err(self.compile_error("This is not allowed in parentheses")),
            },
            // For example `@index`.
            Parameter::Path(Path::Local(_)) | Parameter::Literal(_) | Parameter::Name(_) => Ok(Names::new()),
            _ => Err(self.compile_error("This is not allowed as a value")),
        }
    }

    fn visit_path(&mut self, steps: &[PathSeg]) -> Names {
        let mut scopes = self.scopes.as_slice();
        let mut leaves_scope = false;
        for step in steps {
            match step {
                PathSeg::Named(name) => {
                    let local = scopes.iter().rev().find_map(|scope| scope.locals.get(name));
                    if let Some(names) = local.filter(|_| !leaves_scope) {
                        return names.clone();
                    }
                    if let Some(scope) = scopes.last() {
                        return scope.value_names.clone();
                    }
                    if self.known.insert(name.clone()) {
                        self.usage.variables.push(name.clone());
                    }
                    return Names::from([name.clone()]);
                }
                // The type of the rule is not public. Its debug output is the name of the rule in the grammar.
                PathSeg::Ruled(rule) => match format!("{rule:?}").as_str() {
                    "path_root" => (scopes, leaves_scope) = (&[], true),
                    "path_up" => {
                        let (_, outer) = scopes.split_last().unzip();
                        (scopes, leaves_scope) = (outer.unwrap_or_default(), true);
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        // `this` at the top level is all variables together: no definition can allow them unescaped.
        scopes.last().map_or_else(|| Names::from(["this".to_owned()]), |scope| scope.value_names.clone())
    }
}

/// Maps the names after `as` to the variables that they depend on.
fn local_names(names: Option<&BlockParam>, value_names: &Names) -> BTreeMap<String, Names> {
    let mut locals = BTreeMap::new();
    let (value, key) = match names {
        Some(BlockParam::Single(value)) => (Some(value), None),
        Some(BlockParam::Pair((value, key))) => (Some(value), Some(key)),
        _ => (None, None),
    };
    locals.extend(value.and_then(Parameter::as_name).map(|name| (name.to_owned(), value_names.clone())));
    locals.extend(key.and_then(Parameter::as_name).map(|name| (name.to_owned(), value_names.clone())));
    locals
}

fn is_helper(name: &str) -> bool {
    functions::find(name).is_some_and(functions::Function::is_helper)
}

fn is_reserved(name: &str) -> bool {
    is_helper(name) || BLOCK_HELPERS.contains(&name)
}
