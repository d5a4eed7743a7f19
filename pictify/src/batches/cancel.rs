//! Ending a job early.

use super::{BatchJob, CancelBatch};
use crate::{Call, Client, Error, ErrorKind, Result};
use std::fmt;

/// Cancelling a job: [`BatchJob::cancel`].
#[must_use = "nothing is cancelled before run"]
pub struct Cancel<'a, C> {
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
    pub fn cancel<C: Clone>(&mut self, client: &C) -> Cancel<'_, C> {
        Cancel { job: self, client: client.clone() }
    }
}

impl<C: Clone> Cancel<'_, C> {
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

impl Cancel<'_, Client> {
    /// Cancels it.
    ///
    /// # Errors
    /// As [`BatchJob::cancel`].
    pub async fn run(mut self) -> Result<()> {
        for call in self.calls() {
            settle(call.send().await)?;
        }
        Ok(())
    }
}

super::awaits!(Cancel -> ());

#[cfg(feature = "blocking")]
impl Cancel<'_, crate::blocking::Client> {
    /// Cancels it.
    ///
    /// # Errors
    /// As [`BatchJob::cancel`].
    pub fn run(mut self) -> Result<()> {
        self.calls().into_iter().try_for_each(|call| settle(call.send()))
    }
}

impl<C> fmt::Debug for Cancel<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").field("progress", &self.job.progress()).finish_non_exhaustive()
    }
}
