//! Model test of billing: concurrent calls of all retry safety classes with random faults, compared with the emulator's
//! ledger.
//!
//! These properties hold for every fault:
//! - A call is billed at most once. A failed call is not billed, unless its error reports an unknown outcome. A successful
//!   call is billed.
//! - A batch bills exactly its rendered rows, and counts all its rows as spent.
//! - A created resource exists exactly once, and the last acknowledged update is in effect.
//! - The outcome of a call is unknown only if an attempt may have been billed. Only renders that the renderer has done are
//!   billed. A dropped call whose render is done counts as spent.
//! - The outcome of a call that only reads is never unknown.
//! - A call that joins an identical request is told the outcome of that request, or that it is unknown. Calls with an
//!   unequal URL or body do not share a request.
//! - A call does not wait longer than its timeout, and not shorter than `Retry-After`.
//!
//! A failing run is reduced to a small one, and the test prints the command that repeats it. CONTRIBUTING.md describes the
//! long run.

mod actor;
mod calls;
mod fake_renderer;
mod faults;
mod limits;
mod observations;
mod oracle;
mod run;
mod settings;
mod shrink;

use pictify::RetryPolicy;
use run::{Setup, run};
use std::time::Instant;

#[tokio::test(flavor = "multi_thread")]
async fn no_fault_causes_a_double_billed_or_lost_call() {
    for setup in settings::runs_from_env() {
        let started = Instant::now();
        let outcome = run(&setup).await;
        println!("seed {}: {outcome}; duration {:.1} s", setup.seed, started.elapsed().as_secs_f64());
        if !outcome.found.is_empty() {
            let smallest = shrink::shrink(&setup).await;
            let found = smallest.map_or_else(
                || "it needs concurrent actors: a run with one actor does not fail".to_owned(),
                |(setup, outcome)| format!("{}\n{:#?}", shrink::command(&setup), outcome.found),
            );
            panic!("{}\n{:#?}\n\nreduced:\n{found}", shrink::command(&setup), outcome.found);
        }
        if settings::covers_all_faults(&setup) {
            assert!(outcome.observed.iter().all(|count| *count > 0), "{outcome}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_retries_ambiguous_failures_fails_in_a_run_with_few_calls_and_one_fault() {
    let policy = RetryPolicy::default().may_bill_twice(true);
    let faults = ["busy", "limited", "reset-after-work", "rejected", "retry-after"].map(faults::kind).to_vec();
    let setup = Setup { seed: 1, calls: 200, actors: 16, faults, policy };
    assert!(!run(&setup).await.found.is_empty());
    let (smallest, outcome) = shrink::shrink(&setup).await.expect("a run with one actor fails");
    let command = shrink::command(&smallest);
    println!("{command}\n{:?}", outcome.found);
    assert!(smallest.calls <= 12 && smallest.actors == 1 && smallest.faults.len() == 1, "{command}");
    for name in ["SEED", "CALLS", "AT_ONCE", "FAULTS"] {
        assert!(command.contains(&format!("PICTIFY_MODEL_{name}=")), "{command}");
    }
    let repeated = run(&smallest).await;
    assert_eq!(repeated.found, outcome.found, "{command}");
    let with_default_policy = run(&Setup { policy: RetryPolicy::default(), ..smallest }).await;
    assert_eq!(with_default_policy.found, Vec::<String>::new(), "only the retry policy causes the failure");
}
