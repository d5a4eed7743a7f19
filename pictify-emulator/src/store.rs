//! What was made, in memory.

use bytes::Bytes;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How many bytes of files are kept; the oldest images go first.
const CAPACITY: usize = 512 * 1024 * 1024;

/// A stored image.
#[derive(Clone, Debug)]
pub(crate) struct StoredImage {
    pub(crate) id: String,
    /// The name of its file.
    pub(crate) file: String,
    pub(crate) created_at: String,
}

/// A stored file.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: &'static str,
}

/// Everything that this server has made and not yet forgotten.
#[derive(Debug, Default)]
pub(crate) struct Store(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Oldest first.
    images: std::collections::VecDeque<StoredImage>,
    files: HashMap<String, StoredFile>,
    size: usize,
}

impl Store {
    /// Keeps an image with its file.
    pub(crate) fn add(&self, image: StoredImage, file: StoredFile) {
        let mut state = self.lock();
        state.size += file.bytes.len();
        state.files.insert(image.file.clone(), file);
        state.images.push_back(image);
        while state.size > CAPACITY && state.images.len() > 1 {
            let Some(oldest) = state.images.pop_front() else { break };
            if let Some(file) = state.files.remove(&oldest.file) {
                state.size -= file.bytes.len();
            }
        }
    }

    /// A page of images, newest first, and how many there are in all.
    pub(crate) fn images(&self, offset: usize, limit: usize) -> (Vec<StoredImage>, usize) {
        let state = self.lock();
        (state.images.iter().rev().skip(offset).take(limit).cloned().collect(), state.images.len())
    }

    pub(crate) fn image(&self, id: &str) -> Option<StoredImage> {
        self.lock().images.iter().find(|image| image.id == id).cloned()
    }

    pub(crate) fn file(&self, name: &str) -> Option<StoredFile> {
        self.lock().files.get(name).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
