//! URLs, made without sending anything.

use super::{RenderBindingUrl, RenderExperimentUrl, RenderTemplateUrl};
use crate::{Call, Client, Error, ErrorKind, Operation, Result, client::Shared};
use pictify_api::{BoxError, BoxFuture, Operation as OperationInfo, Response, Transport};
use reqwest::{Request, Url};
use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

/// Gives the calls of both clients their URLs.
macro_rules! urls {
    ($($(#[$attribute:meta])* $client:ty, $shared:expr;)*) => {$(
        $(#[$attribute])*
        impl Call<RenderTemplateUrl, $client> {
            /// The URL, without a key in it: for whatever can send the header `Authorization`. Nothing is sent.
            ///
            /// # Errors
            /// [`Validation`](crate::ErrorKind::Validation), as [`Links::template`](crate::links::Links::template) says.
            pub fn url(&self) -> Result<Url> {
                url_of($shared(&self.client), &self.operation)
            }

            /// The URL with an API key in it, for places that cannot send a header. Nothing is sent.
            ///
            /// The key then stands in pages, histories and logs, and whoever reads it can render at your expense: make a
            /// key for this alone, and prefer [`url`](Self::url) wherever a header can be sent.
            ///
            /// # Errors
            /// As [`url`](Self::url); [`Validation`](crate::ErrorKind::Validation) for an empty key.
            ///
            /// ```no_run
            /// # fn run(client: pictify::Client, key_for_pages: &str) -> pictify::Result<()> {
            /// use pictify::links::ImageFormat;
            ///
            /// let card = client.links().template("XK4P2M9QZT", ImageFormat::Png).variable("title", "Hello");
            /// let page = format!(r#"<img src="{}">"#, card.url_with_key(key_for_pages)?.as_str().replace('&', "&amp;"));
            /// # Ok(()) }
            /// ```
            pub fn url_with_key(&self, key: &str) -> Result<Url> {
                // Only here, so that a call neither prints nor stores the key.
                let mut operation = self.operation.clone();
                operation.query.token = Some(key.trim().into());
                url_of($shared(&self.client), &operation)
            }
        }

        $(#[$attribute])*
        impl Call<RenderBindingUrl, $client> {
            /// The URL. Nothing is sent.
            ///
            /// # Errors
            /// [`Validation`](crate::ErrorKind::Validation), as [`Links::binding`](crate::links::Links::binding) says.
            pub fn url(&self) -> Result<Url> {
                url_of($shared(&self.client), &self.operation)
            }
        }

        $(#[$attribute])*
        impl Call<RenderExperimentUrl, $client> {
            /// The URL. Nothing is sent, and nothing is counted.
            ///
            /// # Errors
            /// [`Validation`](crate::ErrorKind::Validation), as [`Links::experiment`](crate::links::Links::experiment) says.
            pub fn url(&self) -> Result<Url> {
                url_of($shared(&self.client), &self.operation)
            }
        }
    )*};
}

urls! {
    Client, |client: &Client| client.0.clone();
    #[cfg(feature = "blocking")]
    crate::blocking::Client, |client: &crate::blocking::Client| client.inner.0.clone();
}

/// The URL that an operation would be sent to: its generated method runs up to the transport, which keeps the URL.
#[allow(clippy::needless_pass_by_value, reason = "both clients share it")]
fn url_of<O: Operation>(shared: Arc<Shared>, operation: &O) -> Result<Url> {
    operation.check()?;
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
    fn send<'a>(&'a self, request: Request, _: &'a OperationInfo) -> BoxFuture<'a, Result<Response, BoxError>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.url().clone());
        Box::pin(std::future::ready(Err("not to be sent".into())))
    }
}
