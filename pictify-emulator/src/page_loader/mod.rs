//! Loading of pages from a URL, and inlining of their remote resources before they are rendered.
//!
//! The render engine makes no requests. It runs no scripts, so a page that is built by scripts differs from a browser.

mod css;
mod html;

use crate::{
    api_error::ApiError,
    fetch::{FetchError, Fetched, Fetcher},
};
use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::{StreamExt, stream};
pub(crate) use html::unescape as decode_references;
use html::{Replacement, ResourceKind};
use reqwest::{Url, header::CONTENT_TYPE};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

/// Maximum size of a page, and of all its resources together, in bytes.
const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Timeout for a page, and again for all its resources together.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum number of images and style sheets that are fetched for a page.
const MAX_RESOURCES: usize = 64;

/// Maximum number of concurrent requests for resources.
const MAX_CONCURRENT_FETCHES: usize = 8;

/// Transparent image of one pixel, which replaces an image that cannot be fetched.
const TRANSPARENT_PIXEL: &str = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

/// Loads the page at a URL. Returns its HTML and its final URL, after redirects.
pub(crate) async fn load_page(pages: &Fetcher, url: &str) -> Result<(String, Url), ApiError> {
    let fetched = pages.get(url, MAX_PAGE_BYTES, FETCH_TIMEOUT).await?;
    let media_type = media_type(&fetched);
    if media_type.starts_with("image/") {
        let html = format!("<body style=\"margin: 0\"><img style=\"display: block\" src=\"{}\">", data_url(&fetched));
        return Ok((html, fetched.url));
    }
    if !media_type.is_empty() && !media_type.contains("html") {
        return Err(fetch_failed(format!("{url} is not a page: its content type is {media_type}")));
    }
    Ok((text(&fetched), fetched.url))
}

/// Inlines the remote images and style sheets of HTML. Resources that cannot be fetched are omitted, as in a browser.
pub(crate) async fn inline_resources(pages: &Fetcher, html: String, base: Option<&Url>) -> String {
    // Most pages have no remote resources, and are not parsed.
    if base.is_none() && !html.contains("//") {
        return html;
    }
    let absolute = |url: &str| match base {
        Some(base) => base.join(url).ok(),
        None => url.parse().ok(),
    };
    let remote = |url: &str| absolute(url).filter(|url| matches!(url.scheme(), "http" | "https"));
    let (mut images, mut style_sheets) = (Vec::new(), Vec::new());
    let parsed = html::rewrite(&html, &mut |kind, url| {
        let list = if kind == ResourceKind::StyleSheet { &mut style_sheets } else { &mut images };
        list.extend(remote(url));
        Replacement::Keep
    });
    if parsed.is_err() || (images.is_empty() && style_sheets.is_empty()) {
        return html;
    }
    let fetched = tokio::time::timeout(FETCH_TIMEOUT, async {
        let mut budget = FetchBudget { bytes_left: MAX_PAGE_BYTES, resources_left: MAX_RESOURCES };
        let style_sheets = budget.fetch(pages, style_sheets).await;
        // URLs in a style sheet are relative to the style sheet.
        for sheet in style_sheets.values() {
            css::rewrite(&text(sheet), &mut |url| {
                images.extend(sheet.url.join(url).ok().filter(|url| matches!(url.scheme(), "http" | "https")));
                None
            });
        }
        let images = budget.fetch(pages, images).await;
        (style_sheets, images)
    });
    let (style_sheets, images) = fetched.await.unwrap_or_default();
    let image_url = |url: &Url| images.get(url).map_or_else(|| TRANSPARENT_PIXEL.to_owned(), data_url);
    let inlined = html::rewrite(&html, &mut |kind, url| match (kind, remote(url)) {
        (_, None) => Replacement::Keep,
        (ResourceKind::Image, Some(url)) => Replacement::With(image_url(&url)),
        (ResourceKind::StyleSheet, Some(url)) => match style_sheets.get(&url) {
            None => Replacement::Remove,
            Some(sheet) => Replacement::With(css::rewrite(&text(sheet), &mut |url| {
                sheet.url.join(url).ok().filter(|url| url.scheme() != "data").map(|url| image_url(&url))
            })),
        },
    });
    inlined.unwrap_or(html)
}

/// Remaining limits for the resources of a page.
struct FetchBudget {
    bytes_left: usize,
    resources_left: usize,
}

impl FetchBudget {
    /// Fetches resources within the limits. Resources that fail are missing in the result.
    async fn fetch(&mut self, pages: &Fetcher, urls: Vec<Url>) -> HashMap<Url, Fetched> {
        let mut known = HashSet::new();
        let mut requests = Vec::new();
        for url in urls {
            if self.resources_left > 0 && known.insert(url.clone()) {
                self.resources_left -= 1;
                requests.push(async move {
                    let fetched = pages.get(url.as_str(), MAX_PAGE_BYTES, FETCH_TIMEOUT).await;
                    (url, fetched)
                });
            }
        }
        let mut responses = stream::iter(requests).buffer_unordered(MAX_CONCURRENT_FETCHES);
        let mut resources = HashMap::new();
        while let Some((url, fetched)) = responses.next().await {
            // A resource that fails is omitted, as in a browser.
            if let Ok(fetched) = fetched
                && let Some(left) = self.bytes_left.checked_sub(fetched.bytes.len())
            {
                self.bytes_left = left;
                resources.insert(url, fetched);
            }
        }
        resources
    }
}

/// Returns the body as text.
fn text(fetched: &Fetched) -> String {
    String::from_utf8_lossy(&fetched.bytes).into_owned()
}

/// Returns the media type of a response, without its parameters.
fn media_type(fetched: &Fetched) -> String {
    let value = fetched.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Converts a fetched image to a data URL.
fn data_url(fetched: &Fetched) -> String {
    let media_type = media_type(fetched);
    let media_type = if media_type.starts_with("image/")
        && media_type.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte))
    {
        media_type
    } else {
        "image/png".to_owned()
    };
    format!("data:{media_type};base64,{}", STANDARD.encode(&fetched.bytes))
}

fn fetch_failed(message: String) -> ApiError {
    ApiError::rendering(StatusCode::UNPROCESSABLE_ENTITY, Some("url_fetch_failed"), message)
}

impl From<FetchError> for ApiError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::AddressNotAllowed(_) => {
                Self::rendering(StatusCode::UNPROCESSABLE_ENTITY, Some("blocked_url"), error.to_string())
            }
            error => fetch_failed(error.to_string()),
        }
    }
}
