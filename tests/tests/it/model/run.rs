//! One run: an emulator with faults, concurrent actors, and the comparison by the oracle.

use super::{
    actor::Actor,
    fake_renderer::{FakeRenderer, Rendezvous},
    faults,
    observations::{ActorLog, Observed},
    oracle::{find_contradictions, request_json},
};
use pictify::RetryPolicy;
use pictify_emulator::Emulator;
use serde_json::json;
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

/// Maximum duration of a run in real time, for each of its calls. A longer run has hung.
const MAX_TIME_PER_CALL: Duration = Duration::from_millis(100);

/// Parameters of a run.
#[derive(Clone, Debug)]
pub struct Setup {
    pub seed: u64,
    /// Number of steps. Some steps send several calls.
    pub calls: u64,
    /// Number of concurrent actors. A run with one actor is reproducible.
    pub actors: usize,
    pub faults: Vec<&'static str>,
    pub policy: RetryPolicy,
}

/// Result of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Violations of the properties.
    pub found: Vec<String>,
    /// Number of calls of each kind.
    pub count: BTreeMap<&'static str, u64>,
    /// Number of renders that their callers observed as failed, unknown, and done.
    pub observed: [u64; 3],
    /// Number of billed renders.
    pub billed: u64,
}

/// Runs the model.
pub async fn run(setup: &Setup) -> Outcome {
    let rendezvous: Arc<Vec<Rendezvous>> = Arc::new((0..setup.actors).map(|_| Rendezvous::default()).collect());
    let emulator = Emulator::builder().renderer(FakeRenderer(rendezvous.clone())).start().await.expect("a free port");
    let mut actors = Vec::new();
    for index in 0..setup.actors {
        let own = create_template(&emulator, &format!("actor {index}")).await;
        let other = create_template(&emulator, &format!("other template of actor {index}")).await;
        actors.push(Actor::new(setup, emulator.url(), rendezvous.clone(), index, [own, other]));
    }
    emulator.set_faults(setup.seed, faults::by_names(&setup.faults));
    let (seed, calls, count) = (setup.seed, setup.calls, setup.actors as u64);
    let tasks: Vec<_> = actors.into_iter().map(|actor| tokio::spawn(actor.run(seed, calls, count))).collect();
    let limit = Duration::from_secs(60) + MAX_TIME_PER_CALL * u32::try_from(calls).unwrap_or(u32::MAX);
    let mut logs = Vec::new();
    for task in tasks {
        logs.push(tokio::time::timeout(limit, task).await.expect("no call hangs").expect("no actor panics"));
    }
    emulator.set_faults(0, []);
    let mut outcome = Outcome { found: find_contradictions(&emulator, &rendezvous, &logs).await, ..Outcome::default() };
    outcome.add(&logs);
    outcome.billed = emulator.billed_renders();
    emulator.shutdown().await;
    outcome
}

/// Creates a template without the SDK and returns its ID.
async fn create_template(emulator: &Emulator, name: &str) -> String {
    let body = json!({"name": name, "html": "<p>{{mark}}</p>", "width": 20, "height": 20});
    let response = request_json(emulator, "POST", "/templates", &body.to_string()).await;
    response["template"]["uid"].as_str().expect("a uid").to_owned()
}

impl Outcome {
    fn add(&mut self, logs: &[ActorLog]) {
        for ActorLog { renders, count, .. } in logs {
            for (what, count) in count {
                *self.count.entry(what).or_default() += count;
            }
            for (observed, _) in renders.iter().flat_map(|render| &render.observed) {
                let place = match observed {
                    Observed::Failed => 0,
                    Observed::Unknown => 1,
                    Observed::Done => 2,
                };
                self.observed[place] += 1;
            }
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, count, observed: [failed, unknown, done], billed } = self;
        let calls: u64 = count.values().sum();
        write!(
            f,
            "{calls} calls; renders observed as done {done}, unknown {unknown}, failed {failed}; billed {billed}; "
        )?;
        write!(f, "{} violations;", found.len())?;
        count.iter().try_for_each(|(what, count)| write!(f, " {what} {count}"))
    }
}
