//! Pagination of lists, in the styles of the service.

use crate::{
    api_error::ApiError,
    context::RequestContext,
    json::read_whole_number,
    response::ApiResult,
    store::{Document, Filter, Order},
};
use serde_json::{Value, json};

impl RequestContext {
    /// Returns a whole number of the query string.
    pub(super) fn query_number(&self, name: &str) -> Option<usize> {
        self.query.get(name).and_then(read_whole_number).and_then(|number| usize::try_from(number).ok())
    }

    /// Returns a non-empty string of the query string.
    pub(super) fn query_text(&self, name: &str) -> Option<&str> {
        self.query.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Lists documents by `limit` and `offset`.
    pub(super) fn list_by_offset<D: Document>(
        &self,
        name: &str,
        filter: &Filter,
        limit: usize,
        to_item: impl Fn(D) -> Value,
    ) -> Result<Value, ApiError> {
        let (limit, offset) = (self.query_number("limit").unwrap_or(limit), self.query_number("offset").unwrap_or(0));
        let (items, total) = self.state.store.list(filter, Order::Newest, offset, limit)?;
        let items: Vec<_> = items.into_iter().map(to_item).collect();
        let has_more = offset.saturating_add(items.len()) < total;
        Ok(json!({
            name: items,
            "pagination": {"total": total, "limit": limit, "offset": offset, "hasMore": has_more},
        }))
    }

    /// Lists documents by `page` and `limit`.
    pub(super) fn list_by_page<D: Document>(
        &self,
        name: &str,
        filter: &Filter,
        order: Order,
        limit: usize,
        to_item: impl Fn(D) -> Value,
    ) -> ApiResult {
        let (page, limit) =
            (self.query_number("page").unwrap_or(1).max(1), self.query_number("limit").unwrap_or(limit).max(1));
        let offset = (page - 1).saturating_mul(limit);
        let (items, total) = self.state.store.list(filter, order, offset, limit)?;
        let items: Vec<_> = items.into_iter().map(to_item).collect();
        Ok(json!({name: items, "pagination": pagination(page, limit, total)}).into())
    }
}

/// Returns the `pagination` object of a page.
pub(super) fn pagination(page: usize, limit: usize, total: usize) -> Value {
    let pages = total.div_ceil(limit);
    json!({
        "page": page,
        "limit": limit,
        "total": total,
        "totalPages": pages,
        "hasNext": page < pages,
        "hasPrev": page > 1 && total > 0,
    })
}
