//! A job: rows split into requests, with the progress of each request.

use super::{Batch, BatchAccepted, BatchRenderTemplate, BatchRow, BatchStatus};
use crate::{ApiRequest, Error, ErrorKind, IdempotencyKey, Result};
use pictify_api::types::RenderedLayout;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rows that are rendered in batches, split into requests, with the progress of each request.
///
/// A job is plain data. Store it with any serde format before and after every step, and with
/// [`StartJob::checkpoint`](super::StartJob::checkpoint) between the requests of a start. The job then survives a
/// restart, and no request is sent twice. Keep it until you have read its results from [`rows`](Self::rows).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchJob {
    pub(super) parts: Vec<Part>,
}

/// One request of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Part {
    /// Index of the request's first row in the job.
    first: u64,
    /// Number of rows; `None` if only the service can count them.
    rows: Option<u64>,
    idempotency_key: IdempotencyKey,
    pub(super) operation: BatchRenderTemplate,
    pub(super) state: State,
    /// Images that arrived by webhook and were not in the service's responses, by row of this part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) delivered: BTreeMap<u64, Vec<RenderedLayout>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum State {
    /// Not sent yet.
    Planned,
    /// Sent, but the outcome is unknown.
    Sent,
    /// In progress at the service.
    Started { batch_id: String, last: Option<Box<Batch>> },
    /// Ended.
    Ended { batch_id: String, last: Box<Batch> },
    /// Not sent, and cancelled.
    Dropped,
}

/// Progress of a job, in rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchProgress {
    /// All rows, as far as they can be counted.
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
    /// Sets in one request, unless the caller sets another number.
    pub(super) const PART: usize = 100;

    pub(super) fn split(operation: BatchRenderTemplate, at_most: usize) -> Self {
        let mut operation = operation;
        let Some(sets) = operation.body.variable_sets.take() else {
            return Self { parts: vec![Part::new(0, None, operation)] };
        };
        let mut sets = sets.into_iter().peekable();
        let (mut parts, mut first) = (Vec::new(), 0);
        // At least one part, so that `check` reports a job without rows just as it reports a call without rows.
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

    /// Returns the progress of the job according to the latest responses. Sends nothing.
    #[must_use]
    pub fn progress(&self) -> BatchProgress {
        let mut progress = BatchProgress { parts: self.parts.len(), ..BatchProgress::default() };
        for part in &self.parts {
            let last = part.last();
            // The counts of the service may be implausibly large.
            let add = |sum: &mut u64, count: Option<u64>| *sum = sum.saturating_add(count.unwrap_or(0));
            add(&mut progress.total, last.and_then(|batch| batch.total_items).or(part.rows));
            add(&mut progress.completed, last.and_then(|batch| batch.completed_items));
            add(&mut progress.failed, last.and_then(|batch| batch.failed_items));
            progress.ended_parts += usize::from(part.has_ended());
        }
        progress
    }

    /// Returns true if all requests have ended, or were cancelled before they were sent.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.parts.iter().all(Part::has_ended)
    }

    /// Returns the IDs of the batches at the service, in the order of the rows. Requests that are not started have
    /// none.
    #[must_use]
    pub fn batch_ids(&self) -> Vec<&str> {
        self.parts.iter().filter_map(Part::batch_id).collect()
    }

    /// Returns the rows that the service has reported so far, in their order.
    #[must_use]
    pub fn rows(&self) -> Vec<BatchRow> {
        self.parts.iter().flat_map(Part::reported_rows).collect()
    }

    /// Returns true if a request was sent and it is unknown whether the service accepted it: the response was lost, or
    /// the process ended before it arrived. [`start`](Self::start) then fails with `Conflict`.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.state, State::Sent))
    }

    /// Allows [`start`](Self::start) to send requests again whose outcome is unknown. Their rows may be rendered and
    /// billed twice: check the account's render history first.
    pub fn accept_double_billing(&mut self) {
        for part in &mut self.parts {
            if matches!(part.state, State::Sent) {
                part.state = State::Planned;
            }
        }
    }

    /// Checks every request, before the first one is sent.
    pub(super) fn check(&self) -> Result<()> {
        self.parts.iter().try_for_each(|part| match &part.state {
            State::Planned => part.operation.check(),
            _ => Ok(()),
        })
    }

    /// Returns the next part to send. It counts as sent until [`note_sent`](Self::note_sent) records the result.
    pub(super) fn next_to_send(&mut self) -> Result<Option<(usize, BatchRenderTemplate, IdempotencyKey)>> {
        for (index, part) in self.parts.iter_mut().enumerate() {
            match &part.state {
                State::Planned => {
                    part.state = State::Sent;
                    return Ok(Some((index, part.operation.clone(), part.idempotency_key.clone())));
                }
                State::Sent => {
                    let text = format!(
                        "batch job: the request from row {} on was sent, but its outcome is unknown; check the render history, \
                             then call accept_double_billing, or discard the job",
                        part.first
                    );
                    return Err(Error::new(ErrorKind::Conflict, text).with_outcome(true, false));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Records the result of sending a part.
    pub(super) fn note_sent(&mut self, index: usize, result: Result<BatchAccepted>) -> Result<()> {
        let state = &mut self.parts[index].state;
        match result {
            Ok(accepted) => {
                *state = State::Started { batch_id: accepted.batch_id, last: None };
                Ok(())
            }
            Err(error) => {
                // The batch exists if the status was a success, even if the body was not readable or strict mode
                // rejected it.
                let accepted = error.status().is_some_and(|status| status.is_success());
                let unknown = error.outcome_unknown() || accepted;
                if let (State::Sent, false) = (&*state, unknown) {
                    *state = State::Planned;
                }
                Err(error)
            }
        }
    }

    /// Returns the parts that are in progress, with their batch IDs.
    pub(super) fn under_way(&self) -> Vec<(usize, String)> {
        let part = |(index, part): (usize, &Part)| match &part.state {
            State::Started { batch_id, .. } => Some((index, batch_id.clone())),
            _ => None,
        };
        self.parts.iter().enumerate().filter_map(part).collect()
    }

    /// Records the service's latest report on a part.
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

    /// Drops the parts that were not sent.
    pub(super) fn drop_planned(&mut self) {
        for part in &mut self.parts {
            if matches!(part.state, State::Planned) {
                part.state = State::Dropped;
            }
        }
    }

    /// Returns true if parts are not started, or their start has an unknown outcome.
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

    /// Returns the rows that the service has reported, or that images were delivered for.
    pub(super) fn reported_rows(&self) -> Vec<BatchRow> {
        let mut rows = self.last().map(|batch| BatchRow::of_batch(self.first, batch)).unwrap_or_default();
        for (row, images) in &self.delivered {
            let index = self.first.saturating_add(*row);
            match rows.binary_search_by_key(&index, |row| row.index) {
                Ok(at) if rows[at].results.is_empty() => rows[at].results.clone_from(images),
                Ok(_) => {}
                Err(at) => rows.insert(at, BatchRow::delivered(index, images.clone())),
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
