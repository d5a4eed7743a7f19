//! Storage of documents and files in `SQLite`.
//!
//! Documents are JSON objects, stored by kind and ID, so a new resource of the API needs no new table. Everything is
//! written before the response is sent; with a data folder, it is on the disk by then.
//!
//! `lists.rs` lists documents by the indexes in `indexes.rs`, in about the same time however many there are. `files.rs`
//! stores rendered files, and `snapshots.rs` copies of everything.

mod connections;
mod data_dir;
mod document;
mod files;
mod filter;
mod indexes;
mod list_entries;
mod lists;
mod memory_files;
mod migrations;
mod observer;
mod search;
mod snapshots;
#[cfg(test)]
mod test_support;

pub(crate) use document::{Document, from_json, to_json};
pub(crate) use files::{FoundFile, StoredFile};
pub(crate) use filter::{Filter, Order};
pub(crate) use memory_files::DEFAULT_MAX_FILE_MEMORY;
pub(crate) use observer::Change;
pub(crate) use snapshots::{Epoch, InvalidSnapshotName, MAX_SNAPSHOTS, SnapshotName};

use connections::Connections;
use data_dir::DataDir;
use files::FileContents;
use memory_files::MemoryFiles;
use observer::Observer;
use rusqlite::{Connection, OptionalExtension, Row, params};
pub(crate) use search::Search;
use serde_json::Value;
use snapshots::Snapshots;
use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, atomic::AtomicU64},
};

/// File name of the database in the data folder.
const DATABASE: &str = "pictify.sqlite";

/// Name of the folder for snapshots in the data folder.
const SNAPSHOTS: &str = "snapshots";

/// Store of documents and files.
pub(crate) struct Store {
    connections: Connections,
    contents: FileContents,
    snapshots: Mutex<Snapshots>,
    epoch: AtomicU64,
    observer: Observer,
}

/// Document to insert: its kind, its ID and its body.
pub(crate) type DocumentRow<'a> = (&'a str, &'a str, &'a Value);

/// Failure of the store: the disk, or a database that this version cannot read.
#[derive(Debug)]
pub(crate) struct StoreError(String);

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

type Result<T> = std::result::Result<T, StoreError>;

impl Store {
    /// Creates a store in memory; it is lost when the server stops. Files take at most `max_file_memory` bytes.
    pub(crate) fn in_memory(max_file_memory: u64) -> Result<Self> {
        let contents = FileContents::Memory(Arc::new(Mutex::new(MemoryFiles::new(max_file_memory))));
        Self::empty(contents)
    }

    /// Creates an empty store in memory. It shares the limit of files with this one, if this one is in memory, too.
    pub(crate) fn sibling(&self) -> Result<Self> {
        match &self.contents {
            FileContents::Memory(files) => Self::empty(FileContents::Memory(files.clone())),
            FileContents::Folder(_) => Self::in_memory(DEFAULT_MAX_FILE_MEMORY),
        }
    }

    fn empty(contents: FileContents) -> Result<Self> {
        let connections = Connections::single(prepare(Connection::open_in_memory()?)?);
        Ok(Self::new(connections, contents, Snapshots::in_memory()))
    }

