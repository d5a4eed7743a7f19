//! Storage of rendered files: in the data folder, or in memory, where new files evict the oldest.

use super::{Result, Store};
use bytes::Bytes;
use rusqlite::{OptionalExtension, params};
use std::io::{ErrorKind, Write};

/// Maximum size of all files in memory, in bytes.
const MAX_MEMORY_BYTES: i64 = 512 * 1024 * 1024;

/// Stored file.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: String,
}

impl Store {
    /// Stores a file. The server generates the name, so it contains no slashes.
    pub(crate) fn put_file(&self, name: &str, content_type: &str, bytes: &[u8]) -> Result<()> {
        let in_table = match &self.folder {
            None => Some(bytes),
            Some(folder) => {
                // Write the file before its row: a row promises that the file exists.
                let mut file = folder.create_file(name)?;
                file.write_all(bytes)?;
                file.sync_all()?;
                folder.sync_names()?;
                None
            }
        };
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let connection = self.lock();
        let sql = "INSERT INTO files (name, content_type, size, bytes) VALUES (?, ?, ?, ?)";
        connection.prepare_cached(sql)?.execute(params![name, content_type, size, in_table])?;
        if self.folder.is_none() {
            // The documents stay: the service, too, may delete a file before its record.
            let mut total: i64 = connection.query_row("SELECT sum(size) FROM files", [], |row| row.get(0))?;
            while total > MAX_MEMORY_BYTES {
                let sql = "DELETE FROM files WHERE id = (SELECT min(id) FROM files) AND name <> ? RETURNING size";
                let removed: Option<i64> = connection.query_row(sql, [name], |row| row.get(0)).optional()?;
                let Some(removed) = removed else { break };
                total -= removed;
            }
        }
        Ok(())
    }

    /// Returns the file with this name.
    pub(crate) fn file(&self, name: &str) -> Result<Option<StoredFile>> {
        let sql = "SELECT content_type, bytes FROM files WHERE name = ?";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let found: Option<(String, Option<Vec<u8>>)> =
            self.lock().prepare_cached(sql)?.query_row([name], row).optional()?;
        let Some((content_type, bytes)) = found else { return Ok(None) };
        let bytes = match (bytes, &self.folder) {
            (Some(bytes), _) => bytes,
            (None, Some(folder)) => match std::fs::read(folder.file(name)) {
                // Someone deleted the file to free disk space.
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                read => read?,
            },
            (None, None) => return Ok(None),
        };
        Ok(Some(StoredFile { bytes: bytes.into(), content_type }))
    }

    /// Deletes a file.
    pub(crate) fn remove_file(&self, name: &str) -> Result<()> {
        self.lock().prepare_cached("DELETE FROM files WHERE name = ?")?.execute([name])?;
        if let Some(folder) = &self.folder {
            // Without a row the file is unreachable; if it stays, it only wastes disk space.
            let _ = std::fs::remove_file(folder.file(name));
        }
        Ok(())
    }
}
