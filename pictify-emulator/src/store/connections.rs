//! Connections to the database: one that writes, and some that read meanwhile.

use super::Result;
use rusqlite::{Connection, OpenFlags};
use std::{
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Number of connections that only read.
const READERS: usize = 4;

/// Number of prepared statements that a connection keeps.
const CACHED_STATEMENTS: usize = 64;

/// Connections to one database. Writing to the disk takes a long time, and readers do not wait for it.
#[derive(Debug)]
pub(super) struct Connections {
    writer: Mutex<Connection>,
    /// Connections that only read; none for a database in memory, which belongs to its single connection.
    readers: Vec<Mutex<Connection>>,
    /// Number of reads that waited for a connection.
    waits: AtomicUsize,
}

impl Connections {
    /// Uses one connection for everything.
    pub(super) fn single(connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        Self { writer: Mutex::new(connection), readers: Vec::new(), waits: AtomicUsize::new(0) }
    }

    /// Adds connections that read the database in a file.
    pub(super) fn with_readers(mut self, file: &Path) -> Result<Self> {
        for _ in 0..READERS {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let reader = Connection::open_with_flags(file, flags)?;
            reader.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
            self.readers.push(Mutex::new(reader));
        }
        Ok(self)
    }

    /// Locks the connection that writes.
    pub(super) fn write(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks a connection that reads.
    pub(super) fn read(&self) -> MutexGuard<'_, Connection> {
        if self.readers.is_empty() {
            return self.write();
        }
        for reader in &self.readers {
            match reader.try_lock() {
                Ok(reader) => return reader,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let next = self.waits.fetch_add(1, Ordering::Relaxed) % self.readers.len();
        self.readers[next].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
