//! Render history of the account.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! use pictify::renders::RenderFormatFilter;
//!
//! let mut pdfs = client.renders().list().format(RenderFormatFilter::Pdf).items();
//! while let Some(render) = pdfs.try_next().await? {
//!     println!("{:?}", render.url);
//! }
//! # Ok(()) }
//! ```

use crate::{pagination::paged, resources::api_request, resources::resource};
use pictify_api::types::ListRendersQuery;

pub use pictify_api::types::{Render, RenderFormatFilter, RenderList};

resource! {
    /// The render history of a client: [`client.renders()`](crate::Client::renders).
    Renders
}

impl<C: Clone> Renders<C> {
    /// Lists the account's renders, newest first. `send` reads one page, [`items`](ListRendersCall::items) reads all
    /// pages.
    ///
    /// `GET /render`, live; reads only. The service returns 24 renders a page unless a
    /// [`limit`](ListRendersCall::limit) is set. The names of an item's fields are unpublished: unrecognised fields are
    /// in its `extra`.
    ///
    /// # Errors
    /// At `send`: `Validation`, before anything is sent, for a limit outside 1 to 100; any error of the service.
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let page = client.renders().list().template("XK4P2M9QZT").send().await?;
    /// println!("{:?}", page.counts);
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> ListRendersCall<C> {
        self.call(ListRenders::default())
    }
}

/// Setters of [`Renders::list`].
impl<C> ListRendersCall<C> {
    /// Returns only renders in this format.
    pub fn format(self, format: RenderFormatFilter) -> Self {
        self.with(|op| op.query.format = Some(format))
    }

    /// Returns only renders of the template with this uid.
    pub fn template(self, uid: impl Into<String>) -> Self {
        self.with(|op| op.query.template = Some(uid.into()))
    }

    /// Returns only renders of this origin, for example `api`. The values are unpublished.
    pub fn source(self, source: impl Into<String>) -> Self {
        self.with(|op| op.query.source = Some(source.into()))
    }
}

api_request! {
    /// The request of [`Renders::list`] as data.
    #[derive(Default)]
    ListRenders / ListRendersCall { #[serde(flatten)] query: ListRendersQuery } -> RenderList = LIST_RENDERS,
    |op, base| {
        let query = &op.query;
        let (template, source) = (query.template.as_deref(), query.source.as_deref());
        requests::list_renders(base, query.format.clone(), query.limit, query.offset, source, template)
    }
}

paged!(ListRenders / ListRendersCall, renders: Render, id in uid, by offset, 24 a page);
