//! Inline helpers: the functions of the expression language, and the output of values.

use super::limits::{RenderLimits, to_render_error};
use crate::expressions::{
    functions::{Arguments, Function},
    values::{self, MaybeValue, approximate_bytes},
};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderError, ScopedJson,
};
use std::{borrow::Cow, sync::Arc};

/// Name of the helper [`ShowValue`]. Templates cannot call it: the analysis rejects the name and then inserts the calls.
pub(super) const SHOW_VALUE: &str = "$value";

/// Helper that calls a function of the expression language.
pub(super) struct CallFunction {
    pub(super) function: &'static Function,
    pub(super) limits: Arc<RenderLimits>,
}

impl CallFunction {
    fn evaluate<'a>(&self, helper: &'a Helper<'_>) -> Result<MaybeValue<'a>, RenderError> {
        let items = self.limits.read_arguments(helper)?;
        self.function.check_count(items.len()).map_err(to_render_error)?;
        self.function.run(Arguments::new(self.function.name(), items, &self.limits.fuel)).map_err(to_render_error)
    }
}

impl HelperDef for CallFunction {
    /// Returns the value for another helper, in a sub-expression.
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        match self.evaluate(helper)? {
            None => Ok(ScopedJson::Missing),
            Some(Cow::Owned(value)) => Ok(ScopedJson::Derived(value)),
            Some(Cow::Borrowed(value)) => {
                self.limits.consume(approximate_bytes(value))?;
                Ok(ScopedJson::Derived(value.clone()))
            }
        }
    }

    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        _: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        write_value(&self.evaluate(helper)?, &self.limits, engine, render, out)
    }
}

/// Helper that writes its argument. The template engine would format arrays, objects and numbers differently.
pub(super) struct ShowValue(pub(super) Arc<RenderLimits>);

impl HelperDef for ShowValue {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        _: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        for item in self.0.read_arguments(helper)? {
            write_value(&item, &self.0, engine, render, out)?;
        }
        Ok(())
    }
}

/// Writes a value to the output, escaped unless the tag disables that.
fn write_value(
    value: &MaybeValue<'_>,
    limits: &RenderLimits,
    engine: &Handlebars<'_>,
    render: &RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = values::to_text(value.as_deref(), &limits.fuel).map_err(to_render_error)?;
    if render.is_disable_escape() {
        out.write(&text)?;
    } else {
        out.write(&engine.get_escape_fn()(&text))?;
    }
    Ok(())
}
