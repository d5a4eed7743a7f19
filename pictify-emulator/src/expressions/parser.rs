//! From tokens to a tree: precedence climbing, in the order of JavaScript.

use super::{
    budget::DEEPEST,
    error::{Fault, shorten},
    functions::{self, Function},
    lexer::{Lexer, Misread, Token, TokenKind},
    syntax::{Kind, Node, Operator, Step, To},
};
use serde_json::Value;
use std::collections::BTreeSet;

/// What was read.
pub(super) struct Parsed {
    pub(super) root: Node,
    pub(super) variables: BTreeSet<String>,
    /// The byte after the expression, and after its closing braces if it has them.
    pub(super) end: usize,
}

/// Where an expression ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    WithTheText,
    /// The expression stands in a longer text, between `{{` and `}}`.
    AtBraces,
}

/// Reads the expression that starts at a byte of a text.
pub(super) fn parse(source: &str, start: usize, ends: Ends) -> Result<Parsed, Misread> {
    let mut lexer = Lexer::new(source, start);
    let next = lexer.next()?;
    let mut parser = Parser { lexer, next, variables: BTreeSet::new(), depth: 0 };
    let root = parser.expression()?;
    let last = &parser.next;
    let end = last.at + "}}".len();
    match (ends, &last.kind) {
        (Ends::WithTheText, TokenKind::End) | (Ends::AtBraces, TokenKind::Symbol("}}")) => {
            Ok(Parsed { root, variables: parser.variables, end })
        }
        (Ends::AtBraces, TokenKind::End) => Err(unexpected(last, "}} or an operator")),
        (Ends::AtBraces, _) => Err(unexpected(last, "an operator or }}")),
        (Ends::WithTheText, _) => Err(unexpected(last, "an operator or the end")),
    }
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    next: Token<'s>,
    variables: BTreeSet<String>,
    depth: usize,
}

