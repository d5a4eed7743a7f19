//! A job: rows in parts, and how far each part is.

use super::{Batch, BatchAccepted, BatchRenderTemplate, BatchRow, BatchStatus};
use crate::{ApiRequest, Error, ErrorKind, IdempotencyKey, Result};
use pictify_api::types::RenderedLayout;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rows that are rendered in batches: which requests they are split into, and how far each of these is.
///
/// It is plain data. Store it with any serde format before and after every step, with
/// [`StartJob::journal`](super::StartJob::journal) for the steps in between, and a job survives a restart: what was sent is not
/// sent again. Keep it until [`rows`](Self::rows) has given its results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchJob {
    pub(super) parts: Vec<Part>,
}

/// One request of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Part {
    /// The index of its first row in the job, and how many rows it has; none when the service counts them.
    first: u64,
    rows: Option<u64>,
    idempotency_key: IdempotencyKey,
    pub(super) operation: BatchRenderTemplate,
    pub(super) state: State,
    /// The pictures that were not in the service's answers and came by webhook, by row of this part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) delivered: BTreeMap<u64, Vec<RenderedLayout>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum State {
    /// Not sent yet.
    Planned,
    /// Sent, and nobody knows what became of it.
    Sent,
    /// Under way at the service.
    Started { batch_id: String, last: Option<Box<Batch>> },
    /// At its end.
    Ended { batch_id: String, last: Box<Batch> },
    /// Never sent, and never to be.
    Dropped,
}

/// How far a job is, in rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchProgress {
    /// All rows, as far as they are known.
    pub total: u64,
    /// Rows that are rendered.
    pub completed: u64,
    /// Rows that failed.
    pub failed: u64,
    /// Requests of the job.
    pub parts: usize,
    /// Requests that have ended.
    pub ended_parts: usize,
}

impl BatchJob {
    /// How many sets one request has, unless it is said otherwise.
    pub(super) const PART: usize = 100;

    pub(super) fn split(operation: BatchRenderTemplate, at_most: usize) -> Self {
        let mut operation = operation;
        let Some(sets) = operation.body.variable_sets.take() else {
            return Self { parts: vec![Part::new(0, None, operation)] };
        };
        let mut sets = sets.into_iter().peekable();
        let (mut parts, mut first) = (Vec::new(), 0);
        // At least one part, so that a job without rows is refused where a call without rows is.
        while parts.is_empty() || sets.peek().is_some() {
            let mut operation = operation.clone();
            let some: Vec<_> = sets.by_ref().take(at_most.max(1)).collect();
            let rows = some.len() as u64;
            operation.body.variable_sets = Some(some);
            parts.push(Part::new(first, Some(rows), operation));
            first += rows;
        }
        Self { parts }
    }

    /// How far the job is, by what was last heard.
    #[must_use]
    pub fn progress(&self) -> BatchProgress {
        let mut progress = BatchProgress { parts: self.parts.len(), ..BatchProgress::default() };
        for part in &self.parts {
            let last = part.last();
            // What the service counts need not be within reason.
            let add = |sum: &mut u64, count: Option<u64>| *sum = sum.saturating_add(count.unwrap_or(0));
            add(&mut progress.total, last.and_then(|batch| batch.total_items).or(part.rows));
            add(&mut progress.completed, last.and_then(|batch| batch.completed_items));
            add(&mut progress.failed, last.and_then(|batch| batch.failed_items));
            progress.ended_parts += usize::from(part.has_ended());
        }
        progress
    }

