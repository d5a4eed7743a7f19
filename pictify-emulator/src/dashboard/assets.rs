//! Style sheets, scripts and icons. They are part of the program.

use crate::response::ApiResponse;
use axum::http::{HeaderName, header::CACHE_CONTROL};

/// Icon in the format that browsers ask for without being told.
const FAVICON: &[u8] = include_bytes!("assets/favicon.ico");

/// Assets by name, with their media types.
const ASSETS: &[(&str, &str, &[u8])] = &[
    ("style.css", "text/css; charset=utf-8", include_bytes!("assets/style.css")),
    ("theme.js", "text/javascript; charset=utf-8", include_bytes!("assets/theme.js")),
    ("page.js", "text/javascript; charset=utf-8", include_bytes!("assets/page.js")),
    ("live.js", "text/javascript; charset=utf-8", include_bytes!("assets/live.js")),
    ("editor.js", "text/javascript; charset=utf-8", include_bytes!("assets/editor.js")),
    ("highlight.js", "text/javascript; charset=utf-8", include_bytes!("assets/highlight.js")),
    ("icon.svg", "image/svg+xml", include_bytes!("assets/icon.svg")),
    ("favicon.ico", "image/x-icon", FAVICON),
];

/// Returns the asset with this name.
pub(super) fn find(name: &str) -> Option<ApiResponse> {
    let (_, content_type, bytes) = ASSETS.iter().find(|(asset, ..)| *asset == name)?;
    Some(
        ApiResponse::bytes(content_type, *bytes)
            .header(CACHE_CONTROL, "no-cache")
            .header(HeaderName::from_static("x-content-type-options"), "nosniff"),
    )
}
