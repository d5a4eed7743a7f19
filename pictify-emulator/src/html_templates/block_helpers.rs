//! The four blocks, with the meaning that they have in Handlebars 4.7: an empty list is false, an empty object is true.

use super::meter::Meter;
use handlebars::{
    BlockContext, BlockParams, Context, Handlebars, Helper, HelperDef, HelperResult, Output, PathAndJson,
    RenderContext, Renderable, Template,
};
use serde_json::Value;
use std::sync::Arc;

/// The names of the blocks.
pub(super) const BLOCKS: [&str; 4] = ["if", "unless", "each", "with"];

/// `if` and `unless`.
pub(super) struct Condition {
    pub(super) wanted: bool,
    pub(super) meter: Arc<Meter>,
}

/// `each`
pub(super) struct Each(pub(super) Arc<Meter>);

/// `with`
pub(super) struct With(pub(super) Arc<Meter>);

impl HelperDef for Condition {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        self.meter.arguments(helper)?;
        let zero = helper.hash_get("includeZero").is_some_and(|value| value.value() == true);
        let value = helper.param(0).map_or(&Value::Null, PathAndJson::value);
        let holds = !is_empty(value) && (zero || value.as_f64() != Some(0.0));
        let branch = if holds == self.wanted { helper.template() } else { helper.inverse() };
        draw(branch, engine, context, render, out)
    }
}

impl HelperDef for With {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        self.0.arguments(helper)?;
        let Some(of) = helper.param(0).filter(|of| !is_empty(of.value())) else {
            return draw(helper.inverse(), engine, context, render, out);
        };
        let mut block = scope(of, None);
        if let Some(around) = render.block() {
            block.local_variables_mut().clone_from(around.local_variables());
        }
        if let Some(name) = helper.block_param() {
            let mut names = BlockParams::new();
            name_value(&mut names, name, of.context_path().is_some(), of.value())?;
            block.set_block_params(names);
        }
        render.push_block(block);
        draw(helper.template(), engine, context, render, out)?;
        render.pop_block();
        Ok(())
    }
}

impl HelperDef for Each {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        self.0.arguments(helper)?;
        let Some(of) = helper.param(0) else { return Ok(()) };
        let count = match of.value() {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            _ => 0,
        };
        self.0.rounds(count)?;
        let items: Vec<(Value, &Value)> = match of.value() {
            Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.into(), item)).collect(),
            Value::Object(members) => members.iter().map(|(key, item)| (key.as_str().into(), item)).collect(),
            _ => return draw(helper.inverse(), engine, context, render, out),
        };
        if items.is_empty() {
            return draw(helper.inverse(), engine, context, render, out);
        }
        let last = items.len() - 1;
        for (index, (key, item)) in items.into_iter().enumerate() {
            let mut block = scope(of, Some((&key, item)));
            block.set_local_var("index", index.into());
            block.set_local_var("first", (index == 0).into());
            block.set_local_var("last", (index == last).into());
            let mut names = BlockParams::new();
            if let Some(name) = helper.block_param() {
                name_value(&mut names, name, of.context_path().is_some(), item)?;
            } else if let Some((name, key_name)) = helper.block_param_pair() {
                name_value(&mut names, name, of.context_path().is_some(), item)?;
                names.add_value(key_name, key.clone())?;
            }
            block.set_block_params(names);
            block.set_local_var("key", key);
            render.push_block(block);
            draw(helper.template(), engine, context, render, out)?;
            render.pop_block();
        }
        Ok(())
    }
}

/// What the names inside a block are looked up in: the value, or one of its items.
///
/// A value that comes from the variables is known by its path, one that was computed is carried along.
fn scope<'rc>(of: &PathAndJson<'_>, item: Option<(&Value, &Value)>) -> BlockContext<'rc> {
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

/// Makes the value of a block known under a name, as in `as |item|`.
fn name_value<'rc>(names: &mut BlockParams<'rc>, name: &'rc str, has_path: bool, value: &Value) -> HelperResult {
    // The path is relative to that of the block.
    if has_path { names.add_path(name, Vec::new()) } else { names.add_value(name, value.clone()) }
}

fn draw<'reg: 'rc, 'rc>(
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
