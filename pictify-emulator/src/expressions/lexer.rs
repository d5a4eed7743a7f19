//! From characters to tokens.

use super::{budget, error::Fault};

/// A token with the place of its first byte.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token<'s> {
    pub(super) at: usize,
    pub(super) kind: TokenKind<'s>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind<'s> {
    Number(f64),
    Text(String),
    Name(&'s str),
    Symbol(&'static str),
    /// The end of the text.
    End,
}

/// Longer ones first: `>=` is not `>`. The last row is no part of the language: the parser says what to write instead.
const SYMBOLS: &[&str] = &[
    "===", "!==", "}}", "{{", "==", "!=", ">=", "<=", "&&", "||", //
    "+", "-", "*", "/", "%", ">", "<", "!", "?", ":", "(", ")", "[", "]", ".", ",", //
    "=", "&", "|", "{", "}",
];

/// Reads tokens one by one, so that an expression inside a longer text ends where it ends.
pub(super) struct Lexer<'s> {
    source: &'s str,
    start: usize,
    at: usize,
}

/// What is wrong, at which byte.
pub(super) type Misread = (usize, Fault);

impl<'s> Lexer<'s> {
    pub(super) fn new(source: &'s str, start: usize) -> Self {
        Self { source, start, at: start }
    }

    pub(super) fn next(&mut self) -> Result<Token<'s>, Misread> {
        let rest = &self.source[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        let at = self.at;
        let kind = self.read(trimmed)?;
        if self.at - self.start > budget::LONGEST && kind != TokenKind::End {
            let message = format!("The expression is longer than {} bytes", budget::LONGEST);
            return Err((at, Fault::limit(message)));
        }
        Ok(Token { at, kind })
    }

    fn read(&mut self, rest: &'s str) -> Result<TokenKind<'s>, Misread> {
        let Some(first) = rest.chars().next() else { return Ok(TokenKind::End) };
        if first.is_ascii_digit() {
            return self.number(rest);
        }
        if first == '\'' || first == '"' {
            return self.text(rest, first);
        }
        if starts_name(first) {
            let end = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
            self.at += end;
            return Ok(TokenKind::Name(&rest[..end]));
        }
        match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            Some(symbol) => {
                self.at += symbol.len();
                Ok(TokenKind::Symbol(symbol))
            }
            None => Err((self.at, Fault::syntax(format!("Unexpected character {first:?}")))),
        }
    }

    /// Digits, a fraction, an exponent, as in JSON.
    fn number(&mut self, rest: &str) -> Result<TokenKind<'s>, Misread> {
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
        if rest[end..].starts_with(starts_name) {
            let message =
                format!("Unexpected character {:?} after a number", &rest[end..].chars().next().unwrap_or(' '));
            return Err((self.at + end, Fault::syntax(message)));
        }
        match rest[..end].parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.at += end;
                Ok(TokenKind::Number(number))
            }
            _ => Err((self.at, Fault::syntax("The number is too large"))),
        }
    }

    /// A text in quotes, with the escapes of JavaScript.
    fn text(&mut self, rest: &str, quote: char) -> Result<TokenKind<'s>, Misread> {
        let mut text = String::new();
        let mut characters = rest.char_indices().skip(1);
        while let Some((index, character)) = characters.next() {
            if index > budget::LONGEST {
                let message = format!("The expression is longer than {} bytes", budget::LONGEST);
                return Err((self.at, Fault::limit(message)));
            }
            match character {
                '\\' => match characters.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, 't')) => text.push('\t'),
                    Some((escape, 'u')) => {
                        text.push(unicode(&rest[escape + 1..]).ok_or_else(|| {
                            let message = "After \\u come the four hexadecimal digits of a character";
                            (self.at + index, Fault::syntax(message))
                        })?);
                        // The digits are ASCII: one character each.
                        characters.nth(3);
                    }
                    Some((_, other)) => text.push(other),
                    None => break,
                },
                end if end == quote => {
                    self.at += index + quote.len_utf8();
                    return Ok(TokenKind::Text(text));
                }
                other => text.push(other),
            }
        }
        Err((self.at, Fault::syntax(format!("Unexpected end of expression: this text lacks its closing {quote}"))))
    }
}

fn unicode(rest: &str) -> Option<char> {
    let digits = rest.get(..4)?;
    let digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(digits)?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}