    /// Opens the store in a folder, which is created if needed.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self> {
        let folder = DataDir::lock(folder)?;
        let database = folder.path().join(DATABASE);
        let connection = Connection::open(&database)?;
        // Written data survive a killed process and a power failure.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let connections = Connections::single(prepare(connection)?).with_readers(&database)?;
        let snapshots = Snapshots::in_folder(folder.path().join(SNAPSHOTS))?;
        Ok(Self::new(connections, FileContents::Folder(folder), snapshots))
    }

    fn new(connections: Connections, contents: FileContents, snapshots: Snapshots) -> Self {
        Self {
            connections,
            contents,
            snapshots: Mutex::new(snapshots),
            epoch: AtomicU64::new(0),
            observer: Observer::default(),
        }
    }

    /// Returns the last run that used the data folder, if it did not end properly.
    pub(crate) fn unfinished_run(&self) -> Option<&str> {
        match &self.contents {
            FileContents::Folder(folder) => folder.unfinished_run(),
            FileContents::Memory(_) => None,
        }
    }

    /// Releases the data folder for another server.
    pub(crate) fn unlock(&self) {
        if let FileContents::Folder(folder) = &self.contents {
            folder.unlock();
        }
    }

    /// Inserts a document. Returns false if its ID is taken.
    pub(crate) fn insert(&self, kind: &str, uid: &str, body: &Value) -> Result<bool> {
        let mut connection = self.write();
        let together = connection.transaction()?;
        let is_new = insert_row(&together, &(kind, uid, body))?;
        together.commit()?;
        if is_new {
            self.notify_inserted(kind, uid, body);
        }
        Ok(is_new)
    }

    /// Returns the document with this ID.
    pub(crate) fn get(&self, kind: &str, uid: &str) -> Result<Option<Value>> {
        let connection = self.read();
        let mut statement = connection.prepare_cached("SELECT body FROM documents WHERE kind = ? AND uid = ?")?;
        Ok(statement.query_row(params![kind, uid], |row| read_body(row, 0)).optional()?)
    }

    /// Updates the document with this ID atomically and returns the result of `change`; `None` if there is no such
    /// document. If `change` returns an error, nothing is written.
    pub(crate) fn update<T, E: From<StoreError>>(
        &self,
        kind: &str,
        uid: &str,
        change: impl FnOnce(&mut Value) -> std::result::Result<T, E>,
    ) -> std::result::Result<Option<T>, E> {
        let mut connection = self.write();
        let together = connection.transaction().map_err(StoreError::from)?;
        let Some((id, before)) = find(&together, kind, uid)? else { return Ok(None) };
        let mut after = before.clone();
        let result = change(&mut after)?;
        if after != before {
            let write = || -> Result<()> {
                let sql = "UPDATE documents SET body = ? WHERE id = ?";
                together.prepare_cached(sql)?.execute(params![after.to_string(), id])?;
                list_entries::index(&together, kind, id, Some(&before), Some(&after))
            };
            write()?;
            together.commit().map_err(StoreError::from)?;
            self.notify_changed(kind, uid, "updated");
        }
        Ok(Some(result))
    }

    /// Deletes a document. Returns false if there was none.
    pub(crate) fn remove(&self, kind: &str, uid: &str) -> Result<bool> {
        let mut connection = self.write();
        let together = connection.transaction()?;
        let Some((id, before)) = find(&together, kind, uid)? else { return Ok(false) };
        together.prepare_cached("DELETE FROM documents WHERE id = ?")?.execute([id])?;
        list_entries::index(&together, kind, id, Some(&before), None)?;
        together.commit()?;
        self.notify_changed(kind, uid, "deleted");
        Ok(true)
    }

    /// Locks the connection that writes.
    fn write(&self) -> MutexGuard<'_, Connection> {
        self.connections.write()
    }

    /// Locks a connection that reads. In memory it is the one that writes, so do not lock both.
    fn read(&self) -> MutexGuard<'_, Connection> {
        self.connections.read()
    }
}

/// Migrates a database, and indexes its documents if needed.
fn prepare(mut connection: Connection) -> Result<Connection> {
    migrations::run(&mut connection)?;
    list_entries::rebuild_if_outdated(&mut connection)?;
    Ok(connection)
}

/// Inserts a document and indexes it. Returns false if its ID is taken.
fn insert_row(connection: &Connection, (kind, uid, body): &DocumentRow<'_>) -> Result<bool> {
    let sql = "INSERT INTO documents (kind, uid, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    if connection.prepare_cached(sql)?.execute(params![kind, uid, body.to_string()])? == 0 {
        return Ok(false);
    }
    list_entries::index(connection, kind, connection.last_insert_rowid(), None, Some(body))?;
    Ok(true)
}

