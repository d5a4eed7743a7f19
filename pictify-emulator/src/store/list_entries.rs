//! Index of the lists: which documents are in each list, how many, and sums of their numbers.
//!
//! A list is a set of document IDs, in the table `list_entries`. The table `list_blocks` has the number of entries for each
//! block of consecutive IDs. Both change in the transaction that changes the document.

use super::{
    Result,
    indexes::{self, Summand, list_keys, summands},
};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;
use std::collections::BTreeSet;

/// Number of consecutive document IDs in a block; small in tests, so that few documents fill several blocks.
pub(super) const BLOCK_IDS: i64 = if cfg!(test) { 64 } else { 1024 };

/// Updates the lists and the sums for a document: `before` is its old body, `after` its new one.
pub(super) fn index(
    connection: &Connection,
    kind: &str,
    id: i64,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<()> {
    let keys = |body: Option<&Value>| body.map(|body| list_keys(kind, body)).unwrap_or_default();
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (keys(before), keys(after));
    for key in old.difference(&new) {
        remove_entry(connection, key, id)?;
    }
    for key in new.difference(&old) {
        add_entry(connection, key, id)?;
    }
    let text = |body: Option<&Value>| body.and_then(|body| indexes::search_text(kind, body));
    match (text(before), text(after)) {
        (old, new) if old == new => {}
        (_, Some(new)) => {
            let sql = "INSERT OR REPLACE INTO search_texts (document, text) VALUES (?, ?)";
            connection.prepare_cached(sql)?.execute(params![id, new])?;
        }
        (_, None) => {
            connection.prepare_cached("DELETE FROM search_texts WHERE document = ?")?.execute([id])?;
        }
    }
    let numbers = |body: Option<&Value>| body.map(|body| summands(kind, body)).unwrap_or_default();
    for Summand { name, month, number } in numbers(before) {
        add_to_sum(connection, &name, &month, -number)?;
    }
    for Summand { name, month, number } in numbers(after) {
        add_to_sum(connection, &name, &month, number)?;
    }
    Ok(())
}

/// Indexes all documents again, if the indexes of the database are not those of this version.
pub(super) fn rebuild_if_outdated(connection: &mut Connection) -> Result<()> {
    let current = indexes::fingerprint();
    let sql = "SELECT fingerprint FROM list_indexes";
    let stored: Option<String> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    if stored.as_ref() == Some(&current) {
        return Ok(());
    }
    let together = connection.transaction()?;
    together.execute_batch(
        "DELETE FROM lists; DELETE FROM list_entries; DELETE FROM list_blocks; DELETE FROM sums; DELETE FROM search_texts;
        DELETE FROM list_indexes;",
    )?;
    {
        let mut statement = together.prepare("SELECT id, kind, body FROM documents ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (id, kind, body): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            index(&together, &kind, id, None, Some(&serde_json::from_str(&body)?))?;
        }
    }
    together.execute("INSERT INTO list_indexes (fingerprint) VALUES (?)", [current])?;
    Ok(together.commit()?)
}

/// Returns the ID of the list with this key.
pub(super) fn list_id(connection: &Connection, key: &str) -> Result<Option<i64>> {
    let sql = "SELECT id FROM lists WHERE key = ?";
    Ok(connection.prepare_cached(sql)?.query_row([key], |row| row.get(0)).optional()?)
}

fn add_entry(connection: &Connection, key: &str, id: i64) -> Result<()> {
    let list = match list_id(connection, key)? {
        Some(list) => list,
        None => connection.prepare_cached("INSERT INTO lists (key) VALUES (?)")?.insert([key])?,
    };
    let sql = "INSERT INTO list_entries (list, document) VALUES (?, ?)";
    connection.prepare_cached(sql)?.execute([list, id])?;
    let sql = "INSERT INTO list_blocks (list, block, entries) VALUES (?, ?, 1)
        ON CONFLICT DO UPDATE SET entries = entries + 1";
    connection.prepare_cached(sql)?.execute([list, id / BLOCK_IDS])?;
    Ok(())
}

fn remove_entry(connection: &Connection, key: &str, id: i64) -> Result<()> {
    let Some(list) = list_id(connection, key)? else { return Ok(()) };
    let sql = "DELETE FROM list_entries WHERE list = ? AND document = ?";
    connection.prepare_cached(sql)?.execute([list, id])?;
    let place = [list, id / BLOCK_IDS];
    let sql = "UPDATE list_blocks SET entries = entries - 1 WHERE list = ? AND block = ?";
    connection.prepare_cached(sql)?.execute(place)?;
    let sql = "DELETE FROM list_blocks WHERE list = ? AND block = ? AND entries = 0";
    connection.prepare_cached(sql)?.execute(place)?;
    Ok(())
}

fn add_to_sum(connection: &Connection, name: &str, month: &str, number: i64) -> Result<()> {
    if number != 0 {
        let sql = "INSERT INTO sums (name, month, total) VALUES (?, ?, ?)
            ON CONFLICT DO UPDATE SET total = total + excluded.total";
        connection.prepare_cached(sql)?.execute(params![name, month, number])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::prepare;
    use serde_json::json;

    #[test]
    fn a_database_without_current_indexes_is_indexed_when_it_is_opened() {
        for outdate in [
            "DELETE FROM list_indexes",
            "UPDATE list_indexes SET fingerprint = 'older'; DELETE FROM list_entries; DELETE FROM list_blocks; DELETE FROM sums",
        ] {
            let mut connection = prepare(Connection::open_in_memory().unwrap()).unwrap();
            let sql = "INSERT INTO documents (kind, uid, body) VALUES ('billed', ?, ?)";
            for number in 0..20 {
                connection
                    .execute(
                        sql,
                        params![number.to_string(), json!({"renders": number, "at": "2026-08-04"}).to_string()],
                    )
                    .unwrap();
            }
            connection.execute_batch(outdate).unwrap();
            rebuild_if_outdated(&mut connection).unwrap();
            let entries = "SELECT sum(entries) FROM list_blocks JOIN lists ON lists.id = list WHERE key = 'billed'";
            for (sql, expected) in [(entries, 20), ("SELECT sum(total) FROM sums", 190)] {
                assert_eq!(connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), expected);
            }
        }
    }
}
