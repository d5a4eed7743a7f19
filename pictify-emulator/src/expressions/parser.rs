//! Parser: precedence climbing, with the operator precedence of JavaScript.

use super::{
    error::{LocatedError, UnlocatedError, shorten},
    fuel::MAX_NESTING_DEPTH,
    functions::{self, Function},
    lexer::{Lexer, Token, TokenKind},
    syntax::{Node, NodeKind, Operator, Step, StepTarget},
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Parsed expression.
pub(super) struct Parsed {
    pub(super) root: Node,
    pub(super) variables: BTreeSet<String>,
    /// Offset of the byte after the expression and its closing braces, if it has them.
    pub(super) end: usize,
}

/// Terminator of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Terminator {
    EndOfInput,
    /// The expression is part of a longer text, between `{{` and `}}`.
    ClosingBraces,
}

/// Parses the expression that starts at a byte of a text.
pub(super) fn parse(source: &str, start: usize, terminator: Terminator) -> Result<Parsed, LocatedError> {
    let mut lexer = Lexer::new(source, start);
    let next = lexer.next()?;
    let mut parser = Parser { lexer, next, variables: BTreeSet::new(), depth: 0 };
    let root = parser.parse_expression()?;
    let last = &parser.next;
    let end = last.offset + "}}".len();
    match (terminator, &last.kind) {
        (Terminator::EndOfInput, TokenKind::End) | (Terminator::ClosingBraces, TokenKind::Symbol("}}")) => {
            Ok(Parsed { root, variables: parser.variables, end })
        }
        (Terminator::ClosingBraces, TokenKind::End) => Err(unexpected_token(last, "}} or an operator")),
        (Terminator::ClosingBraces, _) => Err(unexpected_token(last, "an operator or }}")),
        (Terminator::EndOfInput, _) => Err(unexpected_token(last, "an operator or the end")),
    }
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    next: Token<'s>,
    variables: BTreeSet<String>,
    depth: usize,
}

impl<'s> Parser<'s> {
    fn advance(&mut self) -> Result<Token<'s>, LocatedError> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.next, next))
    }

    fn next_is(&self, symbol: &str) -> bool {
        matches!(self.next.kind, TokenKind::Symbol(next) if next == symbol)
    }

    fn expect(&mut self, symbol: &'static str, expected: &str) -> Result<(), LocatedError> {
        if !self.next_is(symbol) {
            return Err(unexpected_token(&self.next, expected));
        }
        self.advance().map(drop)
    }

    /// Parses one level deeper, up to the maximum depth.
    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<Node, LocatedError>) -> Result<Node, LocatedError> {
        if self.depth == MAX_NESTING_DEPTH {
            let message = format!("The expression is nested more than {MAX_NESTING_DEPTH} levels deep");
            return Err((self.next.offset, UnlocatedError::limit(message)));
        }
        self.depth += 1;
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn parse_expression(&mut self) -> Result<Node, LocatedError> {
        self.nested(|parser| {
            let condition = parser.parse_binary(0)?;
            if !parser.next_is("?") {
                return Ok(condition);
            }
            parser.advance()?;
            let yes = parser.parse_expression()?;
            parser.expect(":", "the : of a conditional")?;
            let no = parser.parse_expression()?;
            Ok(Node { offset: condition.offset, kind: NodeKind::Conditional(Box::new([condition, yes, no])) })
        })
    }

    /// Parses values joined by operators with a precedence above `min_precedence`.
    fn parse_binary(&mut self, min_precedence: u8) -> Result<Node, LocatedError> {
        let mut left = self.parse_unary()?;
        while let TokenKind::Symbol(symbol) = self.next.kind {
            let Some(operator) =
                Operator::from_symbol(symbol).filter(|operator| operator.precedence() > min_precedence)
            else {
                break;
            };
            self.advance()?;
            let right = self.parse_binary(operator.precedence())?;
            left = append_to_chain(left, operator, right);
        }
        Ok(left)
    }

    /// Parses a value with the signs before it and the steps after it.
    fn parse_unary(&mut self) -> Result<Node, LocatedError> {
        let offset = self.next.offset;
        for (symbol, kind) in [("!", NodeKind::Not as fn(Box<Node>) -> NodeKind), ("-", NodeKind::Negate)] {
            if self.next_is(symbol) {
                self.advance()?;
                let value = self.nested(Self::parse_unary)?;
                return Ok(Node { offset, kind: kind(Box::new(value)) });
            }
        }
        let value = self.parse_primary()?;
        let mut steps = Vec::new();
        loop {
            let offset = self.next.offset;
            if self.next_is(".") {
                self.advance()?;
                let token = self.advance()?;
                let TokenKind::Identifier(name) = token.kind else {
                    return Err(unexpected_token(&token, "a member name"));
                };
                steps.push(Step { offset, target: StepTarget::Member(name.to_owned()) });
            } else if self.next_is("[") {
                self.advance()?;
                let index = self.parse_expression()?;
                self.expect("]", "] or an operator")?;
                steps.push(Step { offset, target: StepTarget::Index(index) });
            } else if self.next_is("(") {
                return Err((offset, UnlocatedError::syntax("Only functions can be called: write name(value)")));
            } else {
                break;
            }
        }
        if steps.is_empty() { Ok(value) } else { Ok(Node { offset, kind: NodeKind::Path(Box::new(value), steps) }) }
    }

    fn parse_primary(&mut self) -> Result<Node, LocatedError> {
        let token = self.advance()?;
        let kind = match token.kind {
            TokenKind::Number(number) => NodeKind::Literal(super::values::to_json_number(number)),
            TokenKind::String(text) => NodeKind::Literal(Value::String(text)),
            TokenKind::Identifier("true") => NodeKind::Literal(Value::Bool(true)),
            TokenKind::Identifier("false") => NodeKind::Literal(Value::Bool(false)),
            TokenKind::Identifier("null") => NodeKind::Literal(Value::Null),
            TokenKind::Identifier(name) if self.next_is("(") => self.parse_call(token.offset, name)?,
            TokenKind::Identifier(name) => {
                self.variables.insert(name.to_owned());
                NodeKind::Variable(name.to_owned())
            }
            TokenKind::Symbol("(") => {
                let inner = self.parse_expression()?;
                self.expect(")", ") or an operator")?;
                return Ok(inner);
            }
            _ => return Err(unexpected_token(&token, "a value")),
        };
        Ok(Node { offset: token.offset, kind })
    }

    fn parse_call(&mut self, offset: usize, name: &str) -> Result<NodeKind, LocatedError> {
        let function = functions::find(name).ok_or_else(|| (offset, functions::unknown_function(name)))?;
        self.advance()?;
        let mut arguments = Vec::new();
        while !self.next_is(")") {
            arguments.push(self.parse_expression()?);
            if !self.next_is(",") {
                break;
            }
            self.advance()?;
            if self.next_is(")") {
                return Err(unexpected_token(&self.next, "a value"));
            }
        }
        self.expect(")", ", or ) or an operator")?;
        function.check_count(arguments.len()).map_err(|error| (offset, error))?;
        Ok(call_node(function, arguments))
    }
}

