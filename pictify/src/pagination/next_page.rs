//! Decision whether another page follows, from the pagination fields that a response has.

use pictify_api::types::{OffsetPagination, PagePagination};

/// Returns the offset of the next page, if there is one. `default` is the size of a page without a `limit`.
pub(crate) fn next_offset(
    stated: Option<&OffsetPagination>,
    limit: Option<u64>,
    default: u64,
    offset: Option<u64>,
    count: usize,
) -> Option<u64> {
    let offset = offset.unwrap_or(0);
    let count = count as u64;
    let stated_limit = stated.and_then(|stated| stated.limit);
    let size = page_size(stated_limit, limit, default);
    // An empty page is skipped by its size.
    let next = offset.checked_add(if count > 0 { count } else { size })?;
    let more = match stated {
        Some(OffsetPagination { has_more: Some(more), .. }) => *more,
        Some(OffsetPagination { total: Some(total), .. }) => next < *total,
        _ => is_full(count, stated_limit, limit, default),
    };
    (more && next > offset).then_some(next)
}

/// Returns the number of the next page, if there is one. `default` is the size of a page without a `limit`.
pub(crate) fn next_page(
    stated: Option<&PagePagination>,
    limit: Option<u64>,
    default: u64,
    page: Option<u64>,
    count: usize,
) -> Option<u64> {
    let page = page.unwrap_or(1);
    let stated = stated.cloned().unwrap_or_default();
    let size = page_size(stated.limit, limit, default);
    let more = match (stated.has_next, stated.total_pages, stated.total) {
        (Some(more), ..) => more,
        (None, Some(pages), _) => page < pages,
        (None, None, Some(total)) => page.saturating_mul(size) < total,
        (None, None, None) => is_full(count as u64, stated.limit, limit, default),
    };
    if more { page.checked_add(1) } else { None }
}

/// Returns `true` if a page is full: it has the requested or default number of items, or the number that it reports if
/// that is less, because the service may allow fewer items than requested.
fn is_full(count: u64, stated: Option<u64>, limit: Option<u64>, default: u64) -> bool {
    count >= page_size(stated, limit, default).min(page_size(None, limit, default))
}

/// Returns the size of a page, at least 1: the size that the page reports, else the requested size, else the default size
/// of the list.
fn page_size(stated: Option<u64>, limit: Option<u64>, default: u64) -> u64 {
    stated.filter(|size| *size > 0).or(limit).unwrap_or(default).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_next_offset_is_decided_from_the_fields_that_exist() {
        for (stated, limit, offset, count, next) in [
            (json!({"hasMore": true}), None, None, 30, Some(30)),
            (json!({"hasMore": true}), Some(10), Some(20), 10, Some(30)),
            (json!({"hasMore": false, "total": 99}), Some(10), None, 10, None),
            (json!({"hasMore": true, "limit": 10}), None, Some(20), 0, Some(30)),
            (json!({"hasMore": true}), None, Some(20), 0, Some(50)),
            (json!({"total": 31, "limit": 30}), None, None, 30, Some(30)),
            (json!({"total": 30, "limit": 30}), None, None, 30, None),
            (json!({}), Some(10), None, 10, Some(10)),
            (json!({}), Some(10), None, 9, None),
            (json!({}), Some(10), None, 0, None),
            (json!({}), None, None, 30, Some(30)),
            (json!({"limit": 10}), Some(100), None, 10, Some(10)),
            (json!({"limit": 30}), Some(10), None, 10, Some(10)),
            (json!({"limit": 0}), Some(10), None, 9, None),
            (json!(null), Some(10), Some(10), 10, Some(20)),
            (json!(null), None, None, 30, Some(30)),
            (json!(null), None, None, 29, None),
            (json!(null), None, Some(60), 31, Some(91)),
            (json!(null), None, None, 0, None),
            (json!({"hasMore": true}), Some(10), Some(u64::MAX), 10, None),
        ] {
            let pagination: Option<OffsetPagination> = serde_json::from_value(stated.clone()).unwrap();
            assert_eq!(
                next_offset(pagination.as_ref(), limit, 30, offset, count),
                next,
                "{stated} {limit:?} {offset:?} {count}"
            );
        }
    }

    #[test]
    fn the_next_page_number_is_decided_from_the_fields_that_exist() {
        for (stated, limit, page, count, next) in [
            (json!({"hasNext": true}), None, None, 12, Some(2)),
            (json!({"hasNext": true}), None, Some(4), 0, Some(5)),
            (json!({"hasNext": false, "totalPages": 9}), None, None, 12, None),
            (json!({"totalPages": 3}), None, Some(2), 12, Some(3)),
            (json!({"totalPages": 3}), None, Some(3), 12, None),
            (json!({"total": 45, "limit": 20, "page": 2}), None, Some(2), 20, Some(3)),
            (json!({"total": 40, "limit": 20, "page": 2}), None, Some(2), 20, None),
            (json!({}), Some(12), None, 12, Some(2)),
            (json!({}), Some(12), None, 11, None),
            (json!({}), None, None, 12, Some(2)),
            (json!({}), None, None, 11, None),
            (json!({"total": 45}), None, Some(3), 12, Some(4)),
            (json!({"total": 45}), None, Some(4), 9, None),
            (json!({"total": 45, "limit": 10}), Some(100), Some(4), 10, Some(5)),
            (json!(null), Some(12), None, 12, Some(2)),
            (json!(null), None, Some(2), 12, Some(3)),
            (json!(null), None, None, 0, None),
        ] {
            let pagination: Option<PagePagination> = serde_json::from_value(stated.clone()).unwrap();
            assert_eq!(
                next_page(pagination.as_ref(), limit, 12, page, count),
                next,
                "{stated} {limit:?} {page:?} {count}"
            );
        }
    }
}
