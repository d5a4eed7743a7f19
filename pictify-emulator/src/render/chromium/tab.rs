//! Tab of the browser: loads a page, measures it and takes screenshots.

use super::{
    failed,
    requests::{self, Document},
};
use crate::{
    fetch::Fetcher,
    render::{
        Format, MAX_CAPTURE_HEIGHT, Page, RenderError, RenderedImage,
        gif::{CssAnimation, Frame},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chromiumoxide::{
    Browser as Connection, Page as Target,
    cdp::browser_protocol::{
        browser::BrowserContextId,
        emulation::SetDeviceMetricsOverrideParams,
        fetch::{EnableParams, EventRequestPaused},
        inspector::EventTargetCrashed,
        page::{CaptureScreenshotFormat, CaptureScreenshotParams, Viewport},
    },
};
use futures_util::StreamExt;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// URL of a page that was sent as HTML. The domain does not exist.
const INLINE_PAGE_URL: &str = "http://page.invalid/";

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
    /// Task that responds to the requests of the page. It is aborted when the tab is dropped.
    request_tasks: JoinSet<()>,
}

/// Rectangle of the page in pixels: x, y, width, height.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rect([f64; 4]);

impl Rect {
    /// Returns the upper part of the page.
    pub(super) fn from_top(width: u32, height: u32) -> Self {
        Self([0.0, 0.0, width.into(), height.into()])
    }
}

impl Tab {
    pub(super) fn new(connection: Arc<Connection>, context: BrowserContextId, target: Target) -> Self {
        Self { connection, context, target, request_tasks: JoinSet::new() }
    }

    /// Loads a page and waits for its resources.
    pub(super) async fn load(&mut self, page: &Page, fetcher: &Fetcher) -> Result<(), RenderError> {
        let size = SetDeviceMetricsOverrideParams::new(i64::from(page.width), i64::from(page.height), 1.0, false);
        self.target.execute(size).await.map_err(failed)?;
        let requests = self.target.event_listener::<EventRequestPaused>().await.map_err(failed)?;
        let mut crashes = self.target.event_listener::<EventTargetCrashed>().await.map_err(failed)?;
        self.target.execute(EnableParams::default()).await.map_err(failed)?;
        let url = page.url.clone().unwrap_or_else(|| INLINE_PAGE_URL.to_owned());
        // Adds a doctype, as the embedded engine does, because users often send fragments.
        let html = if page.url.is_none() { format!("<!doctype html>{}", page.html) } else { page.html.clone() };
        let document = Document { url: without_fragment(&url).to_owned(), html };
        self.request_tasks.spawn(requests::serve(self.target.clone(), requests, document, fetcher.clone()));
        let loaded = async {
            self.target.goto(url).await.map_err(failed)?;
            self.evaluate(WAIT_UNTIL_READY).await
        };
        tokio::select! {
            loaded = loaded => loaded.map(|_| ()),
            _ = crashes.next() => Err(RenderError::Failed("the page crashed its tab".to_owned())),
        }
    }

    async fn evaluate(&self, script: &str) -> Result<Value, RenderError> {
        let result = self.target.evaluate(script).await.map_err(failed)?;
        Ok(result.value().cloned().unwrap_or_default())
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
            [x, y, width, height] if width >= 0.5 && height >= 0.5 => {
                let max = f64::from(MAX_CAPTURE_HEIGHT);
                Ok(Rect([x, y, width.min(max), height.min(max)]))
            }
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
        let screenshot = self.target.execute(params.build()).await.map_err(failed)?;
        STANDARD.decode(AsRef::<str>::as_ref(&screenshot.result.data)).map_err(failed)
    }

    /// Closes the tab with its browser context, even if its page does not respond.
    pub(super) async fn close(self) {
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.connection.dispose_browser_context(self.context)).await;
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
