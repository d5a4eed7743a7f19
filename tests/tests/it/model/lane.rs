//! A lane: a client with a clock of its own, and one step after the other. Lanes go side by side.

use super::{
    calls,
    faults::{self, STATED},
    run::Setup,
    studio::{Desk, ENDLESS, Mark},
    told::Story,
};
use pictify::{AttemptOutcome, Call, Client, clock::Clock};
use pictify_test_support::KEY;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The patience of who does not mind.
const AMPLE: Duration = Duration::from_secs(300);

/// A client, and what it was told.
pub struct Lane {
    pub client: Client,
    pub desks: Arc<Vec<Desk>>,
    pub index: usize,
    pub is_alone: bool,
    stucks: bool,
    pub story: Story,
    rushed: Arc<Mutex<Vec<String>>>,
}

/// How a step is done, by chance.
pub struct Step {
    pub number: u64,
    pub random: fastrand::Rng,
    pub patience: Duration,
    shares_deadline: bool,
    /// How long the work takes.
    millis: u64,
}

impl Step {
    /// The mark of a page that this step asks for.
    pub fn mark(&self, lane: &Lane) -> Mark {
        Mark { desk: lane.index, step: self.number, millis: self.millis }
    }

    /// A call with the patience of this step.
    pub fn call<O>(&self, client: &Client, call: Call<O, Client>) -> Call<O, Client> {
        if self.shares_deadline { call.deadline(client.deadline(self.patience)) } else { call.timeout(self.patience) }
    }
}

impl Lane {
    pub fn new(setup: &Setup, url: &str, desks: Arc<Vec<Desk>>, index: usize, template: String) -> Self {
        let rushed = Arc::<Mutex<Vec<String>>>::default();
        let (log, all_desks) = (rushed.clone(), desks.clone());
        let hook = move |report: &pictify::hooks::AttemptEvent<'_>| {
            all_desks[index].attempt_ended();
            let refused = matches!(&report.attempt.outcome, AttemptOutcome::Response(status) if status.as_u16() == 429);
            if let Some(wait) = report.retry_in.filter(|wait| refused && *wait < STATED) {
                let found = format!("{}: told to wait {STATED:?}, and comes again in {wait:?}", report.operation.id);
                log.lock().unwrap_or_else(PoisonError::into_inner).push(found);
            }
        };
        let builder = Client::builder().api_key(KEY).base_url(url).clock(desks[index].clock.clone());
        let client = builder.retry(setup.policy.clone()).on_attempt(hook).build().expect("it is set up rightly");
        let is_alone = setup.at_once == 1;
        let stucks = setup.faults.contains(&faults::STUCK);
        let story = Story { template, names: vec![format!("lane {index}")], ..Story::default() };
        Self { client, desks, index, is_alone, stucks, story, rushed }
    }

    /// Takes the steps that are its own.
    pub async fn walk(mut self, seed: u64, calls: u64, lanes: u64) -> Story {
        for number in (self.index as u64..calls).step_by(usize::try_from(lanes).expect("a few")) {
            let step = self.step(seed, number);
            self.desks[self.index].set_step(Some(number));
            calls::take(&mut self, step).await;
            self.desks[self.index].set_step(None);
        }
        self.story.spent = self.client.renders_spent();
        self.story.findings.append(&mut self.rushed.lock().unwrap_or_else(PoisonError::into_inner));
        self.story
    }

    /// The step of a number: the same in every run with the seed, however many others there are.
    fn step(&self, seed: u64, number: u64) -> Step {
        let mut random = fastrand::Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number));
        let short = Duration::from_millis(random.u64(50..3000));
        let (is_short, is_stuck, is_slow) = (random.u8(..4) == 0, random.u8(..50) == 0, random.u8(..4) == 0);
        let millis = if is_stuck && self.stucks {
            ENDLESS
        } else if is_slow && !is_short {
            random.u64(1..20_000)
        } else {
            0
        };
        let patience = if is_short { short } else { AMPLE };
        Step { number, shares_deadline: random.bool(), patience, millis, random }
    }

    pub fn now(&self) -> std::time::Instant {
        self.desks[self.index].clock.now()
    }

    /// Holds a wait against the patience of a step.
    pub fn hold(&mut self, step: &Step, what: &str, waited: Duration) {
        if waited > step.patience {
            let (number, patience) = (step.number, step.patience);
            self.story.findings.push(format!("call {number} ({what}): waited {waited:?} of {patience:?}"));
        }
    }
}