/// Inserts documents, all of which must be new.
fn insert_rows(connection: &Connection, documents: &[DocumentRow<'_>]) -> Result<()> {
    for document in documents {
        if !insert_row(connection, document)? {
            return Err(StoreError(format!("a document {} with this ID exists", document.0)));
        }
    }
    Ok(())
}

/// Returns the row ID and the body of a document.
fn find(connection: &Connection, kind: &str, uid: &str) -> Result<Option<(i64, Value)>> {
    let mut statement = connection.prepare_cached("SELECT id, body FROM documents WHERE kind = ? AND uid = ?")?;
    Ok(statement.query_row(params![kind, uid], |row| Ok((row.get(0)?, read_body(row, 1)?))).optional()?)
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

fn read_body(row: &Row<'_>, column: usize) -> rusqlite::Result<Value> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_can_be_inserted_found_updated_and_removed() {
        let store = Store::in_memory(DEFAULT_MAX_FILE_MEMORY).unwrap();
        for (uid, name, live) in [("A", "b", true), ("B", "A", false), ("C", "c", true)] {
            assert!(store.insert("template", uid, &json!({"uid": uid, "name": name, "live": live})).unwrap());
        }
        assert!(!store.insert("template", "A", &json!({})).unwrap(), "an ID is unique");
        assert!(store.insert("binding", "A", &json!({"uid": "other"})).unwrap(), "within its kind");
        let uids = |filter: Filter, order, offset, limit| {
            let (page, total) = store.page("template", &filter, order, offset, limit).unwrap();
            (page.iter().map(|body| body["uid"].as_str().unwrap().to_owned()).collect::<String>(), total)
        };
        for (filter, order, offset, limit, found) in [
            (Filter::default(), Order::Newest, 0, 2, ("CB", 3)),
            (Filter::default(), Order::Newest, 2, 2, ("A", 3)),
            (Filter::default(), Order::Oldest, 0, 9, ("ABC", 3)),
            (Filter::default(), Order::Name, 0, 9, ("BAC", 3)),
            (Filter::default().eq("$.name", Some("c' OR 1")), Order::Newest, 0, 9, ("", 0)),
            (Filter::default().eq("$.name", None).eq_bool("$.live", Some(true)), Order::Newest, 0, 9, ("CA", 2)),
        ] {
            assert_eq!(uids(filter, order, offset, limit), (found.0.to_owned(), found.1));
        }
        let renamed = store.update("template", "A", |body| {
            body["name"] = "z".into();
            Ok::<_, StoreError>(body["live"].clone())
        });
        assert_eq!(renamed.unwrap(), Some(json!(true)));
        let failed = store.update("template", "A", |body| {
            body["name"] = "never".into();
            Err::<(), _>(StoreError("no".to_owned()))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no");
        assert_eq!(store.get("template", "A").unwrap().unwrap()["name"], "z");
        assert!(store.remove("template", "A").unwrap());
        assert!(!store.remove("template", "A").unwrap());
        assert_eq!(store.get("template", "A").unwrap(), None);
    }

    #[test]
    fn a_data_folder_survives_a_killed_process() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(folder.path()).unwrap();
        store.insert("template", "A", &json!({"uid": "A"})).unwrap();
        let file = store.write_file("a.png", "image/png", &b"bytes"[..]).unwrap();
        store.insert_with_file(store.epoch(), file, &[]).unwrap();
        // Simulate a killed process: nothing is closed, and the operating system releases the lock.
        store.unlock();
        std::mem::forget(store);
        let store = Store::in_folder(folder.path()).unwrap();
        assert_eq!(store.get("template", "A").unwrap(), Some(json!({"uid": "A"})));
        let file = store.file("a.png").unwrap().unwrap();
        assert_eq!((&file.bytes[..], file.content_type.as_str()), (&b"bytes"[..], "image/png"));
        assert!(store.file("../pictify.sqlite").unwrap().is_none());
    }
}
