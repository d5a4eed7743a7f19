//! A document of the comparison, and the resolution of its references.

use crate::document::{below, follow, reference};
use serde_json::{Map, Value};

/// Maximum number of references followed in a row.
const MAX_REFERENCE_HOPS: usize = 32;

/// One of the two documents.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    pub root: &'a Value,
    /// Our document, for references of a fragment to schemas that the fragment does not contain.
    pub known: Option<&'a Value>,
    /// `true` for version 3.0, which has no webhooks. By the standard, siblings of `$ref` have no effect in 3.0; many
    /// authors use them anyway, so they are read.
    pub is_3_0: bool,
}

/// A value in a document.
#[derive(Clone)]
pub struct Node<'a> {
    /// Pointer after references are followed, so that shared values have one pointer.
    pub pointer: String,
    pub value: &'a Value,
}

impl<'a> Document<'a> {
    /// Returns the target of a local reference. References to other files are not resolved.
    pub fn target(&self, reference: &str) -> Option<Node<'a>> {
        let pointer = reference.strip_prefix('#')?;
        let value = self.root.pointer(pointer).or_else(|| self.known?.pointer(pointer))?;
        Some(Node { pointer: pointer.to_owned(), value })
    }

    /// Follows references to a value; `None` if one cannot be resolved.
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

    /// Returns the schema behind a reference or a union with null. Annotations beside it belong to the use, not to the
    /// schema.
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

    /// Returns the value at `pointer`, with references followed.
    pub fn at(&self, pointer: &str) -> Option<Node<'a>> {
        self.locate(pointer, self.root.pointer(pointer)?)
    }

    /// The path item at `pointer`.
    pub fn path_item(&self, pointer: &str) -> Option<&'a Value> {
        self.root.pointer(pointer).map(|item| follow(self.root, item))
    }
}

/// Returns `true` if a keyword beside a reference describes the use and does not restrict the value.
fn is_annotation(keyword: &str) -> bool {
    const ANNOTATIONS: [&str; 9] =
        ["description", "title", "default", "deprecated", "nullable", "example", "examples", "readOnly", "writeOnly"];
    ANNOTATIONS.contains(&keyword) || keyword.starts_with("x-")
}
