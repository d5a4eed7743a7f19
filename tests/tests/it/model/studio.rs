//! Where pictures are "made": at once, or in as much of the client's time as the page itself says.

use pictify_emulator::render::{AnimationInfo, Document, Format, Page, Pdf, RenderError, RenderedImage, Renderer};
use pictify_test_support::TestClock;
use std::{
    fmt,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// What no client waits for, in milliseconds.
pub const ENDLESS: u64 = 3_600_000;

/// How long the studio waits, in real time, for a client to give up: longer than any does.
const GIVES_UP: Duration = Duration::from_secs(10);

/// What a client and the studio know of each other.
#[derive(Debug, Default)]
pub struct Desk {
    pub clock: TestClock,
    begun: watch::Sender<Option<u64>>,
    state: Mutex<State>,
    one_ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The step that the client takes.
    step: Option<u64>,
    /// How many attempts have ended for it.
    ended: u64,
}

impl Desk {
    /// The client takes a step, or none any more.
    pub fn set_step(&self, step: Option<u64>) {
        self.lock().step = step;
        self.one_ended.notify_all();
    }

    /// An attempt is over for the client.
    pub fn attempt_ended(&self) {
        self.lock().ended += 1;
        self.one_ended.notify_all();
    }

    /// Waits until the work of a step has begun.
    pub async fn begun(&self, step: u64) {
        // The sender is this desk's own and outlives the wait.
        let _ = self.begun.subscribe().wait_for(|begun| *begun == Some(step)).await;
    }

    fn work(&self, Mark { step, millis, .. }: Mark) {
        let mut state = self.lock();
        // The work for a caller who has left takes no time of what he does next.
        if state.step != Some(step) {
            return;
        }
        let before = state.ended;
        self.begun.send_replace(Some(step));
        self.clock.advance(Duration::from_millis(millis));
        if millis == ENDLESS {
            let goes_on = |state: &mut State| state.step == Some(step) && state.ended == before;
            state =
                self.one_ended.wait_timeout_while(state, GIVES_UP, goes_on).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a page says of the work that it makes: whose it is, for which step, and how long it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub desk: usize,
    pub step: u64,
    pub millis: u64,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mark-{}-{}-{}", self.desk, self.step, self.millis)
    }
}

impl Mark {
    fn read(html: &str) -> Option<Self> {
        let (_, rest) = html.split_once("mark-")?;
        let end = rest.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(rest.len());
        let mut numbers = rest[..end].split('-').map(|number| number.parse::<u64>().ok());
        let mut next = || numbers.next().flatten();
        Some(Self { desk: usize::try_from(next()?).ok()?, step: next()?, millis: next()? })
    }
}

/// Renders nothing.
#[derive(Debug)]
pub struct Studio(pub Arc<Vec<Desk>>);

impl Studio {
    fn work(&self, html: &str) {
        if let Some((desk, mark)) = Mark::read(html).and_then(|mark| Some((self.0.get(mark.desk)?, mark))) {
            desk.work(mark);
        }
    }
}

impl Renderer for Studio {
    fn render(&self, page: &Page) -> Result<RenderedImage, RenderError> {
        self.work(&page.html);
        let moves = matches!(page.format, Format::Gif(_));
        let animation = moves.then_some(AnimationInfo { frames: 2, duration: Duration::from_secs(1) });
        Ok(RenderedImage { bytes: b"picture".to_vec(), width: page.width, height: page.height, animation })
    }

    fn render_pdf(&self, document: &Document) -> Result<Pdf, RenderError> {
        self.work(&document.pages[0].html);
        let pages = u32::try_from(document.pages.len()).unwrap_or(u32::MAX);
        Ok(Pdf { bytes: b"document".to_vec(), pages })
    }
}
