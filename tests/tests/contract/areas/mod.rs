//! The rows, area by area.

mod account;
mod batches;
mod expressions;
mod gifs;
mod images;
mod pdfs;
mod videos;
mod webhooks;
mod workflows;

use crate::Row;

pub fn rows() -> Vec<Row> {
    [
        account::rows(),
        batches::rows(),
        expressions::rows(),
        gifs::rows(),
        images::rows(),
        pdfs::rows(),
        videos::rows(),
        webhooks::rows(),
        workflows::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