fn call_node(function: &'static Function, arguments: Vec<Node>) -> NodeKind {
    // Only the selected branch may be evaluated: `IF(isDefined(a), a * 2, 0)`.
    if function.name() != "IF" {
        return NodeKind::Call(function, arguments);
    }
    match <Box<[Node; 3]>>::try_from(arguments) {
        Ok(branches) => NodeKind::Conditional(branches),
        Err(arguments) => NodeKind::Call(function, arguments),
    }
}

/// Appends an operator and its right side to a chain: `a + b` and `- c` become `a + b - c`.
fn append_to_chain(left: Node, operator: Operator, right: Node) -> Node {
    let offset = left.offset;
    let kind = match left.kind {
        NodeKind::Chain(first, mut rest) if rest[0].0.precedence() == operator.precedence() => {
            rest.push((operator, right));
            NodeKind::Chain(first, rest)
        }
        kind => NodeKind::Chain(Box::new(Node { offset, kind }), vec![(operator, right)]),
    };
    Node { offset, kind }
}

fn unexpected_token(token: &Token<'_>, expected: &str) -> LocatedError {
    let found = match &token.kind {
        TokenKind::End => "end of expression".to_owned(),
        TokenKind::Number(number) => super::values::to_json_number(*number).to_string(),
        TokenKind::String(text) => format!("'{}'", shorten(text)),
        TokenKind::Identifier(name) => shorten(name),
        TokenKind::Symbol(symbol) => (*symbol).to_owned(),
    };
    let hint = match token.kind {
        TokenKind::Symbol("===" | "=") => " (equality is written ==)",
        TokenKind::Symbol("!==") => " (inequality is written !=)",
        TokenKind::Symbol("&") => " (write && for and)",
        TokenKind::Symbol("|") => " (write || for or)",
        TokenKind::Symbol("{{") => " (write the expression without braces)",
        _ => "",
    };
    (token.offset, UnlocatedError::syntax(format!("Unexpected {found}: expected {expected}{hint}")))
}
