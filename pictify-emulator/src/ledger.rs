//! Ledger of billed renders. Every file that is stored has an entry.

use crate::store::{Document, Filter, Order, Store, StoreError};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Renders that are billed together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LedgerEntry {
    pub(crate) request_id: String,
    /// Operation ID in the contract.
    pub(crate) operation: String,
    pub(crate) renders: u64,
    pub(crate) at: String,
    pub(crate) idempotency_key: Option<String>,
}

impl Document for LedgerEntry {
    const KIND: &'static str = "billed";
}

/// Returns a page of the entries that match, oldest first, and the number of matches.
pub(crate) fn page(
    store: &Store,
    filter: &Filter,
    offset: usize,
    limit: usize,
) -> Result<(Vec<LedgerEntry>, usize), StoreError> {
    store.list(filter, Order::Oldest, offset, limit)
}

/// Returns the number of all billed renders.
pub(crate) fn billed_renders(store: &Store) -> Result<u64, StoreError> {
    store.sum(LedgerEntry::KIND, "$.renders")
}

/// Returns the number of renders billed in the current month, in UTC. The clock of a server may have been in a later month.
pub(crate) fn billed_this_month(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    store.sum_of_month(LedgerEntry::KIND, "$.renders", &format!("{now:.3}"))
}

/// Returns the start of the next month, in UTC.
pub(crate) fn next_month(now: Timestamp) -> Result<Timestamp, jiff::Error> {
    let start = now.to_zoned_datetime(TimeZone::UTC).first_of_month()?.start_of_day()?;
    Ok(start.checked_add(1.month())?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_is_renewed_at_the_start_of_a_month() {
        let store = Store::in_memory(0).unwrap();
        for (uid, at, renders) in [
            ("a", "2026-07-31T23:59:59.999Z", 1),
            ("b", "2026-08-01T00:00:00.000Z", 2),
            ("c", "2026-08-31T23:59:59.999Z", 4),
        ] {
            let entry = LedgerEntry { renders, at: at.to_owned(), ..LedgerEntry::default() };
            assert!(store.create(uid, &entry).unwrap());
        }
        for (now, expected) in [
            ("2026-06-30T23:59:59.999Z", 0),
            ("2026-07-31T23:59:59.999Z", 1),
            ("2026-08-01T00:00:00Z", 6),
            ("2026-08-31T23:59:59.999Z", 6),
            ("2026-09-01T00:00:00Z", 0),
            ("2027-08-15T12:00:00Z", 0),
        ] {
            assert_eq!(billed_this_month(&store, now.parse().unwrap()).unwrap(), expected, "{now}");
        }
    }
}
