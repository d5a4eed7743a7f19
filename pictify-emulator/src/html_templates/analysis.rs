//! What a compiled template uses: only what is allowed, and which variables.

use super::{
    blocks::BLOCKS,
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

/// The names of variables.
type Names = BTreeSet<String>;

/// A line and a column, from 1.
pub(super) type Place = Option<(usize, usize)>;

/// What a template uses.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses {
    /// The variables in the order in which they come first.
    pub(super) variables: Vec<String>,
    /// What is not escaped: the variables that it is made of, and where.
    pub(super) raw: Vec<(Names, Place)>,
}

/// Looks through a template. Values that stand alone are made calls of [`SHOW_VALUE`].
pub(super) fn check(template: &mut Template) -> Result<Uses, HtmlTemplateError> {
    let mut check = Check { uses: Uses::default(), known: Names::new(), scopes: Vec::new(), place: None };
    check.template(template)?;
    Ok(check.uses)
}

struct Check {
    uses: Uses,
    known: Names,
    /// The blocks around that change what names mean, innermost last.
    scopes: Vec<Scope>,
    place: Place,
}

/// The inside of `each` or `with`.
struct Scope {
    /// The variables that its value is made of.
    of: Names,
    /// The names after `as`.
    locals: BTreeMap<String, Names>,
}

impl Check {
    fn refuse(&self, message: impl Into<String>) -> HtmlTemplateError {
        HtmlTemplateError::new(ErrorCode::CompileError, message).at(self.place)
    }

    fn not_allowed(&self, what: &str, name: &str) -> HtmlTemplateError {
        let error = HtmlTemplateError::new(ErrorCode::HelperNotAllowed, format!("{what} \"{name}\" is not allowed"));
        error.with("helper", name).at(self.place)
    }

    fn template(&mut self, template: &mut Template) -> Result<(), HtmlTemplateError> {
        for (index, element) in template.elements.iter_mut().enumerate() {
            if let Some(place) = template.mapping.get(index) {
                self.place = Some((place.0, place.1));
            }
            match element {
                TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
                TemplateElement::Expression(tag) => drop(self.tag(tag)?),
                TemplateElement::HtmlExpression(tag) => {
                    let names = self.tag(tag)?;
                    self.uses.raw.push((names, self.place));
                }
                TemplateElement::HelperBlock(block) => self.block(block)?,
                TemplateElement::PartialExpression(partial) | TemplateElement::PartialBlock(partial) => {
                    return Err(self.not_allowed("Partial", partial.name.as_name().unwrap_or("(...)")));
                }
                TemplateElement::DecoratorExpression(decorator) | TemplateElement::DecoratorBlock(decorator) => {
                    return Err(self.not_allowed("Decorator", decorator.name.as_name().unwrap_or("(...)")));
                }
                _ => return Err(self.refuse("The template holds something that the emulator does not know")),
            }
        }
        Ok(())
    }

    /// `{{value}}` or `{{helper value}}`
    fn tag(&mut self, tag: &mut HelperTemplate) -> Result<Names, HtmlTemplateError> {
        let is_call = !tag.params.is_empty() || !tag.hash.is_empty();
        if is_call || tag.name.as_name().is_some_and(is_reserved) {
            return self.call(tag);
        }
        let names = self.value(&tag.name)?;
        let value = std::mem::replace(&mut tag.name, Parameter::Name(SHOW_VALUE.to_owned()));
        tag.params.push(value);
        Ok(names)
    }

    fn call(&mut self, call: &HelperTemplate) -> Result<Names, HtmlTemplateError> {
        let name = call.name.as_name().unwrap_or("(...)");
        if BLOCKS.contains(&name) {
            return Err(self.refuse(format!("{name} is a block: write {{{{#{name} ...}}}}...{{{{/{name}}}}}")));
        }
        if !is_helper(name) {
            return Err(self.not_allowed("Helper", name));
        }
        if !call.hash.is_empty() {
            return Err(self.refuse(format!("{name} takes no named arguments")));
        }
        let mut names = Names::new();
        for argument in &call.params {
            names.append(&mut self.value(argument)?);
        }
        Ok(names)
    }

