//! Tokens of an expression.

use super::{
    error::{LocatedError, UnlocatedError},
    fuel::MAX_EXPRESSION_BYTES,
};

/// Token with the offset of its first byte.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token<'s> {
    pub(super) offset: usize,
    pub(super) kind: TokenKind<'s>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind<'s> {
    Number(f64),
    String(String),
    Identifier(&'s str),
    Symbol(&'static str),
    /// End of the source text.
    End,
}

/// Symbols, longer ones first, so that `>=` is not read as `>`. The last row is not part of the language: the lexer
/// accepts it so that the parser can suggest the correct symbol.
const SYMBOLS: &[&str] = &[
    "===", "!==", "}}", "{{", "==", "!=", ">=", "<=", "&&", "||", //
    "+", "-", "*", "/", "%", ">", "<", "!", "?", ":", "(", ")", "[", "]", ".", ",", //
    "=", "&", "|", "{", "}",
];

/// Lexer that reads one token at a time, so that an expression can end in the middle of a longer text.
pub(super) struct Lexer<'s> {
    source: &'s str,
    start: usize,
    offset: usize,
}

impl<'s> Lexer<'s> {
    pub(super) fn new(source: &'s str, start: usize) -> Self {
        Self { source, start, offset: start }
    }

    pub(super) fn next(&mut self) -> Result<Token<'s>, LocatedError> {
        let rest = &self.source[self.offset..];
        let trimmed = rest.trim_start();
        self.offset += rest.len() - trimmed.len();
        let offset = self.offset;
        let kind = self.read(trimmed)?;
        if self.offset - self.start > MAX_EXPRESSION_BYTES && kind != TokenKind::End {
            let message = format!("The expression is longer than {MAX_EXPRESSION_BYTES} bytes");
            return Err((offset, UnlocatedError::limit(message)));
        }
        Ok(Token { offset, kind })
    }

    fn read(&mut self, rest: &'s str) -> Result<TokenKind<'s>, LocatedError> {
        let Some(first) = rest.chars().next() else { return Ok(TokenKind::End) };
        if first.is_ascii_digit() {
            return self.read_number(rest);
        }
        if first == '\'' || first == '"' {
            return self.read_string(rest, first);
        }
        if is_identifier_start(first) {
            let end = rest.find(|c| !is_identifier_part(c)).unwrap_or(rest.len());
            self.offset += end;
            return Ok(TokenKind::Identifier(&rest[..end]));
        }
        match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            Some(symbol) => {
                self.offset += symbol.len();
                Ok(TokenKind::Symbol(symbol))
            }
            None => Err((self.offset, UnlocatedError::syntax(format!("Unexpected character {first:?}")))),
        }
    }

    /// Reads a number: digits, a fraction, an exponent, as in JSON.
    fn read_number(&mut self, rest: &str) -> Result<TokenKind<'s>, LocatedError> {
        let digits = |from: usize| rest[from..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |n| from + n);
        let mut end = digits(0);
        if rest[end..].starts_with('.') && digits(end + 1) > end + 1 {
            end = digits(end + 1);
        }
        if rest[end..].starts_with(['e', 'E']) {
            let sign = usize::from(rest[end + 1..].starts_with(['+', '-']));
            if digits(end + 1 + sign) > end + 1 + sign {
                end = digits(end + 1 + sign);
            }
        }
        if rest[end..].starts_with(is_identifier_start) {
            let message =
                format!("Unexpected character {:?} after a number", &rest[end..].chars().next().unwrap_or(' '));
            return Err((self.offset + end, UnlocatedError::syntax(message)));
        }
        match rest[..end].parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.offset += end;
                Ok(TokenKind::Number(number))
            }
            _ => Err((self.offset, UnlocatedError::syntax("The number is too large"))),
        }
    }

    /// Reads a string in quotes, with the escapes of JavaScript.
    fn read_string(&mut self, rest: &str, quote: char) -> Result<TokenKind<'s>, LocatedError> {
        let mut text = String::new();
        let mut characters = rest.char_indices().skip(1);
        while let Some((index, character)) = characters.next() {
            if index > MAX_EXPRESSION_BYTES {
                let message = format!("The expression is longer than {MAX_EXPRESSION_BYTES} bytes");
                return Err((self.offset, UnlocatedError::limit(message)));
            }
            match character {
                '\\' => match characters.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, 't')) => text.push('\t'),
                    Some((escape, 'u')) => {
                        text.push(parse_unicode_escape(&rest[escape + 1..]).ok_or_else(|| {
                            let message = "\\u must be followed by the four hexadecimal digits of a character";
                            (self.offset + index, UnlocatedError::syntax(message))
                        })?);
                        // The digits are ASCII: one character each.
                        characters.nth(3);
                    }
                    Some((_, other)) => text.push(other),
                    None => break,
                },
                end if end == quote => {
                    self.offset += index + quote.len_utf8();
                    return Ok(TokenKind::String(text));
                }
                other => text.push(other),
            }
        }
        Err((
            self.offset,
            UnlocatedError::syntax(format!("Unexpected end of expression: the string is not closed with {quote}")),
        ))
    }
}

fn parse_unicode_escape(rest: &str) -> Option<char> {
    let digits = rest.get(..4)?;
    let digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(digits)?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

fn is_identifier_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn is_identifier_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}
