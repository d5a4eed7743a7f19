//! Query strings, forms, and pages of lists.

use crate::{api_error::ApiError, context::AppState};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// Number of items on a page of a list.
pub(super) const PAGE_SIZE: usize = 24;

/// Request for a page.
pub(super) struct PageRequest<'a> {
    pub(super) state: &'a Arc<AppState>,
    query: BTreeMap<String, String>,
    body: &'a [u8],
}

impl<'a> PageRequest<'a> {
    pub(super) fn new(state: &'a Arc<AppState>, query: &str, body: &'a [u8]) -> Self {
        Self { state, query: pairs(query.as_bytes()), body }
    }

    /// Returns a parameter of the query string, or an empty string.
    pub(super) fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// Returns the fields of a form.
    pub(super) fn form(&self) -> BTreeMap<String, String> {
        pairs(self.body)
    }

    /// Returns the body of a script's call.
    pub(super) fn json(&self) -> Result<Value, ApiError> {
        serde_json::from_slice(self.body)
            .map_err(|error| ApiError::with_message(StatusCode::BAD_REQUEST, format!("The body is not JSON: {error}")))
    }

    /// Returns the offset of the page of a list that the request asks for.
    pub(super) fn offset(&self) -> usize {
        (self.page() - 1).saturating_mul(PAGE_SIZE)
    }

    fn page(&self) -> usize {
        self.parameter("page").parse().unwrap_or(1).max(1)
    }

    /// Returns the links to other pages of a list with so many items.
    pub(super) fn pages(&self, total: usize) -> Value {
        let (page, last) = (self.page(), total.div_ceil(PAGE_SIZE).max(1));
        let link = |page: usize| {
            let mut query = self.query.clone();
            query.insert("page".to_owned(), page.to_string());
            format!("?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish())
        };
        json!({
            "total": total,
            "page": page,
            "last": last,
            "previous": (page > 1).then(|| link(page.min(last + 1) - 1)),
            "next": (page < last).then(|| link(page + 1)),
        })
    }
}

/// Decodes a query string or the body of a form.
fn pairs(text: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(text).into_owned().collect()
}
