//! The functions of the expression language as helpers, and values as text.

use super::meter::{Meter, failed};
use crate::expressions::{
    functions::{Arguments, Function},
    values::{self, Item, weight},
};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderError, ScopedJson,
};
use std::{borrow::Cow, sync::Arc};

/// The name under which [`ShowValue`] is known. No template can call it: it is put in after the source was checked.
pub(super) const SHOW_VALUE: &str = "$value";

/// A function as a helper.
pub(super) struct CallFunction {
    pub(super) function: &'static Function,
    pub(super) meter: Arc<Meter>,
}

impl CallFunction {
    fn value<'a>(&self, helper: &'a Helper<'_>) -> Result<Item<'a>, RenderError> {
        let items = self.meter.arguments(helper)?;
        self.function.check_count(items.len()).map_err(failed)?;
        self.function.run(Arguments::new(self.function.name(), items, &self.meter.budget)).map_err(failed)
    }
}

impl HelperDef for CallFunction {
    /// The value for another helper, in a sub-expression.
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        match self.value(helper)? {
            None => Ok(ScopedJson::Missing),
            Some(Cow::Owned(value)) => Ok(ScopedJson::Derived(value)),
            Some(Cow::Borrowed(value)) => {
                self.meter.charge(weight(value))?;
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
        show(&self.value(helper)?, &self.meter, engine, render, out)
    }
}

/// Writes its argument. The engine would write lists, objects and numbers in its own way.
pub(super) struct ShowValue(pub(super) Arc<Meter>);

impl HelperDef for ShowValue {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        _: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        for item in self.0.arguments(helper)? {
            show(&item, &self.0, engine, render, out)?;
        }
        Ok(())
    }
}

fn show(
    value: &Item<'_>,
    meter: &Meter,
    engine: &Handlebars<'_>,
    render: &RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = values::text(value.as_deref(), &meter.budget).map_err(failed)?;
    if render.is_disable_escape() {
        out.write(&text)?;
    } else {
        out.write(&engine.get_escape_fn()(&text))?;
    }
    Ok(())
}
