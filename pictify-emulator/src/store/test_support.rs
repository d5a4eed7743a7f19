//! Helpers for tests of the growth of a store.

use super::{Store, find, insert_row};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

impl Store {
    /// Inserts so many copies of each document, with IDs of their own.
    pub(crate) fn multiply(&self, copies: usize) {
        let mut connection = self.write();
        let together = connection.transaction().unwrap();
        let documents: Vec<(String, String)> = {
            let mut statement = together.prepare("SELECT kind, uid FROM documents ORDER BY id").unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.collect::<rusqlite::Result<_>>().unwrap()
        };
        for (kind, uid) in documents {
            let (_, body) = find(&together, &kind, &uid).unwrap().unwrap();
            for copy in 0..copies {
                assert!(insert_row(&together, &(&kind, &format!("{uid} {copy}"), &body)).unwrap());
            }
        }
        together.commit().unwrap();
    }

    /// Starts to count the instructions of the database. Only for a store in memory, which has a single connection.
    pub(crate) fn count_instructions(&self) -> Arc<AtomicU64> {
        let count = Arc::new(AtomicU64::new(0));
        let counter = count.clone();
        let add = move || {
            counter.fetch_add(1, Ordering::SeqCst);
            false
        };
        self.write().progress_handler(1, Some(add)).unwrap();
        count
    }
}
