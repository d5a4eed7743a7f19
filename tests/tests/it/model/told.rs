//! What clients were told: the side of the story that is held against the emulator's.

use pictify::{Attempt, Error, ErrorKind, Response, Result};
use std::{collections::BTreeMap, time::Duration};

/// What a client was told of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It was not done.
    Failed,
    /// Nobody can know; or the caller has left.
    Unknown,
    /// It was done.
    Done,
}

impl Verdict {
    pub fn of<T>(result: &Result<T>) -> Self {
        match result {
            Ok(_) => Self::Done,
            // A success that cannot be read is a success.
            Err(error) if error.kind() == ErrorKind::Decode => Self::Done,
            Err(error) if error.outcome_unknown() => Self::Unknown,
            Err(_) => Self::Failed,
        }
    }
}

/// The key that a call went out with.
pub fn key<T>(result: &Result<Response<T>>) -> Option<String> {
    let key = match result {
        Ok(answer) => answer.meta.idempotency_key.as_ref(),
        Err(error) => error.idempotency_key(),
    };
    key.map(|key| key.as_str().to_owned())
}

/// How long a call has waited between its attempts.
pub fn waited<T>(result: &Result<Response<T>>) -> Duration {
    match result {
        Ok(answer) => sum(&answer.meta.attempts),
        Err(error) => sum(error.attempts()),
    }
}

pub fn waited_before(error: &Error) -> Duration {
    sum(error.attempts())
}

fn sum(attempts: &[Attempt]) -> Duration {
    attempts.iter().map(|attempt| attempt.waited).sum()
}

/// A render that was asked for: by one caller, or by several who share it.
#[derive(Clone, Debug)]
pub struct Render {
    pub number: u64,
    pub what: &'static str,
    /// How many renders it costs.
    pub renders: u64,
    /// What each was told, and the key that he was told.
    pub told: Vec<(Verdict, String)>,
}

/// A template that was created.
#[derive(Clone, Debug)]
pub struct Card {
    pub name: String,
    pub created: Verdict,
    pub deleted: Option<Verdict>,
}

/// Everything that a lane was told.
#[derive(Clone, Debug, Default)]
pub struct Story {
    pub renders: Vec<Render>,
    pub cards: Vec<Card>,
    /// Its own template, and the names that it may have now.
    pub template: String,
    pub names: Vec<String>,
    /// What its client says to have spent.
    pub spent: u64,
    /// What was wrong already while it was told.
    pub findings: Vec<String>,
    /// How many calls of each kind there were.
    pub count: BTreeMap<&'static str, u64>,
}
