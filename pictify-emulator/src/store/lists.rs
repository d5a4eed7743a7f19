//! Pages of lists, their lengths, and sums over documents. `list_entries.rs` writes what is read here.
//!
//! A page at any offset is found by adding up blocks, so reading it takes about the same time for a hundred documents
//! and for a hundred thousand.

use super::{
    Result, Store,
    filter::{Condition, Filter, Order},
    indexes::{self, Selection},
    list_entries::{BLOCK_IDS, list_id},
};
use rusqlite::{Connection, Params, Row, params, params_from_iter};
use serde_json::Value;
use std::collections::HashSet;

/// Number of documents that are read at once where a filter has no index.
const CHUNK: usize = 256;

impl Store {
    /// Returns a page of documents and the total number of matches.
    pub(crate) fn page(
        &self,
        kind: &str,
        filter: &Filter,
        order: Order,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<Value>, usize)> {
        let selection = indexes::select(kind, filter);
        let (bodies, total) = {
            let mut connection = self.read();
            // All statements see the same state, even if another connection writes.
            let together = connection.transaction()?;
            let lists = find_lists(&together, &selection)?;
            if !selection.remaining.is_empty() || filter.text.is_some() {
                let mut candidates = ids(&together, kind, &lists, order, (0, usize::MAX))?;
                if let Some(text) = &filter.text {
                    candidates = containing(&together, candidates, text)?;
                }
                if !selection.remaining.is_empty() {
                    return scan(&together, &candidates, &selection.remaining, (offset, limit));
                }
                let page: Vec<_> = candidates.iter().copied().skip(offset).take(limit).collect();
                (bodies(&together, &page)?, candidates.len())
            } else {
                let total = length(&together, &lists)?;
                let page = ids(&together, kind, &lists, order, (offset, limit.min(total)))?;
                (bodies(&together, &page)?, total)
            }
        };
        let documents = bodies.iter().map(|body| Ok(serde_json::from_str(body)?)).collect::<Result<_>>()?;
        Ok((documents, total))
    }

    /// Returns all matching documents of a kind.
    pub(crate) fn all(&self, kind: &str, filter: &Filter, order: Order) -> Result<Vec<Value>> {
        Ok(self.page(kind, filter, order, 0, usize::MAX)?.0)
    }

    /// Returns the number of matching documents of a kind.
    pub(crate) fn count(&self, kind: &str, filter: &Filter) -> Result<usize> {
        Ok(self.page(kind, filter, Order::Newest, 0, 0)?.1)
    }

    /// Returns the sum of the values at `path` over all documents.
    pub(crate) fn sum(&self, kind: &str, path: &str) -> Result<u64> {
        let sql = "SELECT coalesce(sum(total), 0) FROM sums WHERE name = ?";
        self.read_sum(sql, params![indexes::sum_name(kind, path)])
    }

    /// Returns the sum of the values at `path` over the documents of the month of a time.
    pub(crate) fn sum_of_month(&self, kind: &str, path: &str, time: &str) -> Result<u64> {
        let sql = "SELECT coalesce(sum(total), 0) FROM sums WHERE name = ? AND month = ?";
        self.read_sum(sql, params![indexes::sum_name(kind, path), indexes::month(time)])
    }

    fn read_sum(&self, sql: &str, parameters: impl Params) -> Result<u64> {
        let sum: i64 = self.read().prepare_cached(sql)?.query_row(parameters, |row| row.get(0))?;
        Ok(u64::try_from(sum).unwrap_or(0))
    }
}

/// Returns the IDs of those lists of a selection that exist.
fn find_lists(connection: &Connection, selection: &Selection<'_>) -> Result<Vec<i64>> {
    let mut lists = Vec::new();
    for key in &selection.keys {
        lists.extend(list_id(connection, key)?);
    }
    Ok(lists)
}

/// Returns the number of documents in lists that have no document in common.
fn length(connection: &Connection, lists: &[i64]) -> Result<usize> {
    let mut total = 0_i64;
    for list in lists {
        let sql = "SELECT coalesce(sum(entries), 0) FROM list_blocks WHERE list = ?";
        total += connection.prepare_cached(sql)?.query_row([list], |row| row.get::<_, i64>(0))?;
    }
    Ok(usize::try_from(total).unwrap_or(0))
}

