//! One of the two documents, and the following of its references.

use crate::document::{below, follow, reference};
use serde_json::{Map, Value};

/// How many references in a row are followed.
const MAX_REFERENCE_HOPS: usize = 32;

/// One of the two documents.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    pub root: &'a Value,
    /// Where a fragment's references lead that leave it: to what we know under the same name.
    pub known: Option<&'a Value>,
    /// Version 3.0, which has no word for webhooks. Its rule that nothing stands beside `$ref` few authors keep, so what
    /// stands there counts.
    pub is_3_0: bool,
}

/// A place in a document.
#[derive(Clone)]
pub struct Node<'a> {
    /// Its pointer, after references: what is shared has one place.
    pub pointer: String,
    pub value: &'a Value,
}

impl<'a> Document<'a> {
    /// What a local reference points at. References to other files point at nothing here.
    pub fn target(&self, reference: &str) -> Option<Node<'a>> {
        let pointer = reference.strip_prefix('#')?;
        let value = self.root.pointer(pointer).or_else(|| self.known?.pointer(pointer))?;
        Some(Node { pointer: pointer.to_owned(), value })
    }

    /// Follows references to what they mean; nothing when they end nowhere.
    pub fn locate(&self, pointer: &str, value: &'a Value) -> Option<Node<'a>> {
        let mut at = Node { pointer: pointer.to_owned(), value };
        for _ in 0..MAX_REFERENCE_HOPS {
            match reference(at.value) {
                Some(reference) => at = self.target(reference)?,
                None => return Some(at),
            }
        }
        None
    }

    /// The schema that a use of it stands for: what a use says besides is about the use.
    pub fn underlying(&self, at: &Node<'a>) -> Node<'a> {
        let mut at = at.clone();
        for _ in 0..MAX_REFERENCE_HOPS {
            let Some(inner) = at.value.as_object().and_then(|object| self.only_schema(&at.pointer, object)) else {
                break;
            };
            at = inner;
        }
        at
    }

    fn only_schema(&self, pointer: &str, object: &'a Map<String, Value>) -> Option<Node<'a>> {
        let mut keywords = object.keys().filter(|keyword| !is_annotation(keyword));
        let (keyword, None) = (keywords.next()?.as_str(), keywords.next()) else { return None };
        if keyword == "$ref" {
            return self.target(object.get("$ref")?.as_str()?);
        }
        let list = object.get(keyword).filter(|_| matches!(keyword, "allOf" | "oneOf" | "anyOf"))?.as_array()?;
        let mut members =
            list.iter().enumerate().filter(|(_, member)| member.get("type") != Some(&Value::from("null")));
        let ((index, value), None) = (members.next()?, members.next()) else { return None };
        Some(Node { pointer: below(&below(pointer, keyword), &index.to_string()), value })
    }

    /// What is at `pointer`, references followed.
    pub fn at(&self, pointer: &str) -> Option<Node<'a>> {
        self.locate(pointer, self.root.pointer(pointer)?)
    }

    /// The path item at `pointer`.
    pub fn path_item(&self, pointer: &str) -> Option<&'a Value> {
        self.root.pointer(pointer).map(|item| follow(self.root, item))
    }
}

/// Whether a keyword beside a reference says something of this use and nothing of what a value may be.
fn is_annotation(keyword: &str) -> bool {
    const ANNOTATIONS: [&str; 9] =
        ["description", "title", "default", "deprecated", "nullable", "example", "examples", "readOnly", "writeOnly"];
    ANNOTATIONS.contains(&keyword) || keyword.starts_with("x-")
}
