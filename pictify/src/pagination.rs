//! Pagination: lists read page by page or item by item.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! let mut images = client.images().list().items();
//! while let Some(image) = images.try_next().await? {
//!     println!("{}", image.url);
//! }
//! # Ok(()) }
//! ```
//!
//! [`Items`] and [`Pages`] are `Stream`s with the async client and `Iterator`s with the blocking one. Pages are
//! requested one at a time, when they are needed; with `prefetch`, one page is requested in advance. No page is
//! requested twice. The service has three styles of pagination, and omits some of the fields that it documents; the
//! fields that a response has decide if another page follows. Without these fields, a full page is followed by another:
//! it is full if it has as many items as [`limit`](crate::images::ListImagesCall::limit), or as the default of the list.
//!
//! A list never goes round in circles: a page that repeats an earlier one ends it with
//! [`RepeatedPage`](ErrorKind::RepeatedPage).

#[cfg(feature = "blocking")]
mod blocking;
mod next_page;
mod repetition;

pub(crate) use next_page::{next_offset, next_page};
pub(crate) use repetition::{ItemId, fingerprint};

use crate::transport::BoxFuture;
use crate::{ApiRequest, Call, Client, Error, ErrorKind, Response, Result};
use futures_util::Stream;
use repetition::{PageSummary, Repetition};
use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::task::JoinHandle;

/// Request for one page of a list.
pub trait Paginated: ApiRequest + Unpin {
    /// Type of the items of the list.
    type Item: Send + Unpin + 'static;

    /// Returns the request for the page after `page`, if there is one. `left_out` items of the page cannot be read.
    #[doc(hidden)]
    fn next_page_request(&self, page: &Self::Response, left_out: usize) -> Option<Self>;

    /// Returns the items of a page.
    #[doc(hidden)]
    fn items(page: Self::Response) -> Vec<Self::Item>;

    /// Describes the page that the request asks for, for example `the page at offset 60`.
    #[doc(hidden)]
    fn describe(&self) -> String;

    /// Returns a hash of the IDs of a page's items; `None` for an empty page.
    #[doc(hidden)]
    fn fingerprint(page: &Self::Response) -> Option<u64>;

    /// Returns the offset or the number that a page reports of itself.
    #[doc(hidden)]
    fn position(page: &Self::Response) -> Option<u64>;
}

/// Makes a request [`Paginated`], with the setters of its style of pagination:
/// `paged!(ListImages / ListImagesCall, images: Image, id in id, by offset, 30 a page)`.
///
/// The field after `in` has the ID of an item. The number is the size of a page when the request has no `limit`.
macro_rules! paged {
    (
        $operation:ident / $call:ident, $items:ident: $item:ty, id in $id:ident, by $style:ident,
        $default:literal a page
    ) => {
        impl $crate::pagination::Paginated for $operation {
            type Item = $item;

            fn next_page_request(&self, page: &Self::Response, left_out: usize) -> Option<Self> {
                let mut next = self.clone();
                $crate::pagination::paged!(@$style next.query, page, page.$items.len() + left_out, $default);
                Some(next)
            }

            fn items(page: Self::Response) -> Vec<Self::Item> {
                page.$items
            }

            fn describe(&self) -> String {
                $crate::pagination::paged!(@describe $style self.query)
            }

            fn fingerprint(page: &Self::Response) -> Option<u64> {
                $crate::pagination::fingerprint(&page.$items, |item| $crate::pagination::ItemId::text(&item.$id))
            }

            fn position(page: &Self::Response) -> Option<u64> {
                $crate::pagination::paged!(@position $style page)
            }
        }

        /// Setters of the pagination.
        impl<C> $call<C> {
            #[doc = concat!("Sets the maximum number of ", stringify!($items), " in a page, 1 to 100. The service's default is ", $default, ".")]
            pub fn limit(self, limit: u64) -> Self {
                self.with(|op| op.query.limit = Some(limit))
            }

            $crate::pagination::paged!(@setter $style);
        }

        /// Reading all pages.
        impl $call<$crate::Client> {
            /// Returns the pages of the list. The setters and options apply to every page.
            pub fn pages(self) -> $crate::pagination::Pages<$operation, $crate::Client> {
                $crate::Call::from(self).pages()
            }

            /// Returns the items of the list, from all pages. The setters and options apply to every page.
            pub fn items(self) -> $crate::pagination::Items<$operation, $crate::Client> {
                $crate::Call::from(self).items()
            }
        }

        /// Reading all pages with the blocking client.
        #[cfg(feature = "blocking")]
        impl $call<$crate::blocking::Client> {
            /// Returns the pages of the list. The setters and options apply to every page.
            pub fn pages(self) -> $crate::pagination::Pages<$operation, $crate::blocking::Client> {
                $crate::Call::from(self).pages()
            }

            /// Returns the items of the list, from all pages. The setters and options apply to every page.
            pub fn items(self) -> $crate::pagination::Items<$operation, $crate::blocking::Client> {
                $crate::Call::from(self).items()
            }
        }
    };
    (@setter offset) => {
        /// Sets the number of items to skip.
        pub fn offset(self, offset: u64) -> Self {
            self.with(|op| op.query.offset = Some(offset))
        }
    };
    (@setter $page_or_flat:ident) => {
        /// Sets the page to read, from 1.
        pub fn page(self, page: u64) -> Self {
            self.with(|op| op.query.page = Some(page))
        }
    };
    (@describe offset $query:expr) => {
        format!("the page at offset {}", $query.offset.unwrap_or(0))
    };
    (@describe $page_or_flat:ident $query:expr) => {
        format!("page {}", $query.page.unwrap_or(1))
    };
    (@position offset $page:expr) => {
        $page.pagination.as_ref().and_then(|stated| stated.offset)
    };
    (@position page $page:expr) => {
        $page.pagination.as_ref().and_then(|stated| stated.page)
    };
    (@position flat $page:expr) => {
        $page.page
    };
    (@offset $query:expr, $page:expr, $count:expr, $default:expr) => {
        let (limit, offset) = ($query.limit, $query.offset);
        let next = $crate::pagination::next_offset($page.pagination.as_ref(), limit, $default, offset, $count)?;
        $query.offset = Some(next);
    };
    (@page $query:expr, $page:expr, $count:expr, $default:expr) => {
        let (limit, page) = ($query.limit, $query.page);
        $query.page = Some($crate::pagination::next_page($page.pagination.as_ref(), limit, $default, page, $count)?);
    };
    (@flat $query:expr, $page:expr, $count:expr, $default:expr) => {
        let mut stated = pictify_api::types::PagePagination::default();
        (stated.total, stated.page, stated.limit) = ($page.total, $page.page, $page.limit);
        let (limit, page) = ($query.limit, $query.page);
        $query.page = Some($crate::pagination::next_page(Some(&stated), limit, $default, page, $count)?);
    };
}
pub(crate) use paged;