/// Returns the IDs of the documents on a page.
fn ids(
    connection: &Connection,
    kind: &str,
    lists: &[i64],
    order: Order,
    (offset, limit): (usize, usize),
) -> Result<Vec<i64>> {
    if lists.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    // The parameters are the bound, the limit, the offset, and the lists.
    let marks = (4..4 + lists.len()).map(|number| format!("?{number}"));
    let (sql, bound, offset) = match order {
        Order::Name => {
            let marks = marks.collect::<Vec<_>>().join(", ");
            // SQLite uses the index of a kind only if the kind is a literal in the SQL text. There is no bound, so the
            // first parameter is unused.
            let kind = kind.replace('\'', "''");
            let sql = format!(
                "SELECT id FROM documents AS listed WHERE kind = '{kind}'
                    AND EXISTS (SELECT 1 FROM list_entries WHERE list IN ({marks}) AND document = listed.id)
                    ORDER BY json_extract(body, '$.name') COLLATE NOCASE, id LIMIT ?2 OFFSET ?3"
            );
            (sql, 0, i64::try_from(offset).unwrap_or(i64::MAX))
        }
        Order::Newest | Order::Oldest => {
            let (first, rest) = first_block(connection, lists, order, offset)?;
            let (comparison, bound, direction) = if order == Order::Newest {
                ("<", first.saturating_add(1).saturating_mul(BLOCK_IDS), "DESC")
            } else {
                (">=", first.saturating_mul(BLOCK_IDS), "ASC")
            };
            let part =
                |mark| format!("SELECT document FROM list_entries WHERE list = {mark} AND document {comparison} ?1");
            // SQLite merges the sorted parts of a union and stops at the limit.
            let all = marks.map(part).collect::<Vec<_>>().join(" UNION ALL ");
            (format!("{all} ORDER BY document {direction} LIMIT ?2 OFFSET ?3"), bound, rest)
        }
    };
    let parameters = [bound, limit, offset].into_iter().chain(lists.iter().copied());
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_map(params_from_iter(parameters), |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// Returns the block in which a page starts, and the number of entries of this block that precede the page.
fn first_block(connection: &Connection, lists: &[i64], order: Order, offset: usize) -> Result<(i64, i64)> {
    let (start, direction) = if order == Order::Newest { (i64::MAX, "DESC") } else { (0, "ASC") };
    let mut rest = i64::try_from(offset).unwrap_or(i64::MAX);
    if rest == 0 {
        return Ok((start, 0));
    }
    let marks = vec!["?"; lists.len()].join(", ");
    let sql = format!(
        "SELECT block, sum(entries) FROM list_blocks WHERE list IN ({marks}) GROUP BY block ORDER BY block {direction}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(lists))?;
    while let Some(row) = rows.next()? {
        let (block, entries): (i64, i64) = (row.get(0)?, row.get(1)?);
        if rest < entries {
            return Ok((block, rest));
        }
        rest -= entries;
    }
    // The page starts after the last document.
    Ok((start, i64::MAX))
}

fn bodies(connection: &Connection, ids: &[i64]) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached("SELECT body FROM documents WHERE id = ?")?;
    let body = |row: &Row<'_>| row.get(0);
    Ok(ids.iter().map(|id| statement.query_row([id], body)).collect::<rusqlite::Result<_>>()?)
}

/// Selects the documents whose search text contains a text.
fn containing(connection: &Connection, mut ids: Vec<i64>, text: &str) -> Result<Vec<i64>> {
    let sql = "SELECT document FROM search_texts WHERE instr(text, ?) > 0";
    let mut statement = connection.prepare_cached(sql)?;
    let found: HashSet<i64> = statement.query_map([text], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    ids.retain(|id| found.contains(id));
    Ok(ids)
}

/// Reads a page of the documents that meet further conditions, for which there is no index.
fn scan(
    connection: &Connection,
    candidates: &[i64],
    conditions: &[&Condition],
    (offset, limit): (usize, usize),
) -> Result<(Vec<Value>, usize)> {
    let (mut page, mut total) = (Vec::new(), 0_usize);
    for chunk in candidates.chunks(CHUNK) {
        for body in bodies(connection, chunk)? {
            let document = serde_json::from_str(&body)?;
            if conditions.iter().all(|condition| condition.is_met(&document)) {
                if total >= offset && page.len() < limit {
                    page.push(document);
                }
                total += 1;
            }
        }
    }
    Ok((page, total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;
    use serde_json::json;

    /// Body of a document: its number is in it, and the other members repeat at different rates.
    fn body(number: usize) -> Value {
        let name = format!("{} {number}", ["b", "A", "c"][number % 3]);
        let (kind, format) = (["x", "y"][number % 2], ["PNG", "JPG", "PDF"][number % 3]);
        let tags = vec!["public"; usize::from(!number.is_multiple_of(5))];
        json!({
            "number": number, "name": name, "renders": number, "operation": "createImage",
            "at": format!("2026-{:02}-01T00:00:00.000Z", 1 + number % 12),
            "type": kind, "category": (number / 2).is_multiple_of(2).then_some("p"),
            "tags": tags, "hasDynamicLink": number % 4 == 1,
            "run": format!("run {}", number / 50), "format": format, "kind": "image",
        })
    }

    /// Returns a store with documents of several kinds, some of them updated and some removed, and those of one kind.
    fn filled(kind: &str) -> (Store, Vec<Value>) {
        let store = Store::in_memory(0).unwrap();
        for number in 0..200 {
            for kind in [kind, "other"] {
                assert!(store.insert(kind, &number.to_string(), &body(number)).unwrap());
            }
        }
        for number in (0..200).step_by(3) {
            let update = |document: &mut Value| {
                *document = body(number + 1000);
                Ok::<_, StoreError>(())
            };
            store.update(kind, &number.to_string(), update).unwrap().unwrap();
        }
        for number in (0..200).step_by(7) {
            assert!(store.remove(kind, &number.to_string()).unwrap());
        }
        let left = (0..200).filter(|number| number % 7 != 0);
        let documents = left.map(|number| body(if number % 3 == 0 { number + 1000 } else { number })).collect();
        (store, documents)
    }

    #[test]
    fn a_page_has_the_documents_that_a_search_of_all_would_find() {
        let any = Filter::default;
        for (kind, filter) in [
            ("template", any()),
            ("template", any().eq("$.type", Some("x"))),
            ("template", any().eq("$.type", Some("x")).eq("$.category", Some("p"))),
            ("template", any().contains("$.tags", Some("public")).eq("$.category", Some("p"))),
            ("template", any().eq_bool("$.hasDynamicLink", Some(true))),
            ("template", any().text(Some("A 1"))),
            ("template", any().text(Some("x")).eq("$.type", Some("x"))),
            ("template", any().text(Some("public")).eq("$.format", Some("PDF"))),
            // No index covers these.
            ("template", any().eq("$.format", Some("PDF"))),
            ("template", any().contains("$.tags", Some("absent"))),
            ("template", any().eq("$.type", Some("x")).eq_bool("$.hasDynamicLink", Some(false))),
            ("template", any().eq("$.type", Some("absent"))),
            ("render", any().any_of("$.format", &["JPG", "PDF", "absent"])),
            ("render", any().eq("$.kind", Some("image"))),
            ("workflow_item", any().eq("$.run", Some("run 2"))),
            ("unindexed", any()),
        ] {
            let (store, documents) = filled(kind);
            let mut found: Vec<_> = documents
                .into_iter()
                .filter(|document| {
                    let text = indexes::search_text(kind, document).unwrap_or_default();
                    filter.text.as_ref().is_none_or(|wanted| text.contains(wanted))
                })
                .filter(|document| filter.conditions.iter().all(|condition| condition.is_met(document)))
                .collect();
            for order in [Order::Oldest, Order::Newest, Order::Name] {
                match order {
                    Order::Oldest => {}
                    Order::Newest => found.reverse(),
                    Order::Name => {
                        found.reverse();
                        found.sort_by_key(|document| document["name"].as_str().unwrap().to_lowercase());
                    }
                }
                for offset in [0, 1, 31, 32, 33, 60, found.len().saturating_sub(1), found.len(), found.len() + 1] {
                    for limit in [0, 1, 20, usize::MAX] {
                        let (page, total) = store.page(kind, &filter, order, offset, limit).unwrap();
                        let expected: Vec<_> = found.iter().skip(offset).take(limit).cloned().collect();
                        let place = format!("{kind} {filter:?} {order:?} {offset} {limit}");
                        assert_eq!((page, total), (expected, found.len()), "{place}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_sum_has_the_numbers_of_all_documents_or_of_those_of_a_month() {
        let (store, documents) = filled("billed");
        let sum_where = |is_wanted: &dyn Fn(&str) -> bool| -> u64 {
            let wanted = documents.iter().filter(|document| is_wanted(document["at"].as_str().unwrap()));
            wanted.map(|document| document["renders"].as_u64().unwrap()).sum()
        };
        assert_eq!(store.sum("billed", "$.renders").unwrap(), sum_where(&|_| true));
        for time in ["2026-01-01T00:00:00.000Z", "2026-08-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"] {
            let expected = sum_where(&|at| at[..7] == time[..7]);
            assert_eq!(store.sum_of_month("billed", "$.renders", time).unwrap(), expected, "{time}");
        }
    }
}
