//! Storage of rendered files: in the data folder, or in memory, where new files evict the oldest.

use super::{DocumentRow, Epoch, Result, Store, data_dir::DataDir, insert_rows, memory_files::MemoryFiles};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};
use std::{
    io::{ErrorKind, Write},
    sync::{Arc, Mutex, PoisonError},
};

/// Place of the contents of files. The table `files` has their names, types and sizes.
pub(super) enum FileContents {
    /// Shared by the stores of isolated API keys, so that their sum is limited.
    Memory(Arc<Mutex<MemoryFiles>>),
    Folder(DataDir),
}

/// File whose contents are stored and that has no row yet. It is removed again if it never gets one.
pub(crate) struct NewFile<'a> {
    store: &'a Store,
    name: String,
    content_type: &'a str,
    size: i64,
    is_stored: bool,
}

impl Drop for NewFile<'_> {
    fn drop(&mut self) {
        if !self.is_stored {
            self.store.contents.remove(&self.name);
        }
    }
}

/// Stored file.
#[derive(Clone)]
pub(crate) struct StoredFile {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: String,
}

/// Result of a search for a file.
#[derive(Clone)]
pub(crate) enum FoundFile {
    Stored(StoredFile),
    /// Only the contents are gone: they were removed to stay below the limit of memory, or from the data folder.
    Removed,
    Unknown,
}

impl FileContents {
    fn insert(&self, name: &str, bytes: Bytes) -> Result<()> {
        match self {
            Self::Memory(files) => lock(files).insert(name, bytes),
            Self::Folder(folder) => {
                let mut created = folder.create_file(name)?;
                created.write_all(&bytes)?;
                created.sync_all()?;
                folder.sync_names()?;
            }
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Result<Option<Bytes>> {
        match self {
            Self::Memory(files) => Ok(lock(files).get(name)),
            Self::Folder(folder) => match std::fs::read(folder.file(name)) {
                // Someone deleted the file to free disk space.
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                read => Ok(Some(read?.into())),
            },
        }
    }

    fn contains(&self, name: &str) -> bool {
        match self {
            Self::Memory(files) => lock(files).get(name).is_some(),
            Self::Folder(folder) => folder.file(name).exists(),
        }
    }

    pub(super) fn remove(&self, name: &str) {
        match self {
            Self::Memory(files) => lock(files).remove(name),
            Self::Folder(folder) => {
                // Without a row the file is unreachable; if it stays, it only wastes disk space.
                let _ = std::fs::remove_file(folder.file(name));
            }
        }
    }
}

fn lock(files: &Mutex<MemoryFiles>) -> std::sync::MutexGuard<'_, MemoryFiles> {
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// Stores the contents of a file, before its row: a row promises that the file exists. The server generates the name,
    /// so it contains no slashes.
    pub(crate) fn write_file<'a>(
        &'a self,
        name: &str,
        content_type: &'a str,
        bytes: impl Into<Bytes>,
    ) -> Result<NewFile<'a>> {
        let bytes = bytes.into();
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let file = NewFile { store: self, name: name.to_owned(), content_type, size, is_stored: false };
        self.contents.insert(name, bytes)?;
        Ok(file)
    }

    /// Stores a new file and the documents that belong to it, all or nothing. Fails if the data were reset or restored
    /// after `epoch`: the file belongs to a state that no longer exists.
    pub(crate) fn insert_with_file(
        &self,
        epoch: Epoch,
        mut file: NewFile<'_>,
        documents: &[DocumentRow<'_>],
    ) -> Result<()> {
        let mut connection = self.write();
        self.check_epoch(epoch)?;
        let together = connection.transaction()?;
        let sql = "INSERT INTO files (name, content_type, size) VALUES (?, ?, ?)";
        together.prepare_cached(sql)?.execute(params![file.name, file.content_type, file.size])?;
        insert_rows(&together, documents)?;
        together.commit()?;
        file.is_stored = true;
        for (kind, id, body) in documents {
            self.notify_inserted(kind, id, body);
        }
        Ok(())
    }

    /// Returns the file with this name.
    pub(crate) fn file(&self, name: &str) -> Result<Option<StoredFile>> {
        Ok(match self.find_file(name)? {
            FoundFile::Stored(file) => Some(file),
            FoundFile::Removed | FoundFile::Unknown => None,
        })
    }

    /// Searches for the file with this name.
    pub(crate) fn find_file(&self, name: &str) -> Result<FoundFile> {
        let Some(content_type) = content_type(&self.read(), name)? else { return Ok(FoundFile::Unknown) };
        let contents = self.contents.get(name)?;
        Ok(contents.map_or(FoundFile::Removed, |bytes| FoundFile::Stored(StoredFile { bytes, content_type })))
    }

    /// Returns true if the store knows a file with this name and no longer has its contents.
    pub(crate) fn is_file_removed(&self, name: &str) -> Result<bool> {
        Ok(self.has_file(name)? && !self.contents.contains(name))
    }

    /// Returns the size of all files, in bytes.
    pub(crate) fn file_bytes(&self) -> Result<u64> {
        if let FileContents::Memory(files) = &self.contents {
            return Ok(lock(files).bytes());
        }
        let sql = "SELECT coalesce(sum(size), 0) FROM files";
        let bytes: i64 = self.read().prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(u64::try_from(bytes).unwrap_or_default())
    }

    /// Returns true if the store knows a file with this name.
    pub(crate) fn has_file(&self, name: &str) -> Result<bool> {
        Ok(content_type(&self.read(), name)?.is_some())
    }

    /// Returns the limit of all files in memory, in bytes; none with a data folder.
    pub(crate) fn max_file_memory(&self) -> Option<u64> {
        match &self.contents {
            FileContents::Memory(files) => Some(lock(files).max_bytes()),
            FileContents::Folder(_) => None,
        }
    }

    /// Deletes a file. Its contents stay as long as a snapshot has it.
    pub(crate) fn remove_file(&self, name: &str) -> Result<()> {
        let connection = self.write();
        connection.prepare_cached("DELETE FROM files WHERE name = ?")?.execute([name])?;
        if !self.is_in_snapshot(name)? {
            self.contents.remove(name);
        }
        Ok(())
    }
}

/// Returns the content type of a file, if the store knows it.
fn content_type(connection: &Connection, name: &str) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT content_type FROM files WHERE name = ?")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}