/// Pages of a list.
///
/// It ends after the last page or after an error. A page that repeats an earlier one is not returned: it is the error
/// [`RepeatedPage`](ErrorKind::RepeatedPage), as are 10 empty pages in a row. [`next_request`](Self::next_request) returns the request for the next
/// page: store it to continue later with `client.call(request).pages()`.
#[must_use = "nothing is sent before the first page is read"]
pub struct Pages<O: ApiRequest, C> {
    next: Option<Call<O, C>>,
    under_way: Option<PendingPage<O>>,
    #[cfg(feature = "blocking")]
    in_background: Option<crate::blocking::BackgroundResult<Page<O>>>,
    prefetch: bool,
    failed: bool,
    repetition: Repetition,
    /// Error that follows the page that was returned last.
    stuck: Option<Error>,
}

type Page<O> = Response<<O as ApiRequest>::Response>;

type PendingPage<O> = BoxFuture<'static, Result<Page<O>>>;

impl<O: Paginated, C: Clone> Pages<O, C> {
    fn new(first: Call<O, C>) -> Self {
        Self {
            next: Some(first),
            under_way: None,
            #[cfg(feature = "blocking")]
            in_background: None,
            prefetch: false,
            failed: false,
            repetition: Repetition::default(),
            stuck: None,
        }
    }

    /// Requests the next page while the caller processes the current one. Off by default.
    pub fn prefetch(mut self) -> Self {
        self.prefetch = true;
        self
    }

    /// Returns the request for the next page; `None` when the list has ended. After an error it is the page that
    /// failed, or that repeats an earlier one. Send it to continue the list there.
    #[must_use]
    pub fn next_request(&self) -> Option<&O> {
        self.next.as_ref().map(Call::request)
    }

    /// Returns the call for the next page, unless the list has ended or failed.
    fn upcoming(&self) -> Option<Call<O, C>> {
        if self.failed || self.stuck.is_some() { None } else { self.next.clone() }
    }

    /// Returns the error that follows the last page, if there is one.
    fn take_stuck(&mut self) -> Option<Error> {
        let error = self.stuck.take()?;
        self.fail();
        Some(error)
    }

    /// Sets the request for the page after the one that was read, and checks that the list makes progress.
    fn advance(&mut self, result: Result<Page<O>>) -> Result<O::Response> {
        let Response { value: page, meta } = result.inspect_err(|_| self.fail())?;
        let Some(call) = &self.next else { return Ok(page) };
        let request = call.request.next_page_request(&page, meta.left_out);
        let summary = PageSummary {
            fingerprint: O::fingerprint(&page),
            position: O::position(&page),
            is_last: request.is_none(),
        };
        let current = call.request.describe();
        let error = |text| Error::new(ErrorKind::RepeatedPage, text).with_operation(&O::OPERATION);
        if let Some(text) = self.repetition.repeats(&current, &summary) {
            self.fail();
            return Err(error(text));
        }
        self.stuck = self.repetition.record(current, &summary).map(error);
        let call = self.next.take();
        self.next = request.and_then(|request| call.map(|call| Call { request, ..call }));
        Ok(page)
    }

