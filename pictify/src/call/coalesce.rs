//! Request coalescing: identical calls at the same time share one request.

use super::{attempt::to_received, retry_loop::CallState};
use crate::{
    Error, ErrorKind, Result,
    error::Received,
    single_flight::RequestKey,
    timeout::timeout,
    transport::{Body, BoxFuture},
};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, StatusCode};
use std::{panic::AssertUnwindSafe, sync::Arc};

/// The result of a call that others may have joined.
#[derive(Clone)]
pub(crate) struct CoalescedResult {
    leader: Arc<CallState>,
    result: Result<(StatusCode, HeaderMap, Bytes)>,
}

/// Joins an identical call that is in flight, or starts it.
pub(super) async fn send(state: &Arc<CallState>, request: http::Request<Bytes>) -> Result<http::Response<Body>> {
    let (url, body) = (request.uri().to_string(), request.body().clone());
    let key = RequestKey { operation: state.operation.id, url, body };
    let (leader, mut is_leader) = (state.clone(), false);
    let start = || -> BoxFuture<'static, CoalescedResult> {
        is_leader = true;
        Box::pin(async move {
            // A panic, for example of a hook, would leave the calls that have joined waiting for ever.
            let result = AssertUnwindSafe(leader.run_within_spend_limit(request)).catch_unwind().await;
            let result = result.unwrap_or_else(|_| Err(panicked())).map(|response| {
                let Received { status, headers, body } = to_received(response);
                (status, headers, body)
            });
            CoalescedResult { leader, result }
        })
    };
    let in_flight = state.client.in_flight.join(key, start);
    // The request keeps to the deadline of the call that started it; a call that joins may have an earlier one.
    let shared =
        if is_leader { Ok(in_flight.await) } else { timeout(&*state.client.clock, state.time_left(), in_flight).await };
    let Ok(CoalescedResult { leader, result }) = shared else {
        let text = format!("the identical call that this one joined did not end within {}", state.deadline_text());
        return Err(Error::new(ErrorKind::Timeout, text).with_outcome(true, false));
    };
    if !Arc::ptr_eq(&leader, state) {
        // Set only here, so it cannot fail.
        let _ = state.leader.set(leader);
    }
    result.map(|(status, headers, body)| {
        let mut response = http::Response::new(Body::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    })
}

fn panicked() -> Error {
    Error::new(ErrorKind::Transport, "the call panicked, possibly in a hook").with_outcome(true, false)
}
