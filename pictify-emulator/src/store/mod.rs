//! Storage of documents and files in `SQLite`.
//!
//! Documents are JSON objects, stored by kind and ID, so a new resource of the API needs no new table. Everything is
//! written before the response is sent; with a data folder, it is on the disk by then.

mod data_dir;
mod files;
mod migrations;
mod search;

use data_dir::DataDir;
pub(crate) use files::StoredFile;
pub(crate) use search::Search;

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value as Sql};
use serde_json::Value;
use std::{
    fmt,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// File name of the database in the data folder.
const DATABASE: &str = "pictify.sqlite";

/// Store of documents and files.
pub(crate) struct Store {
    connection: Mutex<Connection>,
    /// Data folder; none if everything is in memory.
    folder: Option<DataDir>,
}

/// Filter for documents: the value at each of these JSON paths (`$.a.b`) must be one of those beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter(Vec<(&'static str, Vec<Sql>)>);

impl Filter {
    /// Requires this value at the path. `None` adds no condition.
    pub(crate) fn eq(mut self, path: &'static str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.0.push((path, vec![Sql::Text(value.to_owned())]));
        }
        self
    }

    /// Requires one of these values at the path.
    pub(crate) fn any_of(mut self, path: &'static str, values: &[&str]) -> Self {
        self.0.push((path, values.iter().map(|value| Sql::Text((*value).to_owned())).collect()));
        self
    }

    /// Requires this boolean at the path. `None` adds no condition.
    pub(crate) fn eq_bool(mut self, path: &'static str, value: Option<bool>) -> Self {
        if let Some(value) = value {
            self.0.push((path, vec![Sql::Integer(value.into())]));
        }
        self
    }

    fn sql(&self) -> String {
        let condition = |(path, values): &(&str, Vec<Sql>)| match values.len() {
            // SQLite uses an index only for a comparison with one value.
            1 => format!(" AND json_extract(body, '{path}') = ?"),
            count => format!(" AND json_extract(body, '{path}') IN ({})", vec!["?"; count].join(", ")),
        };
        self.0.iter().map(condition).collect()
    }
}

