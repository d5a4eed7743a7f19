//! Cancellation of a job.

use super::{BatchJob, CancelBatch};
use crate::{Call, Client, Error, ErrorKind, Result};
use std::fmt;

/// Cancellation of a job: [`BatchJob::cancel`].
#[must_use = "nothing is cancelled before send"]
pub struct CancelJob<'a, C> {
    job: &'a mut BatchJob,
    client: C,
}

impl BatchJob {
    /// Cancels the batches that are in progress, and drops the requests that were not sent. Rows that are already
    /// rendered stay rendered and billed; wait for the job to read them.
    ///
    /// # Errors
    /// As [`Batches::cancel`](super::Batches::cancel), except that a batch that has already ended is not an error.
    /// After an error the remaining batches are still in progress: cancel again.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, mut job: pictify::batches::BatchJob) -> pictify::Result<()> {
    /// job.cancel(&client).send().await?;
    /// let rendered = job.wait(&client).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn cancel<C: Clone>(&mut self, client: &C) -> CancelJob<'_, C> {
        CancelJob { job: self, client: client.clone() }
    }
}

impl<C: Clone> CancelJob<'_, C> {
    fn calls(&mut self) -> Vec<Call<CancelBatch, C>> {
        self.job.drop_planned();
        let call = |(_, batch_id)| Call::new(self.client.clone(), CancelBatch::of(batch_id));
        self.job.under_way().into_iter().map(call).collect()
    }
}

/// Returns the result of a cancellation. The service reports an error for a batch that has already ended; that is a
/// success here.
fn settle<T>(result: Result<T>) -> Result<()> {
    let has_ended =
        |error: &Error| error.status().is_some() && matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Validation);
    match result {
        Err(error) if !has_ended(&error) => Err(error),
        _ => Ok(()),
    }
}

impl CancelJob<'_, Client> {
    /// Sends the cancellations.
    ///
    /// # Errors
    /// As [`BatchJob::cancel`].
    pub async fn send(mut self) -> Result<()> {
        for call in self.calls() {
            settle(call.send().await)?;
        }
        Ok(())
    }
}

#[cfg(feature = "blocking")]
impl CancelJob<'_, crate::blocking::Client> {
    /// Sends the cancellations.
    ///
    /// # Errors
    /// As [`BatchJob::cancel`].
    pub fn send(mut self) -> Result<()> {
        self.calls().into_iter().try_for_each(|call| settle(call.send()))
    }
}

impl<C> fmt::Debug for CancelJob<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelJob").field("progress", &self.job.progress()).finish_non_exhaustive()
    }
}
