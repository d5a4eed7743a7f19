//! Waiting for the end of a job.

#[cfg(feature = "webhook")]
use super::webhook_join::Deliveries;
use super::{Batch, BatchJob, BatchProgress, BatchRow, GetBatchResults};
use crate::seconds::seconds;
use crate::{Call, Client, Deadline, Error, ErrorKind, Result, clock::Clock};
use std::{fmt, time::Duration};

/// Default time to wait for a job.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3600);

/// Default time to wait for deliveries after a job has ended.
#[cfg(feature = "webhook")]
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);

/// Delay between two polls: the first, and the longest.
const POLL_DELAYS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// Wait for a job: [`BatchJob::wait`].
#[must_use = "nothing is waited for before send"]
pub struct WaitForJob<'a, C> {
    job: &'a mut BatchJob,
    client: C,
    timeout: Duration,
    on_progress: Option<OnProgress<'a>>,
    #[cfg(feature = "webhook")]
    deliveries: Option<Deliveries>,
    #[cfg(feature = "webhook")]
    delivery_timeout: Duration,
}

type OnProgress<'a> = Box<dyn FnMut(BatchProgress) + Send + 'a>;

impl BatchJob {
    /// Polls the service until the whole job has ended, and returns its rows.
    ///
    /// The first delay between two polls is one second; it grows to five seconds. The service may omit the URLs of the
    /// images; they then arrive only by the `render.completed` webhook.
    #[cfg_attr(feature = "webhook", doc = "[`with_inbox`](WaitForJob::with_inbox) waits for both.")]
    #[cfg_attr(not(feature = "webhook"), doc = "`with_inbox`, behind the feature `webhook`, waits for both.")]
    ///
    /// # Errors
    /// [`Conflict`](ErrorKind::Conflict) if a part of the job is not started; [`Timeout`](ErrorKind::Timeout) if it
    /// does not end in time; the errors of [`Batches::get`](super::Batches::get). After any error the job still has its
    /// latest state, in [`progress`](Self::progress) and [`rows`](Self::rows), and you can wait for it again.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client, mut job: pictify::batches::BatchJob) -> pictify::Result<()> {
    /// use std::time::Duration;
    ///
    /// let rows = job
    ///     .wait(&client)
    ///     .timeout(Duration::from_secs(600))
    ///     .on_progress(|progress| eprintln!("{} of {}", progress.completed, progress.total))
    ///     .send()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn wait<C: Clone>(&mut self, client: &C) -> WaitForJob<'_, C> {
        WaitForJob {
            job: self,
            client: client.clone(),
            timeout: DEFAULT_TIMEOUT,
            on_progress: None,
            #[cfg(feature = "webhook")]
            deliveries: None,
            #[cfg(feature = "webhook")]
            delivery_timeout: DELIVERY_TIMEOUT,
        }
    }
}

impl<'a, C: Clone> WaitForJob<'a, C> {
    /// Sets the maximum time to wait, deliveries included. Default: one hour.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Calls `report` after every poll of a batch.
    pub fn on_progress(mut self, report: impl FnMut(BatchProgress) + Send + 'a) -> Self {
        self.on_progress = Some(Box::new(report));
        self
    }

    /// Adds the images that arrive by webhook to the rows whose URLs the service omits from its responses. After the
    /// job has ended, waits for missing images, for a minute unless [`deliveries_within`](Self::deliveries_within) sets
    /// another time.
    ///
    /// A delivery does not name its batch: it belongs to the row with the same template and values. An image that is
    /// not delivered in time is missing from its row; that is not an error.
    #[cfg(feature = "webhook")]
    pub fn with_inbox(mut self, inbox: &crate::webhooks::RenderInbox) -> Self {
        self.deliveries = Some(Deliveries::new(inbox, self.job));
        self
    }

    /// Sets the time to wait for deliveries after the job has ended. Default: one minute.
    #[cfg(feature = "webhook")]
    pub fn deliveries_within(mut self, timeout: Duration) -> Self {
        self.delivery_timeout = timeout;
        self
    }

    /// Returns one poll call for every part that is in progress.
    fn calls(&self, deadline: Deadline) -> Result<Vec<(usize, Call<GetBatchResults, C>)>> {
        if self.job.is_unstarted() {
            return Err(Error::new(ErrorKind::Conflict, "batch job: not all of it is started; start it first"));
        }
        let call = |(part, batch_id)| {
            let mut call = Call::new(self.client.clone(), GetBatchResults::of(batch_id));
            call.options.deadline = Some(deadline);
            (part, call)
        };
        Ok(self.job.under_way().into_iter().map(call).collect())
    }

    fn note(&mut self, part: usize, batch: Batch) {
        self.job.note(part, batch);
        if let Some(report) = &mut self.on_progress {
            report(self.job.progress());
        }
        #[cfg(feature = "webhook")]
        if let Some(deliveries) = &mut self.deliveries {
            deliveries.take(self.job);
        }
    }

    /// Returns the delay before poll number `poll`, if it ends before the deadline.
    fn delay(&self, poll: i32, deadline: Deadline, clock: &dyn Clock) -> Result<Duration> {
        let delay = POLL_DELAYS.0.mul_f64(1.5_f64.powi(poll.min(10))).min(POLL_DELAYS.1);
        if delay < deadline.left(clock) {
            return Ok(delay);
        }
        let BatchProgress { total, completed, failed, .. } = self.job.progress();
        let text = format!(
            "batch job: after {} {completed} of {total} rows are rendered, {failed} have failed",
            seconds(self.timeout)
        );
        Err(Error::new(ErrorKind::Timeout, text).with_outcome(false, true))
    }
}

impl WaitForJob<'_, Client> {
    /// Waits for the job to end, and returns its rows.
    ///
    /// # Errors
    /// As [`BatchJob::wait`].
    pub async fn send(mut self) -> Result<Vec<BatchRow>> {
        let clock = self.client.clock();
        let deadline = self.client.deadline(self.timeout);
        for poll in 0.. {
            for (part, call) in self.calls(deadline)? {
                let batch = call.send().await?;
                self.note(part, batch);
            }
            if self.job.has_ended() {
                break;
            }
            clock.sleep(self.delay(poll, deadline, &*clock)?).await;
        }
        #[cfg(feature = "webhook")]
        if let Some(deliveries) = &mut self.deliveries {
            let deadline = Deadline::after(self.delivery_timeout.min(deadline.left(&*clock)), &*clock);
            while let Some(more) = deliveries.take_or_wait(self.job, deadline, &clock) {
                more.await?;
            }
        }
        Ok(self.job.rows())
    }
}

#[cfg(feature = "blocking")]
impl WaitForJob<'_, crate::blocking::Client> {
    /// Waits for the job to end, and returns its rows.
    ///
    /// # Errors
    /// As [`BatchJob::wait`].
    pub fn send(mut self) -> Result<Vec<BatchRow>> {
        let clock = self.client.inner.clock();
        let deadline = self.client.deadline(self.timeout);
        for poll in 0.. {
            for (part, call) in self.calls(deadline)? {
                let batch = call.send()?;
                self.note(part, batch);
            }
            if self.job.has_ended() {
                break;
            }
            let delay = self.delay(poll, deadline, &*clock)?;
            let clock = clock.clone();
            self.client.wait(async move {
                clock.sleep(delay).await;
                Ok(())
            })?;
        }
        #[cfg(feature = "webhook")]
        if let Some(deliveries) = &mut self.deliveries {
            let deadline = Deadline::after(self.delivery_timeout.min(deadline.left(&*clock)), &*clock);
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
