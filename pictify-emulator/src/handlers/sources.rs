//! Sources of images and GIFs: HTML, the URL of a page, or a template.

use crate::{
    api_error::ApiError,
    context::AppState,
    json::{lenient, whole_number},
    page_loader,
    render::{MAX_SIDE, Page},
    rendering::{RenderMetadata, fill},
    templates::Template,
};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

/// Members of a request that describe the page to render.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceRequest {
    html: Option<String>,
    url: Option<String>,
    template: Option<String>,
    #[serde(default)]
    variables: Value,
    #[serde(default, deserialize_with = "whole_number")]
    width: Option<u32>,
    #[serde(default, deserialize_with = "whole_number")]
    height: Option<u32>,
    selector: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    full_page: Option<bool>,
    /// Style sheet, as documented in 2024.
    #[serde(default, deserialize_with = "lenient")]
    css: Option<String>,
}

impl SourceRequest {
    /// Returns the page of the request, which must give exactly one source. `default` is the size if it gives none.
    pub(super) async fn load(self, state: &AppState, default: (u32, u32)) -> Result<(Page, RenderMetadata), ApiError> {
        // The service silently reduces a value over the maximum.
        let (width, height) = (self.width.map(|side| side.min(MAX_SIDE)), self.height.map(|side| side.min(MAX_SIDE)));
        let page = |html: String| Page {
            html: with_css(html, self.css.as_deref()),
            width: width.unwrap_or(default.0),
            height: height.unwrap_or(default.1),
            selector: self.selector.clone(),
            ..Page::default()
        };
        match (self.html, self.url, self.template) {
            (Some(html), None, None) => Ok((page(html), RenderMetadata::default())),
            (None, Some(address), None) => {
                let (html, url) = page_loader::load_page(&state.outbound.pages, &address).await?;
                let full_page = self.full_page == Some(true);
                Ok((Page { full_page, url: Some(url.into()), ..page(html) }, RenderMetadata::default()))
            }
            (None, None, Some(uid)) => {
                let not_found = || ApiError::rendering(StatusCode::NOT_FOUND, None, "Template not found");
                let template: Template = state.store.find(&uid)?.ok_or_else(not_found)?;
                let filled = fill::fill(&template, None, &self.variables, width.zip(height))?;
                let (width, height) = (width.unwrap_or(filled.width), height.unwrap_or(filled.height));
                let page = Page { width, height, ..page(filled.html) };
                Ok((page, RenderMetadata::of(&uid, &self.variables)))
            }
            (None, None, None) => Err(bad_request("One of html, url and template is required".to_owned())),
            (html, url, template) => {
                let given = [("html", html), ("url", url), ("template", template)];
                let given: Vec<_> =
                    given.into_iter().filter_map(|(name, value)| value.is_some().then_some(name)).collect();
                Err(bad_request(format!("Only one of html, url and template is allowed, not {}", given.join(" and "))))
            }
        }
    }
}

/// Appends a style sheet to a page.
fn with_css(html: String, css: Option<&str>) -> String {
    match css {
        Some(css) => format!("{html}<style>{css}</style>"),
        None => html,
    }
}

fn bad_request(message: String) -> ApiError {
    ApiError::rendering(StatusCode::BAD_REQUEST, None, message)
}
