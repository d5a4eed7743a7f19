//! Reset and snapshots of a running server.

use super::Emulator;
use crate::snapshots::{self, SnapshotError};

impl Emulator {
    /// Returns the server to the state after its start. All data are deleted: templates, renders and their files, the
    /// ledger and so on, and the recorded requests. The clock shows the time of the machine, and the faults are those of
    /// the start. Snapshots stay. Renders in progress fail and are not billed.
    ///
    /// # Errors
    /// If the data cannot be written.
    pub fn reset(&self) -> Result<(), SnapshotError> {
        snapshots::reset(&self.state)?;
        self.state.requests.clear();
        self.state.faults.reset();
        self.state.clock.resume();
        Ok(())
    }

    /// Stores a snapshot of all data under a name, for [`restore`](Self::restore). An older snapshot with this name is
    /// replaced. With a data folder, snapshots survive a restart.
    ///
    /// # Errors
    /// If the name is invalid, if there are too many snapshots, or if the data cannot be read or written.
    ///
    /// ```
    /// # tokio_test(async {
    /// use pictify_emulator::Emulator;
    ///
    /// let emulator = Emulator::builder().demo(true).start().await.unwrap();
    /// emulator.snapshot("only-the-demo").unwrap();
    /// // Tests change the data, and begin with the same state.
    /// emulator.restore("only-the-demo").unwrap();
    /// # });
    /// # fn tokio_test(test: impl Future<Output = ()>) {
    /// #     tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(test);
    /// # }
    /// ```
    pub fn snapshot(&self, name: &str) -> Result<(), SnapshotError> {
        snapshots::take(&self.state, name)
    }

    /// Replaces all data by those of a snapshot. Its unfinished batches and deliveries continue; renders in progress fail
    /// and are not billed.
    ///
    /// # Errors
    /// If there is no such snapshot, or if the data cannot be read or written.
    pub fn restore(&self, name: &str) -> Result<(), SnapshotError> {
        snapshots::restore(&self.state, name)
    }

    /// Returns the names of all snapshots, in alphabetical order.
    #[must_use]
    pub fn snapshots(&self) -> Vec<String> {
        snapshots::names(&self.state)
    }

    /// Deletes a snapshot.
    ///
    /// # Errors
    /// If there is no such snapshot, or if the data cannot be written.
    pub fn remove_snapshot(&self, name: &str) -> Result<(), SnapshotError> {
        snapshots::remove(&self.state, name)
    }
}
