//! Waiting for a job's end.

#[cfg(feature = "webhook")]
use super::webhook_join::Deliveries;
use super::{Batch, BatchJob, BatchProgress, BatchRow, GetBatchResults};
use crate::{Call, Client, Deadline, Error, ErrorKind, Result, clock::Clock};
use std::{fmt, time::Duration};

/// How long a job is waited for unless the caller says otherwise.
const TIMEOUT: Duration = Duration::from_secs(3600);

/// How long between two looks: the first wait, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// Waiting for a job: [`BatchJob::wait`].
#[must_use = "nothing is waited for before send"]
pub struct WaitForJob<'a, C> {
    job: &'a mut BatchJob,
    client: C,
    timeout: Duration,
    on_progress: Option<OnProgress<'a>>,
    #[cfg(feature = "webhook")]
    deliveries: Option<Deliveries>,
}

type OnProgress<'a> = Box<dyn FnMut(BatchProgress) + Send + 'a>;

impl BatchJob {
    /// Asks how far the job is until all of it has ended, and returns its rows.
    ///
    /// It looks after a second, then less often, down to every five seconds. The service may leave the URLs out of what it
    /// answers; they then come only by the `render.completed` webhook:
    #[cfg_attr(feature = "webhook", doc = "[`with`](WaitForJob::with) waits for both.")]
    #[cfg_attr(not(feature = "webhook"), doc = "`with`, under the feature `webhook`, waits for both.")]
    ///
    /// # Errors
    /// [`Conflict`](ErrorKind::Conflict) when some of the job is not started; [`Timeout`](ErrorKind::Timeout) when it does
    /// not end in time; the errors of [`Batches::get`](super::Batches::get). Whatever the error, the job keeps what was last
    /// heard, in [`progress`](Self::progress) and [`rows`](Self::rows), and can be waited for again.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, mut job: pictify::batches::BatchJob) -> pictify::Result<()> {
    /// use std::time::Duration;
    ///
    /// let rows = job
    ///     .wait(&client)
    ///     .timeout(Duration::from_secs(600))
    ///     .on_progress(|progress| eprintln!("{} of {}", progress.completed, progress.total))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn wait<C: Clone>(&mut self, client: &C) -> WaitForJob<'_, C> {
        WaitForJob {
            job: self,
            client: client.clone(),
            timeout: TIMEOUT,
            on_progress: None,
            #[cfg(feature = "webhook")]
            deliveries: None,
        }
    }
}

impl<'a, C: Clone> WaitForJob<'a, C> {
    /// How long to wait in all. An hour by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Is called with every look at the service.
    pub fn on_progress(mut self, see: impl FnMut(BatchProgress) + Send + 'a) -> Self {
        self.on_progress = Some(Box::new(see));
        self
    }

    /// Takes the pictures that the service keeps out of its answers from what comes by webhook. When the job has ended,
    /// waits for those that are missing, for a minute unless [`deliveries_within`](Self::deliveries_within) says otherwise.
    ///
    /// A delivery names no batch: it is the row's whose template and values it has. What is not delivered in time is
    /// missing from the rows, and no error.
    #[cfg(feature = "webhook")]
    pub fn with_inbox(mut self, inbox: &crate::webhooks::RenderInbox) -> Self {
        self.deliveries = Some(Deliveries::new(inbox, self.job));
        self
    }

    /// How long to wait for pictures by webhook after the job has ended. A minute by default.
    #[cfg(feature = "webhook")]
    pub fn deliveries_within(mut self, grace: Duration) -> Self {
        if let Some(deliveries) = &mut self.deliveries {
            deliveries.grace = grace;
        }
        self
    }

    /// One look at every part that is under way.
    fn calls(&self, deadline: Deadline) -> Result<Vec<(usize, Call<GetBatchResults, C>)>> {
        if self.job.is_unstarted() {
            return Err(Error::new(ErrorKind::Conflict, "batch job: not all of it is started; start it first"));
        }
        let call = |(part, batch_id)| {
            let mut call = Call::new(self.client.clone(), GetBatchResults { batch_id });
            call.options.deadline = Some(deadline);
            (part, call)
        };
        Ok(self.job.under_way().into_iter().map(call).collect())
    }

    fn note(&mut self, part: usize, batch: Batch) {
        self.job.note(part, batch);
        if let Some(see) = &mut self.on_progress {
            see(self.job.progress());
        }
        #[cfg(feature = "webhook")]
        if let Some(deliveries) = &mut self.deliveries {
            deliveries.take(self.job);
        }
    }

    /// How long to wait before look `look`, if there is time for it.
    fn pause(&self, look: i32, deadline: Deadline, clock: &dyn Clock) -> Result<Duration> {
        let wait = WAITS.0.mul_f64(1.5_f64.powi(look.min(10))).min(WAITS.1);
        if wait < deadline.left(clock) {
            return Ok(wait);
        }
        let BatchProgress { total, completed, failed, .. } = self.job.progress();
        let seconds = self.timeout.as_secs_f64();
        let text =
            format!("batch job: after {seconds} s {completed} of {total} rows are rendered, {failed} have failed");
        Err(Error::new(ErrorKind::Timeout, text).with_outcome(false, true))
    }
}

impl WaitForJob<'_, Client> {
    /// Waits.
    ///
    /// # Errors
    /// As [`BatchJob::wait`].
    pub async fn send(mut self) -> Result<Vec<BatchRow>> {
        let clock = self.client.clock();
        let deadline = self.client.deadline(self.timeout);
        for look in 0.. {
            for (part, call) in self.calls(deadline)? {
                let batch = call.send().await?;
                self.note(part, batch);
            }
            if self.job.has_ended() {
                break;
            }
            clock.sleep(self.pause(look, deadline, &*clock)?).await;
        }
        #[cfg(feature = "webhook")]
        if let Some(deliveries) = &mut self.deliveries {
            let deadline = deliveries.deadline(deadline, &*clock);
            while let Some(more) = deliveries.take_or_wait(self.job, deadline, &clock) {
                more.await?;
            }
        }
        Ok(self.job.rows())
    }
}

#[cfg(feature = "blocking")]
impl WaitForJob<'_, crate::blocking::Client> {
    /// Waits.
    ///
    /// # Errors
    /// As [`BatchJob::wait`].
    pub fn send(mut self) -> Result<Vec<BatchRow>> {
        let clock = self.client.inner.clock();
        let deadline = self.client.deadline(self.timeout);
        for look in 0.. {
            for (part, call) in self.calls(deadline)? {
                let batch = call.send()?;
                self.note(part, batch);
            }
            if self.job.has_ended() {
                break;
            }
            let pause = self.pause(look, deadline, &*clock)?;
            let clock = clock.clone();
            self.client.wait(async move {
                clock.sleep(pause).await;
                Ok(())
            })?;
        }
        #[cfg(feature = "webhook")]
        if let Some(deliveries) = &mut self.deliveries {
            let deadline = deliveries.deadline(deadline, &*clock);
            while let Some(more) = deliveries.take_or_wait(self.job, deadline, &clock) {
                self.client.wait(more)?;
            }
        }
        Ok(self.job.rows())
    }
}

impl<C> fmt::Debug for WaitForJob<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForJob").field("progress", &self.job.progress()).finish_non_exhaustive()
    }
}