impl<'s> Parser<'s> {
    fn advance(&mut self) -> Result<Token<'s>, Misread> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.next, next))
    }

    fn next_is(&self, symbol: &str) -> bool {
        matches!(self.next.kind, TokenKind::Symbol(next) if next == symbol)
    }

    fn expect(&mut self, symbol: &'static str, expected: &str) -> Result<(), Misread> {
        if !self.next_is(symbol) {
            return Err(unexpected(&self.next, expected));
        }
        self.advance().map(drop)
    }

    /// One level deeper, if there is one.
    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<Node, Misread>) -> Result<Node, Misread> {
        if self.depth == DEEPEST {
            let message = format!("The expression is nested more than {DEEPEST} levels deep");
            return Err((self.next.at, Fault::limit(message)));
        }
        self.depth += 1;
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn expression(&mut self) -> Result<Node, Misread> {
        self.nested(|parser| {
            let condition = parser.operators(0)?;
            if !parser.next_is("?") {
                return Ok(condition);
            }
            parser.advance()?;
            let yes = parser.expression()?;
            parser.expect(":", "the : of a ? choice")?;
            let no = parser.expression()?;
            Ok(Node { at: condition.at, kind: Kind::Choice(Box::new([condition, yes, no])) })
        })
    }

    /// Values between operators that bind more tightly than `least`.
    fn operators(&mut self, least: u8) -> Result<Node, Misread> {
        let mut left = self.value()?;
        while let TokenKind::Symbol(symbol) = self.next.kind {
            let Some(operator) = Operator::of(symbol).filter(|operator| operator.binding() > least) else { break };
            self.advance()?;
            let right = self.operators(operator.binding())?;
            left = chained(left, operator, right);
        }
        Ok(left)
    }

    /// A value with the signs before it and the steps behind it.
    fn value(&mut self) -> Result<Node, Misread> {
        let at = self.next.at;
        for (symbol, kind) in [("!", Kind::Not as fn(Box<Node>) -> Kind), ("-", Kind::Minus)] {
            if self.next_is(symbol) {
                self.advance()?;
                let value = self.nested(Self::value)?;
                return Ok(Node { at, kind: kind(Box::new(value)) });
            }
        }
        let value = self.primary()?;
        let mut steps = Vec::new();
        loop {
            let at = self.next.at;
            if self.next_is(".") {
                self.advance()?;
                let token = self.advance()?;
                let TokenKind::Name(name) = token.kind else {
                    return Err(unexpected(&token, "the name of a member"));
                };
                steps.push(Step { at, to: To::Member(name.to_owned()) });
            } else if self.next_is("[") {
                self.advance()?;
                let index = self.expression()?;
                self.expect("]", "] or an operator")?;
                steps.push(Step { at, to: To::Index(index) });
            } else if self.next_is("(") {
                return Err((at, Fault::syntax("Only functions can be called: write name(value)")));
            } else {
                break;
            }
        }
        if steps.is_empty() { Ok(value) } else { Ok(Node { at, kind: Kind::Path(Box::new(value), steps) }) }
    }

    fn primary(&mut self) -> Result<Node, Misread> {
        let token = self.advance()?;
        let kind = match token.kind {
            TokenKind::Number(number) => Kind::Literal(super::values::number(number)),
            TokenKind::Text(text) => Kind::Literal(Value::String(text)),
            TokenKind::Name("true") => Kind::Literal(Value::Bool(true)),
            TokenKind::Name("false") => Kind::Literal(Value::Bool(false)),
            TokenKind::Name("null") => Kind::Literal(Value::Null),
            TokenKind::Name(name) if self.next_is("(") => self.call(token.at, name)?,
            TokenKind::Name(name) => {
                self.variables.insert(name.to_owned());
                Kind::Variable(name.to_owned())
            }
            TokenKind::Symbol("(") => {
                let inner = self.expression()?;
                self.expect(")", ") or an operator")?;
                return Ok(inner);
            }
            _ => return Err(unexpected(&token, "a value")),
        };
        Ok(Node { at: token.at, kind })
    }

    fn call(&mut self, at: usize, name: &str) -> Result<Kind, Misread> {
        let function = functions::find(name).ok_or_else(|| (at, functions::unknown(name)))?;
        self.advance()?;
        let mut arguments = Vec::new();
        while !self.next_is(")") {
            arguments.push(self.expression()?);
            if !self.next_is(",") {
                break;
            }
            self.advance()?;
            if self.next_is(")") {
                return Err(unexpected(&self.next, "a value"));
            }
        }
        self.expect(")", ", or ) or an operator")?;
        function.check_count(arguments.len()).map_err(|fault| (at, fault))?;
        Ok(called(function, arguments))
    }
}

fn called(function: &'static Function, arguments: Vec<Node>) -> Kind {
    // Only the branch that is taken may be computed: `IF(isDefined(a), a * 2, 0)`.
    if function.name() != "IF" {
        return Kind::Call(function, arguments);
    }
    match <Box<[Node; 3]>>::try_from(arguments) {
        Ok(branches) => Kind::Choice(branches),
        Err(arguments) => Kind::Call(function, arguments),
    }
}

/// `a + b` and `- c` as one chain.
fn chained(left: Node, operator: Operator, right: Node) -> Node {
    let at = left.at;
    let kind = match left.kind {
        Kind::Chain(first, mut rest) if rest[0].0.binding() == operator.binding() => {
            rest.push((operator, right));
            Kind::Chain(first, rest)
        }
        kind => Kind::Chain(Box::new(Node { at, kind }), vec![(operator, right)]),
    };
    Node { at, kind }
}

fn unexpected(token: &Token<'_>, expected: &str) -> Misread {
    let found = match &token.kind {
        TokenKind::End => "end of expression".to_owned(),
        TokenKind::Number(number) => super::values::number(*number).to_string(),
        TokenKind::Text(text) => format!("'{}'", shorten(text)),
        TokenKind::Name(name) => shorten(name),
        TokenKind::Symbol(symbol) => (*symbol).to_owned(),
    };
    let hint = match token.kind {
        TokenKind::Symbol("===" | "=") => " (equality is written ==)",
        TokenKind::Symbol("!==") => " (inequality is written !=)",
        TokenKind::Symbol("&") => " (write && for and)",
        TokenKind::Symbol("|") => " (write || for or)",
        TokenKind::Symbol("{{") => " (here an expression stands without braces)",
        _ => "",
    };
    (token.at, Fault::syntax(format!("Unexpected {found}: expected {expected}{hint}")))
}
