//! Pool of worker processes. A process is started when it is first needed, and then kept for the next jobs.
//!
//! # Slow jobs
//! A job that takes longer than [`SLOW_AFTER`] is slow. Slow jobs may use all places but one, so that quick jobs always find
//! a free one. A job that becomes slow when those places are taken is stopped, waits for one, and starts again.

use super::{
    Job, RenderError,
    pool::RenderLimits,
    process::{WorkerCommand, WorkerProcess},
    wire::{self, Response},
};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout, timeout_at},
};

/// Time after which a job is slow. The engine needs 30 ms for a usual page, and ten times as long without optimization.
const SLOW_AFTER: Duration = Duration::from_secs(if cfg!(debug_assertions) { 5 } else { 1 });

/// Maximum number of jobs that one process runs. A new process does not have the memory that the old one lost.
const MAX_JOBS_PER_PROCESS: u32 = 500;

/// Worker processes and their places.
pub(super) struct ProcessPool {
    command: WorkerCommand,
    limits: RenderLimits,
    /// Processes that wait for a job.
    idle: Mutex<Vec<WorkerProcess>>,
    /// Places, one for each running process.
    places: Semaphore,
    /// Number of places.
    size: usize,
    /// Places for slow jobs: a slow job has one of each.
    slow_places: Semaphore,
}

impl ProcessPool {
    /// Creates a pool that runs `processes` jobs concurrently, plus one quick job if all of them are slow.
    pub(super) fn new(command: WorkerCommand, limits: RenderLimits, processes: usize) -> Self {
        Self {
            command,
            limits,
            idle: Mutex::default(),
            places: Semaphore::new(processes + 1),
            size: processes + 1,
            slow_places: Semaphore::new(processes.max(1)),
        }
    }

    /// Runs a job in a worker process.
    pub(super) async fn run<J: Job>(&self, job: &J) -> Result<J::Output, RenderError> {
        let request = wire::encode_request(job).map_err(failed)?;
        let limit = self.limits.timeout.min(J::TIMEOUT);
        let response = match self.run_quick(&request, limit).await? {
            Some(response) => response,
            None => self.run_slow(&request, limit).await?,
        };
        match wire::decode::<Response<J::Output>>(&response).map_err(failed)? {
            Ok(output) => Ok(output),
            Err(panic) => {
                tracing::warn!(job = J::NAME, %panic, "a job of a worker process panicked");
                Err(RenderError::Failed("the engine cannot handle this page".to_owned()))
            }
        }
    }

    /// Returns the number of jobs in progress.
    pub(super) fn in_progress(&self) -> usize {
        self.size.saturating_sub(self.places.available_permits())
    }

    /// Stops the idle processes.
    pub(super) fn shutdown(&self) {
        self.lock_idle().clear();
    }

    /// Runs a job. Returns `None` if it became slow and there was no place for it.
    async fn run_quick(&self, request: &[u8], limit: Duration) -> Result<Option<Vec<u8>>, RenderError> {
        let _place = self.acquire(&self.places).await?;
        let (mut call, started) = (Box::pin(self.call(request)), Instant::now());
        if let Ok(result) = timeout(SLOW_AFTER.min(limit), &mut call).await {
            let (process, response) = result?;
            self.put_back(process);
            return Ok(Some(response));
        }
        if limit <= SLOW_AFTER {
            return Err(RenderError::TimedOut);
        }
        let Ok(_slow_place) = self.slow_places.try_acquire() else { return Ok(None) };
        // A slow job may have used much memory, so its process is not used again.
        let (_, response) = timeout_at(started + limit, call).await.map_err(|_| RenderError::TimedOut)??;
        Ok(Some(response))
    }

    async fn run_slow(&self, request: &[u8], limit: Duration) -> Result<Vec<u8>, RenderError> {
        let _slow_place = self.acquire(&self.slow_places).await?;
        let _place = self.acquire(&self.places).await?;
        let (_, response) = timeout(limit, self.call(request)).await.map_err(|_| RenderError::TimedOut)??;
        Ok(response)
    }

    /// Sends a request to a process, and returns the process with the response. Dropping the future kills the process.
    async fn call(&self, request: &[u8]) -> Result<(WorkerProcess, Vec<u8>), RenderError> {
        let mut process = self.take_process()?;
        let was_used = process.jobs > 0;
        let mut result = process.call(request).await;
        // The reason may be an earlier job, or that something killed the idle process.
        if result.is_err() && was_used {
            process = self.start_process()?;
            result = process.call(request).await;
        }
        Ok((process, result?))
    }

    async fn acquire<'a>(&self, places: &'a Semaphore) -> Result<SemaphorePermit<'a>, RenderError> {
        let place = timeout(self.limits.timeout, places.acquire()).await;
        place.map_err(|_| RenderError::Overloaded)?.map_err(|_| RenderError::Overloaded)
    }

    /// Returns an idle process, or a new one.
    fn take_process(&self) -> Result<WorkerProcess, RenderError> {
        loop {
            let idle = self.lock_idle().pop();
            let Some(mut process) = idle else {
                return self.start_process();
            };
            if process.is_running() {
                return Ok(process);
            }
        }
    }

    fn start_process(&self) -> Result<WorkerProcess, RenderError> {
        WorkerProcess::start(&self.command, self.limits.memory_megabytes)
    }

    fn put_back(&self, process: WorkerProcess) {
        if process.jobs < MAX_JOBS_PER_PROCESS {
            self.lock_idle().push(process);
        }
    }

    fn lock_idle(&self) -> std::sync::MutexGuard<'_, Vec<WorkerProcess>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(error: impl std::fmt::Display) -> RenderError {
    RenderError::Failed(error.to_string())
}
