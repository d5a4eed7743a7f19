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
//! The helpers are the functions of the [expressions](crate::expressions), with the same meaning. Whatever comes in, the
//! answer is HTML or a typed error within bounded time, memory and stack.
//!
//! | file | holds |
//! |---|---|
//! | `source.rs` | what a source may be at all |
//! | `check.rs` | what a template uses |
//! | `blocks.rs`, `helpers.rs` | what tags do |
//! | `meter.rs` | what a render may cost |
//! | `error.rs` | refusals with their codes |

mod blocks;
mod check;
mod error;
mod helpers;
mod meter;
mod source;

pub use error::{ErrorCode, HtmlTemplateError};

use crate::{
    expressions::{error::shorten, functions},
    variables::{VariableDefinition, resolve_variables},
};
use blocks::{Condition, Each, With};
use check::Uses;
use handlebars::{Context, Handlebars, RenderContext, Renderable, Template};
use helpers::{CallFunction, SHOW_VALUE, ShowValue};
use meter::{Meter, Page};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A template that was compiled: it can be rendered many times.
#[derive(Clone, Debug)]
pub struct HtmlTemplate {
    template: Template,
    uses: Uses,
}

impl HtmlTemplate {
    /// Compiles a template.
    ///
    /// # Errors
    /// When the source is longer than 500 KB, is no Handlebars, is nested too deep, or uses partials, decorators or a helper
    /// that does not exist.
    pub fn compile(source: &str) -> Result<Self, HtmlTemplateError> {
        source::check(source)?;
        let mut template = Template::compile(source).map_err(|error| {
            let message = format!("The template does not compile: {}", shorten(&error.reason().to_string()));
            HtmlTemplateError::new(ErrorCode::CompileError, message).at(error.pos())
        })?;
        let uses = check::check(&mut template)?;
        Ok(Self { template, uses })
    }

    /// The names of the variables that it uses, in the order in which they come first.
    ///
    /// Inside `each` and `with` names are members of the item, and no variables.
    #[must_use]
    pub fn variables(&self) -> &[String] {
        &self.uses.variables
    }

    /// The variables that it uses and the definitions lack: the `addedVariables` of an answer.
    #[must_use]
    pub fn added_variables(&self, definitions: &[VariableDefinition]) -> Vec<String> {
        let defined = |name: &String| definitions.iter().any(|definition| definition.name == *name);
        self.variables().iter().filter(|name| !defined(name)).cloned().collect()
    }

    /// Holds it against its definitions, as is done when a template is stored.
    ///
    /// # Errors
    /// When it does not escape a variable whose definition does not allow that.
    pub fn check(&self, definitions: &[VariableDefinition]) -> Result<(), HtmlTemplateError> {
        let allowed = |name: &str| definitions.iter().any(|known| known.name == name && known.allow_raw_html);
        for (names, place) in &self.uses.raw {
            if let Some(name) = names.iter().find(|name| !allowed(name)) {
                let name = shorten(name);
                let message = format!("Variable \"{name}\" must be escaped: its definition lacks allowRawHtml");
                let error = HtmlTemplateError::new(ErrorCode::RawHtmlNotAllowed, message);
                return Err(error.with("variable", name).at(*place));
            }
        }
        Ok(())
    }

    /// Fills it with values. What was not given takes its default, else it renders as nothing.
    ///
    /// # Errors
    /// As [`check`](Self::check); when a value breaks its definition; when `strict` and a variable that it uses has neither
    /// value nor default; when a helper cannot work with its values; and when the loops make more than 10,000 rounds or the
    /// HTML becomes larger than 8 MB.
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
        let engine = engine(&Arc::default());
        let mut page = Page::default();
        let context = Context::from(Value::Object(values));
        let rendered = self.template.render(&engine, &context, &mut RenderContext::new(None), &mut page);
        rendered.map_err(|error| meter::explained(&error))?;
        Ok(page.html)
    }
}

/// An engine that knows what the contract lists. It is made for each render, because its helpers share a meter.
fn engine(meter: &Arc<Meter>) -> Handlebars<'static> {
    let mut engine = Handlebars::new();
    for own in ["lookup", "raw", "log", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or", "not", "len"] {
        engine.unregister_helper(own);
    }
    engine.register_helper("if", Box::new(Condition { wanted: true, meter: meter.clone() }));
    engine.register_helper("unless", Box::new(Condition { wanted: false, meter: meter.clone() }));
    engine.register_helper("each", Box::new(Each(meter.clone())));
    engine.register_helper("with", Box::new(With(meter.clone())));
    engine.register_helper(SHOW_VALUE, Box::new(ShowValue(meter.clone())));
    for function in functions::functions().filter(|function| function.is_helper()) {
        engine.register_helper(function.name(), Box::new(CallFunction { function, meter: meter.clone() }));
    }
    engine
}
