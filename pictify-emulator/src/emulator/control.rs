//! Methods of a running server for tests: clock, requests, faults, deliveries, ledger.

use super::Emulator;
use crate::{
    clock::{OutOfRange, to_system_time},
    faults::Fault,
    requests::{RecordedRequest, RequestFilter},
    seed,
    store::StoreError,
};
use jiff::Timestamp;
use std::{
    fmt,
    path::Path,
    time::{Duration, SystemTime},
};

/// Time that [`Emulator::wait_for_request`] waits.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);

/// Reason why a test cannot do something with a server.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ControlError {
    /// The clock cannot show the time.
    Time {
        /// Reason.
        reason: String,
    },
    /// The fault could never occur as described.
    Fault {
        /// Reason.
        reason: String,
    },
    /// The contract has no such operation, so no request would ever match.
    UnknownOperation {
        /// ID of the operation.
        operation: String,
    },
    /// Too few requests matched in time.
    NoMatch {
        /// Number of requests that matched.
        matched: usize,
        /// Number of requests to wait for.
        expected: usize,
        /// Time that was waited.
        timeout: Duration,
        /// Requests that were received, oldest first.
        received: Vec<RecordedRequest>,
    },
    /// The templates cannot be used.
    Seed {
        /// File or template, and reason.
        reason: String,
    },
    /// The store failed.
    Store {
        /// Reason.
        reason: String,
    },
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time { reason } | Self::Fault { reason } | Self::Seed { reason } => f.write_str(reason),
            Self::UnknownOperation { operation } => write!(f, "the contract has no operation {operation}"),
            Self::NoMatch { matched, expected, timeout, received } => {
                write!(f, "{matched} of {expected} requests matched within {timeout:?}")?;
                let mut separator = "; received instead: ";
                for RecordedRequest { method, path, status, .. } in received {
                    let status = status.map_or("without a response".to_owned(), |status| status.to_string());
                    write!(f, "{separator}{method} {path} {status}")?;
                    separator = ", ";
                }
                Ok(())
            }
            Self::Store { reason } => write!(f, "the store failed: {reason}"),
        }
    }
}

impl std::error::Error for ControlError {}

impl From<OutOfRange> for ControlError {
    fn from(error: OutOfRange) -> Self {
        Self::Time { reason: error.to_string() }
    }
}

impl From<StoreError> for ControlError {
    fn from(error: StoreError) -> Self {
        Self::Store { reason: error.to_string() }
    }
}

/// The clock decides about the age of the data of bindings, the schedules of experiments, the retries of webhooks, the
/// month of the quota, and rate limits.
impl Emulator {
    /// Returns the time of the server.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        to_system_time(self.state.clock.now())
    }

    /// Stops the clock at a time.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::{Duration, SystemTime};
    ///
    /// let emulator = pictify_emulator::Emulator::start().await?;
    /// let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_785_585_600); // 1 August 2026
    /// emulator.freeze(noon)?;
    /// assert_eq!(emulator.now(), noon);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the time is not in the years 1970 to 8999.
    pub fn freeze(&self, at: SystemTime) -> Result<(), ControlError> {
        let at = Timestamp::try_from(at).map_err(|_| OutOfRange)?;
        Ok(self.state.clock.freeze(at)?)
    }

    /// Moves the clock forward. What becomes due, such as the retry of a webhook, happens at once.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// let emulator = pictify_emulator::Emulator::start().await?;
    /// let started = emulator.now();
    /// emulator.advance(Duration::from_secs(3600))?;
    /// assert!(emulator.now() >= started + Duration::from_secs(3600));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the new time is after the year 8999.
    pub fn advance(&self, by: Duration) -> Result<(), ControlError> {
        Ok(self.state.clock.advance(by)?)
    }

    /// Lets the clock show the time of the machine again.
    pub fn resume_clock(&self) {
        self.state.clock.resume();
    }
}

/// Requests are recorded without API keys and other secrets: the last 1,000, up to 32 MiB.
impl Emulator {
    /// Returns the recorded requests that match, oldest first.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use pictify_emulator::{Emulator, RequestFilter};
    ///
    /// let emulator = Emulator::start().await?;
    /// // Let the code under test send its requests to `emulator.url()`.
    /// let renders = emulator.requests(&RequestFilter::default().operation("createImage"))?;
    /// assert!(renders.iter().all(|request| request.status == Some(200)));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ControlError::UnknownOperation`] if the contract does not have the operation of the filter.
    pub fn requests(&self, filter: &RequestFilter) -> Result<Vec<RecordedRequest>, ControlError> {
        check_operation(filter)?;
        let found = self.state.requests.latest(filter, usize::MAX);
        Ok(found.iter().rev().map(|request| request.to_recorded()).collect())
    }