    fn block(&mut self, block: &mut HelperTemplate) -> Result<(), HtmlTemplateError> {
        let name = block.name.as_name().unwrap_or("(...)").to_owned();
        if is_helper(&name) {
            return Err(self.refuse(format!("{name} is no block: write {{{{{name} ...}}}}")));
        }
        if !BLOCKS.contains(&name.as_str()) {
            return Err(self.not_allowed("Helper", &name));
        }
        let scoped = name == "each" || name == "with";
        if block.hash.keys().any(|key| scoped || key != "includeZero") {
            return Err(self.refuse(format!("{name} takes no such named argument")));
        }
        let [value] = block.params.as_slice() else {
            return Err(self.refuse(format!("{name} takes 1 argument, not {}", block.params.len())));
        };
        let of = self.value(value)?;
        if scoped {
            let locals = locals(block.block_param.as_ref(), &of);
            self.scopes.push(Scope { of, locals });
        }
        if let Some(inside) = &mut block.template {
            self.template(inside)?;
        }
        if scoped {
            self.scopes.pop();
        }
        block.inverse.as_mut().map_or(Ok(()), |inverse| self.template(inverse))
    }

    /// The variables that a value is made of.
    fn value(&mut self, value: &Parameter) -> Result<Names, HtmlTemplateError> {
        match value {
            Parameter::Literal(Value::Array(_) | Value::Object(_)) => {
                Err(self.refuse("Lists and objects cannot be written in a template: hand them in as variables"))
            }
            Parameter::Path(Path::Relative((steps, _))) => Ok(self.path(steps)),
            Parameter::Subexpression(call) => match call.as_element() {
                TemplateElement::Expression(call) => self.call(call),
                _ => Err(self.refuse("This cannot stand in parentheses")),
            },
            // Such as `@index`.
            Parameter::Path(Path::Local(_)) | Parameter::Literal(_) | Parameter::Name(_) => Ok(Names::new()),
            _ => Err(self.refuse("This cannot stand as a value")),
        }
    }

    fn path(&mut self, steps: &[PathSeg]) -> Names {
        let mut scopes = self.scopes.as_slice();
        let mut outward = false;
        for step in steps {
            match step {
                PathSeg::Named(name) => {
                    let local = scopes.iter().rev().find_map(|scope| scope.locals.get(name));
                    if let Some(of) = local.filter(|_| !outward) {
                        return of.clone();
                    }
                    if let Some(scope) = scopes.last() {
                        return scope.of.clone();
                    }
                    if self.known.insert(name.clone()) {
                        self.uses.variables.push(name.clone());
                    }
                    return Names::from([name.clone()]);
                }
                // The rule's type has no public name; how it shows itself is its name in the grammar.
                PathSeg::Ruled(rule) => match format!("{rule:?}").as_str() {
                    "path_root" => (scopes, outward) = (&[], true),
                    "path_up" => {
                        let (_, around) = scopes.split_last().unzip();
                        (scopes, outward) = (around.unwrap_or_default(), true);
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        // All variables at once: no definition allows to show them raw.
        scopes.last().map_or_else(|| Names::from(["this".to_owned()]), |scope| scope.of.clone())
    }
}

fn locals(names: Option<&BlockParam>, of: &Names) -> BTreeMap<String, Names> {
    let mut locals = BTreeMap::new();
    let (value, key) = match names {
        Some(BlockParam::Single(value)) => (Some(value), None),
        Some(BlockParam::Pair((value, key))) => (Some(value), Some(key)),
        _ => (None, None),
    };
    locals.extend(value.and_then(Parameter::as_name).map(|name| (name.to_owned(), of.clone())));
    locals.extend(key.and_then(Parameter::as_name).map(|name| (name.to_owned(), of.clone())));
    locals
}

fn is_helper(name: &str) -> bool {
    functions::find(name).is_some_and(functions::Function::is_helper)
}

fn is_reserved(name: &str) -> bool {
    is_helper(name) || BLOCKS.contains(&name)
}
