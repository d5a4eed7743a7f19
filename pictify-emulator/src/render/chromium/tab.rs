//! Tab of the browser: loads a page, measures it and takes screenshots.

use super::memory_watch::MemoryWatch;
use super::{
    failed,
    requests::{self, Document},
};
use crate::{
    fetch::Fetcher,
    render::{
        Format, MAX_CAPTURE_HEIGHT, Page, RenderError, RenderedImage,
        full_page::MAX_CAPTURE_PIXELS,
        gif::{CssAnimation, Frame},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chromiumoxide::{
    Browser as Connection, Page as Target,
    cdp::{
        browser_protocol::{
            browser::BrowserContextId,
            emulation::SetDeviceMetricsOverrideParams,
            fetch::{EnableParams, EventRequestPaused},
            inspector::EventTargetCrashed,
            log, network,
            page::{CaptureScreenshotFormat, CaptureScreenshotParams, CreateIsolatedWorldParams, Viewport},
        },
        js_protocol::runtime::{self, EvaluateParams},
    },
};
use futures_util::StreamExt;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

/// URL of a page that was sent as HTML. The domain does not exist.
const INLINE_PAGE_URL: &str = "http://page.invalid/";

/// Name of the context in which this server evaluates scripts.
const WORLD_NAME: &str = "pictify";

/// Maximum duration of closing a tab. After it the tab stays open until the browser ends.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Script that waits for the fonts and images of the page.
const WAIT_UNTIL_READY: &str = "(async () => {
  await document.fonts.ready;
  await Promise.all([...document.images].map(image => image.decode().catch(() => {})));
  return true;
})()";

/// Script that pauses the animations of the page and returns their timing.
const PAUSE_ANIMATIONS: &str = "document.getAnimations().map(animation => {
  const timing = animation.effect.getComputedTiming();
  animation.pause();
  return [timing.delay, timing.duration, timing.iterations === Infinity ? -1 : timing.iterations,
    timing.direction.startsWith('alternate')];
})";

pub(super) struct Tab {
    connection: Arc<Connection>,
    context: BrowserContextId,
    target: Target,
    /// Task that responds to the requests of the page, and one that waits for its crash. They are aborted on drop.
    tasks: JoinSet<()>,
    crashed: CancellationToken,
    deadline: Instant,
    limits: TabLimits,
    /// Number of processes that had been killed when the tab was opened.
    earlier_kills: usize,
}

/// Reasons for which a tab ends.
pub(super) struct TabLimits {
    pub(super) browser_ended: CancellationToken,
    pub(super) memory: MemoryWatch,
    /// Maximum memory of all processes of the browser, in megabytes.
    pub(super) memory_megabytes: u32,
    /// Maximum duration of the whole render.
    pub(super) timeout: Duration,
}

/// Rectangle of the page in pixels: x, y, width, height.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rect([f64; 4]);

impl Rect {
    /// Returns the upper part of the page.
    pub(super) fn from_top(width: u32, height: u32) -> Self {
        Self([0.0, 0.0, width.into(), height.into()])
    }

    /// Returns the part of the rectangle that may be captured.
    fn within_limits(self) -> Result<Self, RenderError> {
        let (Self([x, y, width, height]), max) = (self, f64::from(MAX_CAPTURE_HEIGHT));
        let (width, height) = (width.min(max - x), height.min(max - y));
        if width < 0.5 || height < 0.5 {
            let message = "The selected element is outside the image or has no size";
            return Err(RenderError::InvalidInput(message.to_owned()));
        }
        Ok(Self([x, y, width, height.min((f64::from(MAX_CAPTURE_PIXELS) / width).max(1.0))]))
    }
}

