//! Reduction of a failing run to a small one: one actor, few steps, few kinds of faults.
//!
//! A run with one actor is deterministic, so the reduced run fails every time.

use super::run::{Outcome, Setup, run};

/// Number of seeds to try. With some seeds the run fails after fewer steps.
const SEEDS: u64 = 8;

/// Factor by which a run with fewer kinds of faults may have more steps.
const STEP_FACTOR: u64 = 16;

/// Minimum of the maximum number of steps to try.
const MIN_STEPS: u64 = 32;

/// Reduces a failing run. Returns `None` if no run with one actor fails: then the failure needs concurrent actors.
pub async fn shrink(setup: &Setup) -> Option<(Setup, Outcome)> {
    let one_actor = Setup { actors: 1, ..setup.clone() };
    if let Some((without_faults, _)) = fails_with(&Setup { faults: Vec::new(), ..one_actor.clone() }, setup.calls).await
    {
        return shortest_failing(&without_faults).await;
    }
    let (mut least, mut outcome) = shortest_failing(&one_actor).await?;
    // A kind without which the run still fails is not the cause. Another kind may cause the failure after more steps, so the
    // number of steps may grow again.
    for kind in setup.faults.clone() {
        let faults: Vec<_> = least.faults.iter().copied().filter(|other| *other != kind).collect();
        if faults.is_empty() {
            continue;
        }
        let calls = (least.calls * STEP_FACTOR).max(MIN_STEPS).min(setup.calls);
        if let Some(fewer) = shortest_failing(&Setup { calls, faults, ..least.clone() }).await {
            (least, outcome) = fewer;
        }
    }
    Some((least, outcome))
}

/// Returns the run with the fewest steps that fails with one of several seeds.
async fn shortest_failing(setup: &Setup) -> Option<(Setup, Outcome)> {
    let mut least: Option<(Setup, Outcome)> = None;
    for seed in (0..SEEDS).map(|further| setup.seed.wrapping_add(further)) {
        // Only a run with fewer steps is an improvement.
        let max = least.as_ref().map_or(setup.calls, |(setup, _)| setup.calls - 1);
        if let Some(found) = first_failing(&Setup { seed, calls: max, ..setup.clone() }).await {
            least = Some(found);
        }
    }
    least
}

/// Returns the run with the fewest steps that fails: doubles the number of steps until the run fails, then bisects.
async fn first_failing(setup: &Setup) -> Option<(Setup, Outcome)> {
    let (mut passes, mut calls) = (0, 1.min(setup.calls));
    let mut fails = loop {
        if calls == 0 {
            return None;
        }
        if let Some(failed) = fails_with(setup, calls).await {
            break failed;
        }
        if calls == setup.calls {
            return None;
        }
        passes = calls;
        calls = (calls * 2).min(setup.calls);
    };
    while fails.0.calls - passes > 1 {
        let middle = passes.midpoint(fails.0.calls);
        match fails_with(setup, middle).await {
            Some(failed) => fails = failed,
            None => passes = middle,
        }
    }
    Some(fails)
}

async fn fails_with(setup: &Setup, calls: u64) -> Option<(Setup, Outcome)> {
    let setup = Setup { calls, ..setup.clone() };
    let outcome = run(&setup).await;
    (!outcome.found.is_empty()).then_some((setup, outcome))
}

/// Returns the command that repeats a run.
pub fn command(setup: &Setup) -> String {
    let Setup { seed, calls, actors, faults, .. } = setup;
    let settings = [
        format!("PICTIFY_MODEL_SEED={seed}"),
        format!("PICTIFY_MODEL_CALLS={calls}"),
        format!("PICTIFY_MODEL_AT_ONCE={actors}"),
        format!("PICTIFY_MODEL_FAULTS={}", faults.join(",")),
    ];
    format!("{} cargo test -p pictify-tests --test it model::no_fault -- --nocapture", settings.join(" "))
}
