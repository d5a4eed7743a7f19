//! Rows of the operations, by resource.

mod account;
mod batches;
mod bindings;
mod events;
mod experiments;
mod expressions;
mod gifs;
mod images;
mod links;
mod pdfs;
mod templates;
mod videos;
mod webhooks;
mod workflows;

use crate::contract::Row;

pub fn rows() -> Vec<Row> {
    [
        account::rows(),
        batches::rows(),
        bindings::rows(),
        events::rows(),
        experiments::rows(),
        expressions::rows(),
        gifs::rows(),
        images::rows(),
        links::rows(),
        pdfs::rows(),
        templates::rows(),
        videos::rows(),
        webhooks::rows(),
        workflows::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
