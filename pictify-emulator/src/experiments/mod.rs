//! Experiments without HTTP: what they must be, and which variant a visitor sees.

mod assignment;
mod cron;
pub(crate) mod rules;
mod schedule;
mod targeting;

pub(crate) use assignment::{Choice, choose};
pub(crate) use targeting::Visitor;

use crate::{
    api_error::ApiError,
    rendering::cached,
    server::RequestContext,
    store::{Store, StoreError},
};
use serde_json::Value;

/// The kind of the documents that experiments are.
pub(crate) const EXPERIMENT: &str = "experiment";

/// The kind of the documents that say whose slug it is. A slug is taken by writing one: of two that do, one is refused.
pub(crate) const SLUG: &str = "slug";

/// Which variant was shown last; of the server's own.
pub(crate) const LAST_SHOWN: &str = "lastShown";

/// The experiment of a slug.
pub(crate) fn find(context: &RequestContext, slug: &str) -> Result<Option<Value>, StoreError> {
    let Some(owner) = context.state.store.get(SLUG, slug)? else { return Ok(None) };
    context.state.store.get(EXPERIMENT, owner["uid"].as_str().unwrap_or_default())
}

/// The variant with this id.
pub(crate) fn variant<'a>(experiment: &'a Value, id: &str) -> Option<&'a Value> {
    experiment["variants"].as_array()?.iter().find(|variant| variant["id"] == id)
}

/// Counts something of a variant.
pub(crate) fn count(context: &RequestContext, experiment: &Value, variant: &str, what: &str) -> Result<(), ApiError> {
    context.state.store.update(EXPERIMENT, experiment["uid"].as_str().unwrap_or_default(), |experiment| {
        let variants = experiment["variants"].as_array_mut().into_iter().flatten();
        for found in variants.filter(|found| found["id"] == variant) {
            found[what] = (found[what].as_u64().unwrap_or_default() + 1).into();
        }
        if what == "impressions" {
            experiment[LAST_SHOWN] = variant.into();
        }
        Ok::<_, ApiError>(())
    })?;
    Ok(())
}

/// Under which name the pictures of a variant are kept.
pub(crate) fn picture_owner(experiment: &Value, variant: &str) -> String {
    format!("{}/{variant}", experiment["uid"].as_str().unwrap_or_default())
}

/// Forgets the pictures of all variants.
pub(crate) fn forget_pictures(store: &Store, experiment: &Value) -> Result<(), StoreError> {
    for variant in experiment["variants"].as_array().into_iter().flatten() {
        cached::forget(store, &picture_owner(experiment, variant["id"].as_str().unwrap_or_default()))?;
    }
    cached::forget(store, &picture_owner(experiment, ""))
}
