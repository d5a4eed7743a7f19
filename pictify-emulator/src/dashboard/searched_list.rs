//! List of the documents of a kind with a search field, for areas that show nothing else.

use super::{
    request::{PAGE_SIZE, PageRequest},
    view,
};
use crate::{
    response::ApiResult,
    store::{Filter, Search},
};
use serde_json::{Value, json};

/// List of an area.
pub(super) struct SearchedList {
    /// Document kind.
    pub(super) kind: &'static str,
    /// Name of the area, of its view, and of the items in the view.
    pub(super) area: &'static str,
    pub(super) title: &'static str,
    /// Label of the search field.
    pub(super) label: &'static str,
    /// Returns what the page shows of a document.
    pub(super) item: fn(&Value) -> Value,
}

impl SearchedList {
    /// Shows the page of the list that the request asks for.
    pub(super) fn show(&self, request: &PageRequest<'_>) -> ApiResult {
        let text = request.parameter("q");
        let search = Search { text, ..Search::default() };
        let store = &request.state.store;
        let (found, total) = store.search(self.kind, Filter::default(), search, request.offset(), PAGE_SIZE)?;
        let mut data = json!({"search": {"text": text, "label": self.label}, "pages": request.pages(total)});
        data[self.area] = found.iter().map(self.item).collect();
        view::page(request.state, self.area, self.area, self.title, data)
    }
}
