//! From a run that fails to the smallest that is found: one lane, few steps, few kinds of faults.
//!
//! With one lane everything comes in the same order every time, so what is left fails again when it is run again.

use super::run::{Outcome, Setup, run};

/// How many seeds are tried: in some the fault strikes sooner.
const SEEDS: u64 = 12;

/// How many times as many steps a run may take that has fewer kinds of faults.
const LATER: u64 = 16;

/// What is few enough to be tried in any case.
const FEW: u64 = 32;

/// Reduces a failing run. Nothing comes of it if no run of one lane fails: then only the way in which lanes met made it fail.
pub async fn shrink(setup: &Setup) -> Option<(Setup, Outcome)> {
    let one_lane = Setup { at_once: 1, ..setup.clone() };
    if let Some((without_faults, _)) = fails_with(&Setup { faults: Vec::new(), ..one_lane.clone() }, setup.calls).await
    {
        return soonest(&without_faults).await;
    }
    let (mut least, mut outcome) = soonest(&one_lane).await?;
    // A kind that can be left out is none of the cause. Others may do the same damage, later: the steps are counted anew.
    for kind in setup.faults.clone() {
        let faults: Vec<_> = least.faults.iter().copied().filter(|other| *other != kind).collect();
        if faults.is_empty() {
            continue;
        }
        let calls = (least.calls * LATER).max(FEW).min(setup.calls);
        if let Some(fewer) = soonest(&Setup { calls, faults, ..least.clone() }).await {
            (least, outcome) = fewer;
        }
    }
    Some((least, outcome))
}

/// The fewest steps that fail, with any of a few seeds.
async fn soonest(setup: &Setup) -> Option<(Setup, Outcome)> {
    let mut least: Option<(Setup, Outcome)> = None;
    for seed in (0..SEEDS).map(|further| setup.seed.wrapping_add(further)) {
        // To be better, it must fail within fewer steps.
        let most = least.as_ref().map_or(setup.calls, |(setup, _)| setup.calls - 1);
        if let Some(found) = first_failing(&Setup { seed, calls: most, ..setup.clone() }).await {
            least = Some(found);
        }
    }
    least
}

/// How many of the steps of a run it takes to fail: doubled until it does, then halved between.
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

/// The command that runs it again.
pub fn command(setup: &Setup) -> String {
    let Setup { seed, calls, at_once, faults, .. } = setup;
    let settings = [
        format!("PICTIFY_MODEL_SEED={seed}"),
        format!("PICTIFY_MODEL_CALLS={calls}"),
        format!("PICTIFY_MODEL_AT_ONCE={at_once}"),
        format!("PICTIFY_MODEL_FAULTS={}", faults.join(",")),
    ];
    format!("{} cargo test -p pictify-tests --test it model::no_fault -- --nocapture", settings.join(" "))
}
