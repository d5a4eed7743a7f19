//! Syntax tree of an expression.

use super::functions::Function;
use serde_json::Value;

/// Part of an expression, with the byte offset of its start.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) offset: usize,
    pub(super) kind: NodeKind,
}

#[derive(Clone, Debug)]
pub(super) enum NodeKind {
    Literal(Value),
    Variable(String),
    /// `a.b[0]`. A list of steps instead of nested nodes, so that a long path is not a deep tree.
    Path(Box<Node>, Vec<Step>),
    Not(Box<Node>),
    Negate(Box<Node>),
    /// `a + b - c`: operators of equal precedence, from left to right. A list for the same reason.
    Chain(Box<Node>, Vec<(Operator, Node)>),
    Conditional(Box<[Node; 3]>),
    Call(&'static Function, Vec<Node>),
}

/// Access to a member or an item of a value.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) offset: usize,
    pub(super) target: StepTarget,
}

#[derive(Clone, Debug)]
pub(super) enum StepTarget {
    Member(String),
    Index(Node),
}

/// Binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

impl Operator {
    pub(super) fn from_symbol(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            "%" => Self::Remainder,
            "<" => Self::Less,
            ">" => Self::Greater,
            "<=" => Self::LessOrEqual,
            ">=" => Self::GreaterOrEqual,
            "==" => Self::Equal,
            "!=" => Self::NotEqual,
            "&&" => Self::And,
            "||" => Self::Or,
            _ => return None,
        })
    }

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Less => "<",
            Self::Greater => ">",
            Self::LessOrEqual => "<=",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::And => "&&",
            Self::Or => "||",
        }
    }

    /// Returns the precedence, in the order of JavaScript: higher binds more tightly.
    pub(super) fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual => 3,
            Self::Less | Self::Greater | Self::LessOrEqual | Self::GreaterOrEqual => 4,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide | Self::Remainder => 6,
        }
    }
}
