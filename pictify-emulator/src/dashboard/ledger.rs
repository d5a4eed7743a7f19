//! Ledger of billed renders.

use super::{
    request::{PAGE_SIZE, PageRequest},
    view,
};
use crate::{
    ledger::{LedgerEntry, billed_renders, billed_this_month},
    response::ApiResult,
    store::{Document as _, Filter, Search},
};
use serde_json::{Value, json};

/// Shows the entries, with the sums of the month and of all time.
pub(super) fn list(request: &PageRequest<'_>) -> ApiResult {
    let (state, text) = (request.state, request.parameter("q"));
    let search = Search { text, ..Search::default() };
    let (entries, total) =
        state.store.search(LedgerEntry::KIND, Filter::default(), search, request.offset(), PAGE_SIZE)?;
    let is_logged = |entry: &Value| entry["requestId"].as_str().is_some_and(|id| state.requests.find(id).is_some());
    let entries: Vec<_> = entries
        .into_iter()
        .map(|mut entry| {
            entry["isLogged"] = is_logged(&entry).into();
            entry
        })
        .collect();
    let (used, limit) = (billed_this_month(&state.store, state.now())?, state.monthly_limit());
    let data = json!({
        "entries": entries,
        "month": used,
        "limit": limit,
        "isLimited": state.config.renders_per_month.or(state.config.spending_cap).is_some(),
        "all": billed_renders(&state.store)?,
        "search": {"text": text, "label": "Search entries by operation, request or key"},
        "pages": request.pages(total),
    });
    view::page(state, "ledger", "ledger", "Ledger", data)
}
