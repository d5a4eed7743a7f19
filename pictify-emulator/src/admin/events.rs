//! Stream of events.

use super::AdminResult;
use crate::{
    context::AppState,
    events::{Notice, Subscription},
};
use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{self, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use serde_json::json;
use std::{convert::Infallible, sync::Arc, time::Duration};

/// Time after which a comment is sent when there is no event, so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) async fn stream(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
) -> AdminResult<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let events = stream::unfold(state.events.subscribe(last), |mut subscription: Subscription| async {
        let notice = subscription.next().await?;
        Some((Ok(to_message(&notice)), subscription))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn to_message(notice: &Notice) -> sse::Event {
    match notice {
        Notice::Event(event) => {
            sse::Event::default().id(event.id.to_string()).event(event.name).data(event.data.to_string())
        }
        Notice::Lagged(missed) => sse::Event::default().event("lagged").data(json!({"missed": missed}).to_string()),
    }
}
