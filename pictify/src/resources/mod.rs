//! Resources of the API, as methods of both clients.

pub(crate) mod macros;

pub(crate) use macros::{api_request, resource};

use crate::{
    Client, account::Account, batches::Batches, bindings::Bindings, events::Events, experiments::Experiments,
    expressions::Expressions, gifs::Gifs, health::Health, images::Images, links::Links, media::Media, pdfs::Pdfs,
    renders::Renders, templates::Templates, videos::Videos, webhooks::Webhooks, workflows::Workflows,
};

/// Implements the same resource methods for both clients.
macro_rules! resources {
    ($($(#[$doc:meta])* $name:ident: $type:ident,)*) => {
        impl Client {
            $($(#[$doc])* #[must_use] pub fn $name(&self) -> $type<Self> { $type::new(self) })*
        }

        #[cfg(feature = "blocking")]
        impl crate::blocking::Client {
            $($(#[$doc])* #[must_use] pub fn $name(&self) -> $type<Self> { $type::new(self) })*
        }
    };
}

resources! {
    /// Returns the image operations: images from HTML, live pages, canvases, templates and prompts.
    images: Images,
    /// Returns the GIF operations: animated GIFs from HTML, live pages and templates.
    gifs: Gifs,
    /// Returns the health check of the service.
    health: Health,
    /// Returns the PDF operations: PDF files from templates, with one page or many.
    pdfs: Pdfs,
    /// Returns the render history of the account.
    renders: Renders,
    /// Returns the template operations: stored designs with variables, and renders of them.
    templates: Templates,
    /// Returns the expression operations: the language of the variables in canvas templates.
    expressions: Expressions,
    /// Returns the batch operations: renders of one template with many sets of variables.
    batches: Batches,
    /// Returns the webhook operations: subscriptions to events.
    webhooks: Webhooks,
    /// Returns the binding operations: images that are updated from a data source.
    bindings: Bindings,
    /// Returns the builders of links: URLs that respond with an image.
    links: Links,
    /// Returns the experiment operations: tests of which image works better.
    experiments: Experiments,
    /// Returns the event operations: impressions, clicks and conversions of experiments.
    events: Events,
    /// Returns the video operations: video templates, and renders of them.
    videos: Videos,
    /// Returns the workflow operations: a document for each row, rendered and delivered.
    workflows: Workflows,
    /// Returns the account operations: the user, plan and API keys.
    account: Account,
    /// Returns the media operations: deletion of rendered files of any format.
    media: Media,
}
