//! Identical calls at the same time, as one.

use super::{retry_loop::Attempts, send_attempt::received};
use crate::{Error, ErrorKind, Result, error::Received, single_flight::Route, timeout::within};
use bytes::Bytes;
use futures_util::FutureExt;
use pictify_api::{BoxFuture, OperationInfo, Response};
use reqwest::{Request, StatusCode, header::HeaderMap};
use std::{panic::AssertUnwindSafe, sync::Arc};

/// What came of a call that others may have joined.
#[derive(Clone)]
pub(crate) struct Landed {
    by: Arc<Attempts>,
    result: Result<(StatusCode, HeaderMap, Bytes)>,
}

impl Attempts {
    /// Joins an identical call that is under way, or begins it.
    pub(super) async fn fly(self: &Arc<Self>, request: Request, info: &'static OperationInfo) -> Result<Response> {
        let body = request.body().and_then(reqwest::Body::as_bytes).map(Bytes::copy_from_slice).unwrap_or_default();
        let route = Route { operation: info.id, url: request.url().to_string(), body };
        let (by, mut is_own) = (self.clone(), false);
        let begin = || -> BoxFuture<'static, Landed> {
            is_own = true;
            Box::pin(async move {
                // A panic, as of a hook, would leave those who have joined waiting for what never comes.
                let result = AssertUnwindSafe(by.pay_and_run(request, info)).catch_unwind().await;
                let result = result.unwrap_or_else(|_| Err(panicked())).map(|response| {
                    let Received { status, headers, body } = received(response.status, response.headers, response.body);
                    (status, headers, body)
                });
                Landed { by, result }
            })
        };
        let flight = self.shared.flights.join(route, begin);
        // The call keeps to the deadline of who began it; whoever joins may be in more of a hurry.
        let landed =
            if is_own { Ok(flight.await) } else { within(&*self.shared.clock, self.time_left(), flight).await };
        let Ok(Landed { by, result }) = landed else {
            let text = format!("the identical call that this one joined did not end within {}", self.deadline_text());
            return Err(Error::new(ErrorKind::Timeout, text).with_outcome(true, false));
        };
        if !Arc::ptr_eq(&by, self) {
            // Set once, here.
            let _ = self.stood_in.set(by);
        }
        result.map(|(status, headers, body)| Response::new(status, headers, body))
    }
}

fn panicked() -> Error {
    Error::new(ErrorKind::Transport, "the call has panicked, maybe in a hook").with_outcome(true, false)
}
