//! What the source of a template may be, looked at before the parser sees it.
//!
//! The parser recurses as deep as blocks and parentheses nest, and counts lines from the start for every tag.

use super::error::{ErrorCode, HtmlTemplateError};

/// How many bytes a source may have: what the service takes.
const LONGEST: usize = 500 * 1024;

/// How deep blocks may nest.
const BLOCKS: usize = 64;

/// How deep parentheses may nest in a tag.
const PARENTHESES: usize = 32;

/// How many bytes the parser may go over to count lines: twice as much takes it twice as long.
const COUNTED: usize = 512 * 1024 * 1024;

pub(super) fn check(source: &str) -> Result<(), HtmlTemplateError> {
    if source.len() > LONGEST {
        let error = HtmlTemplateError::new(ErrorCode::TemplateTooLarge, "Template source is too large");
        return Err(error.with("bytes", source.len()).with("limit", LONGEST));
    }
    let tags = source.matches("{{").count();
    if tags.saturating_mul(source.len()) > COUNTED {
        let message = format!("The template has {tags} tags, more than the emulator takes in so long a source");
        return Err(HtmlTemplateError::new(ErrorCode::CompileError, message));
    }
    let (mut rest, mut blocks) = (source, Blocks::default());
    while let Some((_, tag)) = rest.split_once("{{") {
        rest = if let Some(comment) = tag.strip_prefix("!--") {
            comment.split_once("--}}").map_or("", |(_, after)| after)
        } else if let Some(comment) = tag.strip_prefix('!') {
            comment.split_once("}}").map_or("", |(_, after)| after)
        } else {
            blocks.meet(tag.trim_start_matches(['~', '{', ' ', '\t', '\n', '\r']));
            let (depth, after) = nesting(tag);
            at_most(PARENTHESES, depth, "Parentheses")?;
            after
        };
        at_most(BLOCKS, blocks.depth, "Blocks")?;
    }
    Ok(())
}

/// The blocks that are open. `{{else if}}` opens one that ends with the one around it.
#[derive(Default)]
struct Blocks {
    open: Vec<usize>,
    depth: usize,
}

impl Blocks {
    fn meet(&mut self, tag: &str) {
        let otherwise = tag.strip_prefix("else").or_else(|| tag.strip_prefix('^')).map(str::trim_start);
        if tag.starts_with('#') {
            self.open.push(1);
            self.depth += 1;
        } else if tag.starts_with('/') {
            self.depth -= self.open.pop().unwrap_or_default();
        } else if otherwise.is_some_and(|rest| !rest.starts_with(['}', '~']))
            && let Some(chain) = self.open.last_mut()
        {
            *chain += 1;
            self.depth += 1;
        }
    }
}

/// How deep a tag nests, and what comes after it.
fn nesting(tag: &str) -> (usize, &str) {
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

fn at_most(limit: usize, found: usize, what: &str) -> Result<(), HtmlTemplateError> {
    if found <= limit {
        return Ok(());
    }
    let message = format!("{what} are nested more than {limit} levels deep");
    Err(HtmlTemplateError::new(ErrorCode::CompileError, message))
}
