//! HTML pages for people: renders, templates with an editor, and everything else that the server holds.
//!
//! There is no build step: `views/` has Handlebars templates, `assets/` style sheets and scripts, and both are part of
//! the program. A page works without its scripts, except for the editor.
//!
//! | file | content |
//! |---|---|
//! | `view.rs` | the frame of all pages, and their headers |
//! | `assets.rs` | style sheets, scripts and icons |
//! | `request.rs` | query strings, forms and pages of lists |
//! | `searched_list.rs` | lists with a search field |
//! | `repeatable.rs`, `code_samples.rs` | requests that make a render again, and requests as code |
//! | `diff.rs` | differences of texts |
//! | the others | an area each |

mod assets;
mod batches;
mod bindings;
mod code_samples;
mod diff;
mod experiments;
mod faults;
mod ledger;
mod preview;
mod renders;
mod repeatable;
mod request;
mod requests;
mod searched_list;
mod templates;
mod videos;
mod view;
mod webhooks;
mod workflows;

use crate::{
    api_error::ApiError,
    context::AppState,
    response::{ApiResponse, ApiResult},
};
use axum::http::{Method, StatusCode, header::LOCATION};
use request::PageRequest;
use std::sync::Arc;

/// Path prefix of all pages but the first, which is at `/`.
pub(crate) const PREFIX: &str = "/_emulator/ui/";

/// Path of the icon that browsers ask for without being told.
pub(crate) const FAVICON: &str = "/favicon.ico";

/// Responds to a request for a page, a form or an asset.
pub(crate) async fn respond(state: &Arc<AppState>, method: &Method, path: &str, query: &str, body: &[u8]) -> ApiResult {
    let rest = match path {
        "/" => "renders",
        FAVICON => "assets/favicon.ico",
        path => path.strip_prefix(PREFIX).unwrap_or_default(),
    };
    let request = PageRequest::new(state, query, body);
    let segments: Vec<_> = rest.split('/').collect();
    let response = match *method {
        Method::GET | Method::HEAD => get(&request, &segments).await,
        Method::POST => post(&request, &segments).await,
        _ => Err(ApiError::with_message(StatusCode::METHOD_NOT_ALLOWED, "This page takes GET and POST only")),
    };
    response.or_else(|error| view::error_page(state, &error))
}

/// Returns a page or an asset.
async fn get(request: &PageRequest<'_>, segments: &[&str]) -> ApiResult {
    match *segments {
        ["assets", name] => assets::find(name).ok_or_else(not_found),
        ["renders"] => renders::list(request).await,
        ["renders", id] => renders::show(request, id),
        ["renders", id, "pages", number] => renders::pdf_page(request, id, number).await,
        ["templates"] => templates::list(request),
        ["templates", "new"] => templates::new(request),
        ["templates", uid] => templates::show(request, uid),
        ["templates", uid, "changes"] => templates::changes(request, uid),
        ["templates", uid, "preview.png"] => preview::of_template(request, uid).await,
        ["batches"] => batches::list(request),
        ["batches", id] => batches::show(request, id),
        ["webhooks"] => webhooks::list(request),
        ["webhooks", id] => webhooks::show(request, id),
        ["bindings"] => bindings::list(request),
        ["bindings", uid] => bindings::show(request, uid),
        ["experiments"] => experiments::list(request),
        ["experiments", uid] => experiments::show(request, uid),
        ["workflows"] => workflows::list(request),
        ["workflows", uid] => workflows::show(request, uid).await,
        ["videos"] => videos::list(request),
        ["videos", uid] => videos::show(request, uid),
        ["requests"] => requests::list(request),
        ["requests", id] => requests::show(request, id),
        ["faults"] => faults::show(request, None),
        ["ledger"] => ledger::list(request),
        _ => Err(not_found()),
    }
}

/// Handles a form, or a call of a script.
async fn post(request: &PageRequest<'_>, segments: &[&str]) -> ApiResult {
    match *segments {
        ["demo", "receiver"] => Ok(ApiResponse::empty(StatusCode::NO_CONTENT)),
        ["preview"] => preview::of_draft(request).await,
        ["renders", id, "again"] => renders::repeat(request, id).await,
        ["renders", id, "delete"] => renders::delete(request, id),
        ["templates", "save"] => templates::save(request).await,
        ["templates", uid, "compare"] => templates::compare(request, uid),
        ["templates", uid, "render"] => templates::render(request, uid).await,
        ["templates", uid, "duplicate"] => templates::duplicate(request, uid).await,
        ["templates", uid, "delete"] => templates::delete(request, uid).await,
        ["templates", uid, "versions", version, "restore"] => templates::restore(request, uid, version).await,
        ["batches", id, "cancel"] => batches::cancel(request, id).await,
        ["webhooks", "subscriptions"] => webhooks::subscribe(request).await,
        ["webhooks", "subscriptions", uid, action] => webhooks::change_subscription(request, uid, action).await,
        ["webhooks", id, "resend"] => webhooks::resend(request, id),
        ["bindings", uid, action] => bindings::change(request, uid, action).await,
        ["experiments", uid, action] => experiments::change(request, uid, action).await,
        ["workflows", "hooks", uid, "delete"] => workflows::delete_hook(request, uid).await,
        ["videos", uid, "render"] => videos::render(request, uid).await,
        ["videos", uid, "delete"] => videos::delete(request, uid).await,
        ["faults"] => faults::add(request),
        ["faults", "clear"] => Ok(faults::clear(request)),
        ["faults", index, "delete"] => faults::delete(request, index),
        _ => Err(not_found()),
    }
}

fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "There is no such page")
}

/// Redirects the browser after a form.
fn redirect(path: &str) -> ApiResponse {
    ApiResponse::empty(StatusCode::SEE_OTHER).header(LOCATION, path)
}
