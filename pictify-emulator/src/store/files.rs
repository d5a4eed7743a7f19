//! Rendered files: in the folder, or in memory, where the oldest make room for new ones.

use super::{Result, Store};
use bytes::Bytes;
use rusqlite::{OptionalExtension, params};
use std::{
    fs::File,
    io::{ErrorKind, Write},
};

/// How many bytes of files are kept in memory.
const MAX_MEMORY_BYTES: i64 = 512 * 1024 * 1024;

/// A stored file.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: String,
}

impl Store {
    /// Keeps a file. Its name is ours: it has no slashes in it.
    pub(crate) fn put_file(&self, name: &str, content_type: &str, bytes: &[u8]) -> Result<()> {
        let in_table = match &self.folder {
            None => Some(bytes),
            Some(folder) => {
                // On the disk before its row is: a row promises the file.
                let mut file = File::create(folder.file(name))?;
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
            // The documents stay: on the service, too, a file may go before its record.
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

    /// The file with this name.
    pub(crate) fn file(&self, name: &str) -> Result<Option<StoredFile>> {
        let sql = "SELECT content_type, bytes FROM files WHERE name = ?";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let found: Option<(String, Option<Vec<u8>>)> =
            self.lock().prepare_cached(sql)?.query_row([name], row).optional()?;
        let Some((content_type, bytes)) = found else { return Ok(None) };
        let bytes = match (bytes, &self.folder) {
            (Some(bytes), _) => bytes,
            (None, Some(folder)) => match std::fs::read(folder.file(name)) {
                // Somebody has made room.
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                read => read?,
            },
            (None, None) => return Ok(None),
        };
        Ok(Some(StoredFile { bytes: bytes.into(), content_type }))
    }

    /// Forgets a file.
    pub(crate) fn remove_file(&self, name: &str) -> Result<()> {
        self.lock().prepare_cached("DELETE FROM files WHERE name = ?")?.execute([name])?;
        if let Some(folder) = &self.folder {
            // Without a row nobody finds it; one that stays is only lost room.
            let _ = std::fs::remove_file(folder.file(name));
        }
        Ok(())
    }
}
