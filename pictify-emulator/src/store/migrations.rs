//! Database schema and its migrations.

use super::Result;
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

/// Migrations, one for each released schema version. Add new ones; never change old ones.
const STEPS: &[M<'_>] = &[
    M::up(
        "CREATE TABLE documents (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            uid TEXT NOT NULL,
            body TEXT NOT NULL,
            UNIQUE (kind, uid)
        ) STRICT;
        CREATE INDEX documents_by_kind ON documents (kind, id);
        CREATE INDEX renders_by_kind ON documents (kind, json_extract(body, '$.kind'), id);
        CREATE INDEX bills_by_time ON documents (kind, json_extract(body, '$.at'), json_extract(body, '$.renders'));
        CREATE TABLE files (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            content_type TEXT NOT NULL,
            size INTEGER NOT NULL,
            bytes BLOB
        ) STRICT;",
    ),
    // `list_entries.rs` describes these tables. It fills them when it sees that `list_indexes` is empty.
    M::up(
        "DROP INDEX documents_by_kind;
        DROP INDEX renders_by_kind;
        DROP INDEX bills_by_time;
        CREATE INDEX templates_by_name ON documents (kind, json_extract(body, '$.name') COLLATE NOCASE, id)
            WHERE kind = 'template';
        CREATE TABLE lists (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE list_entries (
            list INTEGER NOT NULL,
            document INTEGER NOT NULL,
            PRIMARY KEY (list, document)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE list_blocks (
            list INTEGER NOT NULL,
            block INTEGER NOT NULL,
            entries INTEGER NOT NULL,
            PRIMARY KEY (list, block)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE sums (
            name TEXT NOT NULL,
            month TEXT NOT NULL,
            total INTEGER NOT NULL,
            PRIMARY KEY (name, month)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE search_texts (document INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
        CREATE TABLE list_indexes (fingerprint TEXT NOT NULL) STRICT;
        ALTER TABLE files DROP COLUMN bytes;",
    ),
];

/// Migrates a database to the latest schema.
pub(super) fn run(connection: &mut Connection) -> Result<()> {
    Ok(Migrations::from_slice(STEPS).to_latest(connection)?)
}
