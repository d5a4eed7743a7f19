//! Templates of the public gallery.

use super::{PublicTemplateSort, Template, TemplateList, Templates};
use crate::{pagination::paged, resources::api_request};
use pictify_api::types::ListPublicTemplatesQuery;

impl<C: Clone> Templates<C> {
    /// Lists the templates of the public gallery. `send` reads one page, [`items`](ListPublicTemplatesCall::items)
    /// reads all pages.
    ///
    /// `GET /public/templates`, public: needs no API key, but accepts one. Reads only. The service returns 12 templates
    /// a page unless a [`limit`](ListPublicTemplatesCall::limit) is set.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// let page = client.templates().list_public().category("social").search("quote").send().await?;
    /// println!("{} templates", page.templates.len());
    /// # Ok(()) }
    /// ```
    pub fn list_public(&self) -> ListPublicTemplatesCall<C> {
        self.call(ListPublicTemplates::default())
    }

    /// Reads one template of the public gallery.
    ///
    /// `GET /public/templates/{uid}`, public: needs no API key, but accepts one. Reads only.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// ```no_run
    /// # async fn run(client: pictify::Client) -> pictify::Result<()> {
    /// println!("{:?}", client.templates().get_public("PB11QWERTY").send().await?.name);
    /// # Ok(()) }
    /// ```
    pub fn get_public(&self, uid: impl Into<String>) -> GetPublicTemplateCall<C> {
        self.call(GetPublicTemplate::of(uid.into()))
    }
}

/// Setters of [`Templates::list_public`].
impl<C> ListPublicTemplatesCall<C> {
    /// Sets the order.
    pub fn sort(self, sort: PublicTemplateSort) -> Self {
        self.with(|op| op.query.sort = Some(sort))
    }

    /// Returns only templates of this category.
    pub fn category(self, category: impl Into<String>) -> Self {
        self.with(|op| op.query.category = Some(category.into()))
    }

    /// Returns only templates of this type, for example `og-image`.
    pub fn kind(self, kind: impl Into<String>) -> Self {
        self.with(|op| op.query.type_ = Some(kind.into()))
    }

    /// Returns only templates with this tag.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        self.with(|op| op.query.tag = Some(tag.into()))
    }

    /// Returns only templates that match this text.
    pub fn search(self, text: impl Into<String>) -> Self {
        self.with(|op| op.query.search = Some(text.into()))
    }
}

api_request! {
    /// The request of [`Templates::list_public`] as data.
    #[derive(Default)]
    ListPublicTemplates / ListPublicTemplatesCall { #[serde(flatten)] query: ListPublicTemplatesQuery } -> TemplateList = LIST_PUBLIC_TEMPLATES,
    |op, base| requests::list_public_templates(base,
        op.query.category.as_deref(),
        op.query.limit,
        op.query.page,
        op.query.search.as_deref(),
        op.query.sort.clone(),
        op.query.tag.as_deref(),
        op.query.type_.as_deref(),
    )
}

paged!(ListPublicTemplates / ListPublicTemplatesCall, templates: Template, id in uid, by page, 12 a page);

api_request! {
    /// The request of [`Templates::get_public`] as data.
    GetPublicTemplate / GetPublicTemplateCall { uid: String } -> Template = GET_PUBLIC_TEMPLATE,
    |op, base| requests::get_public_template(base, &op.uid)
}
