//! Search of documents by text, for the pages.

use super::{Filter, Order, Result, Store, read_body};
use rusqlite::{params_from_iter, types::Value as Sql};
use serde_json::Value;

/// Text that documents must contain.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Search<'a> {
    /// Text in any member of the document, in any case of the letters A to Z. Empty to find all.
    pub(crate) text: &'a str,
    /// Path of a member and values of it, one of which is enough too.
    pub(crate) or_any_of: Option<(&'static str, &'a [String])>,
}

impl Store {
    /// Returns a page of the documents of a kind that match the filter and contain the text, newest first, and the total
    /// number of matches.
    pub(crate) fn search(
        &self,
        kind: &str,
        filter: &Filter,
        search: Search<'_>,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<Value>, usize)> {
        if search.text.is_empty() {
            return self.page(kind, filter, Order::Newest, offset, limit);
        }
        let mut values = vec![Sql::Text(kind.to_owned())];
        values.extend(filter.0.iter().flat_map(|(_, values)| values.clone()));
        values.push(Sql::Text(like_pattern(search.text)));
        let mut text = "body LIKE ? ESCAPE '\\'".to_owned();
        if let Some((path, alternatives)) = search.or_any_of.filter(|(_, values)| !values.is_empty()) {
            let marks = vec!["?"; alternatives.len()].join(", ");
            text = format!("({text} OR json_extract(body, '{path}') IN ({marks}))");
            values.extend(alternatives.iter().map(|value| Sql::Text(value.clone())));
        }
        let condition = format!("FROM documents WHERE kind = ?{} AND {text}", filter.sql());
        let connection = self.lock();
        let total: i64 = connection
            .prepare_cached(&format!("SELECT count(*) {condition}"))?
            .query_row(params_from_iter(&values), |row| row.get(0))?;
        values.extend([limit, offset].map(|bound| Sql::Integer(i64::try_from(bound).unwrap_or(i64::MAX))));
        let found = connection
            .prepare_cached(&format!("SELECT body {condition} ORDER BY id DESC LIMIT ? OFFSET ?"))?
            .query_map(params_from_iter(&values), read_body)?
            .collect::<rusqlite::Result<_>>()?;
        Ok((found, usize::try_from(total).unwrap_or_default()))
    }

    /// Returns the number of rows that were ever changed: it grows with each change.
    pub(crate) fn changes(&self) -> u64 {
        self.lock().total_changes()
    }

    /// Deletes the oldest documents of a kind, so that at most `keep` remain.
    pub(crate) fn keep_newest(&self, kind: &str, keep: usize) -> Result<()> {
        let sql = "DELETE FROM documents WHERE kind = ?1 AND id <= \
            (SELECT id FROM documents WHERE kind = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
        let keep = i64::try_from(keep).unwrap_or(i64::MAX);
        self.lock().prepare_cached(sql)?.execute(rusqlite::params![kind, keep])?;
        Ok(())
    }
}

/// Returns the pattern that finds a text in JSON, where quotes and control characters are escaped.
fn like_pattern(text: &str) -> String {
    let json = Value::from(text).to_string();
    let escaped: String = json[1..json.len() - 1]
        .chars()
        .flat_map(|letter| {
            ["\\"].into_iter().filter(move |_| "%_\\".contains(letter)).flat_map(str::chars).chain([letter])
        })
        .collect();
    format!("%{escaped}%")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_are_found_by_their_text() {
        let store = Store::in_memory().unwrap();
        for (uid, name) in [("A", "100% \"wool\""), ("B", "a_b"), ("C", "Ünder 50 %")] {
            store.insert("template", uid, &json!({"uid": uid, "name": name})).unwrap();
        }
        let found = |text: &str, also: &[String]| {
            let search = Search { text, or_any_of: Some(("$.uid", also)) };
            let (found, total) = store.search("template", &Filter::default(), search, 0, 9).unwrap();
            assert_eq!(found.len(), total);
            found.iter().map(|body| body["uid"].as_str().unwrap().to_owned()).collect::<String>()
        };
        for (text, uids) in [
            ("", "CBA"),
            ("WOOL", "A"),
            ("\"wool\"", "A"),
            ("100%", "A"),
            ("_", "B"),
            ("0 %", "C"),
            ("Ünder", "C"),
            ("\\", ""),
            ("nothing", ""),
        ] {
            assert_eq!(found(text, &[]), uids, "{text}");
        }
        assert_eq!(found("wool", &["C".to_owned()]), "CA");
        assert_eq!(
            store.search("template", &Filter::default(), Search { text: "%", ..Search::default() }, 1, 1).unwrap().1,
            2
        );
    }

    #[test]
    fn the_newest_documents_are_kept() {
        let store = Store::in_memory().unwrap();
        let before = store.changes();
        for uid in ["A", "B", "C"] {
            store.insert("template", uid, &json!({})).unwrap();
            store.insert("binding", uid, &json!({})).unwrap();
            store.keep_newest("template", 2).unwrap();
        }
        assert!(store.get("template", "A").unwrap().is_none() && store.get("template", "B").unwrap().is_some());
        assert_eq!(store.count("binding", &Filter::default()).unwrap(), 3);
        assert!(store.changes() > before);
    }
}
