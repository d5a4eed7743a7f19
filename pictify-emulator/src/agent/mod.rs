//! Screenshots from a prompt, without a model.
//!
//! The page is the first URL of the prompt, its first host if no URL has a scheme, or the field `url` of the request. The words of the prompt are matched
//! with the elements of the page, by fixed rules: the same prompt and page always give the same element. `prompt.rs` reads
//! the prompt, `outline.rs` the page, and `matching.rs` chooses. If no element matches, the whole page is captured. The
//! HTML is matched as it was loaded: elements that scripts create are not found.

mod events;
mod matching;
mod outline;
mod prompt;

pub(crate) use events::send_events;

use crate::{
    api_error::ApiError,
    context::RenderContext,
    fetch::parse_url,
    page_loader,
    render::{Job, Page, RenderError, Renderer},
    rendering::{Render, RenderMetadata, render_first},
};
use axum::http::StatusCode;
use outline::{MARKER, MAX_ELEMENTS, OutlineError};
use prompt::Prompt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Instant;

/// Maximum number of elements that are tried: the first ones may have no box.
const MAX_CANDIDATES: usize = 3;

/// Checked request for a screenshot.
#[derive(Clone, Debug)]
pub(crate) struct ScreenshotRequest {
    text: String,
    url: String,
    words: Vec<String>,
    size: (u32, u32),
}

/// Screenshot with the metadata of its search.
#[derive(Clone, Debug)]
pub(crate) struct Screenshot {
    pub(crate) render: Render,
    pub(crate) metadata: Value,
}

impl Screenshot {
    /// Returns the fields of responses and events.
    pub(crate) fn to_fields(&self) -> Value {
        json!({
            "url": self.render.url,
            "id": self.render.id,
            "createdAt": self.render.created_at,
            "metadata": self.metadata,
        })
    }
}

/// Step of a search, for the event stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Loading,
    Matching,
    Capturing,
}

/// Element to capture.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Target {
    description: String,
    selector: Option<String>,
}

impl ScreenshotRequest {
    /// Creates a request from a prompt. `given` is the field `url`.
    ///
    /// # Errors
    /// 400 when neither the prompt nor the field `url` contains a URL.
    pub(crate) fn new(text: String, given: Option<String>, size: (u32, u32)) -> Result<Self, ApiError> {
        let bad_request = |message: &str| ApiError::rendering(StatusCode::BAD_REQUEST, None, message);
        if text.trim().is_empty() {
            return Err(bad_request("Prompt is required"));
        }
        let Prompt { url, words } = Prompt::read(&text);
        let url = match given.filter(|url| !url.is_empty()) {
            Some(given) => given,
            None => url.ok_or_else(|| bad_request("The prompt must contain the URL or the host of a page"))?.into(),
        };
        parse_url(&url).map_err(|error| bad_request(&error.to_string()))?;
        Ok(Self { text, url, words, size })
    }
}

/// Loads the page, chooses the element and captures it. `report` is called before each step. Bills one render.
async fn search(
    context: &RenderContext,
    request: &ScreenshotRequest,
    report: &(impl Fn(Step, String) + Send + Sync),
) -> Result<Screenshot, ApiError> {
    let started = Instant::now();
    report(Step::Loading, format!("Loading {}", request.url));
    let (html, url) = page_loader::load_page(&context.state.outbound.pages, &request.url).await?;
    report(Step::Matching, "Looking for the element".to_owned());
    let words = request.words.clone();
    let (html, mut targets) = context.state.render_pool.run(FindElements { html, words }).await??;
    targets.push(Target { description: "whole page".to_owned(), selector: None });
    let (width, height) = request.size;
    let whole = Page { html, width, height, url: Some(url.to_string()), ..Page::default() };
    let last = targets.len() - 1;
    let page = |position: usize| {
        let selector = (position < last).then(|| format!("[{MARKER}=\"{position}\"]"));
        Page { full_page: selector.is_none(), selector, ..whole.clone() }
    };
    report(Step::Capturing, format!("Capturing: {}", targets[0].description));
    let pages = (0..targets.len()).map(page).collect();
    let (position, render) = render_first(context, pages, &RenderMetadata::default()).await?;
    let Target { description, selector } = targets.swap_remove(position);
    let metadata = json!({
        "prompt": request.text,
        "url": url.as_str(),
        "elementDescription": description,
        "selector": selector,
        "executionTime": u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    Ok(Screenshot { render, metadata })
}

/// Takes the screenshot. A page that cannot be loaded or rendered is 500 with `details`, as in the contract.
pub(crate) async fn screenshot(context: &RenderContext, request: &ScreenshotRequest) -> Result<Screenshot, ApiError> {
    search(context, request, &|_, _| {}).await.map_err(to_agent_error)
}

/// Converts an error of the page to the error of the agent. Errors of quota and load stay as they are.
fn to_agent_error(error: ApiError) -> ApiError {
    if [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&error.status()) {
        return error;
    }
    let body = json!({"error": "Agent screenshot failed", "details": error.message()});
    ApiError::with_body(StatusCode::INTERNAL_SERVER_ERROR, body)
}

/// Search of the elements of a page that words mean.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FindElements {
    html: String,
    words: Vec<String>,
}

impl Job for FindElements {
    const NAME: &'static str = "find-elements";

    type Output = Result<(String, Vec<Target>), RenderError>;

    fn run(self, _: &dyn Renderer) -> Self::Output {
        choose(self.html, &self.words)
    }
}

/// Chooses the elements to try, and marks them in the HTML.
fn choose(html: String, words: &[String]) -> Result<(String, Vec<Target>), RenderError> {
    if words.is_empty() {
        return Ok((html, Vec::new()));
    }
    let unreadable = |error| RenderError::InvalidInput(format!("The page cannot be read: {error}"));
    let elements = outline::read(&html).map_err(|error| match error {
        OutlineError::TooManyElements => {
            RenderError::InvalidInput(format!("The page has more than {MAX_ELEMENTS} elements"))
        }
        OutlineError::Unreadable(error) => unreadable(error),
    })?;
    let found = matching::find(&elements, words, MAX_CANDIDATES);
    let target = |index: &usize| Target {
        description: matching::describe(&elements, *index),
        selector: matching::selector(&elements, *index),
    };
    let targets = found.iter().map(target).collect();
    let marked = outline::mark(&html, &found).map_err(unreadable)?;
    Ok((marked, targets))
}
