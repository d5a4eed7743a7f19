//! Contents of files in memory. Their total size is limited: the oldest are removed first.

use bytes::Bytes;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Default limit for the size of all files in memory, in bytes.
pub(crate) const DEFAULT_MAX_FILE_MEMORY: u64 = 128 * 1024 * 1024;

/// Contents of files by name.
pub(super) struct MemoryFiles {
    by_name: HashMap<Arc<str>, (u64, Bytes)>,
    /// Names in the order of their insertion.
    by_age: BTreeMap<u64, Arc<str>>,
    inserted: u64,
    bytes: u64,
    max_bytes: u64,
}

impl MemoryFiles {
    pub(super) fn new(max_bytes: u64) -> Self {
        Self { by_name: HashMap::new(), by_age: BTreeMap::new(), inserted: 0, bytes: 0, max_bytes }
    }

    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn get(&self, name: &str) -> Option<Bytes> {
        self.by_name.get(name).map(|(_, bytes)| bytes.clone())
    }

    /// Inserts a file and removes the oldest others until all fit. A file that is larger than the limit stays until the
    /// next one, because the response to its request has its URL.
    pub(super) fn insert(&mut self, name: &str, bytes: Bytes) {
        self.remove(name);
        let (name, number): (Arc<str>, u64) = (name.into(), self.inserted);
        self.inserted += 1;
        self.bytes += bytes.len() as u64;
        self.by_age.insert(number, name.clone());
        self.by_name.insert(name, (number, bytes));
        while self.bytes > self.max_bytes
            && let Some(oldest) = self.by_age.values().next().cloned()
            && self.by_age.len() > 1
        {
            self.remove(&oldest);
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        if let Some((number, bytes)) = self.by_name.remove(name) {
            self.by_age.remove(&number);
            self.bytes -= bytes.len() as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_files_are_removed_first() {
        let mut files = MemoryFiles::new(10);
        for (name, size, left) in [
            ("a", 4, "a"),
            ("b", 4, "ab"),
            ("c", 2, "abc"),
            ("d", 1, "bcd"),
            // A file that is inserted again is new.
            ("b", 4, "bcd"),
            ("e", 4, "bde"),
            ("f", 99, "f"),
            ("g", 1, "g"),
        ] {
            files.insert(name, Bytes::from(vec![0; size]));
            let names: String = files.by_age.values().map(|name| &**name).collect::<Vec<_>>().concat();
            let mut sorted: Vec<_> = names.chars().collect();
            sorted.sort_unstable();
            assert_eq!(sorted.into_iter().collect::<String>(), left, "after {name}");
            let total: usize = files.by_name.values().map(|(_, bytes)| bytes.len()).sum();
            assert_eq!(files.bytes, total as u64);
        }
    }
}
