//! Sending a job's requests, each at most once.

use super::{BatchJob, BatchRenderTemplate};
use crate::{Call, Client, Error, ErrorKind, Result};
use std::{fmt, io};

/// Starting a job: [`BatchJob::start`].
#[must_use = "nothing is sent before send"]
pub struct StartJob<'a, C> {
    job: &'a mut BatchJob,
    client: C,
    journal: Option<Journal<'a>>,
}

type Journal<'a> = Box<dyn FnMut(&BatchJob) -> io::Result<()> + Send + 'a>;

impl BatchJob {
    /// Sends the requests that are not sent yet, one after the other. Bills the rows that they render.
    ///
    /// After an error the job knows what is started and what is not: mend the cause and start it again. A request whose
    /// outcome is unknown is not sent again; see [`outcome_unknown`](Self::outcome_unknown).
    ///
    /// # Errors
    /// Before anything is sent: [`Validation`](ErrorKind::Validation) when any of the requests is known to be wrong. Then
    /// the errors of [`Batches::create`](super::Batches::create), and [`Io`](ErrorKind::Io) when the journal fails.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// # let rows = [serde_json::json!({"title": "Post 1"})];
    /// let mut job = client.batches().create("XK4P2M9QZT", rows)?.into_job();
    /// job.start(&client).checkpoint(|job| std::fs::write("job.json", serde_json::to_vec(job)?)).await?;
    /// # Ok(()) }
    /// ```
    pub fn start<C: Clone>(&mut self, client: &C) -> StartJob<'_, C> {
        StartJob { job: self, client: client.clone(), journal: None }
    }
}

impl<'a, C> StartJob<'a, C> {
    /// Stores the job before and after each request, so that not even a crash in between makes a row billed twice. When
    /// it fails, nothing more is sent.
    pub fn checkpoint(mut self, store: impl FnMut(&BatchJob) -> io::Result<()> + Send + 'a) -> Self {
        self.journal = Some(Box::new(store));
        self
    }

    fn store(&mut self) -> Result<()> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        journal(self.job).map_err(|error| {
            Error::new(ErrorKind::Io, format!("batch job: the journal cannot be written: {error}")).with_source(error)
        })
    }

    fn next(&mut self) -> Result<Option<(usize, Call<BatchRenderTemplate, C>)>>
    where
        C: Clone,
    {
        let Some((part, operation, key)) = self.job.next_to_send()? else { return Ok(None) };
        if let Err(error) = self.store() {
            // It was not sent after all.
            return self.job.note_sent(part, Err(error)).map(|()| None);
        }
        let mut call = Call::new(self.client.clone(), operation);
        call.options.idempotency_key = Some(key);
        Ok(Some((part, call)))
    }
}

impl StartJob<'_, Client> {
    /// Sends them.
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
    /// Sends them.
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