impl Tab {
    pub(super) async fn new(
        connection: Arc<Connection>,
        context: BrowserContextId,
        target: Target,
        limits: TabLimits,
    ) -> Result<Self, RenderError> {
        let mut crash_events = target.event_listener::<EventTargetCrashed>().await.map_err(failed)?;
        // Messages to the console and requests of any size are not sent here.
        target.execute(runtime::DisableParams::default()).await.map_err(failed)?;
        target.execute(log::DisableParams::default()).await.map_err(failed)?;
        target.execute(network::DisableParams::default()).await.map_err(failed)?;
        let (crashed, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let crash = crashed.clone();
        tasks.spawn(async move {
            if crash_events.next().await.is_some() {
                crash.cancel();
            }
        });
        limits.memory.tab_opened();
        let (deadline, earlier_kills) = (Instant::now() + limits.timeout, limits.memory.kills());
        Ok(Self { connection, context, target, tasks, crashed, deadline, limits, earlier_kills })
    }

    /// Waits for a step of the render, unless the tab ends before.
    async fn unless_ended<T>(&self, step: impl Future<Output = Result<T, RenderError>>) -> Result<T, RenderError> {
        tokio::select! {
            biased;
            () = self.crashed.cancelled() => Err(self.crash_error()),
            () = self.limits.browser_ended.cancelled() => Err(self.memory_error().unwrap_or_else(|| failed("Chromium has ended"))),
            () = tokio::time::sleep_until(self.deadline) => Err(RenderError::TimedOut),
            result = step => result.map_err(|error| self.memory_error().unwrap_or(error)),
        }
    }

    fn crash_error(&self) -> RenderError {
        self.memory_error().unwrap_or_else(|| failed("the page crashed its tab"))
    }

    /// Returns an error if a process of the browser was killed because of its memory since the tab was opened.
    fn memory_error(&self) -> Option<RenderError> {
        let limit_megabytes = self.limits.memory_megabytes;
        (self.limits.memory.kills() > self.earlier_kills).then_some(RenderError::OutOfMemory { limit_megabytes })
    }

    /// Loads a page and waits for its resources.
    pub(super) async fn load(&mut self, page: &Page, fetcher: &Fetcher) -> Result<(), RenderError> {
        let requests = self.target.event_listener::<EventRequestPaused>().await.map_err(failed)?;
        let url = page.url.clone().unwrap_or_else(|| INLINE_PAGE_URL.to_owned());
        // Adds a doctype, as the embedded engine does, because users often send fragments.
        let html = if page.url.is_none() { format!("<!doctype html>{}", page.html) } else { page.html.clone() };
        let document = Document { url: without_fragment(&url).to_owned(), html };
        self.tasks.spawn(requests::serve(self.target.clone(), requests, document, fetcher.clone()));
        let size = SetDeviceMetricsOverrideParams::new(i64::from(page.width), i64::from(page.height), 1.0, false);
        let loaded = async {
            self.target.execute(size).await.map_err(failed)?;
            self.target.execute(EnableParams::default()).await.map_err(failed)?;
            self.target.goto(url).await.map_err(failed)?;
            self.evaluate_script(WAIT_UNTIL_READY).await
        };
        self.unless_ended(loaded).await.map(drop)
    }

    async fn evaluate(&self, script: &str) -> Result<Value, RenderError> {
        self.unless_ended(self.evaluate_script(script)).await
    }

    /// Evaluates a script in a context of its own, in which the page has changed no built-in function.
    async fn evaluate_script(&self, script: &str) -> Result<Value, RenderError> {
        let frame = self.target.mainframe().await.map_err(failed)?.ok_or_else(|| failed("the page has no frame"))?;
        let mut world = CreateIsolatedWorldParams::new(frame);
        world.world_name = Some(WORLD_NAME.to_owned());
        let world = self.target.execute(world).await.map_err(failed)?;
        let mut parameters = EvaluateParams::new(script);
        parameters.context_id = Some(world.result.execution_context_id);
        (parameters.await_promise, parameters.return_by_value) = (Some(true), Some(true));
        let result = self.target.execute(parameters).await.map_err(failed)?.result;
        match result.exception_details {
            Some(exception) => Err(failed(exception.text)),
            None => Ok(result.result.value.unwrap_or_default()),
        }
    }

    /// Returns the rectangle of the first element that matches the selector and has a box.
    pub(super) async fn find(&self, selector: &str) -> Result<Rect, RenderError> {
        let quoted: String = selector.chars().take(200).collect();
        let script = format!(
            "(() => {{
              let found;
              try {{ found = [...document.querySelectorAll({})] }} catch {{ return 'invalid' }}
              const first = found.find(element => element.getClientRects().length > 0);
              if (!first) return null;
              const box = first.getBoundingClientRect();
              return [box.x + scrollX, box.y + scrollY, box.width, box.height];
            }})()",
            Value::from(selector)
        );
        let found = self.evaluate(&script).await?;
        if found == "invalid" {
            return Err(RenderError::InvalidInput(format!("The selector {quoted} is not valid CSS")));
        }
        let sides: Vec<f64> = found.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        match sides[..] {
            [x, y, width, height] if width >= 0.5 && height >= 0.5 => Rect([x, y, width, height]).within_limits(),
            _ => Err(RenderError::InvalidInput(format!("No element matches the selector {quoted}"))),
        }
    }

    /// Returns the height of the page in pixels, including the part below the viewport.
    pub(super) async fn page_height(&self) -> Result<f32, RenderError> {
        let height = self.evaluate("document.documentElement.scrollHeight").await?;
        #[allow(clippy::cast_possible_truncation, reason = "a few thousand pixels")]
        height.as_f64().map(|height| height as f32).ok_or_else(|| failed("the page has no height"))
    }

    /// Pauses all animations of the page and returns them.
    pub(super) async fn pause_animations(&self) -> Result<Vec<CssAnimation>, RenderError> {
        let found = self.evaluate(PAUSE_ANIMATIONS).await?;
        let animation = |timing: &Value| {
            let number = |index: usize| timing[index].as_f64();
            let iterations = number(2)?;
            Some(CssAnimation {
                delay: number(0)?,
                duration: number(1)?,
                iterations: (iterations >= 0.0).then_some(iterations),
                alternates: timing[3] == true,
            })
        };
        Ok(found.as_array().into_iter().flatten().filter_map(animation).collect())
    }

    /// Sets all animations to `time` milliseconds and takes a screenshot.
    pub(super) async fn frame(&self, time: u32, crop: Option<Rect>) -> Result<Frame, RenderError> {
        let script = format!("document.getAnimations().forEach(animation => animation.currentTime = {time})");
        self.evaluate(&script).await?;
        let bytes = self.capture(CaptureScreenshotFormat::Png, None, crop).await?;
        decode_png(&bytes).map_err(failed)
    }

    pub(super) async fn image(
        &self,
        format: Format,
        quality: u8,
        crop: Option<Rect>,
    ) -> Result<RenderedImage, RenderError> {
        let (format, quality) = match format {
            Format::Jpeg => (CaptureScreenshotFormat::Jpeg, Some(quality)),
            Format::Webp => (CaptureScreenshotFormat::Webp, Some(quality)),
            _ => (CaptureScreenshotFormat::Png, None),
        };
        let bytes = self.capture(format, quality, crop).await?;
        let size = imagesize::blob_size(&bytes).map_err(failed)?;
        let pixels = |side: usize| u32::try_from(side).map_err(failed);
        Ok(RenderedImage { width: pixels(size.width)?, height: pixels(size.height)?, bytes, animation: None })
    }

    async fn capture(
        &self,
        format: CaptureScreenshotFormat,
        quality: Option<u8>,
        crop: Option<Rect>,
    ) -> Result<Vec<u8>, RenderError> {
        let mut params = CaptureScreenshotParams::builder().format(format);
        if let Some(quality) = quality {
            params = params.quality(quality);
        }
        if let Some(Rect([x, y, width, height])) = crop {
            params = params.clip(Viewport { x, y, width, height, scale: 1.0 }).capture_beyond_viewport(true);
        }
        let screenshot = async { self.target.execute(params.build()).await.map_err(failed) };
        let screenshot = self.unless_ended(screenshot).await?;
        STANDARD.decode(AsRef::<str>::as_ref(&screenshot.result.data)).map_err(failed)
    }

    /// Closes the tab with its browser context, even if its page does not respond.
    pub(super) async fn close(self) {
        let _ =
            tokio::time::timeout(CLOSE_TIMEOUT, self.connection.dispose_browser_context(self.context.clone())).await;
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.limits.memory.tab_closed();
    }
}

/// Returns the URL without its fragment, as requests contain it.
fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or_default()
}

fn decode_png(bytes: &[u8]) -> Result<Frame, png::DecodingError> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::ALPHA | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or_default()];
    let info = reader.next_frame(&mut pixels)?;
    pixels.truncate(info.buffer_size());
    Ok(Frame { width: info.width, height: info.height, pixels })
}