    /// Ends the list after an error, and abandons a page that is requested in advance.
    fn fail(&mut self) {
        self.failed = true;
        self.under_way = None;
        #[cfg(feature = "blocking")]
        {
            self.in_background = None;
        }
    }
}

/// Items of a list, from all pages.
///
/// It ends after the last item or after an error. A page that repeats an earlier one is the error
/// [`RepeatedPage`](ErrorKind::RepeatedPage), as are 10 empty pages in a row; the items before it are returned first.
#[must_use = "nothing is sent before the first item is read"]
pub struct Items<O: Paginated, C> {
    pages: Pages<O, C>,
    ready: VecDeque<O::Item>,
}

impl<O: Paginated, C: Clone> Items<O, C> {
    fn new(first: Call<O, C>) -> Self {
        Self { pages: Pages::new(first), ready: VecDeque::new() }
    }

    /// Requests the next page while the caller processes the items of the current one. Off by default.
    pub fn prefetch(mut self) -> Self {
        self.pages.prefetch = true;
        self
    }

    /// Returns the request for the page after the items that are already read; `None` when the list has ended.
    #[must_use]
    pub fn next_request(&self) -> Option<&O> {
        self.pages.next_request()
    }

    fn take(&mut self, page: Option<Result<O::Response>>) -> Option<Result<()>> {
        Some(page?.map(|page| self.ready.extend(O::items(page))))
    }
}

impl<O: Paginated> Call<O, Client> {
    /// Returns the pages of the list. The request's fields and the call's options apply to every page.
    pub fn pages(self) -> Pages<O, Client> {
        Pages::new(self)
    }

    /// Returns the items of the list, from all pages. The request's fields and the call's options apply to every page.
    pub fn items(self) -> Items<O, Client> {
        Items::new(self)
    }
}

impl<O: Paginated> Pages<O, Client> {
    /// Returns the next page; `None` after the last.
    ///
    /// # Errors
    /// As [`send`](Call::send) of the list; [`RepeatedPage`](ErrorKind::RepeatedPage) if the list does not proceed.
    pub async fn try_next(&mut self) -> Result<Option<O::Response>> {
        poll_fn(|context| self.poll(context)).await.transpose()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<O::Response>>> {
        if let Some(error) = self.take_stuck() {
            return Poll::Ready(Some(Err(error)));
        }
        if self.under_way.is_none() {
            let Some(call) = self.upcoming() else { return Poll::Ready(None) };
            self.under_way = Some(Box::pin(call.send_with_response()));
        }
        let Some(under_way) = &mut self.under_way else { return Poll::Ready(None) };
        let result = ready!(under_way.as_mut().poll(context));
        self.under_way = None;
        let result = self.advance(result);
        if let (true, Some(call)) = (self.prefetch, self.upcoming()) {
            self.under_way = Some(Box::pin(Ahead(tokio::spawn(call.send_with_response()))));
        }
        Poll::Ready(Some(result))
    }
}

/// Page that is requested in advance, on a task of its own. Dropping it abandons the request.
struct Ahead<T>(JoinHandle<Result<T>>);

impl<T> Future for Ahead<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = |error| Error::new(ErrorKind::Transport, "the task of the next page has ended").with_source(error);
        Pin::new(&mut self.0).poll(context).map(|joined| joined.map_err(ended)?)
    }
}

impl<T> Drop for Ahead<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<O: Paginated> Stream for Pages<O, Client> {
    type Item = Result<O::Response>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

impl<O: Paginated> Items<O, Client> {
    /// Returns the next item; `None` after the last.
    ///
    /// # Errors
    /// As [`send`](Call::send) of the list; [`RepeatedPage`](ErrorKind::RepeatedPage) if the list does not proceed.
    pub async fn try_next(&mut self) -> Result<Option<O::Item>> {
        poll_fn(|context| self.poll(context)).await.transpose()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<O::Item>>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            let page = ready!(self.pages.poll(context));
            match self.take(page) {
                None => return Poll::Ready(None),
                Some(Ok(())) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl<O: Paginated> Stream for Items<O, Client> {
    type Item = Result<O::Item>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

impl<O: ApiRequest, C> fmt::Debug for Pages<O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("ended", &self.next.is_none()).finish_non_exhaustive()
    }
}

impl<O: Paginated, C> fmt::Debug for Items<O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("ready", &self.ready.len()).finish_non_exhaustive()
    }
}
