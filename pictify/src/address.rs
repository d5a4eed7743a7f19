//! URLs of operations that only read, made without sending anything.

use crate::{AsClient, Error, ErrorKind, Operation, Result};
use pictify_api::{BoxError, BoxFuture, OperationInfo, Response, Transport};
use reqwest::{Request, Url};
use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

/// The URL that an operation would be sent to: its generated method runs up to the transport, which keeps the URL.
pub(crate) fn url_of<O: Operation>(client: &impl AsClient, operation: &O) -> Result<Url> {
    operation.check()?;
    let shared = &client.as_async().0;
    let seen = Arc::new(Seen::default());
    let prefix = crate::base_url::as_prefix(&shared.base_url);
    let api = pictify_api::Client::with_transport(prefix, shared.http.clone(), seen.clone());
    // Nothing in it waits, so it is done after one poll.
    let Poll::Ready(Err(error)) = operation.send(&api).as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        return Err(Error::new(ErrorKind::Validation, "the URL cannot be made"));
    };
    let seen = seen.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut url) = seen else {
        return Err(match error {
            pictify_api::Error::PathSegment(segment) => {
                Error::invalid_field("id", format!("`{segment}` cannot be an identifier"))
            }
            other => Error::new(ErrorKind::Validation, "the URL cannot be made").with_source(other),
        });
    };
    // A plus means a space only to those who read the query as a form.
    let query = url.query().map(|query| query.replace('+', "%20"));
    url.set_query(query.as_deref());
    Ok(url)
}

/// Keeps where a request would go.
#[derive(Default)]
struct Seen(Mutex<Option<Url>>);

impl Transport for Seen {
    fn send<'a>(&'a self, request: Request, _: &'static OperationInfo) -> BoxFuture<'a, Result<Response, BoxError>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.url().clone());
        Box::pin(std::future::ready(Err("not to be sent".into())))
    }
}
