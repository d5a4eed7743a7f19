//! Decision whether another page follows, from the pagination fields that a response has.

use pictify_api::types::{OffsetPagination, PagePagination};

/// Returns the offset of the next page, if there is one.
pub(crate) fn next_offset(
    stated: Option<&OffsetPagination>,
    limit: Option<u64>,
    offset: Option<u64>,
    count: usize,
) -> Option<u64> {
    let offset = offset.unwrap_or(0);
    let count = count as u64;
    let limit = limit.or_else(|| stated?.limit);
    // An empty page is skipped by its size. If the size is unknown, the list ends.
    let next = offset.checked_add(if count > 0 { count } else { limit? })?;
    let more = match stated {
        Some(OffsetPagination { has_more: Some(more), .. }) => *more,
        Some(OffsetPagination { total: Some(total), .. }) => next < *total,
        _ => count > 0 && limit.is_some_and(|limit| count >= limit),
    };
    (more && next > offset).then_some(next)
}

/// Returns the number of the next page, if there is one.
pub(crate) fn next_page(
    stated: Option<&PagePagination>,
    limit: Option<u64>,
    page: Option<u64>,
    count: usize,
) -> Option<u64> {
    let page = page.unwrap_or(1);
    let limit = limit.or_else(|| stated?.limit);
    let stated = stated.cloned().unwrap_or_default();
    let more = match (stated.has_next, stated.total_pages, stated.total, limit) {
        (Some(more), ..) => more,
        (None, Some(pages), ..) => page < pages,
        (None, None, Some(total), Some(limit)) => page.saturating_mul(limit) < total,
        (None, None, _, limit) => count > 0 && limit.is_some_and(|limit| count as u64 >= limit),
    };
    if more { page.checked_add(1) } else { None }
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
            (json!({"hasMore": true}), None, Some(20), 0, None),
            (json!({"total": 31, "limit": 30}), None, None, 30, Some(30)),
            (json!({"total": 30, "limit": 30}), None, None, 30, None),
            (json!({}), Some(10), None, 10, Some(10)),
            (json!({}), Some(10), None, 9, None),
            (json!({}), Some(10), None, 0, None),
            (json!({}), None, None, 30, None),
            (json!(null), Some(10), Some(10), 10, Some(20)),
            (json!(null), None, None, 30, None),
            (json!({"hasMore": true}), Some(10), Some(u64::MAX), 10, None),
        ] {
            let pagination: Option<OffsetPagination> = serde_json::from_value(stated.clone()).unwrap();
            assert_eq!(
                next_offset(pagination.as_ref(), limit, offset, count),
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
            (json!({}), None, None, 12, None),
            (json!(null), Some(12), None, 12, Some(2)),
        ] {
            let pagination: Option<PagePagination> = serde_json::from_value(stated.clone()).unwrap();
            assert_eq!(next_page(pagination.as_ref(), limit, page, count), next, "{stated} {limit:?} {page:?} {count}");
        }
    }
}
