//! What one render may cost, and how it is stopped.

use super::error::{ErrorCode, HtmlTemplateError};
use crate::expressions::{
    ErrorKind,
    budget::Budget,
    error::Fault,
    values::{Item, weight},
};
use handlebars::{Helper, Output, RenderError, RenderErrorReason};
use std::{
    borrow::Cow,
    fmt, io,
    sync::atomic::{AtomicUsize, Ordering},
};

/// How many rounds all loops of a render make together.
const ROUNDS: usize = 10_000;

/// How many bytes of HTML a render may give: what the renderer takes.
const OUTPUT: usize = 8 * 1024 * 1024;

/// What a helper call or a round costs at least, in units of the budget.
const STEP: usize = 64;

/// What is left for a render.
#[derive(Debug, Default)]
pub(super) struct Meter {
    pub(super) budget: Budget,
    rounds: AtomicUsize,
}

impl Meter {
    /// Pays for a call, and gives its arguments.
    pub(super) fn arguments<'a>(&self, helper: &'a Helper<'_>) -> Result<Vec<Item<'a>>, RenderError> {
        self.charge(STEP)?;
        let mut items = Vec::with_capacity(helper.params().len());
        for argument in helper.params() {
            let is_copy = argument.context_path().is_none() && argument.try_get_constant_value().is_none();
            if is_copy {
                // What was computed is copied whenever it is looked at.
                self.charge(weight(argument.value()))?;
            }
            items.push((!argument.is_value_missing()).then(|| Cow::Borrowed(argument.value())));
        }
        Ok(items)
    }

    /// Pays for the rounds of a loop.
    pub(super) fn rounds(&self, count: usize) -> Result<(), RenderError> {
        if self.rounds.fetch_add(count, Ordering::Relaxed).saturating_add(count) > ROUNDS {
            let message = format!("The loops of the template make more than {ROUNDS} rounds");
            return Err(stop(ErrorCode::IterationLimitExceeded, message));
        }
        self.charge(count * STEP)
    }

    pub(super) fn charge(&self, work: usize) -> Result<(), RenderError> {
        self.budget.charge(work).map_err(failed)
    }
}

/// The HTML that was made so far.
#[derive(Default)]
pub(super) struct Page {
    pub(super) html: String,
}

impl Output for Page {
    fn write(&mut self, text: &str) -> Result<(), io::Error> {
        if self.html.len() + text.len() > OUTPUT {
            let message = format!("The template gives more than {OUTPUT} bytes of HTML");
            return Err(io::Error::other(Stop { code: ErrorCode::IterationLimitExceeded, message }));
        }
        self.html.push_str(text);
        Ok(())
    }
}

/// Our own reason inside an error of the engine.
#[derive(Clone, Debug)]
struct Stop {
    code: ErrorCode,
    message: String,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Stop {}

fn stop(code: ErrorCode, message: String) -> RenderError {
    RenderErrorReason::NestedError(Box::new(Stop { code, message })).into()
}

/// A fault of a function as an error of the engine.
pub(super) fn failed(fault: Fault) -> RenderError {
    let code = match fault.kind {
        ErrorKind::Limit => ErrorCode::IterationLimitExceeded,
        _ => ErrorCode::ExpressionError,
    };
    stop(code, fault.message)
}

/// The reason inside an error of the engine, with its place.
pub(super) fn explained(error: &RenderError) -> HtmlTemplateError {
    let stop = match error.reason() {
        RenderErrorReason::NestedError(error) => error.downcast_ref::<Stop>().cloned(),
        RenderErrorReason::IOError(error) => error.get_ref().and_then(|error| error.downcast_ref()).cloned(),
        RenderErrorReason::InvalidJsonIndex(member) => Some(Stop {
            code: ErrorCode::ExpressionError,
            message: format!("A list has no member \"{member}\": its items have numbers, and length counts them"),
        }),
        _ => None,
    };
    let stop = stop.unwrap_or_else(|| Stop { code: ErrorCode::ExpressionError, message: error.reason().to_string() });
    HtmlTemplateError::new(stop.code, stop.message).at(error.line_no.zip(error.column_no))
}
