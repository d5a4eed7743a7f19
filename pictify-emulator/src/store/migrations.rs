//! Database schema and its migrations.

use super::Result;
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

/// Migrations, one for each released schema version. Add new ones; never change old ones.
const STEPS: &[M<'_>] = &[M::up(
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
)];

/// Migrates a database to the latest schema.
pub(super) fn run(connection: &mut Connection) -> Result<()> {
    Ok(Migrations::from_slice(STEPS).to_latest(connection)?)
}
