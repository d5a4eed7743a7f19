//! A page in a tab: loaded, measured, taken pictures of.

use super::{
    failed,
    requests::{self, Document},
};
use crate::{
    fetch::Fetcher,
    render::{
        Format, Page, RenderError, RenderedImage,
        gif::{Animation, Frame},
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

/// The address of HTML that was sent. Nothing is there.
const SENT: &str = "http://page.invalid/";

/// How long closing may take; what is left then ends with the browser.
const CLOSING: Duration = Duration::from_secs(5);

/// Waits for the fonts and the pictures of the page.
const READY: &str = "(async () => {
  await document.fonts.ready;
  await Promise.all([...document.images].map(image => image.decode().catch(() => {})));
  return true;
})()";

/// What runs on the page, and stops it.
const ANIMATIONS: &str = "document.getAnimations().map(animation => {
  const timing = animation.effect.getComputedTiming();
  animation.pause();
  return [timing.delay, timing.duration, timing.iterations === Infinity ? -1 : timing.iterations,
    timing.direction.startsWith('alternate')];
})";

pub(super) struct Tab {
    connection: Arc<Connection>,
    context: BrowserContextId,
    target: Target,
    /// Answers what the page asks for; ends with the tab.
    answering: JoinSet<()>,
}

/// A rectangle of the page, in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area([f64; 4]);

impl Tab {
    pub(super) fn new(connection: Arc<Connection>, context: BrowserContextId, target: Target) -> Self {
        Self { connection, context, target, answering: JoinSet::new() }
    }

    /// Loads a page and waits until all of it is there.
    pub(super) async fn load(&mut self, page: &Page, pages: &Fetcher) -> Result<(), RenderError> {
        let size = SetDeviceMetricsOverrideParams::new(i64::from(page.width), i64::from(page.height), 1.0, false);
        self.target.execute(size).await.map_err(failed)?;
        let requests = self.target.event_listener::<EventRequestPaused>().await.map_err(failed)?;
        let mut crashes = self.target.event_listener::<EventTargetCrashed>().await.map_err(failed)?;
        self.target.execute(EnableParams::default()).await.map_err(failed)?;
        let url = page.url.clone().unwrap_or_else(|| SENT.to_owned());
        // As the embedded engine does: what people send is a fragment as often as a document.
        let html = if page.url.is_none() { format!("<!doctype html>{}", page.html) } else { page.html.clone() };
        let document = Document { url: without_fragment(&url).to_owned(), html };
        self.answering.spawn(requests::answer(self.target.clone(), requests, document, pages.clone()));
        let loaded = async {
            self.target.goto(url).await.map_err(failed)?;
            self.evaluate(READY).await
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

    /// Where the first element that a selector matches and that has a box lies.
    pub(super) async fn area(&self, selector: &str) -> Result<Area, RenderError> {
        let shown: String = selector.chars().take(200).collect();
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
            return Err(RenderError::InvalidInput(format!("The selector {shown} is not valid CSS")));
        }
        let sides: Vec<f64> = found.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        match sides[..] {
            [x, y, width, height] if width >= 0.5 && height >= 0.5 => Ok(Area([x, y, width, height])),
            _ => Err(RenderError::InvalidInput(format!("No element matches the selector {shown}"))),
        }
    }

    /// What runs on the page; from here on it stands still.
    pub(super) async fn animations(&self) -> Result<Vec<Animation>, RenderError> {
        let found = self.evaluate(ANIMATIONS).await?;
        let animation = |found: &Value| {
            let number = |place: usize| found[place].as_f64();
            let count = number(2)?;
            Some(Animation {
                delay: number(0)?,
                duration: number(1)?,
                count: (count >= 0.0).then_some(count),
                alternates: found[3] == true,
            })
        };
        Ok(found.as_array().into_iter().flatten().filter_map(animation).collect())
    }

    /// The page so many milliseconds after its animations began.
    pub(super) async fn frame(&self, time: u32, area: Option<Area>) -> Result<Frame, RenderError> {
        let script = format!("document.getAnimations().forEach(animation => animation.currentTime = {time})");
        self.evaluate(&script).await?;
        let bytes = self.capture(CaptureScreenshotFormat::Png, None, area).await?;
        decoded(&bytes).map_err(failed)
    }

    pub(super) async fn picture(
        &self,
        format: Format,
        quality: u8,
        area: Option<Area>,
    ) -> Result<RenderedImage, RenderError> {
        let (format, quality) = match format {
            Format::Jpeg => (CaptureScreenshotFormat::Jpeg, Some(quality)),
            Format::Webp => (CaptureScreenshotFormat::Webp, Some(quality)),
            _ => (CaptureScreenshotFormat::Png, None),
        };
        let bytes = self.capture(format, quality, area).await?;
        let size = imagesize::blob_size(&bytes).map_err(failed)?;
        let pixels = |side: usize| u32::try_from(side).map_err(failed);
        Ok(RenderedImage { width: pixels(size.width)?, height: pixels(size.height)?, bytes, animation: None })
    }

    async fn capture(
        &self,
        format: CaptureScreenshotFormat,
        quality: Option<u8>,
        area: Option<Area>,
    ) -> Result<Vec<u8>, RenderError> {
        let mut params = CaptureScreenshotParams::builder().format(format);
        if let Some(quality) = quality {
            params = params.quality(quality);
        }
        if let Some(Area([x, y, width, height])) = area {
            params = params.clip(Viewport { x, y, width, height, scale: 1.0 }).capture_beyond_viewport(true);
        }
        let taken = self.target.execute(params.build()).await.map_err(failed)?;
        STANDARD.decode(AsRef::<str>::as_ref(&taken.result.data)).map_err(failed)
    }

    /// Ends the tab and all that belongs to it, even when its page does not answer.
    pub(super) async fn close(self) {
        let _ = tokio::time::timeout(CLOSING, self.connection.dispose_browser_context(self.context)).await;
    }
}

/// The part of an address that requests have.
fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or_default()
}

fn decoded(bytes: &[u8]) -> Result<Frame, png::DecodingError> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::ALPHA | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or_default()];
    let info = reader.next_frame(&mut pixels)?;
    pixels.truncate(info.buffer_size());
    Ok(Frame { width: info.width, height: info.height, pixels })
}
