//! The four block helpers, as in Handlebars 4.7: an empty array is false, an empty object is true.

use super::limits::RenderLimits;
use handlebars::{
    BlockContext, BlockParams, Context, Handlebars, Helper, HelperDef, HelperResult, Output, PathAndJson,
    RenderContext, Renderable, Template,
};
use serde_json::Value;
use std::sync::Arc;

/// Names of the block helpers.
pub(super) const BLOCK_HELPERS: [&str; 4] = ["if", "unless", "each", "with"];

/// Block helpers `if` and `unless`.
pub(super) struct ConditionHelper {
    /// True for `if`, false for `unless`.
    pub(super) expected: bool,
    pub(super) limits: Arc<RenderLimits>,
}

/// Block helper `each`.
pub(super) struct EachHelper(pub(super) Arc<RenderLimits>);

/// Block helper `with`.
pub(super) struct WithHelper(pub(super) Arc<RenderLimits>);

impl HelperDef for ConditionHelper {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        self.limits.read_arguments(helper)?;
        let include_zero = helper.hash_get("includeZero").is_some_and(|value| value.value() == true);
        let value = helper.param(0).map_or(&Value::Null, PathAndJson::value);
        let is_true = !is_empty(value) && (include_zero || value.as_f64() != Some(0.0));
        let branch = if is_true == self.expected { helper.template() } else { helper.inverse() };
        render_branch(branch, engine, context, render, out)
    }
}

impl HelperDef for WithHelper {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        self.0.read_arguments(helper)?;
        let Some(of) = helper.param(0).filter(|of| !is_empty(of.value())) else {
            return render_branch(helper.inverse(), engine, context, render, out);
        };
        let mut block = block_context(of, None);
        if let Some(outer) = render.block() {
            block.local_variables_mut().clone_from(outer.local_variables());
        }
        if let Some(name) = helper.block_param() {
            let mut names = BlockParams::new();
            bind_value(&mut names, name, of.context_path().is_some(), of.value())?;
            block.set_block_params(names);
        }
        render.push_block(block);
        render_branch(helper.template(), engine, context, render, out)?;
        render.pop_block();
        Ok(())
    }
}

impl HelperDef for EachHelper {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        self.0.read_arguments(helper)?;
        let Some(of) = helper.param(0) else { return Ok(()) };
        let count = match of.value() {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            _ => 0,
        };
        self.0.add_iterations(count)?;
        let items: Vec<(Value, &Value)> = match of.value() {
            Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.into(), item)).collect(),
            Value::Object(members) => members.iter().map(|(key, item)| (key.as_str().into(), item)).collect(),
            _ => return render_branch(helper.inverse(), engine, context, render, out),
        };
        if items.is_empty() {
            return render_branch(helper.inverse(), engine, context, render, out);
        }
        let last = items.len() - 1;
        for (index, (key, item)) in items.into_iter().enumerate() {
            let mut block = block_context(of, Some((&key, item)));
            block.set_local_var("index", index.into());
            block.set_local_var("first", (index == 0).into());
            block.set_local_var("last", (index == last).into());
            let mut names = BlockParams::new();
            if let Some(name) = helper.block_param() {
                bind_value(&mut names, name, of.context_path().is_some(), item)?;
            } else if let Some((name, key_name)) = helper.block_param_pair() {
                bind_value(&mut names, name, of.context_path().is_some(), item)?;
                names.add_value(key_name, key.clone())?;
            }
            block.set_block_params(names);
            block.set_local_var("key", key);
            render.push_block(block);
            render_branch(helper.template(), engine, context, render, out)?;
            render.pop_block();
        }
        Ok(())
    }
}

/// Creates the context of a block: its value, or one of the items of its value.
///
/// A value that is part of the variables is referenced by its path. A computed value is copied.
fn block_context<'rc>(of: &PathAndJson<'_>, item: Option<(&Value, &Value)>) -> BlockContext<'rc> {
    let mut block = BlockContext::new();
    if let Some(path) = of.context_path() {
        block.base_path_mut().clone_from(path);
        let step = item.map(|(key, _)| key.as_str().map_or_else(|| key.to_string(), str::to_owned));
        block.base_path_mut().extend(step);
    } else {
        block.set_base_value(item.map_or(of.value(), |(_, item)| item).clone());
    }
    block
}

/// Binds the value of a block to a name, as in `as |item|`.
fn bind_value<'rc>(names: &mut BlockParams<'rc>, name: &'rc str, has_path: bool, value: &Value) -> HelperResult {
    // The path is relative to that of the block.
    if has_path { names.add_path(name, Vec::new()) } else { names.add_value(name, value.clone()) }
}

/// Renders a branch of a block, if it exists.
fn render_branch<'reg: 'rc, 'rc>(
    branch: Option<&'rc Template>,
    engine: &'reg Handlebars<'reg>,
    context: &'rc Context,
    render: &mut RenderContext<'reg, 'rc>,
    out: &mut dyn Output,
) -> HelperResult {
    branch.map_or(Ok(()), |branch| branch.render(engine, context, render, out))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::Object(_) => false,
    }
}
