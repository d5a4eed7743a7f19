//! Live pages, and what pages need from elsewhere: fetched before they are rendered, and put inside.
//!
//! The engine itself never reaches out. Scripts do not run here, so a page that writes itself is not what a browser shows.

mod css;
mod html;

use crate::{
    api_error::ApiError,
    fetch::{FetchError, Fetched, Fetcher},
};
use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::{StreamExt, stream};
use html::{Change, Use};
use reqwest::{Url, header::CONTENT_TYPE};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

/// How large a page may be, in bytes, and all that it needs from elsewhere.
const LARGEST: usize = 4 * 1024 * 1024;

/// How long a page may take to come, and then all that it needs.
const TIME: Duration = Duration::from_secs(10);

/// How many pictures and style sheets are fetched for a page.
const MOST: usize = 64;

/// How many of them at once.
const AT_ONCE: usize = 8;

/// A picture of one pixel that cannot be seen, in the place of one that cannot be had.
const NOTHING: &str = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

/// The page at an address, and where it was found behind all redirects.
pub(crate) async fn page(pages: &Fetcher, address: &str) -> Result<(String, Url), ApiError> {
    let fetched = pages.get(address, LARGEST, TIME).await?;
    let kind = kind(&fetched);
    if kind.starts_with("image/") {
        let html = format!("<body style=\"margin: 0\"><img style=\"display: block\" src=\"{}\">", data(&fetched));
        return Ok((html, fetched.url));
    }
    if !kind.is_empty() && !kind.contains("html") {
        return Err(unfetched(format!("{address} is no page: its type is {kind}")));
    }
    Ok((text(&fetched), fetched.url))
}

/// HTML with its pictures and style sheets from elsewhere inside. What cannot be had is left out, as in a browser.
pub(crate) async fn complete(pages: &Fetcher, html: String, base: Option<&Url>) -> String {
    // Most pages need nothing: their reading is saved.
    if base.is_none() && !html.contains("//") {
        return html;
    }
    let absolute = |address: &str| match base {
        Some(base) => base.join(address).ok(),
        None => address.parse().ok(),
    };
    let remote = |address: &str| absolute(address).filter(|url| matches!(url.scheme(), "http" | "https"));
    let (mut pictures, mut styles) = (Vec::new(), Vec::new());
    let read = html::rewrite(&html, &mut |used, address| {
        let list = if used == Use::Style { &mut styles } else { &mut pictures };
        list.extend(remote(address));
        Change::Keep
    });
    if read.is_err() || (pictures.is_empty() && styles.is_empty()) {
        return html;
    }
    let filled = tokio::time::timeout(TIME, async {
        let mut budget = Budget { left: LARGEST, most: MOST };
        let styles = budget.fetch(pages, styles).await;
        // Style sheets have addresses of their own, seen from where they are.
        for sheet in styles.values() {
            css::rewrite(&text(sheet), &mut |address| {
                pictures.extend(sheet.url.join(address).ok().filter(|url| matches!(url.scheme(), "http" | "https")));
                None
            });
        }
        let pictures = budget.fetch(pages, pictures).await;
        (styles, pictures)
    });
    let (styles, pictures) = filled.await.unwrap_or_default();
    let picture = |url: &Url| pictures.get(url).map_or_else(|| NOTHING.to_owned(), data);
    let filled = html::rewrite(&html, &mut |used, address| match (used, remote(address)) {
        (_, None) => Change::Keep,
        (Use::RenderedImage, Some(url)) => Change::To(picture(&url)),
        (Use::Style, Some(url)) => match styles.get(&url) {
            None => Change::Drop,
            Some(sheet) => Change::To(css::rewrite(&text(sheet), &mut |address| {
                sheet.url.join(address).ok().filter(|url| url.scheme() != "data").map(|url| picture(&url))
            })),
        },
    });
    filled.unwrap_or(html)
}

/// What may still be fetched for a page.
struct Budget {
    left: usize,
    most: usize,
}

impl Budget {
    /// Fetches what can be had.
    async fn fetch(&mut self, pages: &Fetcher, urls: Vec<Url>) -> HashMap<Url, Fetched> {
        let mut known = HashSet::new();
        let mut wanted = Vec::new();
        for url in urls {
            if self.most > 0 && known.insert(url.clone()) {
                self.most -= 1;
                wanted.push(async move {
                    let fetched = pages.get(url.as_str(), LARGEST, TIME).await;
                    (url, fetched)
                });
            }
        }
        let mut came = stream::iter(wanted).buffer_unordered(AT_ONCE);
        let mut had = HashMap::new();
        while let Some((url, fetched)) = came.next().await {
            // The pages of others are none of ours: what fails is left out, as in a browser.
            if let Ok(fetched) = fetched
                && let Some(left) = self.left.checked_sub(fetched.bytes.len())
            {
                self.left = left;
                had.insert(url, fetched);
            }
        }
        had
    }
}

fn text(fetched: &Fetched) -> String {
    String::from_utf8_lossy(&fetched.bytes).into_owned()
}

/// The media type of what was fetched, without its parameters.
fn kind(fetched: &Fetched) -> String {
    let kind = fetched.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A fetched picture as an address that has it inside.
fn data(fetched: &Fetched) -> String {
    let kind = kind(fetched);
    let kind = if kind.starts_with("image/")
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte))
    {
        kind
    } else {
        "image/png".to_owned()
    };
    format!("data:{kind};base64,{}", STANDARD.encode(&fetched.bytes))
}

fn unfetched(message: String) -> ApiError {
    ApiError::rendering(StatusCode::UNPROCESSABLE_ENTITY, Some("url_fetch_failed"), message)
}

impl From<FetchError> for ApiError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::NotAllowed(_) => {
                Self::rendering(StatusCode::UNPROCESSABLE_ENTITY, Some("blocked_url"), error.to_string())
            }
            error => unfetched(error.to_string()),
        }
    }
}