/// Order of documents in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Newest,
    Oldest,
    Name,
}

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
    /// Creates a store in memory; it is lost when the server stops.
    pub(crate) fn in_memory() -> Result<Self> {
        Self::with(Connection::open_in_memory()?, None)
    }

    /// Opens the store in a folder, which is created if needed.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self> {
        let folder = DataDir::lock(folder)?;
        let connection = Connection::open(folder.path().join(DATABASE))?;
        // Written data survive a killed process and a power failure.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Self::with(connection, Some(folder))
    }

    fn with(mut connection: Connection, folder: Option<DataDir>) -> Result<Self> {
        migrations::run(&mut connection)?;
        Ok(Self { connection: Mutex::new(connection), folder })
    }

    /// Inserts a document. Returns false if its ID is taken.
    pub(crate) fn insert(&self, kind: &str, uid: &str, body: &Value) -> Result<bool> {
        let sql = "INSERT INTO documents (kind, uid, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
        Ok(self.lock().prepare_cached(sql)?.execute(params![kind, uid, body.to_string()])? == 1)
    }

    /// Inserts documents by kind and ID in one transaction.
    pub(crate) fn insert_all(&self, documents: &[(&str, &str, &Value)]) -> Result<()> {
        let mut connection = self.lock();
        let together = connection.transaction()?;
        for (kind, uid, body) in documents {
            let sql = "INSERT INTO documents (kind, uid, body) VALUES (?, ?, ?)";
            together.prepare_cached(sql)?.execute(params![kind, uid, body.to_string()])?;
        }
        Ok(together.commit()?)
    }

    /// Releases the data folder for another server.
    pub(crate) fn unlock(&self) {
        if let Some(folder) = &self.folder {
            folder.unlock();
        }
    }

    /// Returns the document with this ID.
    pub(crate) fn get(&self, kind: &str, uid: &str) -> Result<Option<Value>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT body FROM documents WHERE kind = ? AND uid = ?")?;
        Ok(statement.query_row(params![kind, uid], read_body).optional()?)
    }

    /// Updates the document with this ID atomically and returns the result of `change`; `None` if there is no such
    /// document. If `change` returns an error, nothing is written.
    pub(crate) fn update<T, E: From<StoreError>>(
        &self,
        kind: &str,
        uid: &str,
        change: impl FnOnce(&mut Value) -> std::result::Result<T, E>,
    ) -> std::result::Result<Option<T>, E> {
        let connection = self.lock();
        let read = || -> Result<Option<Value>> {
            let mut statement = connection.prepare_cached("SELECT body FROM documents WHERE kind = ? AND uid = ?")?;
            Ok(statement.query_row(params![kind, uid], read_body).optional()?)
        };
        let Some(mut document) = read()? else { return Ok(None) };
        let result = change(&mut document)?;
        let write = || -> Result<usize> {
            let mut statement =
                connection.prepare_cached("UPDATE documents SET body = ? WHERE kind = ? AND uid = ?")?;
            Ok(statement.execute(params![document.to_string(), kind, uid])?)
        };
        write()?;
        Ok(Some(result))
    }

    /// Deletes a document. Returns false if there was none.
    pub(crate) fn remove(&self, kind: &str, uid: &str) -> Result<bool> {
        let sql = "DELETE FROM documents WHERE kind = ? AND uid = ?";
        Ok(self.lock().prepare_cached(sql)?.execute(params![kind, uid])? == 1)
    }

    /// Returns a page of documents and the total number of matches.
    pub(crate) fn page(
        &self,
        kind: &str,
        filter: &Filter,
        order: Order,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<Value>, usize)> {
        let order = match order {
            Order::Newest => "id DESC",
            Order::Oldest => "id",
            Order::Name => "json_extract(body, '$.name') COLLATE NOCASE, id",
        };
        let filters = filter.sql();
        let connection = self.lock();
        let values = || {
            std::iter::once(Sql::Text(kind.to_owned())).chain(filter.0.iter().flat_map(|(_, values)| values.clone()))
        };
        let sql = format!("SELECT body FROM documents WHERE kind = ?{filters} ORDER BY {order} LIMIT ? OFFSET ?");
        let bounds = [limit, offset].map(|bound| Sql::Integer(i64::try_from(bound).unwrap_or(i64::MAX)));
        let mut statement = connection.prepare_cached(&sql)?;
        let documents = statement
            .query_map(params_from_iter(values().chain(bounds)), read_body)?
            .collect::<rusqlite::Result<_>>()?;
        let sql = format!("SELECT count(*) FROM documents WHERE kind = ?{filters}");
        let total: i64 = connection.prepare_cached(&sql)?.query_row(params_from_iter(values()), |row| row.get(0))?;
        Ok((documents, usize::try_from(total).unwrap_or(0)))
    }

    /// Returns all matching documents of a kind.
    pub(crate) fn all(&self, kind: &str, filter: &Filter, order: Order) -> Result<Vec<Value>> {
        Ok(self.page(kind, filter, order, 0, usize::MAX)?.0)
    }

    /// Returns the number of matching documents of a kind.
    pub(crate) fn count(&self, kind: &str, filter: &Filter) -> Result<usize> {
        Ok(self.page(kind, filter, Order::Newest, 0, 0)?.1)
    }

    /// Returns the sum of the values at `path` over the documents whose value at `at` is not less than `since`.
    pub(crate) fn sum(&self, kind: &str, path: &'static str, at: &'static str, since: &str) -> Result<u64> {
        // SQLite uses the index only if the paths are literals in the SQL text.
        let sql = format!(
            "SELECT total(json_extract(body, '{path}')) FROM documents WHERE kind = ? AND json_extract(body, '{at}') >= ?"
        );
        let sum: f64 = self.lock().prepare_cached(&sql)?.query_row(params![kind, since], |row| row.get(0))?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of counts")]
        Ok(sum as u64)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("folder", &self.folder).finish_non_exhaustive()
    }
}

fn read_body(row: &Row<'_>) -> rusqlite::Result<Value> {
    let text: String = row.get(0)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_can_be_inserted_found_updated_and_removed() {
        let store = Store::in_memory().unwrap();
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
        store.put_file("a.png", "image/png", b"bytes").unwrap();
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
