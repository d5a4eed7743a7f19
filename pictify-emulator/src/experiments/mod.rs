//! Experiments: validation, and assignment of visitors to variants.

mod assignment;
mod cron;
mod schedule;
mod targeting;
pub(crate) mod validation;

pub(crate) use assignment::{Assignment, assign};
pub(crate) use targeting::Visitor;

use crate::{
    rendering::cached,
    store::{Store, StoreError},
};
use serde_json::Value;

/// Document kind of experiments.
pub(crate) const EXPERIMENT: &str = "experiment";

/// Document kind of slugs, which hold the uid of their experiment. A slug is reserved by inserting its document: of two
/// concurrent inserts one fails.
pub(crate) const SLUG: &str = "slug";

/// Internal member with the id of the variant that was served last.
pub(crate) const LAST_SHOWN: &str = "lastShown";

/// Finds the experiment with a slug.
pub(crate) fn find(store: &Store, slug: &str) -> Result<Option<Value>, StoreError> {
    let Some(owner) = store.get(SLUG, slug)? else { return Ok(None) };
    store.get(EXPERIMENT, owner["uid"].as_str().unwrap_or_default())
}

/// Returns the variant with an id.
pub(crate) fn variant<'a>(experiment: &'a Value, id: &str) -> Option<&'a Value> {
    experiment["variants"].as_array()?.iter().find(|variant| variant["id"] == id)
}

/// Increments a counter of a variant: `impressions` or `clicks`.
pub(crate) fn increment(store: &Store, experiment: &Value, variant: &str, counter: &str) -> Result<(), StoreError> {
    store.update(EXPERIMENT, experiment["uid"].as_str().unwrap_or_default(), |experiment| {
        let variants = experiment["variants"].as_array_mut().into_iter().flatten();
        for found in variants.filter(|found| found["id"] == variant) {
            found[counter] = (found[counter].as_u64().unwrap_or_default() + 1).into();
        }
        if counter == "impressions" {
            experiment[LAST_SHOWN] = variant.into();
        }
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

/// Returns the key under which the images of a variant are cached.
pub(crate) fn image_owner(experiment: &Value, variant: &str) -> String {
    format!("{}/{variant}", experiment["uid"].as_str().unwrap_or_default())
}

/// Removes the cached images of all variants.
pub(crate) fn remove_images(store: &Store, experiment: &Value) -> Result<(), StoreError> {
    for variant in experiment["variants"].as_array().into_iter().flatten() {
        cached::forget(store, &image_owner(experiment, variant["id"].as_str().unwrap_or_default()))?;
    }
    cached::forget(store, &image_owner(experiment, ""))
}
