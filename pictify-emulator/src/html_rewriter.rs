//! Reading and rewriting pages with bounded memory.

use lol_html::{ElementContentHandlers, HtmlRewriter, MemorySettings, Selector, Settings, errors::RewritingError};
use std::borrow::Cow;

/// Maximum memory for one page, in bytes, in addition to the page.
const MAX_MEMORY_BYTES: usize = 16 * 1024 * 1024;

/// Handlers of elements, each with its selector.
type Handlers<'h> = Vec<(Cow<'static, Selector>, ElementContentHandlers<'h>)>;

/// Returns settings with these handlers. Malformed pages are accepted.
pub(crate) fn settings(handlers: Handlers<'_>) -> Settings<'_, 'static> {
    Settings {
        element_content_handlers: handlers,
        memory_settings: MemorySettings { max_allowed_memory_usage: MAX_MEMORY_BYTES, ..MemorySettings::new() },
        strict: false,
        ..Settings::new()
    }
}

/// Returns a page as its handlers change it.
pub(crate) fn rewrite_elements(html: &str, handlers: Handlers<'_>) -> Result<String, RewritingError> {
    let mut output = Vec::with_capacity(html.len());
    let mut rewriter = HtmlRewriter::new(settings(handlers), |bytes: &[u8]| output.extend_from_slice(bytes));
    rewriter.write(html.as_bytes())?;
    rewriter.end()?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}