    /// Waits until a request matches, at most 5 seconds, and returns the first that does. Requests that were recorded
    /// before count too.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use pictify_emulator::{Emulator, RequestFilter};
    /// # use tokio::io::AsyncWriteExt;
    ///
    /// let emulator = Emulator::start().await?;
    /// # let mut client = tokio::net::TcpStream::connect(emulator.url().strip_prefix("http://").unwrap()).await?;
    /// # client.write_all(b"GET /image HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\n\r\n").await?;
    /// // The code under test lists images.
    /// let request = emulator.wait_for_request(&RequestFilter::default().operation("listImages")).await?;
    /// assert_eq!(request.path, "/image");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If no request matches in time. The error has the requests that were received instead.
    pub async fn wait_for_request(&self, filter: &RequestFilter) -> Result<RecordedRequest, ControlError> {
        let mut found = self.wait_for_requests(filter, 1, WAIT_TIMEOUT).await?;
        Ok(found.swap_remove(0))
    }

    /// Waits until so many requests match, and returns all that do, oldest first.
    ///
    /// # Errors
    /// If too few requests match in time. The error has the requests that were received instead.
    pub async fn wait_for_requests(
        &self,
        filter: &RequestFilter,
        count: usize,
        timeout: Duration,
    ) -> Result<Vec<RecordedRequest>, ControlError> {
        check_operation(filter)?;
        let requests = &self.state.requests;
        match tokio::time::timeout(timeout, requests.wait(filter, count)).await {
            Ok(found) => Ok(found.iter().map(|request| request.to_recorded()).collect()),
            Err(_) => Err(ControlError::NoMatch {
                matched: requests.count(filter),
                expected: count,
                timeout,
                received: requests.received_instead(filter).iter().rev().map(|request| request.to_recorded()).collect(),
            }),
        }
    }

    /// Removes the recorded requests.
    pub fn clear_requests(&self) {
        self.state.requests.clear();
    }

    /// Applies a fault to the next `count` requests that match it, before all other faults.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use pictify_emulator::{Emulator, Fault};
    ///
    /// let emulator = Emulator::start().await?;
    /// // The next two images fail with a retryable error, and the third succeeds.
    /// let busy = Fault::status(503).body(serde_json::json!({"error": "busy", "retriable": true}));
    /// emulator.fail_next(busy.for_operation("createImage"), 2)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the fault could never occur as described.
    pub fn fail_next(&self, fault: Fault, count: u64) -> Result<(), ControlError> {
        self.state.faults.fail_next(fault, count).map_err(|reason| ControlError::Fault { reason })
    }
}

/// Templates to start with.
impl Emulator {
    /// Stores the templates of a folder, and returns their IDs. [`EmulatorBuilder::seed`](super::EmulatorBuilder::seed)
    /// describes the folder.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// let emulator = pictify_emulator::Emulator::start().await?;
    /// let card = folder.join("card");
    /// std::fs::create_dir(&card)?;
    /// std::fs::write(card.join("template.json"), r#"{"name": "Card", "width": 1200, "height": 630}"#)?;
    /// std::fs::write(card.join("index.html"), "<h1>{{title}}</h1>")?;
    /// assert_eq!(emulator.seed(folder)?, ["card"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If a file cannot be read, or a template is invalid. Then none is stored.
    pub fn seed(&self, folder: impl AsRef<Path>) -> Result<Vec<String>, ControlError> {
        let templates =
            seed::read_folder(folder.as_ref()).map_err(|error| ControlError::Seed { reason: error.to_string() })?;
        let stored = seed::store(&self.state, templates);
        let stored = stored.map_err(|error| ControlError::Seed { reason: error.message() })?;
        Ok(stored.into_iter().map(|template| template.uid).collect())
    }
}

/// Rejects a filter for an operation that the contract does not have: nothing would ever match.
fn check_operation(filter: &RequestFilter) -> Result<(), ControlError> {
    match filter.unknown_operation() {
        Some(operation) => Err(ControlError::UnknownOperation { operation: operation.to_owned() }),
        None => Ok(()),
    }
}