    /// Whether nothing is left to start or to wait for.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.parts.iter().all(Part::has_ended)
    }

    /// The ids of the batches at the service, in the order of the rows, as far as they are started.
    #[must_use]
    pub fn batch_ids(&self) -> Vec<&str> {
        self.parts.iter().filter_map(Part::batch_id).collect()
    }

    /// The rows that the service has reported on so far, in their order.
    #[must_use]
    pub fn rows(&self) -> Vec<BatchRow> {
        self.parts.iter().flat_map(Part::reported_rows).collect()
    }

    /// Whether a request was sent of which nobody knows whether it was taken: the answer was lost, or the process ended
    /// before it came. [`start`](Self::start) stops at it.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.state, State::Sent))
    }

    /// Lets [`start`](Self::start) send again what may have been taken. Its rows may be rendered, and billed, twice: look at
    /// the account's render history first.
    pub fn accept_double_billing(&mut self) {
        for part in &mut self.parts {
            if matches!(part.state, State::Sent) {
                part.state = State::Planned;
            }
        }
    }

    /// Checks every request before the first is sent.
    pub(super) fn check(&self) -> Result<()> {
        self.parts.iter().try_for_each(|part| match &part.state {
            State::Planned => part.operation.check(),
            _ => Ok(()),
        })
    }

    /// Which part to send next. It counts as sent from here on, until [`note_sent`](Self::note_sent) knows better.
    pub(super) fn next_to_send(&mut self) -> Result<Option<(usize, BatchRenderTemplate, IdempotencyKey)>> {
        for (index, part) in self.parts.iter_mut().enumerate() {
            match &part.state {
                State::Planned => {
                    part.state = State::Sent;
                    return Ok(Some((index, part.operation.clone(), part.idempotency_key.clone())));
                }
                State::Sent => {
                    let text = format!(
                        "batch job: the request from row {} on was sent, and nobody knows whether it was taken; look at \
                         the render history, then accept_double_billing or set the job aside",
                        part.first
                    );
                    return Err(Error::new(ErrorKind::Conflict, text).with_outcome(true, false));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Notes what became of a part that was sent.
    pub(super) fn note_sent(&mut self, index: usize, result: Result<BatchAccepted>) -> Result<()> {
        let state = &mut self.parts[index].state;
        match result {
            Ok(accepted) => {
                *state = State::Started { batch_id: accepted.batch_id, last: None };
                Ok(())
            }
            Err(error) => {
                // A success that cannot be read, or is not as strict mode wants it, is a success: the batch exists.
                let taken = error.status().is_some_and(|status| status.is_success());
                let unknown = error.outcome_unknown() || taken;
                if let (State::Sent, false) = (&*state, unknown) {
                    *state = State::Planned;
                }
                Err(error)
            }
        }
    }

    /// The parts that are under way, with their ids.
    pub(super) fn under_way(&self) -> Vec<(usize, String)> {
        let part = |(index, part): (usize, &Part)| match &part.state {
            State::Started { batch_id, .. } => Some((index, batch_id.clone())),
            _ => None,
        };
        self.parts.iter().enumerate().filter_map(part).collect()
    }

    /// Notes what the service says of a part.
    pub(super) fn note(&mut self, index: usize, batch: Batch) {
        let state = &mut self.parts[index].state;
        if let State::Started { batch_id, last } = state {
            let (id, batch) = (std::mem::take(batch_id), Box::new(batch));
            *state = if is_terminal(batch.status.as_ref()) {
                State::Ended { batch_id: id, last: batch }
            } else {
                *last = None;
                State::Started { batch_id: id, last: Some(batch) }
            };
        }
    }

    /// Drops what was not sent.
    pub(super) fn drop_planned(&mut self) {
        for part in &mut self.parts {
            if matches!(part.state, State::Planned) {
                part.state = State::Dropped;
            }
        }
    }

    /// Whether there are parts that nobody has sent.
    pub(super) fn is_unstarted(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.state, State::Planned | State::Sent))
    }
}

impl Part {
    fn new(first: u64, rows: Option<u64>, operation: BatchRenderTemplate) -> Self {
        let (idempotency_key, delivered) = (IdempotencyKey::random(), BTreeMap::new());
        Self { first, rows, idempotency_key, operation, state: State::Planned, delivered }
    }

    fn batch_id(&self) -> Option<&str> {
        match &self.state {
            State::Started { batch_id, .. } | State::Ended { batch_id, .. } => Some(batch_id),
            _ => None,
        }
    }

    fn last(&self) -> Option<&Batch> {
        match &self.state {
            State::Started { last, .. } => last.as_deref(),
            State::Ended { last, .. } => Some(last),
            _ => None,
        }
    }

    /// The rows that the service has reported on, or delivered images of.
    pub(super) fn reported_rows(&self) -> Vec<BatchRow> {
        let mut rows = self.last().map(|batch| BatchRow::of_batch(self.first, batch)).unwrap_or_default();
        for (row, pictures) in &self.delivered {
            let index = self.first.saturating_add(*row);
            match rows.binary_search_by_key(&index, |row| row.index) {
                Ok(at) if rows[at].results.is_empty() => rows[at].results.clone_from(pictures),
                Ok(_) => {}
                Err(at) => rows.insert(at, BatchRow::delivered(index, pictures.clone())),
            }
        }
        rows
    }

    fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended { .. } | State::Dropped)
    }
}

fn is_terminal(status: Option<&BatchStatus>) -> bool {
    use BatchStatus::{Cancelled, Completed, Failed, Partial};
    matches!(status, Some(Completed | Failed | Partial | Cancelled))
}
