//! Experiments: validation, and assignment of visitors to variants.

mod assignment;
mod cron;
mod document;
mod schedule;
mod targeting;
pub(crate) mod validation;

pub(crate) use assignment::{Assignment, assign};
pub(crate) use document::{Experiment, ExperimentStatus, SlugOwner, Variant};
pub(crate) use targeting::Visitor;

use crate::{
    rendering::cached,
    store::{Store, StoreError},
};

/// Finds the experiment with a slug.
pub(crate) fn find(store: &Store, slug: &str) -> Result<Option<Experiment>, StoreError> {
    let Some(SlugOwner { uid }) = store.find(slug)? else { return Ok(None) };
    store.find(&uid)
}

/// Counter of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counter {
    Impressions,
    Clicks,
}

/// Increments a counter of a variant.
pub(crate) fn increment(store: &Store, uid: &str, variant: &str, counter: Counter) -> Result<(), StoreError> {
    store.change(uid, |experiment: &mut Experiment| {
        for found in experiment.variants.iter_mut().filter(|found| found.id == variant) {
            match counter {
                Counter::Impressions => found.impressions += 1,
                Counter::Clicks => found.clicks += 1,
            }
        }
        if counter == Counter::Impressions {
            experiment.last_shown = Some(variant.to_owned());
        }
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

/// Returns the key under which the images of a variant are cached.
pub(crate) fn image_owner(experiment: &Experiment, variant: &str) -> String {
    format!("{}/{variant}", experiment.uid)
}

/// Removes the cached images of all variants.
pub(crate) fn remove_images(store: &Store, experiment: &Experiment) -> Result<(), StoreError> {
    for variant in &experiment.variants {
        cached::forget(store, &image_owner(experiment, &variant.id))?;
    }
    cached::forget(store, &image_owner(experiment, ""))
}
