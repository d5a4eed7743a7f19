//! The resources of the API, as methods of both clients.

pub(crate) mod macros;

pub(crate) use macros::{api_request, resource};

use crate::{
    Client, account::Account, batches::Batches, bindings::Bindings, events::Events, experiments::Experiments,
    expressions::Expressions, gifs::Gifs, health::Health, images::Images, links::Links, media::Media, pdfs::Pdfs,
    renders::Renders, templates::Templates, videos::Videos, webhooks::Webhooks, workflows::Workflows,
};

/// Gives both clients the same resources.
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
    /// One picture from HTML, a live page, a canvas, a template or a prompt.
    images: Images,
    /// Animated GIFs from HTML, a live page or a template.
    gifs: Gifs,
    /// Whether the service is up.
    health: Health,
    /// PDFs from templates, with one page or many.
    pdfs: Pdfs,
    /// Everything that the account has rendered.
    renders: Renders,
    /// Designs with variables, stored and rendered.
    templates: Templates,
    /// The language of the variables in canvas templates.
    expressions: Expressions,
    /// One template, many sets of variables.
    batches: Batches,
    /// Being told what happened: subscriptions to events.
    webhooks: Webhooks,
    /// Pictures that follow a source of data.
    bindings: Bindings,
    /// URLs that answer with a picture.
    links: Links,
    /// Which picture works better.
    experiments: Experiments,
    /// Counting for experiments.
    events: Events,
    /// Video templates and renders.
    videos: Videos,
    /// Documents for every row, delivered.
    workflows: Workflows,
    /// Who the key belongs to, plans and keys.
    account: Account,
    /// Rendered files, whatever they hold.
    media: Media,
}
