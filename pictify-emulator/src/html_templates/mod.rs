//! HTML templates in Handlebars, with the helpers that the contract lists and no others.
//!
//! ```
//! use pictify_emulator::{html_templates::HtmlTemplate, variables::VariableDefinition};
//! use serde_json::json;
//!
//! let template = HtmlTemplate::compile("<h1>{{title}}</h1>{{#if price}}<b>{{currency price \"USD\"}}</b>{{/if}}")?;
//! assert_eq!(template.variables(), ["title", "price"]);
//!
//! let definitions = VariableDefinition::read_all(&json!([{"name": "title", "validation": {"required": true}}]));
//! let variables = json!({"title": "Mugs & more", "price": 12.5});
//! let html = template.render(variables.as_object().unwrap(), &definitions, false)?;
//! assert_eq!(html, "<h1>Mugs &amp; more</h1><b>$12.50</b>");
//! # Ok::<(), pictify_emulator::html_templates::HtmlTemplateError>(())
//! ```
//!
//! The helpers are the functions of the [expressions](crate::expressions), with the same meaning. Every input gives HTML or
//! a typed error, within bounded time, memory and stack.
//!
//! | file | content |
//! |---|---|
//! | `source.rs` | limits of the source text, checked before parsing |
//! | `analysis.rs` | rejection of what is not allowed, and the variables of a template |
//! | `block_helpers.rs`, `helpers.rs` | block helpers and inline helpers |
//! | `limits.rs` | limits of a render |
//! | `error.rs` | errors with their codes |

mod analysis;
mod block_helpers;
mod error;
mod helpers;
mod limits;
mod source;

pub use error::{ErrorCode, HtmlTemplateError};

use crate::{
    expressions::{error::shorten, functions},
    variables::{VariableDefinition, resolve_variables},
};
use analysis::VariableUsage;
use block_helpers::{ConditionHelper, EachHelper, WithHelper};
use handlebars::{Context, Handlebars, RenderContext, Renderable, Template};
use helpers::{CallFunction, SHOW_VALUE, ShowValue};
use limits::{HtmlOutput, RenderLimits};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Compiled template, which can be rendered many times.
#[derive(Clone, Debug)]
pub struct HtmlTemplate {
    template: Template,
    usage: VariableUsage,
}

impl HtmlTemplate {
    /// Compiles a template.
    ///
    /// # Errors
    /// When the source is longer than 500 KB, is not valid Handlebars, is nested too deeply, or uses partials, decorators or
    /// an unknown helper.
    pub fn compile(source: &str) -> Result<Self, HtmlTemplateError> {
        source::check(source)?;
        let mut template = Template::compile(source).map_err(|error| {
            let message = format!("The template does not compile: {}", shorten(&error.reason().to_string()));
            HtmlTemplateError::new(ErrorCode::CompileError, message).at(error.pos())
        })?;
        let usage = analysis::analyze(&mut template)?;
        Ok(Self { template, usage })
    }

    /// Returns the names of the variables that the template uses, in the order of their first use.
    ///
    /// Names inside `each` and `with` are members of the item, not variables.
    #[must_use]
    pub fn variables(&self) -> &[String] {
        &self.usage.variables
    }

    /// Returns the variables that the template uses but the definitions lack: the `addedVariables` of a response.
    #[must_use]
    pub fn added_variables(&self, definitions: &[VariableDefinition]) -> Vec<String> {
        let defined = |name: &String| definitions.iter().any(|definition| definition.name == *name);
        self.variables().iter().filter(|name| !defined(name)).cloned().collect()
    }

    /// Checks the template against its definitions, as when a template is stored.
    ///
    /// # Errors
    /// When the template does not escape a variable whose definition lacks `allowRawHtml`.
    pub fn check(&self, definitions: &[VariableDefinition]) -> Result<(), HtmlTemplateError> {
        let allowed = |name: &str| definitions.iter().any(|known| known.name == name && known.allow_raw_html);
        for (names, position) in &self.usage.raw {
            if let Some(name) = names.iter().find(|name| !allowed(name)) {
                let name = shorten(name);
                let message = format!("Variable \"{name}\" must be escaped: its definition lacks allowRawHtml");
                let error = HtmlTemplateError::new(ErrorCode::RawHtmlNotAllowed, message);
                return Err(error.with("variable", name).at(*position));
            }
        }
        Ok(())
    }

    /// Renders the template with values. A variable without a value takes its default, or else renders as empty text.
    ///
    /// # Errors
    /// As [`check`](Self::check); when a value violates its definition; when `strict` is set and a variable of the template
    /// has neither a value nor a default; when a helper cannot work with its values; and when the loops have more than
    /// 10,000 iterations or the HTML is larger than 8 MB.
    pub fn render(
        &self,
        variables: &Map<String, Value>,
        definitions: &[VariableDefinition],
        strict: bool,
    ) -> Result<String, HtmlTemplateError> {
        self.check(definitions)?;
        let values = resolve_variables(definitions, variables)?;
        if let Some(name) = self.variables().iter().find(|name| strict && !values.contains_key(*name)) {
            let name = shorten(name);
            let error = HtmlTemplateError::new(ErrorCode::UndefinedVariable, format!("Undefined variable: {name}"));
            return Err(error.with("variable", name));
        }
        let engine = create_engine(&Arc::default());
        let mut output = HtmlOutput::default();
        let context = Context::from(Value::Object(values));
        let rendered = self.template.render(&engine, &context, &mut RenderContext::new(None), &mut output);
        rendered.map_err(|error| limits::to_template_error(&error))?;
        Ok(output.html)
    }
}

/// Creates a template engine with the helpers of the contract. Each render needs its own, because its helpers share the
/// limits.
fn create_engine(limits: &Arc<RenderLimits>) -> Handlebars<'static> {
    let mut engine = Handlebars::new();
    for built_in in ["lookup", "raw", "log", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or", "not", "len"] {
        engine.unregister_helper(built_in);
    }
    engine.register_helper("if", Box::new(ConditionHelper { expected: true, limits: limits.clone() }));
    engine.register_helper("unless", Box::new(ConditionHelper { expected: false, limits: limits.clone() }));
    engine.register_helper("each", Box::new(EachHelper(limits.clone())));
    engine.register_helper("with", Box::new(WithHelper(limits.clone())));
    engine.register_helper(SHOW_VALUE, Box::new(ShowValue(limits.clone())));
    for function in functions::functions().filter(|function| function.is_helper()) {
        engine.register_helper(function.name(), Box::new(CallFunction { function, limits: limits.clone() }));
    }
    engine
}
