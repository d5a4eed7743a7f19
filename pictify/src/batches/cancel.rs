//! Ending a job early.

use super::{BatchJob, CancelBatch};
use crate::{Call, Client, Error, ErrorKind, Result};
use std::fmt;

/// Cancelling a job: [`BatchJob::cancel`].
#[must_use = "nothing is cancelled before send"]
pub struct CancelJob<'a, C> {
    job: &'a mut BatchJob,
    client: C,
}

impl BatchJob {
    /// Cancels what is under way, and drops what was not sent. What was rendered stays, and stays billed; wait for the job
    /// to see what that is.
    ///
    /// # Errors
    /// Those of [`Batches::cancel`](super::Batches::cancel), but not that a batch has already ended. The others are then
    /// still under way: cancel again.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, mut job: pictify::batches::BatchJob) -> pictify::Result<()> {
    /// job.cancel(&client).await?;
    /// let rendered = job.wait(&client).await?;
    /// # Ok(()) }
    /// ```
    pub fn cancel<C: Clone>(&mut self, client: &C) -> CancelJob<'_, C> {
        CancelJob { job: self, client: client.clone() }
    }
}

impl<C: Clone> CancelJob<'_, C> {
    fn calls(&mut self) -> Vec<Call<CancelBatch, C>> {
        self.job.drop_planned();
        let call = |(_, batch_id)| Call::new(self.client.clone(), CancelBatch { batch_id });
        self.job.under_way().into_iter().map(call).collect()
    }
}

/// Whether it went well. A batch that has already ended, as the service says, cannot be cancelled, and need not be.
fn settle<T>(result: Result<T>) -> Result<()> {
    let has_ended =
        |error: &Error| error.status().is_some() && matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Validation);
    match result {
        Err(error) if !has_ended(&error) => Err(error),
        _ => Ok(()),
    }
}

impl CancelJob<'_, Client> {
    /// Cancels it.
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
    /// Cancels it.
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
