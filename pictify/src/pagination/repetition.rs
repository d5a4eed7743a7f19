//! Detection of lists that do not proceed: a faulty service may report more pages for ever.

use serde::Serialize;
use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    io,
};

/// Maximum number of empty pages in a row, if the service reports that more follow.
const MAX_EMPTY_PAGES: u32 = 10;

/// Facts of a page that show if a list proceeds.
pub(crate) struct PageSummary {
    /// Hash of the items; `None` for an empty page.
    pub(crate) fingerprint: Option<u64>,
    /// Offset or number that the page reports.
    pub(crate) position: Option<u64>,
    /// `true` if no page follows.
    pub(crate) is_last: bool,
}

/// Pages of a list that were read.
#[derive(Default)]
pub(crate) struct Repetition {
    /// The pages by the hash of their items.
    seen: HashMap<u64, String>,
    /// Offset or number that the last page reported.
    position: Option<u64>,
    /// Number of empty pages since the last page with items.
    empty: u32,
}

impl Repetition {
    /// Returns an error message if a page has the same items as an earlier one.
    pub(crate) fn repeats(&self, page: &str, summary: &PageSummary) -> Option<String> {
        let earlier = self.seen.get(&summary.fingerprint?)?;
        Some(format!("{page} repeats {earlier} of the list; continue with `next_request`"))
    }

    /// Records a page. Returns an error message if the list must not be read beyond it.
    pub(crate) fn record(&mut self, page: String, summary: &PageSummary) -> Option<String> {
        let stays = summary.position.is_some() && summary.position == self.position;
        self.position = summary.position;
        self.empty = if summary.fingerprint.is_some() { 0 } else { self.empty + 1 };
        let text = if summary.is_last {
            None
        } else if stays {
            let position = summary.position.unwrap_or_default();
            Some(format!(
                "{page} reports the same position as the page before it ({position}), and that more pages follow; \
                 continue with `next_request`"
            ))
        } else if self.empty >= MAX_EMPTY_PAGES {
            Some(format!("{MAX_EMPTY_PAGES} pages in a row are empty, and the service reports that more follow"))
        } else {
            None
        };
        self.seen.extend(summary.fingerprint.map(|fingerprint| (fingerprint, page)));
        text
    }
}

/// Field with the ID of an item.
pub(crate) trait ItemId {
    /// Returns the ID, if the item has one.
    fn text(&self) -> Option<&str>;
}

impl ItemId for String {
    fn text(&self) -> Option<&str> {
        Some(self).filter(|id| !id.is_empty()).map(String::as_str)
    }
}

impl ItemId for Option<String> {
    fn text(&self) -> Option<&str> {
        self.as_ref()?.text()
    }
}

/// Returns a hash of the IDs of items, or of all their content if they have no ID; `None` if there are no items.
pub(crate) fn fingerprint<T: Serialize>(items: &[T], id: impl Fn(&T) -> Option<&str>) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    for item in items {
        match id(item) {
            Some(id) => id.hash(&mut hasher),
            // Writing to a hasher cannot fail.
            None => serde_json::to_writer(HashWriter(&mut hasher), item).ok()?,
        }
    }
    (!items.is_empty()).then(|| hasher.finish())
}

/// Hashes what is written.
struct HashWriter<'a>(&'a mut DefaultHasher);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
