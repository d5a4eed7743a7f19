//! Renderer without rendering: each render takes the time that its HTML contains, on the client's clock.

use pictify_emulator::render::{AnimationInfo, Document, Format, Page, Pdf, RenderError, RenderedImage, Renderer};
use pictify_test_support::TestClock;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// Duration of a stuck render, in milliseconds: longer than every timeout.
pub const ENDLESS: u64 = 3_600_000;

/// Maximum time that a stuck render waits, in real time, for its client to time out.
const MAX_STUCK_TIME: Duration = Duration::from_secs(10);

/// State that an actor and the renderer share.
#[derive(Debug, Default)]
pub struct Rendezvous {
    pub clock: TestClock,
    started: watch::Sender<Option<u64>>,
    state: Mutex<State>,
    /// Number of renders of each step, also of the steps that have ended for the actor.
    rendered: Mutex<HashMap<u64, u64>>,
    one_ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Current step of the actor.
    step: Option<u64>,
    /// Number of attempts that have ended for the actor.
    ended: u64,
}

impl Rendezvous {
    /// Sets the current step of the actor.
    pub fn set_step(&self, step: Option<u64>) {
        self.lock().step = step;
        self.one_ended.notify_all();
    }

    /// Records that an attempt has ended for the actor.
    pub fn attempt_ended(&self) {
        self.lock().ended += 1;
        self.one_ended.notify_all();
    }

    /// Waits until the render of a step has started.
    pub async fn wait_for_work(&self, step: u64) {
        // `self` owns the sender, so the sender outlives the wait.
        let _ = self.started.subscribe().wait_for(|started| *started == Some(step)).await;
    }

    /// Returns the number of renders of each step.
    pub fn rendered(&self) -> HashMap<u64, u64> {
        self.rendered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Simulates the render of a step on the client's clock.
    fn work(&self, Mark { step, millis, .. }: Mark, renders: u64) {
        *self.rendered.lock().unwrap_or_else(PoisonError::into_inner).entry(step).or_default() += renders;
        let mut state = self.lock();
        // A render whose caller has dropped the call must not advance the clock of the next step.
        if state.step != Some(step) {
            return;
        }
        let before = state.ended;
        self.started.send_replace(Some(step));
        self.clock.advance(Duration::from_millis(millis));
        if millis == ENDLESS {
            let is_waiting = |state: &mut State| state.step == Some(step) && state.ended == before;
            state = self
                .one_ended
                .wait_timeout_while(state, MAX_STUCK_TIME, is_waiting)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        drop(state);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Text in the HTML of a page that contains the actor, the step, the duration of the render, and the part of the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub actor: usize,
    pub step: u64,
    pub millis: u64,
    /// Number of the request among those of a step that are not equal.
    pub part: u64,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mark-{}-{}-{}-{}", self.actor, self.step, self.millis, self.part)
    }
}

impl Mark {
    /// Finds the mark in the HTML.
    fn parse(html: &str) -> Option<Self> {
        let (_, rest) = html.split_once("mark-")?;
        let end = rest.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(rest.len());
        let mut numbers = rest[..end].split('-').map(|number| number.parse::<u64>().ok());
        let mut next = || numbers.next().flatten();
        Some(Self { actor: usize::try_from(next()?).ok()?, step: next()?, millis: next()?, part: next()? })
    }
}

/// Renderer that returns fixed bytes.
#[derive(Debug)]
pub struct FakeRenderer(pub Arc<Vec<Rendezvous>>);

impl FakeRenderer {
    fn work(&self, html: &str, renders: u64) {
        if let Some((actor, mark)) = Mark::parse(html).and_then(|mark| Some((self.0.get(mark.actor)?, mark))) {
            actor.work(mark, renders);
        }
    }
}

impl Renderer for FakeRenderer {
    fn render(&self, page: &Page) -> Result<RenderedImage, RenderError> {
        self.work(&page.html, 1);
        let is_animated = matches!(page.format, Format::Gif(_));
        let animation = is_animated.then_some(AnimationInfo { frames: 2, duration: Duration::from_secs(1) });
        Ok(RenderedImage { bytes: b"image".to_vec(), width: page.width, height: page.height, animation })
    }

    fn render_pdf(&self, document: &Document) -> Result<Pdf, RenderError> {
        let pages = u32::try_from(document.pages.len()).unwrap_or(u32::MAX);
        self.work(&document.pages[0].html, pages.into());
        Ok(Pdf { bytes: b"document".to_vec(), pages })
    }
}
