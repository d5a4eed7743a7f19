//! Handlers of the operations, one file for each tag of the contract.

#![allow(clippy::unnecessary_wraps, reason = "all handlers have one type")]

mod account;
mod batches;
mod binding_links;
mod bindings;
mod experiment_links;
mod experiments;
mod expressions;
mod gifs;
mod images;
mod links;
mod lists;
mod media;
mod pdfs;
mod renders;
mod sources;
mod template_renders;
mod templates;
mod tracking;
mod video_templates;
mod webhooks;
mod workflows;

use crate::{context::RequestContext, response::ApiResult};
use std::{collections::HashMap, pin::Pin, sync::LazyLock};

/// Function that handles an operation.
pub(crate) type Handler = fn(RequestContext) -> Pin<Box<dyn Future<Output = ApiResult> + Send>>;

/// Builds the handler table of a tag, from operation IDs to functions. A handler is an `async fn(RequestContext) ->
/// ApiResult`, or with `sync` in front a `fn(&RequestContext) -> ApiResult`.
macro_rules! handlers {
    ($($id:literal => $(sync $sync:ident)? $(async $async:ident)?,)*) => {
        /// Handlers of this tag, by operation ID.
        pub(super) const HANDLERS: &[(&str, $crate::handlers::Handler)] = &[
            $(($id, |context| Box::pin($(std::future::ready($sync(&context)))? $($async(context))?)),)*
        ];
    };
}
use handlers;

static HANDLERS: LazyLock<HashMap<&'static str, Handler>> = LazyLock::new(|| {
    [
        account::HANDLERS,
        batches::HANDLERS,
        binding_links::HANDLERS,
        bindings::HANDLERS,
        experiment_links::HANDLERS,
        experiments::HANDLERS,
        expressions::HANDLERS,
        gifs::HANDLERS,
        images::HANDLERS,
        links::HANDLERS,
        media::HANDLERS,
        pdfs::HANDLERS,
        renders::HANDLERS,
        template_renders::HANDLERS,
        templates::HANDLERS,
        tracking::HANDLERS,
        video_templates::HANDLERS,
        webhooks::HANDLERS,
        workflows::HANDLERS,
    ]
    .concat()
    .into_iter()
    .collect()
});

/// Returns the handler of an operation, if there is one.
pub(crate) fn handler(operation: &str) -> Option<Handler> {
    HANDLERS.get(operation).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::CONTRACT;
    use std::collections::BTreeSet;

    #[test]
    fn operations_and_handlers_match_one_to_one() {
        let all: BTreeSet<_> = CONTRACT.operation_ids().collect();
        let served: BTreeSet<_> = HANDLERS.keys().copied().collect();
        assert_eq!(served, all);
    }
}
