//! What a run is told by its environment.

use super::{faults, run::Setup};
use pictify::RetryPolicy;

/// How many lanes go side by side unless it is said.
const AT_ONCE: u64 = 16;

/// How many steps a run has in CI.
const CALLS: u64 = 700;

/// The runs that are asked for: three short ones, or as `PICTIFY_MODEL_SEED`, `PICTIFY_MODEL_CALLS`,
/// `PICTIFY_MODEL_AT_ONCE` and `PICTIFY_MODEL_FAULTS` (names between commas) say.
pub fn asked_for() -> Vec<Setup> {
    let seeds = number("PICTIFY_MODEL_SEED").map_or_else(|| vec![1, 2, 3], |seed| vec![seed]);
    let faults = match std::env::var("PICTIFY_MODEL_FAULTS") {
        Ok(names) => names.split(',').filter(|name| !name.is_empty()).map(faults::kind).collect(),
        Err(_) => faults::ALL.to_vec(),
    };
    let setup = |seed| Setup {
        seed,
        calls: number("PICTIFY_MODEL_CALLS").unwrap_or(CALLS),
        at_once: usize::try_from(number("PICTIFY_MODEL_AT_ONCE").unwrap_or(AT_ONCE).max(1)).expect("a few"),
        faults: faults.clone(),
        policy: RetryPolicy::default(),
    };
    seeds.into_iter().map(setup).collect()
}

/// Whether all faults had their chance in a run: only then does it prove anything.
pub fn is_telling(setup: &Setup) -> bool {
    setup.calls >= 500 && setup.faults.len() == faults::ALL.len()
}

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is `{value}`, and must be a whole number")))
}
