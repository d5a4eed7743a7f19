//! A row of a batch, in one form for all formats of the service.

use super::{Batch, BatchItem, BatchItemError, BatchStatus};
use pictify_api::types::RenderedLayout;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Result of one row of a batch.
///
/// The service reports rows in four formats; this type has what they have in common. [`Batch::results`] has the
/// original.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BatchRow {
    /// Index of the row in the job, from 0.
    pub index: u64,
    /// True if the row was rendered; `None` if the service did not report it.
    pub ok: Option<bool>,
    /// Rendered images, one for each layout. Empty if the service sends the URLs only by webhook.
    pub results: Vec<RenderedLayout>,
    /// Error messages of the row; empty if it has none.
    pub errors: Vec<String>,
}

impl BatchRow {
    /// Returns the URLs of the images, as far as the service has sent them.
    #[must_use]
    pub fn urls(&self) -> Vec<&str> {
        self.results.iter().map(|result| result.url.as_str()).collect()
    }

    /// Returns the rows of a batch whose first row has index `first` in its job.
    pub(super) fn of_batch(first: u64, batch: &Batch) -> Vec<Self> {
        let mut rows: Vec<_> =
            (0..).zip(&batch.results).map(|(position, item)| Self::of_item(first, position, item)).collect();
        Self::add_errors(&mut rows, first, &batch.errors);
        rows.sort_by_key(|row| row.index);
        rows
    }

    /// Creates a row from its delivered images only.
    pub(super) fn delivered(index: u64, results: Vec<RenderedLayout>) -> Self {
        Self { index, ok: Some(true), results, errors: Vec::new() }
    }

    fn of_item(first: u64, position: u64, item: &BatchItem) -> Self {
        let mut results = item.results.clone();
        if let (Some(url), true) = (&item.url, results.is_empty()) {
            let mut result = RenderedLayout::new(url.clone());
            (result.width, result.height, result.id) = (item.width, item.height, item.id.clone());
            results.push(result);
        }
        let by_status = item.status.as_ref().map(|status| *status == BatchStatus::Completed);
        let of_layouts = item.errors.iter().filter_map(|error| {
            let text = error.error.as_ref()?;
            Some(error.layout.as_ref().map_or_else(|| text.clone(), |layout| format!("{layout}: {text}")))
        });
        Self {
            index: first.saturating_add(item.index.unwrap_or(position)),
            ok: item.success.or(by_status),
            results,
            errors: item.error.clone().into_iter().chain(of_layouts).collect(),
        }
    }

    /// Adds the errors that the service lists apart from the rows. A failed row may be in that list only. Hash maps
    /// find the rows, because a server may list any number of errors.
    fn add_errors(rows: &mut Vec<Self>, first: u64, errors: &[BatchItemError]) {
        let known = |row: &Self| row.errors.iter().map(|text| (row.index, text.clone())).collect::<Vec<_>>();
        let mut known: HashSet<_> = rows.iter().flat_map(known).collect();
        let mut positions: HashMap<_, _> = rows.iter().enumerate().map(|(at, row)| (row.index, at)).collect();
        for error in errors {
            let Some(index) = error.index.map(|index| first.saturating_add(index)) else { continue };
            let text = error.error.clone().unwrap_or_else(|| Value::Object(error.extra.clone()).to_string());
            if !known.insert((index, text.clone())) {
                continue;
            }
            let position = *positions.entry(index).or_insert_with(|| {
                rows.push(Self { index, ok: Some(false), results: Vec::new(), errors: Vec::new() });
                rows.len() - 1
            });
            rows[position].errors.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_format_of_a_row_reads_the_same() {
        let image = |url: &str| RenderedLayout::new(url.to_owned());
        let sized = |url: &str| {
            let mut image = image(url);
            (image.width, image.height) = (Some(1200), Some(630));
            image
        };
        for (batch, expected) in [
            (
                json!({"results": [{"index": 0, "success": true, "results": [{"url": "https://m/0.png"}], "errors": []}]}),
                vec![(100, Some(true), vec![image("https://m/0.png")], vec![])],
            ),
            (
                json!({"results": [{"index": 1, "success": true, "variables": ["title"]}]}),
                vec![(101, Some(true), vec![], vec![])],
            ),
            (
                json!({"results": [
                    {"index": 0, "success": true, "url": "https://m/0.png", "width": 1200, "height": 630},
                    {"index": 1, "success": false, "error": "Image fetch failed"},
                ]}),
                vec![
                    (100, Some(true), vec![sized("https://m/0.png")], vec![]),
                    (101, Some(false), vec![], vec!["Image fetch failed"]),
                ],
            ),
            (
                json!({"results": [{"status": "completed", "url": "https://m/0.png"}, {"status": "failed"}]}),
                vec![(100, Some(true), vec![image("https://m/0.png")], vec![]), (101, Some(false), vec![], vec![])],
            ),
            (
                json!({
                    "results": [{"index": 2, "success": false, "errors": [{"layout": "square", "error": "too long"}]}],
                    "errors": [{"index": 2, "error": "square: too long"}, {"index": 0, "error": "no title"}],
                }),
                vec![
                    (100, Some(false), vec![], vec!["no title"]),
                    (102, Some(false), vec![], vec!["square: too long"]),
                ],
            ),
        ] {
            let read: Batch = serde_json::from_value(batch.clone()).unwrap();
            let rows = BatchRow::of_batch(100, &read);
            let rows: Vec<_> = rows
                .iter()
                .map(|row| (row.index, row.ok, row.results.clone(), row.errors.iter().map(String::as_str).collect()))
                .collect();
            assert_eq!(rows, expected, "{batch}");
        }
    }
}
