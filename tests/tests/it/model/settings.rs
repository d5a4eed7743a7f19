//! Parameters of runs from environment variables.

use super::{faults, run::Setup};
use pictify::RetryPolicy;

/// Default number of concurrent actors.
const DEFAULT_ACTORS: u64 = 16;

/// Default number of steps of a run.
const DEFAULT_CALLS: u64 = 700;

/// Returns the requested runs: three short ones, or those of the variables `PICTIFY_MODEL_SEED`, `PICTIFY_MODEL_CALLS`,
/// `PICTIFY_MODEL_AT_ONCE` (the number of actors) and `PICTIFY_MODEL_FAULTS` (names separated by commas).
pub fn runs_from_env() -> Vec<Setup> {
    let seeds = number("PICTIFY_MODEL_SEED").map_or_else(|| vec![1, 2, 3], |seed| vec![seed]);
    let faults = match std::env::var("PICTIFY_MODEL_FAULTS") {
        Ok(names) => names.split(',').filter(|name| !name.is_empty()).map(faults::kind).collect(),
        Err(_) => faults::ALL.to_vec(),
    };
    let setup = |seed| Setup {
        seed,
        calls: number("PICTIFY_MODEL_CALLS").unwrap_or(DEFAULT_CALLS),
        actors: usize::try_from(number("PICTIFY_MODEL_AT_ONCE").unwrap_or(DEFAULT_ACTORS).max(1))
            .expect("a small number"),
        faults: faults.clone(),
        policy: RetryPolicy::default(),
    };
    seeds.into_iter().map(setup).collect()
}

/// Returns true if a run is long enough for every fault to occur.
pub fn covers_all_faults(setup: &Setup) -> bool {
    setup.calls >= 500 && setup.faults.len() == faults::ALL.len()
}

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} must be a whole number, is `{value}`")))
}
