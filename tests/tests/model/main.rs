//! The money model: many calls of all safety classes at once, under random faults, held against the emulator's ledger.
//!
//! Whatever goes wrong, no call is billed twice, none is billed that has failed, unless its error says that nobody can know,
//! and none that has succeeded is missing. `PICTIFY_MODEL_CALLS` and `PICTIFY_MODEL_SEED` make it longer or another one.

mod calls;
mod faults;
mod judge;
mod lane;
mod run;
mod studio;
mod told;

use pictify::RetryPolicy;
use run::{Setup, run};

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fault_makes_a_call_billed_twice_or_lost() {
    let calls = setting("PICTIFY_MODEL_CALLS").unwrap_or(1000);
    let seeds = setting("PICTIFY_MODEL_SEED").map_or_else(|| vec![1, 2, 3], |seed| vec![seed]);
    for seed in seeds {
        let setup = Setup { seed, calls, at_once: 16, faults: faults::ALL.to_vec(), policy: RetryPolicy::default() };
        let outcome = run(&setup).await;
        println!("seed {seed}: {outcome:?}");
        assert_eq!(outcome.found, Vec::<String>::new(), "seed {seed}");
        // The faults must have had their chance, or nothing is proven.
        assert!(outcome.told.iter().all(|count| *count > 0), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_repeats_what_may_be_done_is_found_out() {
    let policy = RetryPolicy::default().may_bill_twice(true);
    let setup = Setup { seed: 1, calls: 500, at_once: 16, faults: faults::ALL.to_vec(), policy };
    let found = run(&setup).await.found;
    assert!(found.iter().any(|found| found.ends_with("billed 2 renders and not 1")), "{found:?}");
}
