//! Actor: a client with its own clock, which runs one step after the other. Actors run concurrently.

use super::{
    calls,
    fake_renderer::{ENDLESS, Mark, Rendezvous},
    faults::{self, RETRY_AFTER},
    observations::ActorLog,
    run::Setup,
};
use pictify::{AttemptOutcome, Call, Client, clock::Clock};
use pictify_test_support::KEY;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Timeout of most steps.
const LONG_TIMEOUT: Duration = Duration::from_secs(300);

/// A client with the log of its observations.
pub struct Actor {
    pub client: Client,
    pub rendezvous: Arc<Vec<Rendezvous>>,
    pub index: usize,
    pub is_alone: bool,
    is_stuck_enabled: bool,
    pub log: ActorLog,
    early_retries: Arc<Mutex<Vec<String>>>,
}

/// Random parameters of a step.
pub struct Step {
    pub number: u64,
    pub random: fastrand::Rng,
    pub timeout: Duration,
    shares_deadline: bool,
    /// Duration of the render, in milliseconds.
    millis: u64,
}

impl Step {
    /// Returns the mark for the HTML of this step.
    pub fn mark(&self, actor: &Actor) -> Mark {
        Mark { actor: actor.index, step: self.number, millis: self.millis, part: 0 }
    }

    /// Adds the timeout of this step to a call.
    pub fn call<O>(&self, client: &Client, call: Call<O, Client>) -> Call<O, Client> {
        if self.shares_deadline {
            call.with_deadline(client.deadline(self.timeout))
        } else {
            call.with_timeout(self.timeout)
        }
    }
}

impl Actor {
    pub fn new(
        setup: &Setup,
        url: &str,
        rendezvous: Arc<Vec<Rendezvous>>,
        index: usize,
        templates: [String; 2],
    ) -> Self {
        let early_retries = Arc::<Mutex<Vec<String>>>::default();
        let (retries, all_rendezvous) = (early_retries.clone(), rendezvous.clone());
        let hook = move |event: &pictify::hooks::AttemptEvent<'_>| {
            all_rendezvous[index].attempt_ended();
            let is_limited =
                matches!(&event.attempt.outcome, AttemptOutcome::Response(status) if status.as_u16() == 429);
            if let Some(wait) = event.retry_in.filter(|wait| is_limited && *wait < RETRY_AFTER) {
                let found =
                    format!("{}: retries after {wait:?}, but `Retry-After` is {RETRY_AFTER:?}", event.operation.id);
                retries.lock().unwrap_or_else(PoisonError::into_inner).push(found);
            }
        };
        let builder =
            Client::builder().api_key(KEY).base_url(url).jitter(|| 1.0).clock(rendezvous[index].clock.clone());
        let client = builder.retry(setup.policy.clone()).on_attempt(hook).build().expect("the configuration is valid");
        let is_alone = setup.actors == 1;
        let is_stuck_enabled = setup.faults.contains(&faults::STUCK);
        let [template, other_template] = templates;
        let log = ActorLog { template, other_template, names: vec![format!("actor {index}")], ..ActorLog::default() };
        Self { client, rendezvous, index, is_alone, is_stuck_enabled, log, early_retries }
    }

    /// Runs the steps of this actor and returns its log.
    pub async fn run(mut self, seed: u64, calls: u64, actor_count: u64) -> ActorLog {
        for number in (self.index as u64..calls).step_by(usize::try_from(actor_count).expect("a small number")) {
            let step = self.step(seed, number);
            self.rendezvous[self.index].set_step(Some(number));
            calls::run_step(&mut self, step).await;
            self.rendezvous[self.index].set_step(None);
        }
        self.log.spent = self.client.renders_spent();
        self.log.findings.append(&mut self.early_retries.lock().unwrap_or_else(PoisonError::into_inner));
        self.log
    }

    /// Returns the step with this number. It depends on the seed only, not on the number of actors or steps.
    fn step(&self, seed: u64, number: u64) -> Step {
        let mut random = fastrand::Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number));
        let short = Duration::from_millis(random.u64(50..3000));
        let (is_short, is_stuck, is_slow) = (random.u8(..4) == 0, random.u8(..50) == 0, random.u8(..4) == 0);
        let millis = if is_stuck && self.is_stuck_enabled {
            ENDLESS
        } else if is_slow && !is_short {
            random.u64(1..20_000)
        } else {
            0
        };
        let timeout = if is_short { short } else { LONG_TIMEOUT };
        Step { number, shares_deadline: random.bool(), timeout, millis, random }
    }

    pub fn now(&self) -> std::time::Instant {
        self.rendezvous[self.index].clock.now()
    }

    /// Reports a delay that is longer than the timeout of a step.
    pub fn check_wait(&mut self, step: &Step, what: &str, delay: Duration) {
        self.check_wait_within(step.timeout, step, what, delay);
    }

    /// Reports a delay that is longer than the timeout of a call.
    pub fn check_wait_within(&mut self, timeout: Duration, step: &Step, what: &str, delay: Duration) {
        if delay > timeout {
            let number = step.number;
            self.log.findings.push(format!("call {number} ({what}): waited {delay:?}, but the timeout is {timeout:?}"));
        }
    }
}
