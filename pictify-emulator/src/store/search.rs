//! Search of documents by text, and deletion of old documents, for the dashboard.

use super::{Filter, Order, Result, Store, list_entries, read_body};
use rusqlite::params;
use serde_json::Value;

/// Text that documents must contain.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Search<'a> {
    /// Text in any member of the document, in any letter case. Empty to find all.
    pub(crate) text: &'a str,
    /// Path of a member and values of it, one of which is enough too.
    pub(crate) or_any_of: Option<(&'static str, &'a [String])>,
}

impl Store {
    /// Returns a page of the documents of a kind that match the filter and contain the text, newest first, and the total
    /// number of matches. With a text it reads all of them.
    pub(crate) fn search(
        &self,
        kind: &str,
        filter: Filter,
        search: Search<'_>,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<Value>, usize)> {
        let (path, values) = search.or_any_of.unwrap_or(("$", &[]));
        self.page(kind, &filter.text_anywhere(search.text, path, values.to_vec()), Order::Newest, offset, limit)
    }

    /// Deletes the oldest documents of a kind when there are a tenth more than `keep`, so that `keep` remain.
    pub(crate) fn keep_newest(&self, kind: &str, keep: usize) -> Result<()> {
        let count = self.count(kind, &Filter::default())?;
        if count < keep + (keep / 10).max(1) {
            return Ok(());
        }
        let excess = i64::try_from(count - keep).unwrap_or(i64::MAX);
        let mut connection = self.write();
        let together = connection.transaction()?;
        let oldest: Vec<(i64, Value)> = together
            .prepare_cached(
                "SELECT documents.id, body FROM lists
                    JOIN list_entries ON list = lists.id
                    JOIN documents ON documents.id = document
                    WHERE key = ? ORDER BY document LIMIT ?",
            )?
            .query_map(params![kind, excess], |row| Ok((row.get(0)?, read_body(row, 1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (id, body) in oldest {
            together.prepare_cached("DELETE FROM documents WHERE id = ?")?.execute([id])?;
            list_entries::index(&together, kind, id, Some(&body), None)?;
        }
        Ok(together.commit()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_are_found_by_their_text() {
        let store = Store::in_memory(0).unwrap();
        for (uid, name) in [("A", "100% \"wool\""), ("B", "a_b"), ("C", "Ünder 50 %")] {
            store.insert("template", uid, &json!({"uid": uid, "tags": [{"name": name}], "size": 1200})).unwrap();
        }
        let found = |text: &str, also: &[String]| {
            let search = Search { text, or_any_of: Some(("$.uid", also)) };
            let (found, total) = store.search("template", Filter::default(), search, 0, 9).unwrap();
            assert_eq!(found.len(), total);
            found.iter().map(|body| body["uid"].as_str().unwrap().to_owned()).collect::<String>()
        };
        for (text, uids) in [
            ("", "CBA"),
            ("WOOL", "A"),
            ("\"wool\"", "A"),
            ("_", "B"),
            ("0 %", "C"),
            ("ünder", "C"),
            ("1200", "CBA"),
            ("120", ""),
            ("tags", ""),
        ] {
            assert_eq!(found(text, &[]), uids, "{text}");
        }
        assert_eq!(found("wool", &["C".to_owned()]), "CA");
    }

    #[test]
    fn the_newest_documents_are_kept() {
        let store = Store::in_memory(0).unwrap();
        for number in 0..25 {
            store.insert("template", &number.to_string(), &json!({"number": number})).unwrap();
            store.insert("binding", &number.to_string(), &json!({})).unwrap();
            store.keep_newest("template", 20).unwrap();
            assert!(store.count("template", &Filter::default()).unwrap() <= 22);
        }
        let (newest, left) = store.page("template", &Filter::default(), Order::Oldest, 0, 1).unwrap();
        assert!(left >= 20 && newest[0]["number"] == 25 - left, "{left} {newest:?}");
        assert_eq!(store.count("binding", &Filter::default()).unwrap(), 25);
        store.keep_newest("template", 0).unwrap();
        assert_eq!(store.count("template", &Filter::default()).unwrap(), 0);
    }
}
