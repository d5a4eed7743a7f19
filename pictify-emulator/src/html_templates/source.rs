//! Limits of the source of a template, checked before the parser runs.
//!
//! The recursion of the parser follows the nesting of blocks and parentheses, and it counts lines from the start for every
//! tag. Without these limits a source could exhaust the stack or take quadratic time.

use super::error::{ErrorCode, HtmlTemplateError};

/// Maximum length of a source, in bytes. The service has the same limit.
const MAX_SOURCE_BYTES: usize = 500 * 1024;

/// Maximum nesting depth of blocks.
const MAX_BLOCK_DEPTH: usize = 64;

/// Maximum nesting depth of parentheses in a tag.
const MAX_PARENTHESIS_DEPTH: usize = 32;

/// Maximum number of bytes that the parser scans to count lines: tags times length of the source. Its time is
/// proportional to this number.
const MAX_SCANNED_BYTES: usize = 512 * 1024 * 1024;

/// Checks the limits of a source.
pub(super) fn check(source: &str) -> Result<(), HtmlTemplateError> {
    if source.len() > MAX_SOURCE_BYTES {
        let error = HtmlTemplateError::new(ErrorCode::TemplateTooLarge, "Template source is too large");
        return Err(error.with("bytes", source.len()).with("limit", MAX_SOURCE_BYTES));
    }
    let tags = source.matches("{{").count();
    if tags.saturating_mul(source.len()) > MAX_SCANNED_BYTES {
        let message = format!("The template has {tags} tags, too many for a source of this length");
        return Err(HtmlTemplateError::new(ErrorCode::CompileError, message));
    }
    let (mut rest, mut blocks) = (source, OpenBlocks::default());
    while let Some((_, tag)) = rest.split_once("{{") {
        rest = if let Some(comment) = tag.strip_prefix("!--") {
            comment.split_once("--}}").map_or("", |(_, after)| after)
        } else if let Some(comment) = tag.strip_prefix('!') {
            comment.split_once("}}").map_or("", |(_, after)| after)
        } else {
            blocks.visit(tag.trim_start_matches(['~', '{', ' ', '\t', '\n', '\r']));
            let (depth, after) = tag_depth(tag);
            check_depth(MAX_PARENTHESIS_DEPTH, depth, "Parentheses")?;
            after
        };
        check_depth(MAX_BLOCK_DEPTH, blocks.depth, "Blocks")?;
    }
    Ok(())
}

/// Open blocks, each with its number of levels. `{{else if}}` opens a level that ends together with its block.
#[derive(Default)]
struct OpenBlocks {
    open: Vec<usize>,
    depth: usize,
}

impl OpenBlocks {
    fn visit(&mut self, tag: &str) {
        let else_tag = tag.strip_prefix("else").or_else(|| tag.strip_prefix('^')).map(str::trim_start);
        if tag.starts_with('#') {
            self.open.push(1);
            self.depth += 1;
        } else if tag.starts_with('/') {
            self.depth -= self.open.pop().unwrap_or_default();
        } else if else_tag.is_some_and(|rest| !rest.starts_with(['}', '~']))
            && let Some(levels) = self.open.last_mut()
        {
            *levels += 1;
            self.depth += 1;
        }
    }
}

/// Returns the nesting depth inside a tag, and the text after the tag.
fn tag_depth(tag: &str) -> (usize, &str) {
    let (mut depth, mut deepest, mut quote) = (0_usize, 0, None);
    let mut bytes = tag.bytes().enumerate();
    while let Some((index, byte)) = bytes.next() {
        match (quote, byte) {
            (Some(_), b'\\') => drop(bytes.next()),
            (Some(open), _) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b'}') if tag[index..].starts_with("}}") => return (deepest, &tag[index + 2..]),
            (None, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    (deepest, "")
}

fn check_depth(limit: usize, depth: usize, subject: &str) -> Result<(), HtmlTemplateError> {
    if depth <= limit {
        return Ok(());
    }
    let message = format!("{subject} are nested more than {limit} levels deep");
    Err(HtmlTemplateError::new(ErrorCode::CompileError, message))
}
