//! One of the two documents, and the following of its references.

use crate::document::{follow, reference};
use serde_json::Value;

/// How many references in a row are followed.
const HOPS: usize = 32;

/// One of the two documents.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub root: &'a Value,
    /// Where a fragment's references lead that leave it: to what we know under the same name.
    pub known: Option<&'a Value>,
    /// Version 3.0, which has no word for webhooks. Its rule that nothing stands beside `$ref` few authors keep, so what
    /// stands there counts.
    pub is_3_0: bool,
}

/// A place in a document.
#[derive(Clone)]
pub struct At<'a> {
    /// Its pointer, after references: what is shared has one place.
    pub pointer: String,
    pub value: &'a Value,
}

impl<'a> Side<'a> {
    /// What a local reference points at. References to other files point at nothing here.
    pub fn target(&self, reference: &str) -> Option<At<'a>> {
        let pointer = reference.strip_prefix('#')?;
        let value = self.root.pointer(pointer).or_else(|| self.known?.pointer(pointer))?;
        Some(At { pointer: pointer.to_owned(), value })
    }

    /// Follows references to what they mean; nothing when they end nowhere.
    pub fn locate(&self, pointer: &str, value: &'a Value) -> Option<At<'a>> {
        let mut at = At { pointer: pointer.to_owned(), value };
        for _ in 0..HOPS {
            match reference(at.value) {
                Some(reference) => at = self.target(reference)?,
                None => return Some(at),
            }
        }
        None
    }

    /// What is at `pointer`, references followed.
    pub fn at(&self, pointer: &str) -> Option<At<'a>> {
        self.locate(pointer, self.root.pointer(pointer)?)
    }

    /// The path item at `pointer`.
    pub fn path_item(&self, pointer: &str) -> Option<&'a Value> {
        self.root.pointer(pointer).map(|item| follow(self.root, item))
    }
}
