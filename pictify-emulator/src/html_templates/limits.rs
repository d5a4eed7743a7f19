//! Limits of one render, and the errors that end it.

use super::error::{ErrorCode, HtmlTemplateError};
use crate::expressions::{
    ErrorKind,
    error::UnlocatedError,
    fuel::Fuel,
    values::{MaybeValue, approximate_bytes},
};
use handlebars::{Helper, Output, RenderError, RenderErrorReason};
use std::{
    borrow::Cow,
    fmt, io,
    sync::atomic::{AtomicUsize, Ordering},
};

/// Maximum number of iterations of all loops of a render together.
const MAX_ITERATIONS: usize = 10_000;

/// Maximum size of the HTML of a render, in bytes. The renderer has the same limit.
const MAX_OUTPUT_BYTES: usize = 8 * 1024 * 1024;

/// Minimum fuel of a helper call or an iteration.
const STEP_FUEL: usize = 64;

/// Limits of a render: the fuel that is left and the iterations so far.
#[derive(Debug, Default)]
pub(super) struct RenderLimits {
    pub(super) fuel: Fuel,
    iterations: AtomicUsize,
}

impl RenderLimits {
    /// Consumes fuel for a helper call, and returns its arguments.
    pub(super) fn read_arguments<'a>(&self, helper: &'a Helper<'_>) -> Result<Vec<MaybeValue<'a>>, RenderError> {
        self.consume(STEP_FUEL)?;
        let mut items = Vec::with_capacity(helper.params().len());
        for argument in helper.params() {
            let is_copy = argument.context_path().is_none() && argument.try_get_constant_value().is_none();
            if is_copy {
                // A computed value is copied at each access.
                self.consume(approximate_bytes(argument.value()))?;
            }
            items.push((!argument.is_value_missing()).then(|| Cow::Borrowed(argument.value())));
        }
        Ok(items)
    }

    /// Counts the iterations of a loop, and consumes fuel for them.
    pub(super) fn add_iterations(&self, count: usize) -> Result<(), RenderError> {
        if self.iterations.fetch_add(count, Ordering::Relaxed).saturating_add(count) > MAX_ITERATIONS {
            let message = format!("The loops of the template have more than {MAX_ITERATIONS} iterations");
            return Err(render_failure(ErrorCode::IterationLimitExceeded, message));
        }
        self.consume(count * STEP_FUEL)
    }

    /// Consumes fuel.
    pub(super) fn consume(&self, amount: usize) -> Result<(), RenderError> {
        self.fuel.consume(amount).map_err(to_render_error)
    }
}

/// HTML rendered so far, up to the maximum size.
#[derive(Default)]
pub(super) struct HtmlOutput {
    pub(super) html: String,
}

impl Output for HtmlOutput {
    fn write(&mut self, text: &str) -> Result<(), io::Error> {
        if self.html.len() + text.len() > MAX_OUTPUT_BYTES {
            let message = format!("The template renders more than {MAX_OUTPUT_BYTES} bytes of HTML");
            return Err(io::Error::other(RenderFailure { code: ErrorCode::IterationLimitExceeded, message }));
        }
        self.html.push_str(text);
        Ok(())
    }
}

/// Failure that is passed through the template engine inside its own error type.
#[derive(Clone, Debug)]
struct RenderFailure {
    code: ErrorCode,
    message: String,
}

impl fmt::Display for RenderFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RenderFailure {}

fn render_failure(code: ErrorCode, message: String) -> RenderError {
    RenderErrorReason::NestedError(Box::new(RenderFailure { code, message })).into()
}

/// Converts the error of a function to an error of the template engine.
pub(super) fn to_render_error(error: UnlocatedError) -> RenderError {
    let code = match error.kind {
        ErrorKind::Limit => ErrorCode::IterationLimitExceeded,
        _ => ErrorCode::ExpressionError,
    };
    render_failure(code, error.message)
}

/// Converts an error of the template engine, with its position.
pub(super) fn to_template_error(error: &RenderError) -> HtmlTemplateError {
    let failure = match error.reason() {
        RenderErrorReason::NestedError(error) => error.downcast_ref::<RenderFailure>().cloned(),
        RenderErrorReason::IOError(error) => error.get_ref().and_then(|error| error.downcast_ref()).cloned(),
        RenderErrorReason::InvalidJsonIndex(member) => Some(RenderFailure {
            code: ErrorCode::ExpressionError,
            message: format!("An array has no member \"{member}\": write an index, or the helper length"),
        }),
        _ => None,
    };
    let failure = failure
        .unwrap_or_else(|| RenderFailure { code: ErrorCode::ExpressionError, message: error.reason().to_string() });
    HtmlTemplateError::new(failure.code, failure.message).at(error.line_no.zip(error.column_no))
}
