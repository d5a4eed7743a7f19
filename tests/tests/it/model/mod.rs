//! The money model: many calls of all safety classes at once, under random faults, held against the emulator's ledger.
//!
//! Whatever goes wrong, no call is billed twice, none is billed that has failed, unless its error says that nobody can know,
//! and none that has succeeded is missing; what is created is there once; what was acknowledged last holds; reading leaves
//! no doubt; nobody waits longer than was allowed, and no shorter than he was told to. A run that fails is made smaller
//! until a command is left that shows it. CONTRIBUTING.md has the long run.

mod calls;
mod faults;
mod judge;
mod lane;
mod limits;
mod run;
mod settings;
mod shrink;
mod studio;
mod told;

use pictify::RetryPolicy;
use run::{Setup, run};
use std::time::Instant;

#[tokio::test(flavor = "multi_thread")]
async fn no_fault_makes_a_call_billed_twice_or_lost() {
    for setup in settings::asked_for() {
        let started = Instant::now();
        let outcome = run(&setup).await;
        println!("seed {}: {outcome}; it took {:.1} s", setup.seed, started.elapsed().as_secs_f64());
        if !outcome.found.is_empty() {
            let smallest = shrink::shrink(&setup).await;
            let found = smallest.map_or_else(
                || "the way in which lanes meet is part of it: a single one does not show it".to_owned(),
                |(setup, outcome)| format!("{}\n{:#?}", shrink::command(&setup), outcome.found),
            );
            panic!("{}\n{:#?}\n\nsmaller:\n{found}", shrink::command(&setup), outcome.found);
        }
        if settings::is_telling(&setup) {
            assert!(outcome.told.iter().all(|count| *count > 0), "{outcome}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_repeats_what_may_be_done_is_found_out_with_few_calls_and_one_fault() {
    let policy = RetryPolicy::default().may_bill_twice(true);
    let setup = Setup { seed: 1, calls: 300, at_once: 16, faults: faults::ALL.to_vec(), policy };
    assert!(!run(&setup).await.found.is_empty());
    let (smallest, outcome) = shrink::shrink(&setup).await.expect("one lane shows it");
    let command = shrink::command(&smallest);
    println!("{command}\n{:?}", outcome.found);
    assert!(smallest.calls <= 12 && smallest.at_once == 1 && smallest.faults.len() == 1, "{command}");
    for name in ["SEED", "CALLS", "AT_ONCE", "FAULTS"] {
        assert!(command.contains(&format!("PICTIFY_MODEL_{name}=")), "{command}");
    }
    let again = run(&smallest).await;
    assert_eq!(again.found, outcome.found, "{command}");
    let careful = run(&Setup { policy: RetryPolicy::default(), ..smallest }).await;
    assert_eq!(careful.found, Vec::<String>::new(), "the rule is what is wrong");
}
