//! Typed documents: each kind has a Rust type, with the service that owns it.

use super::{Filter, Order, Result, Store, StoreError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Type of the documents of one kind.
pub(crate) trait Document: Serialize + DeserializeOwned {
    /// Kind in the store.
    const KIND: &'static str;
}

impl Store {
    /// Returns the document with this ID.
    pub(crate) fn find<D: Document>(&self, id: &str) -> Result<Option<D>> {
        self.get(D::KIND, id)?.map(from_json).transpose()
    }

    /// Inserts a document. Returns false if its ID is taken.
    pub(crate) fn create<D: Document>(&self, id: &str, document: &D) -> Result<bool> {
        self.insert(D::KIND, id, &to_json(document)?)
    }

    /// Changes the document with this ID atomically and returns the result of `change`; `None` if there is no such
    /// document. If `change` returns an error, nothing is written.
    pub(crate) fn change<D: Document, T, E: From<StoreError>>(
        &self,
        id: &str,
        change: impl FnOnce(&mut D) -> std::result::Result<T, E>,
    ) -> std::result::Result<Option<T>, E> {
        self.update(D::KIND, id, |stored| {
            let mut document = from_json(stored.take())?;
            let result = change(&mut document)?;
            *stored = to_json(&document)?;
            Ok(result)
        })
    }

    /// Deletes a document. Returns false if there was none.
    pub(crate) fn delete<D: Document>(&self, id: &str) -> Result<bool> {
        self.remove(D::KIND, id)
    }

    /// Returns a page of documents and the total number of matches.
    pub(crate) fn list<D: Document>(
        &self,
        filter: &Filter,
        order: Order,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<D>, usize)> {
        let (documents, total) = self.page(D::KIND, filter, order, offset, limit)?;
        Ok((documents.into_iter().map(from_json).collect::<Result<_>>()?, total))
    }

    /// Returns all matching documents.
    pub(crate) fn list_all<D: Document>(&self, filter: &Filter, order: Order) -> Result<Vec<D>> {
        self.all(D::KIND, filter, order)?.into_iter().map(from_json).collect()
    }

    /// Returns the number of matching documents.
    pub(crate) fn count_of<D: Document>(&self, filter: &Filter) -> Result<usize> {
        self.count(D::KIND, filter)
    }
}

/// Converts a document to its stored form.
pub(crate) fn to_json(document: &impl Serialize) -> Result<Value> {
    Ok(serde_json::to_value(document)?)
}

/// Reads a document from its stored form.
pub(crate) fn from_json<T: DeserializeOwned>(stored: Value) -> Result<T> {
    Ok(serde_json::from_value(stored)?)
}
