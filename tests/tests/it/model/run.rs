//! One run: an emulator, its faults, lanes side by side, and the judgement.

use super::{
    faults,
    judge::{ask, judge},
    lane::Lane,
    studio::{Desk, Studio},
    told::{Story, Verdict},
};
use pictify::RetryPolicy;
use pictify_emulator::Emulator;
use serde_json::json;
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

/// How long a run may take before it is said to hang, for each of its calls and in real time.
const PER_CALL: Duration = Duration::from_millis(100);

/// What a run consists of.
#[derive(Clone, Debug)]
pub struct Setup {
    pub seed: u64,
    /// How many steps there are. Some are several calls.
    pub calls: u64,
    /// How many lanes go side by side. With one, a run is the same every time.
    pub at_once: usize,
    pub faults: Vec<&'static str>,
    pub policy: RetryPolicy,
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What was found against the client.
    pub found: Vec<String>,
    /// How many calls of each kind there were.
    pub count: BTreeMap<&'static str, u64>,
    /// How many renders were told to have failed, to be unknown, to be done.
    pub told: [u64; 3],
    /// How many renders were billed.
    pub billed: u64,
}

/// Runs the model.
pub async fn run(setup: &Setup) -> Outcome {
    let desks: Arc<Vec<Desk>> = Arc::new((0..setup.at_once).map(|_| Desk::default()).collect());
    let emulator = Emulator::builder().renderer(Studio(desks.clone())).start().await.expect("a free port");
    let mut lanes = Vec::new();
    for index in 0..setup.at_once {
        let body = json!({"name": format!("lane {index}"), "html": "<p>{{mark}}</p>", "width": 20, "height": 20});
        let answer = ask(&emulator, "POST", "/templates", &body.to_string()).await;
        let template = answer["template"]["uid"].as_str().expect("a uid").to_owned();
        lanes.push(Lane::new(setup, emulator.url(), desks.clone(), index, template));
    }
    emulator.set_faults(setup.seed, faults::named(&setup.faults));
    let (seed, calls, count) = (setup.seed, setup.calls, setup.at_once as u64);
    let tasks: Vec<_> = lanes.into_iter().map(|lane| tokio::spawn(lane.walk(seed, calls, count))).collect();
    let limit = Duration::from_secs(60) + PER_CALL * u32::try_from(calls).unwrap_or(u32::MAX);
    let mut stories = Vec::new();
    for task in tasks {
        stories.push(tokio::time::timeout(limit, task).await.expect("no call hangs").expect("no lane panics"));
    }
    emulator.set_faults(0, []);
    let mut outcome = Outcome { found: judge(&emulator, &stories).await, ..Outcome::default() };
    outcome.add(&stories);
    outcome.billed = emulator.billed_renders();
    emulator.shutdown().await;
    outcome
}

impl Outcome {
    fn add(&mut self, stories: &[Story]) {
        for Story { renders, count, .. } in stories {
            for (what, count) in count {
                *self.count.entry(what).or_default() += count;
            }
            for (verdict, _) in renders.iter().flat_map(|render| &render.told) {
                let place = match verdict {
                    Verdict::Failed => 0,
                    Verdict::Unknown => 1,
                    Verdict::Done => 2,
                };
                self.told[place] += 1;
            }
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, count, told: [failed, unknown, done], billed } = self;
        let calls: u64 = count.values().sum();
        write!(
            f,
            "{calls} calls; renders told to be done {done}, unknown {unknown}, failed {failed}; billed {billed}; "
        )?;
        write!(f, "{} findings;", found.len())?;
        count.iter().try_for_each(|(what, count)| write!(f, " {what} {count}"))
    }
}
