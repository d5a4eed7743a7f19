//! Start of a job: sends each request at most once.

use super::{BatchJob, BatchRenderTemplate};
use crate::{Call, Client, Error, ErrorKind, Result};
use std::{fmt, io};

/// Start of a job: [`BatchJob::start`].
#[must_use = "nothing is sent before send"]
pub struct StartJob<'a, C> {
    job: &'a mut BatchJob,
    client: C,
    checkpoint: Option<Checkpoint<'a>>,
}

type Checkpoint<'a> = Box<dyn FnMut(&BatchJob) -> io::Result<()> + Send + 'a>;

impl BatchJob {
    /// Sends the requests that are not sent yet, one after the other. Bills the rows that they render.
    ///
    /// After an error the job records which requests are started: fix the cause and start it again. A request whose
    /// outcome is unknown is not sent again; see [`outcome_unknown`](Self::outcome_unknown).
    ///
    /// # Errors
    /// [`Validation`](ErrorKind::Validation), before anything is sent, if any of the requests is invalid. Then the
    /// errors of [`Batches::create`](super::Batches::create), and [`Io`](ErrorKind::Io) if a checkpoint fails.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// # let rows = [serde_json::json!({"title": "Post 1"})];
    /// let mut job = client.batches().create("XK4P2M9QZT", rows).into_job();
    /// job.start(&client).checkpoint(|job| std::fs::write("job.json", serde_json::to_vec(job)?)).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn start<C: Clone>(&mut self, client: &C) -> StartJob<'_, C> {
        StartJob { job: self, client: client.clone(), checkpoint: None }
    }
}

impl<'a, C> StartJob<'a, C> {
    /// Stores the job before and after each request, so that no row is billed twice even if the process crashes in
    /// between. If `store` fails, no further request is sent.
    pub fn checkpoint(mut self, store: impl FnMut(&BatchJob) -> io::Result<()> + Send + 'a) -> Self {
        self.checkpoint = Some(Box::new(store));
        self
    }

    fn store(&mut self) -> Result<()> {
        let Some(checkpoint) = &mut self.checkpoint else { return Ok(()) };
        checkpoint(self.job).map_err(|error| {
            Error::new(ErrorKind::Io, format!("batch job: the checkpoint failed: {error}")).with_source(error)
        })
    }

    fn next(&mut self) -> Result<Option<(usize, Call<BatchRenderTemplate, C>)>>
    where
        C: Clone,
    {
        let Some((part, operation, key)) = self.job.next_to_send()? else { return Ok(None) };
        if let Err(error) = self.store() {
            // The request was not sent.
            return self.job.note_sent(part, Err(error)).map(|()| None);
        }
        let mut call = Call::new(self.client.clone(), operation);
        call.options.idempotency_key = Some(key);
        Ok(Some((part, call)))
    }
}

impl StartJob<'_, Client> {
    /// Sends the requests.
    ///
    /// # Errors
    /// As [`BatchJob::start`].
    pub async fn send(mut self) -> Result<()> {
        self.job.check()?;
        while let Some((part, call)) = self.next()? {
            let result = call.send().await;
            let noted = self.job.note_sent(part, result);
            let stored = self.store();
            noted.and(stored)?;
        }
        Ok(())
    }
}

#[cfg(feature = "blocking")]
impl StartJob<'_, crate::blocking::Client> {
    /// Sends the requests.
    ///
    /// # Errors
    /// As [`BatchJob::start`].
    pub fn send(mut self) -> Result<()> {
        self.job.check()?;
        while let Some((part, call)) = self.next()? {
            let result = call.send();
            let noted = self.job.note_sent(part, result);
            let stored = self.store();
            noted.and(stored)?;
        }
        Ok(())
    }
}

impl<C> fmt::Debug for StartJob<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartJob").field("progress", &self.job.progress()).finish_non_exhaustive()
    }
}
